"""Receipts and running sums on the edges of demand, of corrections and of rounding."""

from dataclasses import replace

import pytest

from plumbing.relations import RelationBuilder, at, order, terms, uid
from werknetz.kpi.supply.allocation import Inflow, RunningSum, assign_to_groups
from werknetz.kpi.supply.elements import SupplyElements
from werknetz.kpi.supply.facts import NO_ORDER, ScheduleGroup
from werknetz.kpi.supply.relation import reconcile
from werknetz.kpi.supply.schedule import Demand

FIRST, SECOND = order("P1"), order("P2")
Spans = dict[ScheduleGroup, list[tuple[float, float]]]


def demands_of(spans: Spans) -> dict[ScheduleGroup, list[Demand]]:
    """Lines from `low` to `high`; the n-th of a group is due on day n."""
    [entry] = RelationBuilder().call_off("A", 0, {5: 10.0}).entries
    return {
        group: [Demand(entry, at(n), at(n + 1), low, high) for n, (low, high) in enumerate(lines)]
        for group, lines in spans.items()
    }


def assign(spans: Spans, *inflows: tuple[float, ScheduleGroup]) -> dict[ScheduleGroup, list[float]]:
    pieces = [Inflow(at(n), quantity, uid(n), group) for n, (quantity, group) in enumerate(inflows)]
    by_group = assign_to_groups(pieces, demands_of(spans))
    return {group: [piece.quantity for piece in pieces] for group, pieces in by_group.items()}


def numbers_between(inflows: list[float], start: float, low: float, high: float) -> list[int]:
    pieces = [Inflow(at(n), quantity, uid(n), NO_ORDER) for n, quantity in enumerate(inflows)]
    return [piece.event_id.int for piece in RunningSum(pieces, start).between(low, high)]


@pytest.mark.parametrize(
    ("inflows", "start", "span", "expected"),
    [
        ([10.0, 10.0], 5.0, (0.0, 6.0), [0]),
        ([10.0, 2.0, -5.0], 0.0, (0.0, 10.0), [0, 2]),
        ([10.0, -5.0, 3.0, 4.0], 0.0, (8.0, 20.0), [0, 1, 3]),
        ([5.0, 5.0], 5.0, (5.0, 10.0), [0]),
    ],
)
def test_between_are_the_inflows_that_cross_the_span(
    inflows: list[float], start: float, span: tuple[float, float], expected: list[int]
) -> None:
    assert numbers_between(inflows, start, *span) == expected


@pytest.mark.parametrize(
    ("sum_", "quantity", "is_reached"),
    [
        (0.5 - 1.5e-9, 0.5, False),
        (0.5 - 0.8e-9, 0.5, True),
        (1000 - 5e-7, 1000.0, True),
        (1000 - 2e-6, 1000.0, False),
    ],
)
def test_rounding_is_a_share_of_what_is_more_than_one(
    sum_: float, quantity: float, is_reached: bool
) -> None:
    running = RunningSum([Inflow(at(1), sum_, uid(1), NO_ORDER)])
    assert running.reached_us(quantity) == (at(1) if is_reached else None)


def test_a_receipt_of_nothing_belongs_to_the_only_group() -> None:
    assert assign({FIRST: [(0, 10)]}, (0.0, NO_ORDER), (2.0, NO_ORDER)) == {FIRST: [0.0, 2.0]}


def test_a_receipt_belongs_to_the_line_of_its_order() -> None:
    spans: Spans = {FIRST: [(0, 10)], SECOND: [(0, 10)]}
    assert assign(spans, (6.0, order("P2", "20"))) == {FIRST: [], SECOND: [6.0]}


def test_without_a_group_a_receipt_has_its_own() -> None:
    assert assign({}, (6.0, NO_ORDER)) == {NO_ORDER: [6.0]}


def test_without_demand_a_receipt_belongs_to_the_first_order() -> None:
    assert assign({SECOND: [], FIRST: []}, (6.0, NO_ORDER)) == {SECOND: [], FIRST: [6.0]}


def test_a_small_correction_opens_a_line_again() -> None:
    spans: Spans = {FIRST: [(0, 10)], SECOND: [(0, 10)]}
    shares = assign(spans, (12.0, NO_ORDER), (-0.5, FIRST), (2.0, NO_ORDER))
    assert shares == {FIRST: [10.0, -0.5, 0.5], SECOND: [2.0, 1.5]}


