"""Cumulative quantities that partners state, on their boundaries."""

import pytest

from plumbing.relations import RelationBuilder, at, order, terms, uid
from werknetz.kpi.supply.findings import SupplyFinding
from werknetz.kpi.supply.relation import ReconciledRelation, reconcile


def result_of(facts: RelationBuilder, now: float = 30) -> ReconciledRelation:
    return reconcile(facts.relation(), terms(now))


def findings_of(facts: RelationBuilder, kind: str, now: float = 30) -> list[SupplyFinding]:
    return [finding for finding in result_of(facts, now).findings if finding.kind == kind]


def differences_of(facts: RelationBuilder) -> list[float | None]:
    return [finding.quantity for finding in findings_of(facts, "cumulative_difference")]


def test_what_is_at_the_zero_date_and_what_is_now_counts() -> None:
    since = {"cumulative_since_us": at(2)}
    facts = RelationBuilder().call_off("A", 0, {1: 1.0, 2: 10.0, 9: 20.0, 10: 40.0}, **since)
    facts.receive(2, 3).receive(10, 5).receive(1.9, 100).receive(10.1, 100)
    facts.ship("N1", 2, 7).ship("N2", 10, 9).ship("N3", 1.9, 200).ship("N4", 10.1, 200)
    cumulative = result_of(facts, 10).cumulative
    assert (cumulative.zero_us, cumulative.demanded) == (at(2), 30)
    assert (cumulative.received, cumulative.in_transit) == (8, 16)
    assert cumulative.open == 30 - 8 - 16


def test_without_a_zero_date_everything_counts() -> None:
    facts = RelationBuilder().call_off("A", 0, {1: 1.0}).receive(-900, 3)
    assert result_of(facts).cumulative.received == 3


def test_the_stated_sum_counts_from_its_zero_date() -> None:
    facts = RelationBuilder().receive(1, 100).receive(3, 10)
    facts.call_off("A", 5, {9: 1.0}, cumulative_received=10.0, cumulative_since_us=at(2))
    assert differences_of(facts) == []
    assert result_of(facts).cumulative.received_difference == 0
    facts.receive(4, 2)
    assert differences_of(facts) == [-2]


def test_a_difference_lists_the_last_events_before_it() -> None:
    facts = RelationBuilder()
    for day in range(1, 9):
        facts.receive(day, 10)
    since = {"cumulative_since_us": at(2)}
    facts.call_off("A", 3.5, {19: 1.0}, cumulative_received=25.0, **since)
    [few] = findings_of(facts, "cumulative_difference")
    assert few.event_ids == (uid(1), uid(2), uid(3), uid(9))
    facts.entries.clear()
    facts.call_off("B", 8.5, {19: 1.0}, cumulative_received=75.0, **since)
    [many] = findings_of(facts, "cumulative_difference")
    assert many.event_ids == (uid(4), uid(5), uid(6), uid(7), uid(8), uid(10))
    assert (many.quantity, many.expected, many.actual) == (5, 70, 75)
    facts.call_off("C", 8.6, {19: 1.0}, cumulative_received=72.0, **since)
    last = findings_of(facts, "cumulative_difference")[-1]
    assert last.quantity == -3
    assert "The difference of -3 is new with it" in last.detail


def test_of_one_order_what_names_none_belongs_to_it() -> None:
    facts = RelationBuilder().receive(1, 10)
    facts.call_off("A", 0, {9: 1.0}, group=order("P1"), cumulative_since_us=at(0))
    facts.call_off(
        "B", 5, {9: 1.0}, group=order("P1"), cumulative_received=7.0, cumulative_since_us=at(0)
    )
    assert differences_of(facts) == [-3]


def test_of_several_orders_each_has_its_statements() -> None:
    facts = RelationBuilder()
    for name, quantity in (("P1", 10.0), ("P2", 20.0)):
        more: dict[str, object] = {"group": order(name), "cumulative_since_us": at(0)}
        facts.call_off(f"A{name}", 0, {9: 1.0}, **more)
        facts.receive(1, quantity, group=order(name))
        facts.ship(f"N{name}", 1, quantity, group=order(name), cumulative_quantity=quantity)
        facts.call_off(f"B{name}", 5, {9: 1.0}, cumulative_received=15.0, **more)
    assert differences_of(facts) == [5, -5]
    assert result_of(facts).cumulative.stated_delivered == 30


def test_a_call_off_counts_up_to_the_last_receipt_that_it_names() -> None:
    facts = RelationBuilder().receive(3, 10, "N1").receive(3.5, 5, "N1").receive(4, 100, "N2")
    facts.receive(4.1, 50)
    since = {"cumulative_since_us": at(0)}
    facts.call_off("A", 5, {9: 1.0}, cumulative_received=15.0, last_receipt="N1", **since)
    assert differences_of(facts) == []
    facts.call_off("B", 6, {9: 1.0}, cumulative_received=165.0, last_receipt="N9", **since)
    assert differences_of(facts) == []  # a note that nobody knows: up to its issue
    facts.call_off("C", 7, {9: 1.0}, **since)
    facts.call_off("D", 8, {9: 1.0}, cumulative_received=166.0, **since)
    assert differences_of(facts) == [1]


