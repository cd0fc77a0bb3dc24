"""Despatch advices against receipts: what was announced, what came, what is on its way.

A receipt belongs to the shipment whose delivery note, shipment or document number it names, in the
same relation and order. What names none is not guessed: it is a finding.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

from werknetz.kpi.supply.allocation import Piece, Running
from werknetz.kpi.supply.facts import Receipt, ShipmentLine, Span, Terms
from werknetz.kpi.supply.findings import EPSILON, Finding, amount, day, differ, events_of

State = Literal["announced", "in_transit", "received", "partly_received", "overdue"]
PARTIAL_US: Final = 86_400_000_000
"""So long after the last receipt of a delivery note more of it may come; then it is missing."""


@dataclass(frozen=True, slots=True)
class Transit:
    """One line of a shipment and what was received of it."""

    line: ShipmentLine
    received: float
    received_us: int | None  # the last receipt of it
    state: State
    receipt_ids: tuple[UUID, ...]

    @property
    def open(self) -> float:
        return max(self.line.quantity - self.received, 0.0)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was received under one number, beside what was announced under it."""

    paper: str
    lines: tuple[ShipmentLine, ...]  # none: nobody has announced it
    receipts: tuple[Receipt, ...]  # at least one
    announced: float
    received: float  # accepted and rejected: what stood at the gate

    @property
    def first_us(self) -> int:
        return self.receipts[0].received_us

    @property
    def last_us(self) -> int:
        return self.receipts[-1].received_us

    @property
    def lead_s(self) -> float | None:
        """Return how long before its arrival it was announced; negative: after it."""
        if not self.lines:
            return None
        return (self.first_us - min(line.announced_us for line in self.lines)) / 1e6

    @property
    def is_accurate(self) -> bool:
        """Whether it was announced before it came, and just as it came."""
        lead = self.lead_s
        return lead is not None and lead >= 0 and not differ(self.announced, self.received)


@dataclass(frozen=True, slots=True)
class Matched:
    transit: tuple[Transit, ...]
    deliveries: tuple[Delivery, ...]


@dataclass(slots=True)
class _Paper:
    """One delivery on its way through the matching."""

    name: str
    lines: list[ShipmentLine] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)


def matched(lines: Iterable[ShipmentLine], receipts: Iterable[Receipt], terms: Terms) -> Matched:
    papers: dict[tuple[str, str], _Paper] = {}
    by_number: dict[str, list[_Paper]] = {}
    for line in sorted(lines, key=lambda s: (s.left_us, s.line, s.event_id)):
        name = line.delivery_note or line.shipment or line.document
        paper = papers.setdefault((name, line.group.order_number), _Paper(name))
        paper.lines.append(line)
        for number in {line.delivery_note, line.shipment, line.document} - {None}:
            known = by_number.setdefault(str(number), [])
            if paper not in known:
                known.append(paper)
    for receipt in sorted(receipts, key=lambda r: (r.received_us, r.event_id)):
        _paper_of(receipt, papers, by_number).receipts.append(receipt)
    transit: list[Transit] = []
    deliveries = []
    for paper in papers.values():
        transit += _filled(paper, terms)
        if paper.receipts and any(receipt.quantity > 0 for receipt in paper.receipts):
            deliveries.append(_delivery(paper))
    return Matched(tuple(transit), tuple(deliveries))


def maybe_received(matched: Matched, lost: Sequence[Span], terms: Terms) -> list[Piece]:
    """Return what should have come by now, and may have come while messages were lost.

    Nobody can say for sure that it is missing, nor how late is what the next to come fills instead.
    """
    found = []
    for transit in matched.transit:
        line = transit.line
        arrives_us = line.left_us if line.arrives_us is None else line.arrives_us
        # Of what has come in part, the rest comes soon or is missing.
        until_us = terms.now_us
        if transit.received_us is not None:
            until_us = min(until_us, transit.received_us + PARTIAL_US)
        if transit.open <= EPSILON or arrives_us > terms.now_us:
            continue
        instants = [
            min(max(arrives_us, start_us, line.left_us), end_us)
            for start_us, end_us in lost
            if end_us > line.left_us and start_us < until_us
        ]
        if instants:
            at_us = min(instants, key=lambda at_us: (abs(at_us - arrives_us), at_us))
            found.append(Piece(at_us, transit.open, line.event_id, line.group))
    return found


