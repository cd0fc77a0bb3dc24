"""The REST connector: polls endpoints that are due; saves bookmarks after the spool's commit."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from werknetz.connector.contract import (
    ConfigurationRejected,
    ConnectionLost,
    ConnectorStatus,
    Delivery,
)
from werknetz_edge.documents.dedup import IDENTITY_BYTES, RowDedup, hash_of
from werknetz_edge.documents.prepare import DedupUnit, PreparedPart
from werknetz_edge.rest.bookmarks import Bookmark, BookmarkFile
from werknetz_edge.rest.client import RestClient, RetryLater
from werknetz_edge.rest.config import RestConfig
from werknetz_edge.rest.listing import LISTING_ROWS_MAX
from werknetz_edge.rest.poll import LATE_FACTOR, PollRound

_CHECK_S: Final = 1.0
FAILED_S: Final = 30.0
SUSPICIOUS_MIN: Final = 10  # rows of a listing that may lose most of them at once


@dataclass(slots=True, eq=False)
class _RoundStep:
    """A delivery or the end of a round; completed in this order, whatever is acknowledged first."""

    dedup_keys: list[bytes] = field(default_factory=list)
    bookmark: tuple[str, Bookmark] | None = None
    stored: bool = False


@dataclass(slots=True)
class RestConnector:
    config: RestConfig
    bookmarks: BookmarkFile
    status: ConnectorStatus = field(default_factory=ConnectorStatus)
    _dedup: RowDedup = field(default_factory=RowDedup)
    _client: RestClient | None = None
    _polls: dict[str, PollRound] = field(default_factory=dict)
    _due_s: dict[str, float] = field(default_factory=dict)
    _rounds: dict[str, int] = field(default_factory=dict)
    # Identities of the last complete listing, where deletions are recognized.
    _listed: dict[str, frozenset[bytes]] = field(default_factory=dict)
    _suspicious: set[str] = field(default_factory=set)  # the last listing lacked most rows
    _ready: deque[Delivery] = field(default_factory=deque)
    _steps: deque[_RoundStep] = field(default_factory=deque)
    # Identity → content of rows that were delivered and are not yet on disk.
    _pending: dict[bytes, bytes] = field(default_factory=dict)

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        self._dedup.add(checkpoints)

    async def connect(self) -> None:
        """Send the first request: only its response shows that server and key are right."""
        await self.close()
        self.bookmarks.load()
        self._client = RestClient(self.config)
        self.status.begin("send the first request", self.config.timeout_s)
        try:
            await self._poll_endpoint(self._next_due())
        except BaseException:
            await self.close()
            raise
        self.status.state = "running"

    async def read(self) -> Delivery:
        while True:
            if self._client is None:
                raise ConnectionLost("not connected")
            if self._ready:
                self.status.last_good_us = _now_us()
                return self._ready.popleft()
            name = self._next_due()
            wait_s = self._due_s.get(name, 0.0) - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(min(wait_s, _CHECK_S))
            else:
                await self._poll_endpoint(name)

    async def close(self) -> None:
        client, self._client = self._client, None
        # Deliveries without acknowledgement are read again, from the last bookmark.
        for unfinished in (self._polls, self._ready, self._steps, self._pending, self._listed):
            unfinished.clear()
        if client is not None:
            await client.close()
        if self.status.state not in {"starting", "rejected"}:
            self.status.state = "stopped"

    def _next_due(self) -> str:
        return min(self.config.endpoints, key=lambda name: self._due_s.get(name, 0.0))

    async def _poll_endpoint(self, name: str) -> None:
        """Fetch one page, and queue its new rows as deliveries."""
        client, endpoint = self._client, self.config.endpoints[name]
        if client is None:
            raise ConnectionLost("not connected")
        poll = self._polls.get(name)
        if poll is None:
            before = self.bookmarks.get(name)
            due_s = time.monotonic() + endpoint.period_s
            number = self._rounds[name] = self._rounds.get(name, 0) + 1
            poll = PollRound(
                name, endpoint, before, self.config.url, _now_us(), due_s,
                is_deep=number % LATE_FACTOR == 0 and endpoint.output == "records",
            )  # fmt: skip
            self._polls[name] = poll
        try:
            parts = poll.read_page(await client.fetch(poll.request, poll.headers))
        except RetryLater as error:
            # The round continues with the same page.
            self._due_s[name] = time.monotonic() + error.wait_s
            self.status.detail = f"{name}: {error}"
            return
        except (ConfigurationRejected, ConnectionLost):
            self._due_s[name] = time.monotonic() + max(endpoint.period_s, FAILED_S)
            raise
        self.status.detail = ""
        for part in parts:
            self._queue(part, poll)
        if not poll.is_complete:
            self.status.detail = f"{name}: a response could not be read: see the quarantine"
        if not poll.is_finished:
            self._due_s[name] = 0.0  # the next page, before anything else
            return
        del self._polls[name]
        self._due_s[name] = poll.next_due_s
        poll.is_unconfirmed = self._is_suspicious(poll)
        self._update_status(poll)
        if poll.config.deletions and poll.has_listing and not poll.is_unconfirmed:
            self._listed[name] = frozenset(map(hash_of, poll.listing.keys))
        if poll.group_end is not None:
            step = _RoundStep()
            self._steps.append(step)
            self._ready.append(
                Delivery(group_ends=[poll.group_end], acknowledge=self._acknowledge_of(step))
            )
        self._steps.append(_RoundStep(bookmark=(name, poll.bookmark), stored=True))
        self._save_bookmarks()

    def _queue(self, part: PreparedPart, poll: PollRound) -> None:
        new = [new for unit in part.units if (new := self._new_unit(unit, part, poll))]
        if not new:
            return
        entries = [entry for unit in new for entry in unit.results]
        step = _RoundStep([unit.dedup_key for unit in new])
        self._steps.append(step)
        self._ready.append(
            Delivery(
                readings=[reading for entry in entries for reading in entry.readings],
                records=[entry.record for entry in entries if entry.record is not None],
                unreadable=[entry.reject for entry in entries if entry.reject is not None],
                messages=[part.message],
                checkpoints=step.dedup_keys,
                acknowledge=self._acknowledge_of(step),
                is_history=True,
            )
        )

    def _new_unit(self, unit: DedupUnit, part: PreparedPart, poll: PollRound) -> DedupUnit | None:
        """Return the unit, or its conflict with an earlier one; None: it is a duplicate.

        A row that was missing in the last listing is delivered again: it may have been withdrawn.
        """
        identity, content = unit.dedup_key[:IDENTITY_BYTES], unit.dedup_key[IDENTITY_BYTES:]
        listed = self._listed.get(poll.name, frozenset())
        if poll.config.deletions and identity not in listed and identity not in self._pending:
            self._pending[identity] = content
            return unit
        verdict = self._dedup.check(unit.dedup_key, self._pending.get(identity))
        if verdict == "conflict" and not unit.can_revise:
            return self._new_unit(unit.to_conflict(part.message, poll.began_us), part, poll)
        if verdict == "duplicate":
            return None
        if unit.former_key and self._dedup.check(unit.former_key) == "duplicate":
            return None  # stored by version 0.1
        self._pending[identity] = content
        return unit

    def _is_suspicious(self, poll: PollRound) -> bool:
        """Whether a listing lacks most rows of the one before, for the first time.

        The source may be refilling its tables: the next round must find the same.
        """
        listed = self._listed.get(poll.name, frozenset())
        is_first = poll.name not in self._suspicious
        self._suspicious.discard(poll.name)
        if not poll.has_listing or not is_first or len(listed) < SUSPICIOUS_MIN:
            return False
        remaining = listed.intersection(map(hash_of, poll.listing.keys))
        if 2 * len(remaining) >= len(listed):
            return False
        self._suspicious.add(poll.name)
        return True

    def _update_status(self, poll: PollRound) -> None:
        """Show what a round could not order or identify: nothing is skipped silently."""
        changed_at = "" if poll.config.changed_at is None else poll.config.changed_at.path
        texts = {
            "without time": f"{poll.without_time} rows have no {changed_at}: they are read as long "
            "as the source returns them" if poll.without_time else "",
            "future": f"{poll.future} rows are dated in the future: they are read in every round"
            if poll.future else "",
            "without key": f"{poll.without_key} rows without `key`: a changed row counts as "
            "another; set `key`" if poll.without_key and not poll.config.is_snapshot else "",
            "deletions": f"more than {LISTING_ROWS_MAX} rows: missing rows are not withdrawn"
            if poll.listing.is_too_large else "",
            "missing": "the listing lacks most rows of the one before: they are withdrawn if the "
            "next round finds the same" if poll.is_unconfirmed else "",
        }  # fmt: skip
        for name, text in texts.items():
            if text:
                self.status.findings[f"{poll.name} {name}"] = text
            else:
                self.status.findings.pop(f"{poll.name} {name}", None)

    def _acknowledge_of(self, step: _RoundStep) -> Callable[[], Awaitable[None]]:
        async def acknowledge() -> None:
            step.stored = True
            self._dedup.add(step.dedup_keys)
            for key in step.dedup_keys:
                if self._pending.get(key[:IDENTITY_BYTES]) == key[IDENTITY_BYTES:]:
                    del self._pending[key[:IDENTITY_BYTES]]
            self._save_bookmarks()

        return acknowledge

    def _save_bookmarks(self) -> None:
        """Save the bookmarks of rounds that are completely on disk."""
        while self._steps and self._steps[0].stored:
            step = self._steps.popleft()
            if step.bookmark is not None:
                self.bookmarks.save(*step.bookmark)


def _now_us() -> int:
    return time.time_ns() // 1_000
