"""Which call-off is measured, at the boundaries of the frozen zone and of tolerances."""

from dataclasses import replace

import pytest

from plumbing.relations import RelationBuilder, at, terms
from werknetz.kpi.supply.relation import reconcile
from werknetz.kpi.supply.schedule import (
    list_frozen_changes,
    select_measured_demand,
    versions_of,
)


def measured_demand(facts: RelationBuilder, **policy: object) -> list[tuple[str, float]]:
    [versions] = versions_of(facts.entries).values()
    demands = select_measured_demand(versions, terms(**policy))
    return [(demand.entry.document, demand.quantity) for demand in demands]


@pytest.mark.parametrize(
    ("issued", "document"),
    [(1.99, "B"), (2.0, "B"), (2.01, "A")],  # three days before day 5 is day 2
)
def test_a_call_off_at_the_frozen_limit_still_counts(issued: float, document: str) -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}).call_off("B", issued, {5: 70.0})
    assert measured_demand(facts, frozen_days=3) == [(document, 100.0 if document == "A" else 70.0)]


def test_each_entry_is_measured_by_the_version_in_force_at_its_own_limit() -> None:
    facts = RelationBuilder().call_off("A", 0, {4: 10.0, 5: 20.0, 6: 30.0})
    facts.call_off("B", 2, {4: 11.0, 5: 21.0, 6: 31.0})
    facts.call_off("C", 3, {4: 12.0, 5: 22.0, 6: 32.0})
    assert measured_demand(facts, frozen_days=3) == [("A", 10), ("B", 21), ("C", 32)]


def test_demand_is_in_the_order_of_due_dates_and_then_of_lines() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 10.0}, line="1").call_off("A", 0, {4: 20.0})
    facts.entries[1] = replace(facts.entries[1], due_until_us=at(9))  # begins first, ends last
    assert measured_demand(facts) == [("A", 20), ("A", 10)]
    lines = RelationBuilder().call_off("A", 0, {5: 10.0}, line="2").call_off("A", 0, {5: 20.0})
    lines.entries[1] = replace(lines.entries[1], line="1")
    assert measured_demand(lines) == [("A", 20), ("A", 10)]


@pytest.mark.parametrize(
    ("quantity", "is_finding"), [(110.0, False), (110.1, True), (100.0, False)]
)
def test_over_delivery_up_to_the_tolerance_is_no_finding(quantity: float, is_finding: bool) -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}).receive(5.5, quantity)
    findings = reconcile(facts.relation(), terms(over_tolerance=0.1)).findings
    assert [finding.kind for finding in findings] == ["over_delivery"] * is_finding
    without = reconcile(facts.relation(), terms()).findings
    assert bool(without) == (quantity > 100)


def test_changes_inside_the_frozen_zone_count_and_others_do_not() -> None:
    facts = RelationBuilder().call_off("A", 0, {1: 5.0, 2: 10.0, 4: 20.0, 5: 40.0})
    facts.call_off("B", 2, {2: 10.0, 4: 15.0, 5: 70.0})
    [versions] = versions_of(facts.entries).values()
    # The zone is from day 2 to day 5, without the end; day 1 was due before the issue.
    [change] = list_frozen_changes(versions, terms(frozen_days=3))
    assert (change.at_us, change.document, change.changed, change.total) == (at(2), "B", 5, 30)
    assert list_frozen_changes(versions[:1], terms(frozen_days=3)) == []


def test_a_backlog_is_neither_measured_nor_part_of_the_frozen_zone() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 10.0})
    facts.call_off("B", 2, {3: 99.0}, commitment="backlog").call_off("B", 2, {5: 10.0})
    assert measured_demand(facts, frozen_days=0) == [("B", 10)]
    [versions] = versions_of(facts.entries).values()
    [change] = list_frozen_changes(versions, terms(frozen_days=9))
    assert (change.changed, change.total) == (0, 10)
