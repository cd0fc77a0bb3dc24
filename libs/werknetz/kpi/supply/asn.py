"""Despatch advices matched with receipts: quantities announced, received and in transit.

A receipt belongs to the shipment whose delivery note, shipment or document number it names, in the
same relation and order. A receipt that names none is never guessed: it becomes a finding.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

from werknetz.domain.bucket import instant_of
from werknetz.kpi.supply.allocation import Inflow, RunningSum
from werknetz.kpi.supply.facts import LostSpans, ReceiptLine, ShipmentLine, Terms
from werknetz.kpi.supply.findings import (
    EPSILON,
    SupplyFinding,
    differ,
    event_ids_of,
)
from werknetz.texts.sentence import Sentence

TransitState = Literal["announced", "in_transit", "received", "partly_received", "overdue"]
PARTIAL_WAIT_US: Final = 86_400_000_000
"""How long the rest of a partly received delivery may still come; then it is missing."""


@dataclass(frozen=True, slots=True)
class TransitLine:
    """One line of a shipment and the quantity received of it."""

    line: ShipmentLine
    received: float
    received_us: int | None  # the last receipt of it
    state: TransitState
    receipt_ids: tuple[UUID, ...]

    @property
    def open(self) -> float:
        return max(self.line.quantity - self.received, 0.0)


@dataclass(frozen=True, slots=True)
class ReceivedDelivery:
    """The receipts under one number and the shipment lines announced under it."""

    number: str
    lines: tuple[ShipmentLine, ...]  # empty: the delivery was not announced
    receipts: tuple[ReceiptLine, ...]  # at least one
    announced: float
    received: float  # accepted and rejected

    @property
    def first_us(self) -> int:
        return self.receipts[0].received_us

    @property
    def last_us(self) -> int:
        return self.receipts[-1].received_us

    @property
    def lead_s(self) -> float | None:
        """Return the time from the announcement to the arrival; negative: announced later."""
        if not self.lines:
            return None
        return (self.first_us - min(line.announced_us for line in self.lines)) / 1e6

    @property
    def is_accurate(self) -> bool:
        """Whether it was announced before it came, with the quantity that came."""
        lead = self.lead_s
        return lead is not None and lead >= 0 and not differ(self.announced, self.received)


@dataclass(frozen=True, slots=True)
class MatchedShipments:
    transit: tuple[TransitLine, ...]
    deliveries: tuple[ReceivedDelivery, ...]


@dataclass(slots=True, eq=False)
class _DeliveryDocuments:
    """The shipment lines and receipts of one delivery, while they are matched."""

    name: str
    order: str = ""  # of all its lines
    lines: list[ShipmentLine] = field(default_factory=list)
    receipts: list[ReceiptLine] = field(default_factory=list)


@dataclass(slots=True)
class _Candidates:
    """The deliveries that one number names, the first of each order, in the order of departure."""

    _by_order: dict[str, tuple[int, _DeliveryDocuments]] = field(default_factory=dict)

    def add(self, documents: _DeliveryDocuments) -> None:
        self._by_order.setdefault(documents.order, (len(self._by_order), documents))

    def first_of(self, order: str) -> _DeliveryDocuments | None:
        """Return the first that fits an order: its own, or of none; without an order, any."""
        if not order:
            return next((documents for _, documents in self._by_order.values()), None)
        fitting = [self._by_order[name] for name in (order, "") if name in self._by_order]
        return min(fitting, key=lambda place: place[0])[1] if fitting else None


def match_receipts(
    lines: Iterable[ShipmentLine], receipts: Iterable[ReceiptLine], terms: Terms
) -> MatchedShipments:
    deliveries_by_key: dict[tuple[str, str], _DeliveryDocuments] = {}
    by_number: dict[str, _Candidates] = {}
    for line in sorted(lines, key=lambda s: (s.departed_us, s.line, s.event_id)):
        name = line.delivery_note or line.shipment or line.document
        key = (name, line.group.order_number)
        documents = deliveries_by_key.get(key)
        if documents is None:
            documents = deliveries_by_key[key] = _DeliveryDocuments(*key)
        documents.lines.append(line)
        for number in {line.delivery_note, line.shipment, line.document} - {None}:
            by_number.setdefault(str(number), _Candidates()).add(documents)
    for receipt in sorted(receipts, key=lambda r: (r.received_us, r.event_id)):
        _documents_of(receipt, deliveries_by_key, by_number).receipts.append(receipt)
    transit: list[TransitLine] = []
    deliveries = []
    for documents in deliveries_by_key.values():
        transit += _fill_lines(documents, terms)
        if any(receipt.quantity > 0 for receipt in documents.receipts):
            deliveries.append(_delivery_of(documents))
    return MatchedShipments(tuple(transit), tuple(deliveries))


def list_possibly_received(
    shipments: MatchedShipments, lost: LostSpans, terms: Terms
) -> list[Inflow]:
    """Return overdue quantities whose receipt may be among lost messages.

    It is uncertain whether they are missing, and so is the delay of every later receipt.
    """
    inflows = []
    for line in shipments.transit:
        shipment = line.line
        arrives_us = shipment.departed_us if shipment.arrives_us is None else shipment.arrives_us
        # The rest of a partial receipt comes soon or is missing.
        until_us = terms.now_us
        if line.received_us is not None:
            until_us = min(until_us, line.received_us + PARTIAL_WAIT_US)
        if line.open <= EPSILON or arrives_us > terms.now_us:
            continue
        at_us = lost.nearest_us(arrives_us, shipment.departed_us, until_us)
        if at_us is not None:
            inflows.append(Inflow(at_us, line.open, shipment.event_id, shipment.group))
    return inflows


def findings_of(shipments: MatchedShipments, terms: Terms) -> list[SupplyFinding]:
    """Return findings of unannounced receipts and of quantities that differ from the advice."""
    findings = []
    for delivery in shipments.deliveries:
        if not delivery.lines:
            if terms.policy_at(delivery.first_us).asn_expected:
                findings.append(_unannounced_finding(delivery))
        elif _is_settled(delivery, terms) and differ(delivery.announced, delivery.received):
            findings.append(_difference_finding(delivery))
    return findings


def _documents_of(
    receipt: ReceiptLine,
    deliveries_by_key: dict[tuple[str, str], _DeliveryDocuments],
    by_number: dict[str, _Candidates],
) -> _DeliveryDocuments:
    order = receipt.group.order_number
    for number in (receipt.delivery_note, receipt.shipment, receipt.document):
        candidates = by_number.get(number or "")
        documents = candidates.first_of(order) if candidates is not None else None
        if documents is not None:
            return documents
    name = receipt.delivery_note or receipt.shipment or receipt.document
    return deliveries_by_key.setdefault((name, f"{order}\0receipt"), _DeliveryDocuments(name))


def _fill_lines(documents: _DeliveryDocuments, terms: Terms) -> list[TransitLine]:
    """Fill the lines of a delivery with its receipts, in order."""
    received_sum = RunningSum.of(
        Inflow(r.received_us, r.quantity + r.rejected, r.event_id, r.group)
        for r in documents.receipts
    )
    remaining, allotted = received_sum.total, 0.0
    transit = []
    for line in documents.lines:
        received = min(max(remaining, 0.0), line.quantity)
        remaining -= received
        inflows = received_sum.between(allotted, allotted + received) if received > 0 else []
        allotted += received
        transit.append(
            TransitLine(
                line,
                received,
                received_sum.reached_us(allotted) if received > 0 else None,
                _state_of(line, received, terms),
                tuple(dict.fromkeys(inflow.event_id for inflow in inflows)),
            )
        )
    return transit


def _state_of(line: ShipmentLine, received: float, terms: Terms) -> TransitState:
    if received >= line.quantity - EPSILON * max(1.0, line.quantity):
        return "received"
    if received > 0:
        return "partly_received"
    if line.arrives_us is not None and line.arrives_us < terms.now_us:
        return "overdue"
    return "announced" if line.departed_us > terms.now_us else "in_transit"


def _delivery_of(documents: _DeliveryDocuments) -> ReceivedDelivery:
    return ReceivedDelivery(
        documents.name,
        tuple(documents.lines),
        tuple(documents.receipts),
        sum(line.quantity for line in documents.lines),
        sum(receipt.quantity + receipt.rejected for receipt in documents.receipts),
    )


def _is_settled(delivery: ReceivedDelivery, terms: Terms) -> bool:
    """Whether nothing more is expected: more than announced has come, or nothing for a day."""
    if delivery.received > delivery.announced:
        return True
    return terms.now_us >= delivery.last_us + PARTIAL_WAIT_US


def _event_ids_of_delivery(delivery: ReceivedDelivery) -> tuple[UUID, ...]:
    line_ids = [line.event_id for line in delivery.lines]
    return event_ids_of([*line_ids, *(receipt.event_id for receipt in delivery.receipts)])


def _unannounced_finding(delivery: ReceivedDelivery) -> SupplyFinding:
    return SupplyFinding(
        "receipt_without_shipment",
        delivery.number,
        delivery.first_us,
        Sentence(
            "finding_detail.receipt_without_shipment",
            quantity=delivery.received,
            document=delivery.number,
            at=instant_of(delivery.first_us),
        ),
        _event_ids_of_delivery(delivery),
        quantity=delivery.received,
        expected=0.0,
        actual=delivery.received,
    )


def _difference_finding(delivery: ReceivedDelivery) -> SupplyFinding:
    missing = delivery.announced - delivery.received
    return SupplyFinding(
        "quantity_difference",
        delivery.number,
        delivery.last_us,
        Sentence(
            "finding_detail.quantity_missing"
            if missing > 0
            else "finding_detail.quantity_too_many",
            document=delivery.number,
            announced=delivery.announced,
            received=delivery.received,
            difference=abs(missing),
        ),
        _event_ids_of_delivery(delivery),
        quantity=-missing,
        expected=delivery.announced,
        actual=delivery.received,
    )
