"""Between the requests and the pump: what is handed over waits here until it is on disk.

One reader decides what is new, so that the same message sent fifty times at once is stored once.
What was given out and not acknowledged is never said to be on disk: its senders hear 503 and
send again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from werknetz.connector.contract import Delivery, Reading, SourceMessage, SourceRecord
from werknetz.events.batch import Record, Unmapped
from werknetz_edge.documents.dedup import IDENTITY_BYTES, RowDedup
from werknetz_edge.documents.prepare import DedupUnit, PreparedPart, RowResult

SUBMISSIONS_MAX: Final = 256
BYTES_MAX: Final = 32_000_000
DELIVERY_ROWS: Final = 2_000
DELIVERY_BYTES: Final = 2_000_000


class NotStored(Exception):
    """It is not on disk, or not surely: the sender must send it again."""


@dataclass(slots=True)
class RowOutcome:
    """What became of a row."""

    index: int
    status: Literal["accepted", "duplicate", "quarantined"]
    reason: str = ""


@dataclass(slots=True, eq=False)
class _Submission:
    part: PreparedPart
    at_us: int
    done: "asyncio.Future[list[RowOutcome]]"
    outcomes: list[RowOutcome] = field(default_factory=list)
    pending_deliveries: int = 0  # deliveries whose acknowledgement decides


@dataclass(slots=True, eq=False)
class _DeliveryInProgress:
    """A delivery that was given out; `offers` may be more than those that brought its rows."""

    submissions: list[_Submission] = field(default_factory=list)
    dedup_keys: list[bytes] = field(default_factory=list)
    records: list[SourceRecord] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    rejects: list[Unmapped] = field(default_factory=list)
    messages: dict[bytes, SourceMessage] = field(default_factory=dict)
    outcomes: dict[tuple[bytes, str], list[RowOutcome]] = field(default_factory=dict)


@dataclass(slots=True)
class Intake:
    dedup: RowDedup = field(default_factory=RowDedup)
    now_us: Callable[[], int] = lambda: 0
    _waiting: deque[_Submission] = field(default_factory=deque)
    _bytes: int = 0
    _in_progress: list[_DeliveryInProgress] = field(default_factory=list)
    _pending: dict[bytes, tuple[bytes, _DeliveryInProgress]] = field(default_factory=dict)
    _submitted: asyncio.Event = field(default_factory=asyncio.Event)
    _open: bool = True

    async def store(self, handed: PreparedPart, within_s: float) -> list[RowOutcome]:
        """Hand over, and return what became of each row once it is on disk; raise NotKept."""
        if not self._open:
            raise NotStored("the connector is stopping")
        if len(self._waiting) >= SUBMISSIONS_MAX or self._bytes + handed.size > BYTES_MAX:
            raise NotStored("more is coming than can be kept")
        offer = _Submission(handed, self.now_us(), asyncio.get_running_loop().create_future())
        self._waiting.append(offer)
        self._bytes += handed.size
        self._submitted.set()
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.shield(offer.done)
        except TimeoutError as error:
            raise NotStored(f"it could not be kept within {within_s:g} s") from error
        finally:
            if offer in self._waiting:
                self._waiting.remove(offer)
                self._bytes -= handed.size
            if not offer.done.done():
                offer.done.cancel()

    async def wait(self, timeout_s: float) -> None:
        """Return when something waits, or after the time."""
        if self._waiting:
            return
        self._submitted.clear()
        try:
            await asyncio.wait_for(self._submitted.wait(), timeout_s)
        except TimeoutError:
            return

    def next_delivery(self) -> Delivery | None:
        """What waits and is new, as one delivery; None where nothing is."""
        given = _DeliveryInProgress()
        rows = size = 0
        while self._waiting and rows < DELIVERY_ROWS and size < DELIVERY_BYTES:
            offer = self._waiting.popleft()
            self._bytes -= offer.part.size
            size += offer.part.size
            for unit in offer.part.units:
                rows += len(unit.results)
                self._add_unit(unit, offer, given)
            if offer.pending_deliveries == 0:
                _resolve(offer)
        if not given.checkpoints:
            return None
        self._in_progress.append(given)
        return Delivery(
            readings=given.readings,
            unreadable=given.rejects,
            records=given.records,
            messages=list(given.messages.values()),
            checkpoints=given.checkpoints,
            on_stored=lambda kept: _apply_mapping_result(given, kept),
            acknowledge=self._acknowledge_of(given),
        )

    def close(self) -> None:
        """Let nobody believe that something is kept that is not."""
        self._open = False
        offers = {
            *self._waiting,
            *(offer for given in self._in_progress for offer in given.submissions),
        }
        self._waiting.clear()
        self._in_progress.clear()
        self._pending.clear()
        self._bytes = 0
        self._submitted.set()
        for offer in offers:
            if not offer.done.done():
                offer.done.set_exception(NotStored("the connector is stopping"))
                offer.done.exception()  # a requester that has gone does not ask for it

    def _add_unit(self, unit: DedupUnit, offer: _Submission, given: _DeliveryInProgress) -> None:
        identity, content = unit.dedup_key[:IDENTITY_BYTES], unit.dedup_key[IDENTITY_BYTES:]
        verdict = self.dedup.check(unit.dedup_key)
        before = self._pending.get(identity)
        if verdict == "new" and before is not None:
            verdict = "known" if before[0] == content else "contradicts"
            if verdict == "known":
                _attach(offer, before[1])
        if verdict == "contradicts":
            self._add_unit(unit.to_conflict(offer.part.message, offer.at_us), offer, given)
            return
        if verdict == "known":
            offer.outcomes += [_outcome_of(entry, "duplicate") for entry in unit.results]
            return
        self._pending[identity] = (content, given)
        given.checkpoints.append(unit.dedup_key)
        given.messages[offer.part.message.hash] = offer.part.message
        _attach(offer, given)
        for entry in unit.results:
            _add_result(entry, offer, given)

    def _acknowledge_of(self, given: _DeliveryInProgress) -> Callable[[], Awaitable[None]]:
        async def acknowledge() -> None:
            if given not in self._in_progress:
                return  # closed in between: the senders have heard 503
            self._in_progress.remove(given)
            self.dedup.add(given.checkpoints)
            for mark in given.checkpoints:
                self._pending.pop(mark[:IDENTITY_BYTES], None)
            for offer in given.submissions:
                offer.pending_deliveries -= 1
                if offer.pending_deliveries == 0:
                    _resolve(offer)

        return acknowledge


def _attach(offer: _Submission, given: _DeliveryInProgress) -> None:
    if offer not in given.submissions:
        given.submissions.append(offer)
        offer.pending_deliveries += 1


def _add_result(entry: RowResult, offer: _Submission, given: _DeliveryInProgress) -> None:
    outcome = _outcome_of(entry, "accepted")
    offer.outcomes.append(outcome)
    if entry.reject is not None:
        given.rejects.append(entry.reject)
    elif entry.record is not None:
        given.records.append(entry.record)
        given.outcomes.setdefault((entry.record.message_hash, entry.record.item), []).append(
            outcome
        )
    given.readings += entry.readings


def _outcome_of(entry: RowResult, status: Literal["accepted", "duplicate"]) -> RowOutcome:
    if entry.reject is not None:
        return RowOutcome(entry.row.index, "quarantined", entry.reject.reason)
    return RowOutcome(entry.row.index, status)


def _apply_mapping_result(given: _DeliveryInProgress, kept: Sequence[Record]) -> None:
    """The mapping's word: what it could not read went to quarantine."""
    for record in kept:
        if isinstance(record, Unmapped):
            for outcome in given.outcomes.get((record.raw_hash, record.item), ()):
                outcome.status, outcome.reason = "quarantined", record.reason


def _resolve(offer: _Submission) -> None:
    if not offer.done.done():
        offer.done.set_result(offer.outcomes)
