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

from werknetz.connector.contract import Delivery, SourceMessage, Reading, SourceRecord
from werknetz.events.batch import Record, Unmapped
from werknetz_edge.documents.entries import Entry, Handed, Unit
from werknetz_edge.documents.seen import IDENTITY, KnownRows

OFFERS_MAX: Final = 256
BYTES_MAX: Final = 32_000_000
DELIVERY_ROWS: Final = 2_000
DELIVERY_BYTES: Final = 2_000_000


class NotKept(Exception):
    """It is not on disk, or not surely: the sender must send it again."""


@dataclass(slots=True)
class Outcome:
    """What became of a row."""

    index: int
    status: Literal["accepted", "duplicate", "quarantined"]
    reason: str = ""


@dataclass(slots=True, eq=False)
class _Offer:
    handed: Handed
    at_us: int
    done: "asyncio.Future[list[Outcome]]"
    outcomes: list[Outcome] = field(default_factory=list)
    waits_for: int = 0  # deliveries whose acknowledgement decides


@dataclass(slots=True, eq=False)
class _Given:
    """A delivery that was given out; `offers` may be more than those that brought its rows."""

    offers: list[_Offer] = field(default_factory=list)
    marks: list[bytes] = field(default_factory=list)
    records: list[SourceRecord] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    unreadable: list[Unmapped] = field(default_factory=list)
    messages: dict[bytes, SourceMessage] = field(default_factory=dict)
    places: dict[tuple[bytes, str], list[Outcome]] = field(default_factory=dict)


@dataclass(slots=True)
class Intake:
    known: KnownRows = field(default_factory=KnownRows)
    now_us: Callable[[], int] = lambda: 0
    _waiting: deque[_Offer] = field(default_factory=deque)
    _bytes: int = 0
    _given: list[_Given] = field(default_factory=list)
    _pending: dict[bytes, tuple[bytes, _Given]] = field(default_factory=dict)
    _more: asyncio.Event = field(default_factory=asyncio.Event)
    _open: bool = True

    async def keep(self, handed: Handed, within_s: float) -> list[Outcome]:
        """Hand over, and return what became of each row once it is on disk; raise NotKept."""
        if not self._open:
            raise NotKept("the connector is stopping")
        if len(self._waiting) >= OFFERS_MAX or self._bytes + handed.size > BYTES_MAX:
            raise NotKept("more is coming than can be kept")
        offer = _Offer(handed, self.now_us(), asyncio.get_running_loop().create_future())
        self._waiting.append(offer)
        self._bytes += handed.size
        self._more.set()
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.shield(offer.done)
        except TimeoutError as error:
            raise NotKept(f"it could not be kept within {within_s:g} s") from error
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
        self._more.clear()
        try:
            await asyncio.wait_for(self._more.wait(), timeout_s)
        except TimeoutError:
            return

    def delivery(self) -> Delivery | None:
        """What waits and is new, as one delivery; None where nothing is."""
        given = _Given()
        rows = size = 0
        while self._waiting and rows < DELIVERY_ROWS and size < DELIVERY_BYTES:
            offer = self._waiting.popleft()
            self._bytes -= offer.handed.size
            size += offer.handed.size
            for unit in offer.handed.units:
                rows += len(unit.entries)
                self._decide(unit, offer, given)
            if offer.waits_for == 0:
                _settle(offer)
        if not given.marks:
            return None
        self._given.append(given)
        return Delivery(
            readings=given.readings,
            unreadable=given.unreadable,
            records=given.records,
            messages=list(given.messages.values()),
            dedup_keys=given.marks,
            on_stored=lambda kept: _report(given, kept),
            acknowledge=self._acknowledging(given),
        )

    def close(self) -> None:
        """Let nobody believe that something is kept that is not."""
        self._open = False
        offers = {*self._waiting, *(offer for given in self._given for offer in given.offers)}
        self._waiting.clear()
        self._given.clear()
        self._pending.clear()
        self._bytes = 0
        self._more.set()
        for offer in offers:
            if not offer.done.done():
                offer.done.set_exception(NotKept("the connector is stopping"))
                offer.done.exception()  # a requester that has gone does not ask for it

    def _decide(self, unit: Unit, offer: _Offer, given: _Given) -> None:
        identity, content = unit.mark[:IDENTITY], unit.mark[IDENTITY:]
        verdict = self.known.verdict(unit.mark)
        before = self._pending.get(identity)
        if verdict == "new" and before is not None:
            verdict = "known" if before[0] == content else "contradicts"
            if verdict == "known":
                _await(offer, before[1])
        if verdict == "contradicts":
            self._decide(unit.contradicting(offer.handed.message, offer.at_us), offer, given)
            return
        if verdict == "known":
            offer.outcomes += [_outcome(entry, "duplicate") for entry in unit.entries]
            return
        self._pending[identity] = (content, given)
        given.marks.append(unit.mark)
        given.messages[offer.handed.message.hash] = offer.handed.message
        _await(offer, given)
        for entry in unit.entries:
            _add(entry, offer, given)

    def _acknowledging(self, given: _Given) -> Callable[[], Awaitable[None]]:
        async def acknowledge() -> None:
            if given not in self._given:
                return  # closed in between: the senders have heard 503
            self._given.remove(given)
            self.known.add(given.marks)
            for mark in given.marks:
                self._pending.pop(mark[:IDENTITY], None)
            for offer in given.offers:
                offer.waits_for -= 1
                if offer.waits_for == 0:
                    _settle(offer)

        return acknowledge


def _await(offer: _Offer, given: _Given) -> None:
    if offer not in given.offers:
        given.offers.append(offer)
        offer.waits_for += 1


def _add(entry: Entry, offer: _Offer, given: _Given) -> None:
    outcome = _outcome(entry, "accepted")
    offer.outcomes.append(outcome)
    if entry.refused is not None:
        given.unreadable.append(entry.refused)
    elif entry.record is not None:
        given.records.append(entry.record)
        given.places.setdefault((entry.record.message_hash, entry.record.item), []).append(outcome)
    given.readings += entry.readings


def _outcome(entry: Entry, status: Literal["accepted", "duplicate"]) -> Outcome:
    if entry.refused is not None:
        return Outcome(entry.row.index, "quarantined", entry.refused.reason)
    return Outcome(entry.row.index, status)


def _report(given: _Given, kept: Sequence[Record]) -> None:
    """The mapping's word: what it could not read went to quarantine."""
    for record in kept:
        if isinstance(record, Unmapped):
            for outcome in given.places.get((record.raw_hash, record.item), ()):
                outcome.status, outcome.reason = "quarantined", record.reason


def _settle(offer: _Offer) -> None:
    if not offer.done.done():
        offer.done.set_result(offer.outcomes)
