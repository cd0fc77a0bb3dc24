"""Reconcile one relation: from all its facts to schedules, due lines, findings and elements.

Pure and deterministic: neither the order of the facts nor duplicates change the result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from werknetz.domain.bucket import bucket_of
from werknetz.domain.shift import local_day
from werknetz.kpi.supply import asn, cumulative
from werknetz.kpi.supply.allocation import NOTHING, Inflow, RunningSum, assign_to_groups
from werknetz.kpi.supply.duplicates import dedup_call_offs, dedup_receipts, dedup_shipments
from werknetz.kpi.supply.elements import (
    SupplyElements,
    elements_of_change,
    elements_of_delivery,
    elements_of_line,
)
from werknetz.kpi.supply.facts import (
    NO_ORDER,
    LostSpans,
    ReceiptLine,
    RelationFacts,
    ScheduleGroup,
    ShipmentLine,
    Terms,
)
from werknetz.kpi.supply.findings import EPSILON, SupplyFinding, event_ids_of
from werknetz.kpi.supply.otif import DueLine, GroupFlow, judge_lines
from werknetz.kpi.supply.policy import Reference
from werknetz.kpi.supply.schedule import (
    CallOffVersion,
    Demand,
    due_span_of,
    find_outdated_call_offs,
    list_frozen_changes,
    select_measured_demand,
    versions_of,
)
from werknetz.texts.sentence import Sentence

_OFFSETS_REGULAR_US: Final = 94_694_400_000_000
"""1973: since then, the offsets of all time zones are quarters of an hour."""
_NO_ELEMENTS: Final = SupplyElements()


@dataclass(frozen=True, slots=True)
class ReconciledRelation:
    versions: tuple[CallOffVersion, ...]
    lines: tuple[DueLine, ...]
    transit: tuple[asn.TransitLine, ...]
    deliveries: tuple[asn.ReceivedDelivery, ...]
    cumulative: cumulative.Cumulative
    elements: dict[date, SupplyElements]
    findings: tuple[SupplyFinding, ...]


@dataclass(frozen=True, slots=True)
class _UniqueFacts:
    """The facts without duplicates."""

    versions: dict[ScheduleGroup, list[CallOffVersion]]
    shipments: tuple[ShipmentLine, ...]
    receipts: tuple[ReceiptLine, ...]


def reconcile(relation: RelationFacts, terms: Terms) -> ReconciledRelation:
    entries = dedup_call_offs(relation.entries)
    shipments = dedup_shipments(relation.shipments)
    receipts = dedup_receipts(relation.receipts)
    facts = _UniqueFacts(versions_of(entries.unique), shipments.unique, receipts.unique)
    matches = asn.match_receipts(facts.shipments, facts.receipts, terms)
    by_receipt = _advice_lines_by_event(matches)
    demands = {
        group: select_measured_demand(versions, terms) for group, versions in facts.versions.items()
    }
    received = assign_to_groups(_inflows_of(facts, demands), demands)
    lines = _judge_all_lines(relation, facts, demands, received, (matches, terms))
    for line in lines:
        line.event_ids = entries.ids_of(line.demand.entry.event_id)
        line.shipment_ids = _shipment_ids_of(line, by_receipt)
    versions = [
        version for versions_of_group in facts.versions.values() for version in versions_of_group
    ]
    over_inflows, over_findings = _find_over_delivery(facts, demands, received, terms)
    cumulated, cumulative_findings = cumulative.reconcile_cumulative(
        cumulative.RelationAccount(
            versions, facts.shipments, facts.receipts, matches.transit, lines, terms
        )
    )
    return ReconciledRelation(
        tuple(versions),
        tuple(lines),
        matches.transit,
        matches.deliveries,
        cumulated,
        _elements_by_day(facts, lines, matches, over_inflows, terms),
        (
            *chain(entries.findings, shipments.findings, receipts.findings),
            *chain.from_iterable(
                find_outdated_call_offs(versions_of_group)
                for versions_of_group in facts.versions.values()
            ),
            *asn.findings_of(matches, terms),
            *_find_uncalled_shipments(facts),
            *over_findings,
            *cumulative_findings,
        ),
    )


def _advice_lines_by_event(shipments: asn.MatchedShipments) -> dict[UUID, list[UUID]]:
    """Return the lines of despatch advices by event id of their receipts and of the line itself."""
    line_ids: dict[UUID, list[UUID]] = {}
    for transit in shipments.transit:
        for event_id in (transit.line.event_id, *transit.receipt_ids):
            line_ids.setdefault(event_id, []).append(transit.line.event_id)
    return line_ids


def _shipment_ids_of(line: DueLine, by_receipt: dict[UUID, list[UUID]]) -> tuple[UUID, ...]:
    received_lines = chain.from_iterable(
        by_receipt.get(receipt_id, ()) for receipt_id in line.receipt_ids
    )
    return tuple(dict.fromkeys((*received_lines, *line.incoming_ids)))


def _is_shipped(demands: Sequence[Demand]) -> bool:
    """Whether due dates are of despatch: the line is fulfilled when the goods leave."""
    return bool(demands) and all(demand.entry.due_kind == "ship" for demand in demands)


def _inflows_of(facts: _UniqueFacts, demands: dict[ScheduleGroup, list[Demand]]) -> list[Inflow]:
    if _is_shipped([demand for group_demands in demands.values() for demand in group_demands]):
        return [Inflow(s.departed_us, s.quantity, s.event_id, s.group) for s in facts.shipments]
    return [Inflow(r.received_us, r.quantity, r.event_id, r.group) for r in facts.receipts]


def _judge_all_lines(
    relation: RelationFacts,
    facts: _UniqueFacts,
    demands: dict[ScheduleGroup, list[Demand]],
    received: dict[ScheduleGroup, list[Inflow]],
    context: tuple[asn.MatchedShipments, Terms],
) -> list[DueLine]:
    matched, terms = context
    incoming = assign_to_groups(
        [
            Inflow(_arrival_us(t.line), t.open, t.line.event_id, t.line.group)
            for t in matched.transit
            if t.open > EPSILON
        ],
        # Only open demand counts: these running sums start where those of `received` end.
        {
            group: _open_demands(group_demands, received[group])
            for group, group_demands in demands.items()
        },
    )
    lines: list[DueLine] = []
    lost_spans = LostSpans(relation.lost_spans)
    possibly_received = asn.list_possibly_received(matched, lost_spans, terms)
    possible = (
        assign_to_groups([*_inflows_of(facts, demands), *possibly_received], demands)
        if possibly_received
        else {}
    )
    announced = _announced_by_group(facts.shipments, demands, terms)
    for group, group_demands in demands.items():
        running = RunningSum.of(received[group])
        flow = GroupFlow(
            running,
            RunningSum.of(incoming[group], running.total),
            announced.get(group, announced.get(NO_ORDER, NOTHING)),
            RunningSum.of(possible[group]) if group in possible else None,
        )
        lines += judge_lines(group, group_demands, flow, terms, lost_spans)
    return lines


def _announced_by_group(
    shipments: Sequence[ShipmentLine],
    demands: dict[ScheduleGroup, list[Demand]],
    terms: Terms,
) -> dict[ScheduleGroup, RunningSum]:
    """Return what was announced for each group, including what names no order.

    Groups without a shipment of their own share the entry of NO_ORDER.
    """
    if all(policy.reference is not Reference.CONFIRMED for _, policy in terms.policies):
        return {}  # nobody asks
    inflows: dict[ScheduleGroup, list[Inflow]] = {}
    for line in shipments:
        if line.arrives_us is not None:
            inflow = Inflow(line.arrives_us, line.quantity, line.event_id, line.group)
            inflows.setdefault(line.group, []).append(inflow)
    of_none = inflows.get(NO_ORDER, [])
    return {
        group: RunningSum.of(chain(inflows[group], of_none if group != NO_ORDER else ()))
        for group in {*demands, NO_ORDER} & inflows.keys()
    }


def _open_demands(demands: Sequence[Demand], received: Sequence[Inflow]) -> list[Demand]:
    total = sum(inflow.quantity for inflow in received)
    return [
        Demand(d.entry, d.due_from_us, d.due_until_us, d.low - total, d.high - total)
        for d in demands
        if d.high > total
    ]


def _arrival_us(line: ShipmentLine) -> int:
    return line.departed_us if line.arrives_us is None else line.arrives_us


def _find_over_delivery(
    facts: _UniqueFacts,
    demands: dict[ScheduleGroup, list[Demand]],
    received: dict[ScheduleGroup, list[Inflow]],
    terms: Terms,
) -> tuple[list[Inflow], list[SupplyFinding]]:
    """Return the quantities beyond all call-offs, and a finding for each group with any."""
    over_inflows: list[Inflow] = []
    findings = []
    for group, inflows in received.items():
        called_off = _called_off_quantity(facts.versions.get(group, []), demands.get(group, []))
        if called_off is None:
            continue  # nothing was called off: another finding reports that
        total = 0.0
        group_over: list[Inflow] = []
        for inflow in sorted(inflows, key=lambda p: (p.at_us, p.event_id)):
            before, total = total, total + inflow.quantity
            extra = max(total - called_off, 0.0) - max(before - called_off, 0.0)
            if abs(extra) > EPSILON * max(1.0, called_off):
                group_over.append(Inflow(inflow.at_us, extra, inflow.event_id, group))
        over_inflows += group_over
        allowed = called_off * (1 + terms.policy_at(terms.now_us).over_tolerance)
        if total > allowed + EPSILON * max(1.0, allowed):
            findings.append(_over_finding(group, total, called_off, group_over))
    return over_inflows, findings


def _called_off_quantity(
    versions: Sequence[CallOffVersion], demands: Sequence[Demand]
) -> float | None:
    """Return the quantity ever called off, by the measured demand or by the last call-off."""
    chain = [version for version in versions if version.from_us is not None]
    if not chain:
        return None
    last = chain[-1]
    before = max((d.high for d in demands if d.due_from_us < last.issued_us), default=0.0)
    ahead = sum(
        entry.quantity
        for entry in last.entries
        if entry.commitment != "backlog" and due_span_of(entry)[0] >= last.issued_us
    )
    return max(before + ahead, max((d.high for d in demands), default=0.0))


def _over_finding(
    group: ScheduleGroup, total: float, called_off: float, over_inflows: Sequence[Inflow]
) -> SupplyFinding:
    excess = total - called_off
    detail = (
        Sentence(
            "finding_detail.over_delivery_of_order", order=group.key, total=total,
            called_off=called_off, difference=excess,
        )
        if group.key
        else Sentence(
            "finding_detail.over_delivery", total=total, called_off=called_off, difference=excess
        )
    )  # fmt: skip
    return SupplyFinding(
        "over_delivery",
        group.key,
        max(inflow.at_us for inflow in over_inflows) if over_inflows else 0,
        detail,
        event_ids_of(inflow.event_id for inflow in over_inflows),
        quantity=excess,
        expected=called_off,
        actual=total,
    )


def _find_uncalled_shipments(facts: _UniqueFacts) -> list[SupplyFinding]:
    """Return a finding for each document that ships quantities without a call-off."""
    orders = {group.order_number for group in facts.versions}
    by_document: dict[str, list[ShipmentLine]] = {}
    for line in facts.shipments:
        order = line.group.order_number
        if not facts.versions or (order and "" not in orders and order not in orders):
            by_document.setdefault(line.document, []).append(line)
    return [
        SupplyFinding(
            "shipment_without_call_off",
            document,
            min(line.departed_us for line in lines),
            Sentence(
                "finding_detail.shipment_without_call_off",
                quantity=sum(line.quantity for line in lines),
                document=document,
            ),
            event_ids_of(line.event_id for line in lines),
            quantity=sum(line.quantity for line in lines),
            expected=0.0,
            actual=sum(line.quantity for line in lines),
        )
        for document, lines in sorted(by_document.items())
    ]


def _elements_by_day(
    facts: _UniqueFacts,
    lines: Sequence[DueLine],
    matched: asn.MatchedShipments,
    over_inflows: Sequence[Inflow],
    terms: Terms,
) -> dict[date, SupplyElements]:
    by_day: dict[date, SupplyElements] = {}

    def add(at_us: int, elements: SupplyElements) -> None:
        if elements == _NO_ELEMENTS:
            return
        day = day_of(at_us, terms.zone)
        before = by_day.get(day)
        by_day[day] = elements if before is None else before + elements

    for line in lines:
        if line.state != "open":
            add(line.demand.due_from_us, elements_of_line(line))
    for delivery in matched.deliveries:
        add(delivery.first_us, elements_of_delivery(delivery))
    for receipt in facts.receipts:
        quantities = SupplyElements(
            quantity_received=receipt.quantity, quantity_rejected=receipt.rejected
        )
        add(receipt.received_us, quantities)
    for inflow in over_inflows:
        add(inflow.at_us, SupplyElements(quantity_over=inflow.quantity))
    for versions in facts.versions.values():
        for change in list_frozen_changes(versions, terms):
            add(change.at_us, elements_of_change(change))
    return dict(sorted(by_day.items()))


def day_of(at_us: int, zone: ZoneInfo) -> date:
    """Return the site's day; the last possible one for dates such as 9999-12-31."""
    return _day_of(bucket_of(at_us) if at_us >= _OFFSETS_REGULAR_US else at_us, zone)


@lru_cache(maxsize=16_384)  # of many relations, the same days are due
def _day_of(at_us: int, zone: ZoneInfo) -> date:
    try:
        return local_day(at_us, zone)
    except OverflowError:
        return date.max
