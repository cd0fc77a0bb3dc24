"""Which call-off is measured, which came too late, and what it changes: on the boundaries."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from plumbing.relations import RelationBuilder, at, terms
from werknetz.kpi.supply.allocation import RunningSum
from werknetz.kpi.supply.facts import NO_ORDER, Terms
from werknetz.kpi.supply.policy import Policy
from werknetz.kpi.supply.schedule import (
    CallOffVersion,
    Demand,
    FrozenChange,
    find_outdated_call_offs,
    list_frozen_changes,
    select_measured_demand,
    versions_of,
)


def versions(facts: RelationBuilder) -> list[CallOffVersion]:
    return versions_of(facts.entries)[NO_ORDER]


def states(facts: RelationBuilder) -> list[tuple[str, str]]:
    return [(version.document, version.state) for version in versions(facts)]


def measure(facts: RelationBuilder, **document: object) -> list[Demand]:
    return select_measured_demand(versions(facts), terms(**document))


def two_policies(change: float, before: dict[str, object], after: dict[str, object]) -> Terms:
    policies = ((-(2**62), Policy.parse(before)), (at(change), Policy.parse(after)))
    return Terms(policies=policies, zone=ZoneInfo("UTC"), now_us=at(30))


def test_the_policy_when_the_last_line_is_due_chooses_the_rule() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 10.0}, cumulative_quantity=100.0)
    facts.call_off("A", 0, {9: 20.0}, cumulative_quantity=300.0)
    for change, highs in ((9, [10, 210]), (9.5, [10, 30]), (5.5, [10, 210])):
        chosen = two_policies(change, {"frozen_days": 0}, {"demand": "cumulative"})
        demands = select_measured_demand(versions(facts), chosen)
        assert [demand.high for demand in demands] == highs


def test_the_policy_when_a_line_is_due_gives_its_frozen_days() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}).call_off("B", 3, {5: 150.0})
    for change, quantity in ((5, 150), (5.5, 100)):
        chosen = two_policies(change, {"frozen_days": 3}, {"frozen_days": 0})
        [demand] = select_measured_demand(versions(facts), chosen)
        assert demand.quantity == quantity


@pytest.mark.parametrize(("issued", "quantity"), [(2, 150), (2.1, 100), (2.9, 100)])
def test_the_frozen_zone_counts_back_from_the_first_due_instant(
    issued: float, quantity: float
) -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}).call_off("B", issued, {5: 150.0})
    [demand] = measure(facts, frozen_days=3)
    assert demand.quantity == quantity


@pytest.mark.parametrize(("quantity", "count"), [(0.0, 0), (0.5, 1), (-0.5, 0)])
def test_only_what_is_called_off_is_demand(quantity: float, count: int) -> None:
    assert len(measure(RelationBuilder().call_off("A", 0, {5: quantity}))) == count


def test_what_is_due_until_an_earlier_end_is_first() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 1.0}, line="1")
    facts.call_off("A", 0, {5: 2.0}, line="2")
    facts.entries[0] = replace(facts.entries[0], due_until_us=at(7))
    assert [demand.entry.line for demand in measure(facts)] == ["2", "1"]


def test_versions_are_in_the_order_of_their_issue() -> None:
    facts = RelationBuilder().call_off("B", 3, {9: 1.0}).call_off("A", 1, {9: 1.0})
    assert states(facts) == [("A", "replaced"), ("B", "in_force")]


def test_of_one_issue_the_later_known_is_in_force() -> None:
    facts = RelationBuilder().call_off("B", 3, {9: 1.0}, arrived=3)
    facts.call_off("A", 3, {9: 1.0}, arrived=4)
    assert states(facts) == [("B", "replaced"), ("A", "in_force")]


def test_what_became_known_together_is_not_outdated() -> None:
    facts = RelationBuilder().call_off("E", 3, {9: 1.0}, arrived=2)
    facts.call_off("W", 9, {9: 1.0}, arrived=4).call_off("V", 5, {9: 1.0}, arrived=4)
    assert states(facts) == [("E", "replaced"), ("V", "replaced"), ("W", "in_force")]
    facts = RelationBuilder().call_off("B", 3, {9: 1.0}, replaces="A")
    facts.call_off("A", 3, {9: 1.0})
    assert states(facts) == [("A", "replaced"), ("B", "in_force")]


def test_an_outdated_call_off_names_the_one_that_was_known() -> None:
    facts = RelationBuilder().call_off("E", 1, {9: 1.0}).call_off("F", 9, {9: 1.0}, arrived=2)
    facts.call_off("W", 20, {9: 1.0}, arrived=3).call_off("V", 5, {9: 1.0}, arrived=3)
    [finding] = find_outdated_call_offs(versions(facts))
    assert finding.detail.startswith("Call-off V of ")
    assert " came when F of " in finding.detail


def test_a_new_zero_date_begins_behind_the_last_quantity() -> None:
    facts = RelationBuilder().call_off(
        "A", 0, {5: 100.0}, cumulative_quantity=700.0, cumulative_since_us=at(-100)
    )
    facts.call_off("A", 0, {9: 10.0}, cumulative_quantity=10.0, cumulative_since_us=at(7))
    facts.call_off("A", 0, {10: 5.0}, cumulative_quantity=15.0)
    demands = measure(facts, demand="cumulative")
    assert [(demand.low, demand.high) for demand in demands] == [(0, 100), (100, 110), (110, 115)]


def test_a_change_is_what_was_added_and_taken_away() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0, 6: 10.0})
    facts.call_off("B", 4, {5: 100.0, 6: 0.25, 6.5: 20.0})
    changes = list_frozen_changes(versions(facts), terms(frozen_days=3))
    assert changes == [FrozenChange(at(4), "B", 9.75 + 20, 100 + 10 + 20)]


@pytest.mark.parametrize(("quantity", "totals"), [(0.5, [0.5]), (0.0, [])])
def test_a_frozen_zone_with_nothing_in_it_is_no_change(
    quantity: float, totals: list[float]
) -> None:
    facts = RelationBuilder().call_off("A", 0, {5: quantity}).call_off("B", 4, {5: 0.0, 20: 9.0})
    changes = list_frozen_changes(versions(facts), terms(frozen_days=3))
    assert [change.total for change in changes] == totals


def test_a_running_sum_begins_with_nothing() -> None:
    assert (RunningSum(()).total, RunningSum(()).total_before(at(0))) == (0.0, 0.0)
