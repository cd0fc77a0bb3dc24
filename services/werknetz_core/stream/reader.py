"""One reader of a stream: sends what has changed since what it has, until its rights end."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from fastapi.sse import ServerSentEvent

from werknetz_core.stream.poller import Poller, Snapshot
from werknetz_core.stream.position import format_position
from werknetz_core.stream.topics import Items, StreamTopic

RETRY_MS: Final = 2000
CHECK_S: Final = 2.0
"""How often the key or session is checked while the stream is open."""
SLOW_S: Final = 20.0
"""So long an event may wait for the reader to take the one before."""
ENDS: Final[Mapping[str, str]] = {
    "not_authenticated": "The key or session has ended: send a valid one.",
    "rights_changed": "Role or plants have changed: connect again.",
    "slow_reader": "Events were not read in time: connect again, and watch less.",
    "too_wide": "More than 1,000 equipments or signals are watched: choose equipment further down.",
    "unavailable": "The server cannot read the state: connect again.",
}
"""Why a stream ends, and what to do: the event `end`."""


@dataclass(slots=True)
class Reader:
    """`has`: digests of what the reader has already, of its `Last-Event-ID`."""

    poller: Poller
    find_end: Callable[[], Awaitable[str | None]]  # why the reader's rights have ended
    has: Mapping[str, str] = field(default_factory=dict)
    now_s: Callable[[], float] = time.monotonic
    sent: dict[StreamTopic, Snapshot] = field(default_factory=dict)

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """Yield events until the reader goes; the last one is `end` where the server ends it."""
        yield ServerSentEvent(comment="werknetz", retry=RETRY_MS)
        checked_s = self.now_s()
        while True:
            changed = self.poller.changed  # taken before the state is looked at: none is missed
            for topic, snapshot in [*self.poller.snapshots.items()]:
                event = self._event_of(topic, snapshot)
                if event is None:
                    continue
                offered_s = self.now_s()
                yield event
                if self.now_s() - offered_s > SLOW_S:
                    yield end_event("slow_reader")
                    return
            reason = self.poller.ends_because
            if reason is None and self.now_s() - checked_s >= CHECK_S:
                reason, checked_s = await self.find_end(), self.now_s()
            if reason is not None:
                yield end_event(reason)
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S):
                    await changed.wait()

    def _event_of(self, topic: StreamTopic, snapshot: Snapshot) -> ServerSentEvent | None:
        """Return what has changed of a topic, which counts as sent then; None: nothing."""
        former = self.sent.get(topic)
        if former is snapshot:
            return None
        self.sent[topic] = snapshot
        if former is None and self.has.get(topic) == snapshot.digest:
            return None  # what the reader had before it connected again
        data = changes_between({} if former is None else former.items, snapshot.items)
        digests = {**self.has, **{str(t): s.digest for t, s in self.sent.items()}}
        return ServerSentEvent(event=topic, raw_data=data, id=format_position(digests))


def changes_between(former: Items, present: Items) -> str:
    """Return, as JSON, the items that are new or other, and the keys of those that are gone."""
    items = [content for key, content in present.items() if former.get(key) != content]
    document: dict[str, Any] = {"items": [msgspec.Raw(content) for content in items]}
    document["removed"] = sorted(former.keys() - present.keys())
    return msgspec.json.encode(document).decode()


def end_event(reason: str) -> ServerSentEvent:
    return ServerSentEvent(event="end", data={"reason": reason, "detail": ENDS[reason]})
