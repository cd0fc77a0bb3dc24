"""The KPIs of suppliers on worked numbers, and their reasons where there is no value."""

from dataclasses import replace

import pytest

from plumbing.relations import RelationBuilder, at, terms
from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.supply.elements import SupplyElements
from werknetz.kpi.supply.relation import reconcile

FULL = SupplyElements(
    lines_due=20, lines_on_time=16, lines_in_full=15, lines_otif=12, uncertain_lines=5,
    orders_due=8, orders_otif=2, quantity_due=400, quantity_in_window=300, quantity_late=50,
    quantity_delay_s=5000, quantity_received=270, quantity_rejected=30, quantity_over=27,
    asn_due=10, asn_announced=7, asn_accurate=6, asn_matched=8, asn_lead_s=-1600,
    frozen_quantity=200, frozen_changed=50,
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("on_time_delivery", 0.8), ("in_full", 0.75), ("otif", 0.6), ("otif_orders", 0.25),
        ("fill_rate", 0.75), ("delay_severity", 100), ("asn_accuracy", 0.6),
        ("asn_presence", 0.7), ("asn_lead", -200), ("call_off_stability", 0.75),
        ("over_delivery", 0.1), ("rejection_ratio", 0.1),
    ],
)  # fmt: skip
def test_values(name: str, expected: float) -> None:
    assert CATALOGUE[name].compute(FULL) == (pytest.approx(expected), None)
    value, reason = CATALOGUE[name].compute(SupplyElements())
    assert value is None
    assert reason


def test_without_late_lines_the_delay_is_zero() -> None:
    assert CATALOGUE["delay_severity"].compute(SupplyElements(lines_due=1)) == (0.0, None)


def test_lines_that_are_all_uncertain_have_no_value() -> None:
    assert FULL.coverage == 0.75
    assert SupplyElements().coverage is None
    uncertain = replace(FULL, uncertain_lines=20)
    assert CATALOGUE["otif"].compute(uncertain) == (None, "no good data")
    assert CATALOGUE["asn_presence"].compute(uncertain) == (0.7, None)
    assert CATALOGUE["otif"].compute(replace(FULL, uncertain_lines=19))[0] == 0.6


def test_each_receipt_beyond_the_call_off_counts_on_its_day() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0})
    facts.receive(5.2, 90).receive(6.2, 30).receive(7.2, 5).receive(8.2, -10)
    days = reconcile(facts.relation(), terms()).elements
    assert [elements.quantity_over for elements in days.values()] == [0, 20, 5, -10]


@pytest.mark.parametrize(
    ("received", "on_time", "in_full"),
    [(170, True, True), (169, False, False), (200, True, True), (100, False, False)],
)
def test_the_tolerance_is_a_share_of_the_line_not_of_what_was_due_before(
    received: float, on_time: bool, in_full: bool
) -> None:
    facts = RelationBuilder().call_off("A", 0, {4: 100.0, 5: 100.0})
    facts.receive(4.5, 100).receive(5.5, received - 100)
    lines = reconcile(facts.relation(), terms(tolerance=0.3)).lines
    assert [(line.on_time, line.in_full) for line in lines] == [(True, True), (on_time, in_full)]


@pytest.mark.parametrize(("now", "in_window"), [(5.49, 0), (5.5, 10), (5.6, 10)])
def test_a_receipt_counts_from_its_instant_on(now: float, in_window: float) -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}).receive(5.5, 10)
    [line] = reconcile(facts.relation(), terms(now)).lines
    assert (line.state, line.in_window) == ("open", in_window)


@pytest.mark.parametrize(
    ("days_late", "bucket"),
    [(1, "lines_late_1d"), (1.1, "lines_late_3d"), (3, "lines_late_3d"), (3.1, "lines_late_7d"),
     (7, "lines_late_7d"), (7.1, "lines_late_more")],
)  # fmt: skip
def test_late_lines_are_counted_by_their_delay(days_late: float, bucket: str) -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 100.0}).receive(6 + days_late, 100)
    [line] = reconcile(facts.relation(), terms()).lines
    assert line.demand.due_until_us == at(6)
    sums = SupplyElements.sum(reconcile(facts.relation(), terms()).elements.values())
    names = ("lines_late_1d", "lines_late_3d", "lines_late_7d", "lines_late_more")
    assert [name for name in names if getattr(sums, name)] == [bucket]
    assert (sums.lines_late, sums.lines_early) == (1, 0)
