"""One relation reconciled: from everything that was told about it to everything that follows.

Pure and deterministic: neither the order of the facts nor that one was told twice changes anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from uuid import UUID
from zoneinfo import ZoneInfo

from werknetz.domain.shift import local_day
from werknetz.kpi.supply import asn, cumulative, stability
from werknetz.kpi.supply.allocation import Piece, Running, assigned
from werknetz.kpi.supply.duplicates import entries_once, receipts_once, shipments_once
from werknetz.kpi.supply.elements import SupplyElements, of_change, of_delivery, of_line
from werknetz.kpi.supply.facts import Group, Receipt, Relation, ShipmentLine, Terms
from werknetz.kpi.supply.findings import EPSILON, Finding, amount, events_of
from werknetz.kpi.supply.otif import DueLine, Flow, due_lines
from werknetz.kpi.supply.schedule import Demand, Version, due_of, measured, outdated, versions_of


@dataclass(frozen=True, slots=True)
class Reconciled:
    versions: tuple[Version, ...]
    lines: tuple[DueLine, ...]
    transit: tuple[asn.Transit, ...]
    deliveries: tuple[asn.Delivery, ...]
    cumulative: cumulative.Cumulative
    elements: dict[date, SupplyElements]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """What was told, each once."""

    versions: dict[Group, list[Version]]
    shipments: tuple[ShipmentLine, ...]
    receipts: tuple[Receipt, ...]


def reconcile(relation: Relation, terms: Terms) -> Reconciled:
    entries = entries_once(relation.entries)
    shipments = shipments_once(relation.shipments)
    receipts = receipts_once(relation.receipts)
    told = _Told(versions_of(entries.kept), shipments.kept, receipts.kept)
    matched = asn.matched(told.shipments, told.receipts, terms)
    by_receipt = _advices(matched)
    demands = {group: measured(chain_, terms) for group, chain_ in told.versions.items()}
    came = assigned(_came(told, demands), demands)
    lines = [
        replace(
            line,
            event_ids=entries.ids_of(line.demand.entry.event_id),
            shipment_ids=_shipments(line, by_receipt),
        )
        for line in _lines(relation, told, demands, came, (matched, terms))
    ]
    versions = [version for each in told.versions.values() for version in each]
    over, over_findings = _over(told, demands, came, terms)
    cumulated, cumulative_findings = cumulative.reconciled(
        cumulative.Account(versions, told.shipments, told.receipts, matched.transit, lines, terms)
    )
    return Reconciled(
        tuple(versions),
        tuple(lines),
        matched.transit,
        matched.deliveries,
        cumulated,
        _elements(told, lines, matched, over, terms),
        (
            *chain(entries.findings, shipments.findings, receipts.findings),
            *chain.from_iterable(outdated(each) for each in told.versions.values()),
            *asn.findings_of(matched, terms),
            *_not_called_off(told),
            *over_findings,
            *cumulative_findings,
        ),
    )


def _advices(matched: asn.Matched) -> dict[UUID, list[UUID]]:
    """Return by what came, a receipt or the shipment itself, the lines of advices that told it."""
    found: dict[UUID, list[UUID]] = {}
    for transit in matched.transit:
        for event_id in (transit.line.event_id, *transit.receipt_ids):
            found.setdefault(event_id, []).append(transit.line.event_id)
    return found


def _shipments(line: DueLine, by_receipt: dict[UUID, list[UUID]]) -> tuple[UUID, ...]:
    came = chain.from_iterable(by_receipt.get(each, ()) for each in line.receipt_ids)
    return tuple(dict.fromkeys((*came, *line.coming_ids)))


def _is_shipped(demands: Sequence[Demand]) -> bool:
    """Whether due dates are of despatch: the supplier has done it when the goods leave."""
    return bool(demands) and all(demand.entry.due_kind == "ship" for demand in demands)


def _came(told: _Told, demands: dict[Group, list[Demand]]) -> list[Piece]:
    if _is_shipped([demand for each in demands.values() for demand in each]):
        return [Piece(s.left_us, s.quantity, s.event_id, s.group) for s in told.shipments]
    return [Piece(r.received_us, r.quantity, r.event_id, r.group) for r in told.receipts]


def _lines(
    relation: Relation,
    told: _Told,
    demands: dict[Group, list[Demand]],
    came: dict[Group, list[Piece]],
    beside: tuple[asn.Matched, Terms],
) -> list[DueLine]:
    matched, terms = beside
    coming = assigned(
        [
            Piece(_arrival(t.line), t.open, t.line.event_id, t.line.group)
            for t in matched.transit
            if t.open > EPSILON
        ],
        # What is open now decides: the running sums begin where those of `came` end.
        {group: _still_open(each, came[group]) for group, each in demands.items()},
    )
    found: list[DueLine] = []
    maybe = asn.maybe_received(matched, relation.lost, terms)
    perhaps = assigned([*_came(told, demands), *maybe], demands) if maybe else {}
    for group, each in demands.items():
        running = Running.of(came[group])
        announced = [
            Piece(_arrival(s), s.quantity, s.event_id, s.group)
            for s in told.shipments
            if s.group in {group, Group()} and s.arrives_us is not None
        ]
        flow = Flow(
            running,
            Running.of(coming[group], running.total),
            tuple(announced),
            Running.of(perhaps[group]) if group in perhaps else None,
        )
        found += due_lines(group, each, flow, terms, relation.lost)
    return found


def _still_open(demands: Sequence[Demand], came: Sequence[Piece]) -> list[Demand]:
    sum_ = sum(piece.quantity for piece in came)
    return [
        Demand(d.entry, d.due_from_us, d.due_until_us, d.low - sum_, d.high - sum_)
        for d in demands
        if d.high > sum_
    ]


def _arrival(line: ShipmentLine) -> int:
    return line.left_us if line.arrives_us is None else line.arrives_us


def _over(
    told: _Told,
    demands: dict[Group, list[Demand]],
    came: dict[Group, list[Piece]],
    terms: Terms,
) -> tuple[list[Piece], list[Finding]]:
    """Return what came beyond everything that was called off, and a finding for each group."""
    over: list[Piece] = []
    findings = []
    for group, pieces in came.items():
        called = _called_off(told.versions.get(group, []), demands.get(group, []))
        if called is None:
            continue  # nobody has called off anything: that is a finding of its own
        sum_ = 0.0
        beyond: list[Piece] = []
        for piece in sorted(pieces, key=lambda p: (p.at_us, p.event_id)):
            before, sum_ = sum_, sum_ + piece.quantity
            extra = max(sum_ - called, 0.0) - max(before - called, 0.0)
            if abs(extra) > EPSILON * max(1.0, called):
                beyond.append(Piece(piece.at_us, extra, piece.event_id, group))
        over += beyond
        allowed = called * (1 + terms.at(terms.now_us).over_tolerance)
        if sum_ > allowed + EPSILON * max(1.0, allowed):
            findings.append(_over_finding(group, sum_, called, beyond))
    return over, findings


def _called_off(versions: Sequence[Version], demands: Sequence[Demand]) -> float | None:
    """Return all that was ever asked for: as it was measured, or as the last call-off has it."""
    chain_ = [version for version in versions if version.from_us is not None]
    if not chain_:
        return None
    last = chain_[-1]
    before = max((d.high for d in demands if d.due_from_us < last.issued_us), default=0.0)
    ahead = sum(
        entry.quantity
        for entry in last.entries
        if entry.commitment != "backlog" and due_of(entry)[0] >= last.issued_us
    )
    return max(before + ahead, max((d.high for d in demands), default=0.0))


def _over_finding(group: Group, sum_: float, called: float, beyond: Sequence[Piece]) -> Finding:
    of = f" of order {group.key}" if group.key else ""
    return Finding(
        "over_delivery",
        group.key,
        max(piece.at_us for piece in beyond) if beyond else 0,
        f"{amount(sum_)}{of} came, {amount(called)} were called off:"
        f" {amount(sum_ - called)} are too many. Send them back, or call them off.",
        events_of(piece.event_id for piece in beyond),
        quantity=sum_ - called,
        expected=called,
        actual=sum_,
    )


def _not_called_off(told: _Told) -> list[Finding]:
    """Return a finding for each document that ships what nobody has called off."""
    orders = {group.order_number for group in told.versions}
    by_document: dict[str, list[ShipmentLine]] = {}
    for line in told.shipments:
        order = line.group.order_number
        if not told.versions or (order and "" not in orders and order not in orders):
            by_document.setdefault(line.document, []).append(line)
    return [
        Finding(
            "shipment_without_call_off",
            document,
            min(line.left_us for line in lines),
            f"{amount(sum(line.quantity for line in lines))} were shipped with {document}, and no"
            " call-off asks for them. Look for a call-off that did not arrive, or a wrong part,"
            " order or unloading point in one of the two.",
            events_of(line.event_id for line in lines),
            quantity=sum(line.quantity for line in lines),
            expected=0.0,
            actual=sum(line.quantity for line in lines),
        )
        for document, lines in sorted(by_document.items())
    ]


def _elements(
    told: _Told,
    lines: Sequence[DueLine],
    matched: asn.Matched,
    over: Sequence[Piece],
    terms: Terms,
) -> dict[date, SupplyElements]:
    found: dict[date, SupplyElements] = {}

    def add(at_us: int, elements: SupplyElements) -> None:
        day = day_of(at_us, terms.zone)
        if elements != SupplyElements():
            found[day] = found.get(day, SupplyElements()) + elements

    for line in lines:
        add(line.demand.due_from_us, of_line(line))
    for delivery in matched.deliveries:
        add(delivery.first_us, of_delivery(delivery))
    for receipt in told.receipts:
        came = SupplyElements(
            quantity_received=receipt.quantity, quantity_rejected=receipt.rejected
        )
        add(receipt.received_us, came)
    for piece in over:
        add(piece.at_us, SupplyElements(quantity_over=piece.quantity))
    for versions in told.versions.values():
        for change in stability.changes(versions, terms):
            add(change.at_us, of_change(change))
    return dict(sorted(found.items()))


def day_of(at_us: int, zone: ZoneInfo) -> date:
    """Return the site's day; the last that there is, for dates such as 9999-12-31."""
    try:
        return local_day(at_us, zone)
    except OverflowError:
        return date.max