def test_what_a_receipt_fills_counts_for_the_next_line_of_its_group() -> None:
    """The second line of the first order begins below the end of its first line."""
    spans: Spans = {FIRST: [(0, 10), (5, 15)], SECOND: [(0, 1), (1, 2), (2, 9)]}
    assert assign(spans, (20.0, NO_ORDER)) == {FIRST: [15.0], SECOND: [5.0]}


def test_goods_on_their_way_fill_what_is_open() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 10.0}, group=FIRST)
    facts.call_off("B", 0, {6: 10.0}, group=SECOND).receive(4, 4, group=FIRST)
    for quantity, expected in ((6, [1, 0]), (8, [1, 1])):
        on_way = RelationBuilder()
        on_way.entries, on_way.receipts = facts.entries, facts.receipts
        on_way.ship("N9", 4, quantity)
        on_way.shipments = [replace(line, event_id=uid(99)) for line in on_way.shipments]
        lines = reconcile(on_way.relation(), terms(4.5)).lines
        assert [len(line.incoming_ids) for line in lines] == expected


def test_goods_on_their_way_are_in_the_order_of_their_arrival() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 10.0, 6: 10.0})
    facts.ship("N1", 3, 10, arrives_us=at(5)).ship("N2", 4, 10, arrives_us=None)
    lines = reconcile(facts.relation(), terms(4.5)).lines
    assert [line.incoming_ids for line in lines] == [(uid(4),), (uid(3),)]


def test_an_announcement_without_an_order_confirms_all_orders() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 10.0}, group=FIRST)
    facts.call_off("B", 0, {6: 5.0}, group=SECOND)
    facts.ship("N1", 4, 5, group=FIRST, arrives_us=at(6)).ship("N2", 4, 5, arrives_us=at(8))
    lines = reconcile(facts.relation(), terms(reference="confirmed")).lines
    assert [line.confirmed_us for line in lines] == [at(8), at(8)]
    facts.shipments.pop()
    lines = reconcile(facts.relation(), terms(reference="confirmed")).lines
    assert [line.confirmed_us for line in lines] == [None, None]


@pytest.mark.parametrize(
    ("called_off", "received", "is_over"),
    [
        (1000.0, 1000 + 5e-7, False),
        (1000.0, 1000 + 2e-6, True),
        (0.5, 0.5 + 1.5e-9, True),
        (0.5, 0.5 + 0.8e-9, False),
        (0.0, 0.5, True),
    ],
)
def test_rounding_is_no_over_delivery(called_off: float, received: float, is_over: bool) -> None:
    facts = RelationBuilder().call_off("A", 0, {5: called_off}).receive(5.5, received)
    result = reconcile(facts.relation(), terms())
    over = [finding for finding in result.findings if finding.kind == "over_delivery"]
    assert bool(over) is is_over
    extra = SupplyElements.sum(result.elements.values()).quantity_over
    assert (extra > 0) is is_over


@pytest.mark.parametrize(
    ("issued", "due", "called_off"),
    [
        (5.0, {5: 150.0}, 150.0),  # due at its issue
        (5.5, {5: 100.0}, 100.0),  # due before: it was called off before
        (6.0, {5: 100.0, 9: 20.0}, 120.0),
    ],
)
def test_called_off_is_what_was_due_and_what_the_last_call_off_has(
    issued: float, due: dict[float, float], called_off: float
) -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}).call_off("B", issued, due)
    facts.receive(5.2, called_off)
    kinds = [f.kind for f in reconcile(facts.relation(), terms(frozen_days=3)).findings]
    assert "over_delivery" not in kinds
    facts.receive(5.3, 7)
    [over] = [
        finding
        for finding in reconcile(facts.relation(), terms(frozen_days=3)).findings
        if finding.kind == "over_delivery"
    ]
    assert (over.expected, over.actual, over.quantity) == (called_off, called_off + 7, 7)
    assert "7 are too many" in over.detail
    assert over.at_us == at(5.3)


def test_a_shipment_for_an_order_is_called_off_by_a_call_off_without_one() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 10.0}).ship("N1", 4, 10, group=FIRST)
    assert reconcile(facts.relation(), terms(4.5)).findings == ()