def findings_of(matched: Matched, terms: Terms) -> list[Finding]:
    """Return receipts that nobody announced, and quantities that differ from what was."""
    found = []
    for delivery in matched.deliveries:
        if not delivery.lines:
            if terms.at(delivery.first_us).asn_expected:
                found.append(_unannounced(delivery))
        elif _is_settled(delivery, terms) and differ(delivery.announced, delivery.received):
            found.append(_different(delivery))
    return found


def _paper_of(
    receipt: Receipt,
    papers: dict[tuple[str, str], _Paper],
    by_number: dict[str, list[_Paper]],
) -> _Paper:
    order = receipt.group.order_number
    for number in (receipt.delivery_note, receipt.shipment, receipt.document):
        for paper in by_number.get(number or "", ()):
            orders = {line.group.order_number for line in paper.lines}
            if not order or order in orders or orders == {""}:
                return paper
    name = receipt.delivery_note or receipt.shipment or receipt.document
    return papers.setdefault((name, f"{order}\0receipt"), _Paper(name))


def _filled(paper: _Paper, terms: Terms) -> list[Transit]:
    """Fill the lines of a paper with its receipts, in their order."""
    came = Running.of(
        Piece(r.received_us, r.quantity + r.rejected, r.event_id, r.group) for r in paper.receipts
    )
    left, passed = came.total, 0.0
    found = []
    for line in paper.lines:
        received = min(max(left, 0.0), line.quantity)
        left -= received
        pieces = came.within(passed, passed + received) if received > 0 else []
        passed += received
        found.append(
            Transit(
                line,
                received,
                came.reached_us(passed) if received > 0 else None,
                _state(line, received, terms),
                tuple(dict.fromkeys(piece.event_id for piece in pieces)),
            )
        )
    return found


def _state(line: ShipmentLine, received: float, terms: Terms) -> State:
    if received >= line.quantity - EPSILON * max(1.0, line.quantity):
        return "received"
    if received > 0:
        return "partly_received"
    if line.arrives_us is not None and line.arrives_us < terms.now_us:
        return "overdue"
    return "announced" if line.left_us > terms.now_us else "in_transit"


def _delivery(paper: _Paper) -> Delivery:
    return Delivery(
        paper.name,
        tuple(paper.lines),
        tuple(paper.receipts),
        sum(line.quantity for line in paper.lines),
        sum(receipt.quantity + receipt.rejected for receipt in paper.receipts),
    )


def _is_settled(delivery: Delivery, terms: Terms) -> bool:
    """Whether nothing more is to come: more than announced has come, or nothing for a day."""
    if delivery.received > delivery.announced:
        return True
    return terms.now_us >= delivery.last_us + PARTIAL_US


def _events(delivery: Delivery) -> tuple[UUID, ...]:
    told = [line.event_id for line in delivery.lines]
    return events_of([*told, *(receipt.event_id for receipt in delivery.receipts)])


def _unannounced(delivery: Delivery) -> Finding:
    return Finding(
        "receipt_without_shipment",
        delivery.paper,
        delivery.first_us,
        f"{amount(delivery.received)} came with {delivery.paper} on {day(delivery.first_us)},"
        " and no despatch advice names it. Ask the supplier for the advice, or look whether it"
        " names another number.",
        _events(delivery),
        quantity=delivery.received,
        expected=0.0,
        actual=delivery.received,
    )


def _different(delivery: Delivery) -> Finding:
    missing = delivery.announced - delivery.received
    what = f"{amount(missing)} are missing" if missing > 0 else f"{amount(-missing)} are too many"
    return Finding(
        "quantity_difference",
        delivery.paper,
        delivery.last_us,
        f"{delivery.paper}: {amount(delivery.announced)} were announced,"
        f" {amount(delivery.received)} came; {what}. Count again, then settle it with the"
        " supplier.",
        _events(delivery),
        quantity=-missing,
        expected=delivery.announced,
        actual=delivery.received,
    )
