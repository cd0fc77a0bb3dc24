"""Cumulative quantities of a relation: demanded, received, in transit, and stated by partners.

All count from a zero date. A new zero date is the yearly reset, not a step back. The first
statement gives the balance before our first message: only later differences are findings.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Final, TypeVar
from uuid import UUID

from werknetz.domain.bucket import instant_of
from werknetz.kpi.supply.asn import TransitLine
from werknetz.kpi.supply.facts import CallOffEntry, ReceiptLine, ScheduleGroup, ShipmentLine, Terms
from werknetz.kpi.supply.findings import (
    EPSILON,
    SupplyFinding,
    differ,
    event_ids_of,
)
from werknetz.kpi.supply.otif import DueLine
from werknetz.kpi.supply.schedule import CallOffVersion
from werknetz.texts.sentence import Sentence

_G = TypeVar("_G", CallOffVersion, ShipmentLine, ReceiptLine)
COUNTED_EVENTS_MAX: Final = 5  # listed in a finding beside the statement
_BEGINNING_US: Final = -(2**62)


@dataclass(frozen=True, slots=True)
class Cumulative:
    zero_us: int | None  # None: no zero date is stated, so everything counts
    as_of_us: int
    demanded: float
    received: float
    in_transit: float
    stated_received: float | None  # by the last call-off that states it
    stated_delivered: float | None  # by the last despatch advice that states it
    received_difference: float | None  # stated less computed, at that time
    delivered_difference: float | None

    @property
    def open(self) -> float:
        return self.demanded - self.received - self.in_transit


@dataclass(frozen=True, slots=True)
class _Statement:
    """A cumulative quantity that a message states, and the sum of our messages at that time."""

    stated: float
    own: float
    zero_us: int | None
    at_us: int
    document: str
    of: CallOffEntry | ShipmentLine


class _RunningTotals:
    """Quantities in order of time, with their running totals: sums of a span without a scan."""

    def __init__(self, movements: Iterable[tuple[int, UUID, float]]) -> None:
        ordered = sorted(movements)
        self._instants = [at_us for at_us, _, _ in ordered]
        self._event_ids = [event_id for _, event_id, _ in ordered]
        self._totals = list(accumulate((quantity for _, _, quantity in ordered), initial=0.0))

    def sum_between(self, since_us: int, until_us: int) -> float:
        """Return the sum of an inclusive span."""
        first = bisect_left(self._instants, since_us)
        last = bisect_right(self._instants, until_us)
        return self._totals[last] - self._totals[first] if first < last else 0.0

    def last_events(self, until_us: int) -> list[UUID]:
        """Return the last events up to an instant, at most COUNTED_EVENTS_MAX."""
        last = bisect_right(self._instants, until_us)
        return self._event_ids[max(last - COUNTED_EVENTS_MAX, 0) : last]


@dataclass(frozen=True, slots=True)
class RelationAccount:
    """The inputs of the cumulative quantities of a relation, or of one order of it."""

    versions: Sequence[CallOffVersion]  # of all its groups
    shipments: Sequence[ShipmentLine]
    receipts: Sequence[ReceiptLine]
    transit: Sequence[TransitLine]
    lines: Sequence[DueLine]
    terms: Terms
    key: str = ""  # of its order, if there are several
    is_whole: bool = True  # every receipt and shipment belongs to a known order


def reconcile_cumulative(account: RelationAccount) -> tuple[Cumulative, list[SupplyFinding]]:
    orders = _split_by_order(account)
    received = [_received_statements_of(order) for order in orders]
    delivered = [_delivered_statements_of(order) for order in orders]
    findings = _find_steps_back_in_documents(account.versions)
    for statements_by_order, direction in ((received, "received"), (delivered, "delivered")):
        for order, statements in zip(orders, statements_by_order, strict=True):
            name = "/".join(filter(None, (direction, order.key)))
            findings += _find_steps_back(statements, direction, name)
            findings += _find_differences(statements, direction, name, order)
    zero_us = _zero_date_of(account.versions)
    since_us = zero_us if zero_us is not None else _BEGINNING_US
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
        sum(t.open for t in account.transit if since_us <= t.line.departed_us <= now_us),
        _sum(statements[-1].stated for statements in received if statements),
        _sum(statements[-1].stated for statements in delivered if statements),
        _sum(
            _difference_of(statements_by_order, order)
            for statements_by_order, order in zip(received, orders, strict=True)
            if statements_by_order
        ),
        _sum(
            _difference_of(statements_by_order, order)
            for statements_by_order, order in zip(delivered, orders, strict=True)
            if statements_by_order
        ),
    )
    return cumulative, findings


def _split_by_order(account: RelationAccount) -> list[RelationAccount]:
    """Return one account per order: partners state cumulative quantities per order."""
    versions = _by_group(account.versions)
    if len(versions) < 2:
        return [account]
    shipments, receipts = _by_group(account.shipments), _by_group(account.receipts)
    # What names no order can belong to any: then the sums of each order are unknown.
    is_whole = receipts.keys() <= versions.keys() and shipments.keys() <= versions.keys()
    return [
        replace(
            account,
            key=group.key,
            versions=versions[group],
            shipments=shipments.get(group, []),
            receipts=receipts.get(group, []),
            is_whole=is_whole,
        )
        for group in sorted(versions)
    ]


def _by_group(items: Iterable[_G]) -> dict[ScheduleGroup, list[_G]]:
    groups: dict[ScheduleGroup, list[_G]] = {}
    for item in items:
        groups.setdefault(item.group, []).append(item)
    return groups


def _sum(values: Iterable[float]) -> float | None:
    numbers = list(values)
    return sum(numbers) if numbers else None


def _zero_date_of(versions: Sequence[CallOffVersion]) -> int | None:
    """Return the zero date of the latest call-off that states one."""
    stated = [
        (version.issued_us, version.known_us, entry.cumulative_since_us)
        for version in versions
        if version.from_us is not None
        for entry in version.entries
        if entry.cumulative_since_us is not None
    ]
    return max(stated)[2] if stated else None


def _received_statements_of(account: RelationAccount) -> list[_Statement]:
    """Return what call-offs state as received, one per document, in order of issue."""
    statements: list[_Statement] = []
    if not account.is_whole:
        return statements
    totals = _received_totals_of(account)
    last_us: dict[str, int] = {}  # by delivery note
    for receipt in account.receipts:
        note = receipt.delivery_note
        if note is not None:
            last_us[note] = max(receipt.received_us, last_us.get(note, receipt.received_us))
    for version in sorted(account.versions, key=lambda v: (v.issued_us, v.known_us, v.document)):
        stating = [e for e in version.entries if e.cumulative_received is not None]
        if version.from_us is None or not stating:
            continue
        entry = max(stating, key=lambda e: (e.last_receipt_us or 0, str(e.event_id)))
        zero_us = entry.cumulative_since_us
        # A call-off counts receipts up to its last one, else up to its issue.
        until_us = entry.issued_us
        if entry.last_receipt is not None:
            until_us = last_us.get(entry.last_receipt, until_us)
        own = totals.sum_between(zero_us or _BEGINNING_US, until_us)
        stated = entry.cumulative_received or 0.0
        statements.append(
            _Statement(stated, own, zero_us, version.issued_us, version.document, entry)
        )
    return statements


def _received_totals_of(account: RelationAccount) -> _RunningTotals:
    return _RunningTotals((r.received_us, r.event_id, r.quantity) for r in account.receipts)


def _delivered_statements_of(account: RelationAccount) -> list[_Statement]:
    """Return what despatch advices state as delivered, in order of departure."""
    # By zero date: the last issued of each and all before it.
    stated = sorted(
        (entry.cumulative_since_us, version.issued_us)
        for version in account.versions
        for entry in version.entries
        if entry.cumulative_since_us is not None
    )
    zero_dates = [zero_us for zero_us, _ in stated]
    last_issued = list(accumulate(((issued_us, z) for z, issued_us in stated), max))
    statements: list[_Statement] = []
    own, current_zero_us = 0.0, None
    if not account.is_whole:
        return statements
    for line in sorted(account.shipments, key=lambda s: (s.departed_us, s.line, s.event_id)):
        # An advice has no zero date of its own: it uses that of the call-offs.
        count = bisect_right(zero_dates, line.departed_us)
        zero_us = last_issued[count - 1][1] if count else None
        if zero_us != current_zero_us:
            own, current_zero_us = 0.0, zero_us
        own += line.quantity
        if line.cumulative_quantity is not None:
            statements.append(
                _Statement(
                    line.cumulative_quantity, own, zero_us, line.departed_us, line.document, line
                )
            )
    return statements


def _opening_of(
    statements: Sequence[_Statement], account: RelationAccount
) -> Callable[[_Statement], float]:
    """Return the opening balance before our first message, by the zero date of a statement."""
    first_us = min(
        (
            *(v.issued_us for v in account.versions),
            *(s.announced_us for s in account.shipments),
            *(r.received_us for r in account.receipts),
        ),
        default=0,
    )
    openings: dict[int | None, float] = {}
    for statement in statements:
        if statement.zero_us is None or statement.zero_us < first_us:
            openings.setdefault(statement.zero_us, statement.stated - statement.own)
    return lambda statement: openings.get(statement.zero_us, 0.0)


def _difference_of(statements: Sequence[_Statement], account: RelationAccount) -> float:
    last = statements[-1]
    return last.stated - last.own - _opening_of(statements, account)(last)


def _find_differences(
    statements: Sequence[_Statement], direction: str, name: str, account: RelationAccount
) -> list[SupplyFinding]:
    """Return a finding for each statement whose difference changes from the one before."""
    opening, findings, before, zero_us = _opening_of(statements, account), [], 0.0, None
    totals = (
        _received_totals_of(account)
        if direction == "received"
        else _RunningTotals((s.departed_us, s.event_id, s.quantity) for s in account.shipments)
    )
    for statement in statements:
        own = statement.own + opening(statement)
        if statement.zero_us != zero_us:
            before, zero_us = 0.0, statement.zero_us
        difference = statement.stated - own
        if differ(statement.stated - before, own):
            findings.append(
                SupplyFinding(
                    "cumulative_difference",
                    f"{name}/{statement.document}",
                    statement.at_us,
                    Sentence(
                        "finding_detail.cumulative_received_differs"
                        if direction == "received"
                        else "finding_detail.cumulative_delivered_differs",
                        document=statement.document,
                        stated=statement.stated,
                        own=own,
                        change=Sentence(
                            "finding_detail.difference_is_new", difference=difference - before
                        ),
                    ),
                    event_ids_of((statement.of.event_id, *totals.last_events(statement.at_us))),
                    quantity=difference - before,
                    expected=own,
                    actual=statement.stated,
                )
            )
        before = difference
    return findings


def _find_steps_back(
    statements: Sequence[_Statement], direction: str, name: str
) -> list[SupplyFinding]:
    findings = []
    for before, after in pairwise(statements):
        step = after.stated - before.stated
        # A known correction lowers our own sum as well.
        own_step = min(after.own - before.own, 0.0)
        if before.zero_us != after.zero_us or step >= own_step - EPSILON * max(1.0, before.stated):
            continue
        findings.append(
            _step_back_finding(
                f"{name}/{after.document}",
                after.at_us,
                Sentence(
                    "finding_detail.received_stepped_back"
                    if direction == "received"
                    else "finding_detail.delivered_stepped_back",
                    before=before.document,
                    before_at=instant_of(before.at_us),
                    high=before.stated,
                    after=after.document,
                    after_at=instant_of(after.at_us),
                    low=after.stated,
                    remedy=Sentence("finding_detail.ask_for_zero_date"),
                ),
                (before.stated, after.stated),
                (before.of, after.of),
            )
        )
    return findings


def _find_steps_back_in_documents(versions: Sequence[CallOffVersion]) -> list[SupplyFinding]:
    """Return findings where the cumulative demand falls from one entry to a later one."""
    findings = []
    for version in versions:
        stating = [e for e in version.entries if e.cumulative_quantity is not None]
        for before, after in pairwise(stating):
            high, low = before.cumulative_quantity or 0.0, after.cumulative_quantity or 0.0
            is_reset = before.cumulative_since_us != after.cumulative_since_us
            if low >= high - EPSILON * max(1.0, high) or is_reset:
                continue
            findings.append(
                _step_back_finding(
                    f"demanded/{version.group.key}/{version.document}/{after.line}/{after.due_from_us}",
                    version.issued_us,
                    Sentence(
                        "finding_detail.demand_stepped_back",
                        document=version.document,
                        high=high,
                        low=low,
                        remedy=Sentence("finding_detail.ask_for_zero_date"),
                    ),
                    (high, low),
                    (before, after),
                )
            )
    return findings


def _step_back_finding(
    name: str,
    at_us: int,
    detail: Sentence,
    step: tuple[float, float],
    sources: tuple[CallOffEntry | ShipmentLine, CallOffEntry | ShipmentLine],
) -> SupplyFinding:
    return SupplyFinding(
        "cumulative_step_back",
        name,
        at_us,
        detail,
        event_ids_of(statement.event_id for statement in sources),
        quantity=step[1] - step[0],
        expected=step[0],
        actual=step[1],
    )