def test_of_the_entries_of_a_call_off_the_last_receipt_counts() -> None:
    facts = RelationBuilder().receive(3, 10, "N1").receive(4, 5, "N2")
    since = {"cumulative_since_us": at(0)}
    facts.call_off(
        "A", 5, {9: 1.0}, cumulative_received=15.0, last_receipt="N2", last_receipt_us=at(4),
        **since,
    )  # fmt: skip
    facts.call_off(
        "A", 5, {8: 1.0}, cumulative_received=10.0, last_receipt="N1", last_receipt_us=at(3),
        **since,
    )  # fmt: skip
    facts.call_off("A", 5, {7: 1.0}, cumulative_received=99.0, **since)
    assert differences_of(facts) == []
    assert result_of(facts).cumulative.stated_received == 15


def test_an_opening_balance_is_what_was_delivered_before_our_first_message() -> None:
    facts = RelationBuilder().call_off("A", 0, {20: 1.0}, cumulative_since_us=at(-10))
    facts.ship("N1", 1, 10, cumulative_quantity=110).ship("N2", 2, 10, cumulative_quantity=120)
    facts.call_off("B", 5, {20: 1.0}, cumulative_since_us=at(4))
    facts.ship("N3", 5, 7, cumulative_quantity=7)
    assert differences_of(facts) == []
    facts.ship("N4", 6, 7, cumulative_quantity=16)
    assert differences_of(facts) == [2]


def test_a_zero_date_is_in_force_from_its_day_whenever_it_was_issued() -> None:
    facts = RelationBuilder().call_off("A", 0, {20: 1.0}, cumulative_since_us=at(-10))
    facts.call_off("B", 1, {20: 1.0}, cumulative_since_us=at(4))
    facts.ship("N1", 3, 10, cumulative_quantity=110).ship("N2", 4, 6, cumulative_quantity=6)
    assert differences_of(facts) == []


def test_without_a_zero_date_the_first_statement_gives_the_balance() -> None:
    facts = RelationBuilder().call_off("A", 0, {20: 1.0})
    facts.ship("N1", 1, 10, cumulative_quantity=110).ship("N2", 2, 10, cumulative_quantity=120)
    assert differences_of(facts) == []
    facts.ship("N3", 3, 10, cumulative_quantity=131)
    [finding] = findings_of(facts, "cumulative_difference")
    assert (finding.quantity, finding.expected, finding.actual) == (1, 130, 131)


@pytest.mark.parametrize(
    ("stated", "following", "is_back"),
    [
        (10.0, 9.5, True),
        (10.0, 10.5, False),
        (1000.0, 1000 - 5e-7, False),
        (1000.0, 1000 - 2e-6, True),
        (0.5, 0.5 - 1.5e-9, True),
        (0.5, 0.5 - 0.8e-9, False),
    ],
)
def test_a_statement_may_fall_by_rounding_only(
    stated: float, following: float, is_back: bool
) -> None:
    facts = RelationBuilder().call_off("A", 0, {20: 1.0}, cumulative_since_us=at(0))
    facts.ship("N1", 1, 10, cumulative_quantity=stated)
    facts.ship("N2", 2, 10, cumulative_quantity=following)
    back = findings_of(facts, "cumulative_step_back")
    assert bool(back) is is_back
    for finding in back:
        step = (finding.quantity, finding.expected, finding.actual)
        assert step == (following - stated, stated, following)
        assert finding.event_ids == (uid(2), uid(3))


@pytest.mark.parametrize(
    ("quantities", "steps"),
    [
        ([0.5, 0.0], [-0.5]),
        ([0.0, 0.0], []),
        ([10.0, 4.0, 5.0, 3.0], [-6, -2]),
        ([1000.0, 1000 - 5e-7], []),
        ([0.5, 0.5 - 0.8e-9], []),
        ([0.5, 0.25], [-0.25]),
    ],
)
def test_demand_inside_a_document_may_fall_by_rounding_only(
    quantities: list[float], steps: list[float]
) -> None:
    facts = RelationBuilder()
    for day, quantity in enumerate(quantities):
        facts.call_off("A", 0, {5 + day: 1.0}, cumulative_quantity=quantity)
    back = findings_of(facts, "cumulative_step_back")
    assert [finding.quantity for finding in back] == steps
    assert [(f.actual or 0.0) - (f.expected or 0.0) for f in back] == steps
    assert all(len(finding.event_ids) == 2 for finding in back)


def test_what_falls_by_more_than_rounding_falls() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 1.0}, cumulative_quantity=0.5)
    facts.call_off("A", 0, {6: 1.0}, cumulative_quantity=0.5 - 1.5e-9)
    [finding] = findings_of(facts, "cumulative_step_back")
    assert finding.expected == 0.5
