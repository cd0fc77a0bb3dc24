"""Receipts are assigned to orders, and to demand in the order of due dates."""

from plumbing.relations import RelationBuilder, at, order, terms, uid
from werknetz.kpi.supply.allocation import Inflow, RunningSum, assign_to_groups, filled_quantity
from werknetz.kpi.supply.facts import ScheduleGroup
from werknetz.kpi.supply.schedule import Demand, select_measured_demand, versions_of

FIRST, SECOND, NONE = order("P1"), order("P2"), ScheduleGroup()


def demands() -> dict[ScheduleGroup, list[Demand]]:
    facts = RelationBuilder().call_off("A", 0, {5: 10.0}, group=FIRST)
    facts.call_off("B", 0, {6: 10.0}, group=SECOND)
    versions = versions_of(facts.entries)
    return {group: select_measured_demand(chain, terms()) for group, chain in versions.items()}


def assign(*inflows: tuple[float, ScheduleGroup]) -> dict[ScheduleGroup, list[float]]:
    pieces = [Inflow(at(n), quantity, uid(n), group) for n, (quantity, group) in enumerate(inflows)]
    by_group = assign_to_groups(pieces, demands())
    return {group: [piece.quantity for piece in pieces] for group, pieces in by_group.items()}


def test_a_receipt_without_an_order_fills_what_is_due_first() -> None:
    assert assign((6, NONE), (6, NONE)) == {FIRST: [6, 4], SECOND: [2]}
    assert assign((6, FIRST), (6, NONE)) == {FIRST: [6, 4], SECOND: [2]}
    assert assign((10, FIRST), (6, NONE)) == {FIRST: [10], SECOND: [6]}


def test_a_part_of_a_piece_is_filled_and_passed_on() -> None:
    assert assign((9.5, FIRST), (1, NONE)) == {FIRST: [9.5, 0.5], SECOND: [0.5]}


def test_what_exceeds_all_demand_and_corrections_belong_to_the_line_due_last() -> None:
    assert assign((25, NONE)) == {FIRST: [10], SECOND: [15]}
    assert assign((-3, NONE)) == {FIRST: [], SECOND: [-3]}


def test_a_receipt_of_an_order_without_a_call_off_is_not_split() -> None:
    other = order("P9")
    assert assign((6, other)) == {FIRST: [], SECOND: [], other: [6]}
    assert assign((6, order("P1", "20"))) == {FIRST: [6], SECOND: []}


def test_a_running_sum_with_corrections() -> None:
    inflows = [Inflow(at(n), q, uid(n), NONE) for n, q in enumerate((10.0, -4.0, 4.0, 5.0))]
    total = RunningSum.of(reversed(inflows))
    assert (total.total, total.total_before(at(2)), total.total_before(at(0))) == (15, 6, 0)
    assert (total.reached_us(10), total.reached_us(11), total.reached_us(16)) == (
        at(0),
        at(3),
        None,
    )
    assert [piece.event_id for piece in total.between(7, 9)] == [uid(0), uid(1), uid(2)]
    assert [piece.event_id for piece in total.between(10, 15)] == [uid(3)]


def test_a_running_sum_that_only_grows() -> None:
    total = RunningSum([Inflow(at(n), 10, uid(n), NONE) for n in range(3)], 5)
    assert [piece.event_id for piece in total.between(15, 25)] == [uid(1)]
    assert [piece.event_id for piece in total.between(14, 26)] == [uid(0), uid(1), uid(2)]
    assert total.between(35, 40) == []
    assert (total.total, total.total_before(at(0)), RunningSum([], 5).total) == (35, 5, 5)


def test_a_demand_is_filled_from_its_low_end() -> None:
    [[demand], [_]] = demands().values()
    assert [filled_quantity(demand, received) for received in (-1, 0, 4, 10, 11)] == [
        0,
        0,
        4,
        10,
        10,
    ]


def test_a_correction_opens_the_last_lines_of_its_order_again() -> None:
    """What was filled before them stays filled."""
    facts = RelationBuilder().call_off("A", 0, {5: 10.0, 7: 10.0}, group=FIRST)
    facts.call_off("B", 0, {6: 10.0, 8: 10.0}, group=SECOND)
    chains = versions_of(facts.entries).items()
    demands_by_group = {group: select_measured_demand(chain, terms()) for group, chain in chains}

    def split(*quantities: tuple[float, ScheduleGroup]) -> dict[ScheduleGroup, list[float]]:
        pieces = [Inflow(at(n), q, uid(n), group) for n, (q, group) in enumerate(quantities)]
        by_group = assign_to_groups(pieces, demands_by_group)
        return {group: [p.quantity for p in pieces] for group, pieces in by_group.items()}

    assert split((35, NONE), (-4, FIRST), (9, NONE)) == {FIRST: [20, -4, 4], SECOND: [15, 5]}
    # as far as into the line before: that line is due first
    assert split((35, NONE), (-12, FIRST), (4, NONE), (9, NONE)) == {
        FIRST: [20, -12, 4, 8], SECOND: [15, 1],
    }  # fmt: skip
    # of a group that is still open, nothing changes
    assert split((12, NONE), (-1, SECOND), (9, NONE)) == {FIRST: [10], SECOND: [2, -1, 9]}
