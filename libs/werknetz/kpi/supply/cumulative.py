"""Cumulative quantities of a relation: demanded, received, on the way, and what partners state.

All count from a zero date. A new zero date is the yearly reset, and no step back. What began before
the first message is taken from the first statement: only what differs after it is a finding.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final
from uuid import UUID

from werknetz.kpi.supply.asn import Transit
from werknetz.kpi.supply.facts import Entry, Receipt, ShipmentLine, Terms
from werknetz.kpi.supply.findings import EPSILON, Finding, amount, day, differ, events_of
from werknetz.kpi.supply.otif import DueLine
from werknetz.kpi.supply.schedule import Version

COUNTED_SHOWN: Final = 5  # of our own messages, beside a statement that differs from their sum


@dataclass(frozen=True, slots=True)
class Cumulative:
    zero_us: int | None  # None: nobody has told one, so all that is known counts
    as_of_us: int
    demanded: float
    received: float
    in_transit: float
    stated_received: float | None  # by the last call-off that states it
    stated_delivered: float | None  # by the last despatch advice that states it
    received_difference: float | None  # stated less own, at that time
    delivered_difference: float | None

    @property
    def open(self) -> float:
        return self.demanded - self.received - self.in_transit


@dataclass(frozen=True, slots=True)
class _Statement:
    """What a message says to have come or gone so far, and what we had counted by then."""

    stated: float
    own: float
    zero_us: int | None
    at_us: int
    document: str
    of: Entry | ShipmentLine


@dataclass(frozen=True, slots=True)
class Account:
    """What one relation is reconciled from."""

    versions: Sequence[Version]  # of all its groups
    shipments: Sequence[ShipmentLine]
    receipts: Sequence[Receipt]
    transit: Sequence[Transit]
    lines: Sequence[DueLine]
    terms: Terms
    key: str = ""  # of its order, where there are several
    is_whole: bool = True  # all that came and left is in it, as far as it is of the order


def reconciled(account: Account) -> tuple[Cumulative, list[Finding]]:
    books = _books(account)
    received = [_received_statements(book) for book in books]
    delivered = [_delivered_statements(book) for book in books]
    findings = _steps_back_in_documents(account.versions)
    for told, word in ((received, "received"), (delivered, "delivered")):
        for book, statements in zip(books, told, strict=True):
            name = "/".join(filter(None, (word, book.key)))
            findings += _steps_back(statements, word, name)
            findings += _differences(statements, word, name, book)
    zero_us = _zero(account.versions)
    since_us = zero_us if zero_us is not None else -(2**62)
    now_us = account.terms.now_us
    cumulative = Cumulative(
        zero_us,
        now_us,
        sum(
            line.demand.quantity
            for line in account.lines
            if since_us <= line.demand.due_from_us and line.demand.due_until_us <= now_us
        ),
        sum(r.quantity for r in account.receipts if since_us <= r.received_us <= now_us),
        sum(t.open for t in account.transit if since_us <= t.line.left_us <= now_us),
        _sum(statements[-1].stated for statements in received if statements),
        _sum(statements[-1].stated for statements in delivered if statements),
        _sum(_difference(told, book) for told, book in zip(received, books, strict=True) if told),
        _sum(_difference(told, book) for told, book in zip(delivered, books, strict=True) if told),
    )
    return cumulative, findings


def _books(account: Account) -> list[Account]:
    """Return what is counted apart: partners state cumulative quantities of each order."""
    groups = sorted({version.group for version in account.versions})
    if len(groups) < 2:
        return [account]
    return [
        replace(
            account,
            key=group.key,
            versions=[v for v in account.versions if v.group == group],
            shipments=[s for s in account.shipments if s.group == group],
            receipts=[r for r in account.receipts if r.group == group],
            # What names no order can be of any: then nobody knows what of each has come.
            is_whole=all(r.group in groups for r in account.receipts)
            and all(s.group in groups for s in account.shipments),
        )
        for group in groups
    ]


def _sum(values: Iterable[float]) -> float | None:
    told = list(values)
    return sum(told) if told else None


def _zero(versions: Sequence[Version]) -> int | None:
    """Return the zero date that the latest call-off with one states."""
    told = [
        (version.issued_us, version.known_us, entry.cumulative_since_us)
        for version in versions
        if version.from_us is not None
        for entry in version.entries
        if entry.cumulative_since_us is not None
    ]
    return max(told)[2] if told else None


def _received_statements(account: Account) -> list[_Statement]:
    """Return what call-offs state as received, one a document, in the order of their issue."""
    found: list[_Statement] = []
    if not account.is_whole:
        return found
    for version in sorted(account.versions, key=lambda v: (v.issued_us, v.known_us, v.document)):
        said = [e for e in version.entries if e.cumulative_received is not None]
        if version.from_us is None or not said:
            continue
        entry = max(said, key=lambda e: (e.last_receipt_us or 0, str(e.event_id)))
        zero_us = entry.cumulative_since_us
        until_us = _counted_until(entry, account.receipts)
        own = sum(
            r.quantity
            for r in account.receipts
            if (zero_us or -(2**62)) <= r.received_us <= until_us
        )
        stated = entry.cumulative_received or 0.0
        found.append(_Statement(stated, own, zero_us, version.issued_us, version.document, entry))
    return found


def _counted_until(entry: Entry, receipts: Sequence[Receipt]) -> int:
    """Return up to when a call-off has counted: its last receipt, else its issue."""
    named = [r.received_us for r in receipts if r.delivery_note == entry.last_receipt is not None]
    if named:
        return max(named)
    return entry.issued_us


def _delivered_statements(account: Account) -> list[_Statement]:
    """Return what advices state as delivered, in the order in which the goods left."""
    zeros = sorted(
        {
            (version.issued_us, entry.cumulative_since_us)
            for version in account.versions
            for entry in version.entries
            if entry.cumulative_since_us is not None
        }
    )
    found: list[_Statement] = []
    own, zero_now = 0.0, None
    if not account.is_whole:
        return found
    for line in sorted(account.shipments, key=lambda s: (s.left_us, s.line, s.event_id)):
        # An advice has no zero date of its own: that of the call-offs holds.
        zero_us = next(
            (z for at, z in reversed(zeros) if z is not None and z <= line.left_us), None
        )
        if zero_us != zero_now:
            own, zero_now = 0.0, zero_us
        own += line.quantity
        if line.cumulative_quantity is not None:
            found.append(
                _Statement(
                    line.cumulative_quantity, own, zero_us, line.left_us, line.document, line
                )
            )
    return found


def _opening(statements: Sequence[_Statement], account: Account) -> Callable[[_Statement], float]:
    """Return what had come before our first message, by the zero date of a statement."""
    first_us = min(
        (
            *(v.issued_us for v in account.versions),
            *(s.announced_us for s in account.shipments),
            *(r.received_us for r in account.receipts),
        ),
        default=0,
    )
    known: dict[int | None, float] = {}
    for statement in statements:
        if statement.zero_us is None or statement.zero_us < first_us:
            known.setdefault(statement.zero_us, statement.stated - statement.own)
    return lambda statement: known.get(statement.zero_us, 0.0)


def _difference(statements: Sequence[_Statement], account: Account) -> float:
    last = statements[-1]
    return last.stated - last.own - _opening(statements, account)(last)


def _differences(
    statements: Sequence[_Statement], word: str, name: str, account: Account
) -> list[Finding]:
    """Return a finding where a statement first differs by another amount than the one before."""
    opening, found, before, zero_us = _opening(statements, account), [], 0.0, None
    for statement in statements:
        own = statement.own + opening(statement)
        if statement.zero_us != zero_us:
            before, zero_us = 0.0, statement.zero_us
        difference = statement.stated - own
        if differ(statement.stated - before, own):
            found.append(
                Finding(
                    "cumulative_difference",
                    f"{name}/{statement.document}",
                    statement.at_us,
                    f"{statement.document} states {amount(statement.stated)} as {word} so far;"
                    f" our messages add up to {amount(own)}. The difference of"
                    f" {amount(difference - before)} is new with it: look for a quantity"
                    " that is missing or was booked twice.",
                    events_of((statement.of.event_id, *_counted(statement, word, account))),
                    quantity=difference - before,
                    expected=own,
                    actual=statement.stated,
                )
            )
        before = difference
    return found


def _counted(statement: _Statement, word: str, account: Account) -> list[UUID]:
    """Return the last messages that we had counted when the statement was made."""
    told = (
        [(receipt.received_us, receipt.event_id) for receipt in account.receipts]
        if word == "received"
        else [(line.left_us, line.event_id) for line in account.shipments]
    )
    before = sorted(one for one in told if one[0] <= statement.at_us)
    return [event_id for _, event_id in before[-COUNTED_SHOWN:]]


def _steps_back(statements: Sequence[_Statement], word: str, name: str) -> list[Finding]:
    found = []
    for before, after in pairwise(statements):
        step = after.stated - before.stated
        # A correction that we know of makes our own sum step back, too.
        own_step = min(after.own - before.own, 0.0)
        if before.zero_us != after.zero_us or step >= own_step - EPSILON * max(1.0, before.stated):
            continue
        found.append(
            _back(
                f"{name}/{after.document}",
                after.at_us,
                (
                    f"{before.document} of {day(before.at_us)} states {amount(before.stated)} as"
                    f" {word} so far, {after.document} of {day(after.at_us)} only"
                    f" {amount(after.stated)}"
                ),
                (before.stated, after.stated),
                (before.of, after.of),
            )
        )
    return found


def _steps_back_in_documents(versions: Sequence[Version]) -> list[Finding]:
    """Return where what is demanded so far falls from one entry to the next that is due later."""
    found = []
    for version in versions:
        said = [e for e in version.entries if e.cumulative_quantity is not None]
        for before, after in pairwise(said):
            high, low = before.cumulative_quantity or 0.0, after.cumulative_quantity or 0.0
            is_reset = before.cumulative_since_us != after.cumulative_since_us
            if low >= high - EPSILON * max(1.0, high) or is_reset:
                continue
            found.append(
                _back(
                    f"demanded/{version.group.key}/{version.document}/{after.line}/{after.due_from_us}",
                    version.issued_us,
                    (
                        f"In call-off {version.document} what is demanded so far falls from"
                        f" {amount(high)} to {amount(low)}"
                    ),
                    (high, low),
                    (before, after),
                )
            )
    return found


def _back(
    name: str,
    at_us: int,
    text: str,
    step: tuple[float, float],
    of: tuple[Entry | ShipmentLine, Entry | ShipmentLine],
) -> Finding:
    return Finding(
        "cumulative_step_back",
        name,
        at_us,
        f"{text}: this is a correction or a new zero date that was not told, and no delivery. Ask"
        " which, and have the zero date sent with the next call-off.",
        events_of(one.event_id for one in of),
        quantity=step[1] - step[0],
        expected=step[0],
        actual=step[1],
    )
