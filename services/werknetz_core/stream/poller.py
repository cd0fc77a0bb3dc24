"""Reads what streams watch, once for all readers of the same; readers take the newest state.

Nothing waits in a queue: a reader that is slow gets fewer, newer updates, whatever it watches.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import asyncpg
import sqlalchemy as sa
from redis.exceptions import RedisError

from werknetz.runtime.background import BackgroundTask
from werknetz.runtime.log import get_logger
from werknetz_core.context.app_context import AppContext
from werknetz_core.stream.position import digest_of
from werknetz_core.stream.topics import (
    EVERY_S,
    Items,
    StreamTopic,
    TooMuchWatched,
    Watch,
    load_topic,
)

UNREADABLE_S: Final = 10.0
"""So long PostgreSQL or Redis may be away before streams end."""
READS_AT_ONCE: Final = 2
"""Of all pollers of a process: so many connections are theirs, whatever is watched."""
PAUSES: Final = 10.0
"""A poller waits so many times as long as its last read took: wide watches are read less often."""
_AWAY: Final = (
    OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, sa.exc.SQLAlchemyError,
    RedisError,
)  # fmt: skip
_log: Final = get_logger("core.stream")


@dataclass(frozen=True, slots=True)
class Snapshot:
    items: Items
    digest: str


@dataclass(slots=True)
class Poller:
    """The present state of what is watched. `changed` is set, and replaced, at each change."""

    context: AppContext
    watch: Watch
    snapshots: dict[StreamTopic, Snapshot] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    readers: int = 0
    ends_because: str | None = None
    due_s: dict[StreamTopic, float] = field(default_factory=dict)
    read_s: float = field(default_factory=time.monotonic)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READS_AT_ONCE))

    async def run(self) -> None:
        """Read until cancelled, or until the state cannot be read for too long."""
        try:
            while self.ends_because is None:
                await self._read_once()
                await asyncio.sleep(min(EVERY_S[topic] for topic in self.watch.topics))
        finally:  # no reader waits for a poller that has ended
            self.end(self.ends_because or "unavailable")

    async def _read_once(self) -> None:
        try:
            await self.read_due(time.monotonic())
        except TooMuchWatched:
            self.end("too_wide")
        except _AWAY as error:
            _log.warning("stream not read", error=type(error).__name__)
            if time.monotonic() - self.read_s > UNREADABLE_S:
                self.end("unavailable")

    async def read_due(self, now_s: float) -> None:
        """Read the topics whose time has come."""
        has_changed = False
        for topic in self.watch.topics:
            if now_s < self.due_s.get(topic, 0.0):
                continue
            async with self.turns:
                began_s = time.monotonic()
                items = await load_topic(self.context, self.watch, topic)
                took_s = time.monotonic() - began_s
            # The sleep is not exact, so a little earlier.
            self.due_s[topic] = now_s + max(EVERY_S[topic] * 0.9, took_s * PAUSES)
            former = self.snapshots.get(topic)
            if former is None or former.items != items:
                self.snapshots[topic] = Snapshot(items, digest_of(items))
                has_changed = True
        self.read_s = now_s
        if has_changed:
            self._notify()

    def end(self, reason: str) -> None:
        self.ends_because = reason
        self._notify()

    def _notify(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class Pollers:
    """The pollers of one process; one ends with its last reader."""

    def __init__(self) -> None:
        self._pollers: dict[Watch, tuple[Poller, BackgroundTask]] = {}
        self._turns = asyncio.Semaphore(READS_AT_ONCE)

    def __len__(self) -> int:
        return len(self._pollers)

    @asynccontextmanager
    async def reading(self, context: AppContext, watch: Watch) -> AsyncIterator[Poller]:
        """Share the poller of a watch; it has the state when this returns."""
        if watch not in self._pollers:
            poller = Poller(context, watch, turns=self._turns)
            task = BackgroundTask("stream", poller.run, restart=False)
            self._pollers[watch] = poller, task
            task.start()
        poller, task = self._pollers[watch]
        poller.readers += 1
        try:
            yield poller
        finally:
            poller.readers -= 1
            if not poller.readers and self._pollers.get(watch, (None,))[0] is poller:
                del self._pollers[watch]
                await task.stop()
