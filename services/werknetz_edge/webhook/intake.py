"""The queue between HTTP requests and the pump: a submission waits here until it is on disk.

One reader checks for duplicates, so that the same message sent fifty times at once is stored once.
A delivery that was not acknowledged is never reported as stored: its senders get 503 and retry.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from werknetz.connector.contract import Delivery, Reading, SourceMessage, SourceRecord
from werknetz.events.batch import Record, Unmapped
from werknetz.texts.sentence import Sentence
from werknetz_edge.documents.dedup import IDENTITY_BYTES, RowDedup
from werknetz_edge.documents.prepare import DedupUnit, PreparedPart, RowResult

SUBMISSIONS_MAX: Final = 256
BYTES_MAX: Final = 32_000_000
DELIVERY_ROWS: Final = 2_000
DELIVERY_BYTES: Final = 2_000_000


class NotStored(Exception):
    """The submission is not on disk, or may not be: the sender must retry."""


@dataclass(slots=True)
class RowOutcome:
    """The result of one row, as the sender gets it."""

    index: int
    status: Literal["accepted", "duplicate", "quarantined"]
    reason: str = ""


@dataclass(slots=True, eq=False)
class _Submission:
    part: PreparedPart
    at_us: int
    done: "asyncio.Future[list[RowOutcome]]"
    outcomes: list[RowOutcome] = field(default_factory=list)
    pending_deliveries: int = 0  # that must be acknowledged first


@dataclass(slots=True, eq=False)
class _DeliveryInProgress:
    """A delivery on its way to disk; submissions with duplicates of its rows wait for it, too."""

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
    _duplicates: int = 0

    async def store(self, part: PreparedPart, timeout_s: float) -> list[RowOutcome]:
        """Submit a part; return the outcome of each row once it is on disk. Raises NotStored."""
        if not self._open:
            raise NotStored(Sentence("webhook.stopping"))
        if len(self._waiting) >= SUBMISSIONS_MAX or self._bytes + part.size > BYTES_MAX:
            raise NotStored(Sentence("webhook.too_fast"))
        submission = _Submission(part, self.now_us(), asyncio.get_running_loop().create_future())
        self._waiting.append(submission)
        self._bytes += part.size
        self._submitted.set()
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.shield(submission.done)
        except TimeoutError as error:
            raise NotStored(Sentence("webhook.not_on_disk", seconds=timeout_s)) from error
        finally:
            if submission in self._waiting:
                self._waiting.remove(submission)
                self._bytes -= part.size
            if not submission.done.done():
                submission.done.cancel()

    async def wait(self, timeout_s: float) -> None:
        """Return when there is a submission, or after the timeout."""
        if self._waiting:
            return
        self._submitted.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._submitted.wait()

    def next_delivery(self) -> Delivery | None:
        """Return the waiting rows that are new, as one delivery; None where there are none."""
        in_progress = _DeliveryInProgress()
        rows = size = 0
        while self._waiting and rows < DELIVERY_ROWS and size < DELIVERY_BYTES:
            submission = self._waiting.popleft()
            self._bytes -= submission.part.size
            size += submission.part.size
            for unit in submission.part.units:
                rows += len(unit.results)
                self._add_unit(unit, submission, in_progress)
            if submission.pending_deliveries == 0:
                _resolve(submission)
        if not in_progress.dedup_keys:
            return None
        self._in_progress.append(in_progress)
        return Delivery(
            readings=in_progress.readings,
            unreadable=in_progress.rejects,
            records=in_progress.records,
            messages=list(in_progress.messages.values()),
            checkpoints=in_progress.dedup_keys,
            on_stored=lambda records: _apply_mapping_result(in_progress, records),
            acknowledge=self._acknowledge_of(in_progress),
            duplicates=self.take_duplicates(),
        )

    def take_duplicates(self) -> int:
        """Return how many rows were dropped as duplicates since the last call, for the books."""
        count, self._duplicates = self._duplicates, 0
        return count

    def close(self) -> None:
        """Fail all submissions that are not on disk."""
        self._open = False
        submissions = set(self._waiting)
        for in_progress in self._in_progress:
            submissions.update(in_progress.submissions)
        self._waiting.clear()
        self._in_progress.clear()
        self._pending.clear()
        self._bytes = 0
        self._submitted.set()
        for submission in submissions:
            if not submission.done.done():
                submission.done.set_exception(NotStored(Sentence("webhook.stopping")))
                submission.done.exception()  # the request may have ended: nobody else retrieves it

    def _add_unit(
        self, unit: DedupUnit, submission: _Submission, in_progress: _DeliveryInProgress
    ) -> None:
        identity, content = unit.dedup_key[:IDENTITY_BYTES], unit.dedup_key[IDENTITY_BYTES:]
        pending = self._pending.get(identity)
        verdict = self.dedup.check(unit.dedup_key, None if pending is None else pending[0])
        if verdict == "conflict" and not unit.can_revise:
            conflict = unit.to_conflict(submission.part.message, submission.at_us)
            self._add_unit(conflict, submission, in_progress)
            return
        if verdict == "duplicate":
            if pending is not None:
                _attach(submission, pending[1])
            submission.outcomes += [_outcome_of(result, "duplicate") for result in unit.results]
            self._duplicates += len(unit.results)
            return
        self._pending[identity] = (content, in_progress)
        in_progress.dedup_keys.append(unit.dedup_key)
        in_progress.messages[submission.part.message.hash] = submission.part.message
        _attach(submission, in_progress)
        for result in unit.results:
            _add_result(result, submission, in_progress)

    def _acknowledge_of(self, in_progress: _DeliveryInProgress) -> Callable[[], Awaitable[None]]:
        async def acknowledge() -> None:
            if in_progress not in self._in_progress:
                return  # closed in between: the senders got 503
            self._in_progress.remove(in_progress)
            self.dedup.add(in_progress.dedup_keys)
            for key in in_progress.dedup_keys:
                pending = self._pending.get(key[:IDENTITY_BYTES])
                if pending is not None and pending[1] is in_progress:
                    del self._pending[key[:IDENTITY_BYTES]]
            for submission in in_progress.submissions:
                submission.pending_deliveries -= 1
                if submission.pending_deliveries == 0:
                    _resolve(submission)

        return acknowledge


def _attach(submission: _Submission, in_progress: _DeliveryInProgress) -> None:
    if submission not in in_progress.submissions:
        in_progress.submissions.append(submission)
        submission.pending_deliveries += 1


def _add_result(
    result: RowResult, submission: _Submission, in_progress: _DeliveryInProgress
) -> None:
    outcome = _outcome_of(result, "accepted")
    submission.outcomes.append(outcome)
    if result.reject is not None:
        in_progress.rejects.append(result.reject)
    elif result.record is not None:
        in_progress.records.append(result.record)
        row = (result.record.message_hash, result.record.item)
        in_progress.outcomes.setdefault(row, []).append(outcome)
    in_progress.readings += result.readings


def _outcome_of(result: RowResult, status: Literal["accepted", "duplicate"]) -> RowOutcome:
    if result.reject is not None:
        return RowOutcome(result.row.index, "quarantined", result.reject.reason)
    return RowOutcome(result.row.index, status)


def _apply_mapping_result(in_progress: _DeliveryInProgress, records: Sequence[Record]) -> None:
    """Set the outcome of rows that the mapping put into quarantine."""
    for record in records:
        if isinstance(record, Unmapped):
            for outcome in in_progress.outcomes.get((record.raw_hash, record.item), ()):
                outcome.status, outcome.reason = "quarantined", record.reason


def _resolve(submission: _Submission) -> None:
    if not submission.done.done():
        submission.done.set_result(submission.outcomes)
