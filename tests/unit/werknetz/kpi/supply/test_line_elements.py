"""Elements of lines and deliveries, duplicates and policies: on the boundaries."""

from dataclasses import replace

import pytest

from plumbing.relations import HOUR_US, RelationBuilder, at, terms, uid
from werknetz.kpi.supply.asn import match_receipts
from werknetz.kpi.supply.duplicates import dedup_receipts
from werknetz.kpi.supply.elements import (
    SUPPLY_ELEMENT_NAMES,
    SupplyElements,
    elements_of_delivery,
    elements_of_line,
)
from werknetz.kpi.supply.policy import Policy, PolicyRejected
from werknetz.kpi.supply.relation import reconcile


def test_elements_begin_with_nothing() -> None:
    assert not any(getattr(SupplyElements(), name) for name in SUPPLY_ELEMENT_NAMES)


@pytest.mark.parametrize(
    ("due", "uncertain", "lacks"),
    [(0, 0, False), (1, 1, True), (0.5, 0.5, True), (2, 1, False), (2, 3, True)],
)
def test_data_lack_where_every_due_line_is_uncertain(
    due: float, uncertain: float, lacks: bool
) -> None:
    elements = SupplyElements(lines_due=due, uncertain_lines=uncertain)
    assert elements.lacks_data_for(["lines_due"]) is lacks
    assert not elements.lacks_data_for(["asn_due"])


def test_a_line_on_time_has_nothing_late() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 10.0}).receive(5.5, 10)
    [line] = reconcile(facts.relation(), terms()).lines
    elements = elements_of_line(line)
    assert (elements.quantity_late, elements.quantity_delay_s, elements.lines_late) == (0, 0, 0)
    late = elements_of_line(replace(line, delay_s=2.0))
    assert (late.quantity_late, late.quantity_delay_s, late.lines_late) == (10, 20, 1)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, (1, 0, 0, 0)),
        (1, (1, 0, 0, 0)),
        (1.5, (0, 1, 0, 0)),
        (3, (0, 1, 0, 0)),
        (3.5, (0, 0, 1, 0)),
        (7, (0, 0, 1, 0)),
        (7.5, (0, 0, 0, 1)),
        (None, (0, 0, 0, 0)),
    ],
)
def test_late_lines_are_counted_by_days(days: float | None, expected: tuple[float, ...]) -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 10.0}).receive(5.5, 10)
    [line] = reconcile(facts.relation(), terms()).lines
    e = elements_of_line(replace(line, delay_s=None if days is None else days * 86_400))
    assert (e.lines_late_1d, e.lines_late_3d, e.lines_late_7d, e.lines_late_more) == expected


@pytest.mark.parametrize(
    ("later_us", "is_announced"), [(0, 1), (500_000, 0), (-500_000, 1), (-1_500_000, 1)]
)
def test_an_announcement_at_the_arrival_is_one(later_us: int, is_announced: float) -> None:
    facts = RelationBuilder().ship("N1", 4, 8, announced_us=at(5) + later_us).receive(5, 8, "N1")
    [delivery] = match_receipts(facts.shipments, facts.receipts, terms()).deliveries
    elements = elements_of_delivery(delivery)
    assert (elements.asn_announced, elements.asn_matched) == (is_announced, 1)
    assert elements.asn_lead_s == -later_us / 1e6


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [(5.0, 0.5, 1), (5.0, 0.0, 1), (5.0, -0.5, 2), (-5.0, -0.5, 1), (-0.5, 0.5, 2)],
)
def test_only_the_sign_makes_a_reversal(first: float, second: float, count: int) -> None:
    facts = RelationBuilder().receive(5, first, document="GR", line="1", message="a")
    facts.receive(6, second, document="GR", line="1", message="b")
    assert len(dedup_receipts(facts.receipts).unique) == count


def test_duplicates_belong_to_the_first_fact_of_the_last_message() -> None:
    facts = RelationBuilder().receive(5, 1, document="GR", line="1", message="a")
    facts.receive(6, 2, document="GR", line="1", message="b")
    facts.receive(6, 3, document="GR", line="1", message="b")
    receipts = dedup_receipts(facts.receipts)
    assert receipts.ids_of(uid(2)) == (uid(2), uid(1))
    assert receipts.ids_of(uid(3)) == (uid(3),)


def test_the_first_receipt_of_a_line_is_the_first() -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 10.0}).receive(5.2, 4).receive(5.4, 6)
    [line] = reconcile(facts.relation(), terms()).lines
    assert (line.first_received_us, line.fulfilled_us) == (at(5.2), at(5.4))


@pytest.mark.parametrize(("after_us", "in_window"), [(0, 10), (1, 0)])
def test_what_comes_after_now_is_not_delivered_yet(after_us: int, in_window: float) -> None:
    facts = RelationBuilder().call_off("A", 0, {5: 10.0})
    facts.receive(5.5, 10, received_us=at(5.5) + after_us)
    [line] = reconcile(facts.relation(), terms(5.5)).lines
    assert line.in_window == in_window


@pytest.mark.parametrize(
    ("called_off", "received", "in_full"),
    [
        (1000.0, 1000 - 5e-7, True),
        (1000.0, 1000 - 2e-6, False),
        (0.5, 0.5 - 1.5e-9, False),
        (0.5, 0.5 - 0.8e-9, True),
    ],
)
def test_in_full_is_but_for_rounding(called_off: float, received: float, in_full: bool) -> None:
    facts = RelationBuilder().call_off("A", 0, {5: called_off}).receive(5.5, received)
    [line] = reconcile(facts.relation(), terms()).lines
    assert line.in_full is in_full


def test_unknown_fields_are_named_in_order() -> None:
    with pytest.raises(PolicyRejected, match="aaa is not known"):
        Policy.parse({"zzz": 1, "aaa": 2})


def test_frozen_days_are_days() -> None:
    assert Policy.parse({"frozen_days": 3}).frozen_us == 72 * HOUR_US
    assert Policy.parse({"frozen_days": 0.5}).frozen_us == 12 * HOUR_US


@pytest.mark.parametrize(
    ("text", "is_accepted"),
    [
        ("366d", True),
        ("367d", False),
        ("366bd", True),
        ("367bd", False),
        ("8784h", True),
        ("8785h", False),
    ],
)
def test_an_allowance_is_a_year_at_most(text: str, is_accepted: bool) -> None:
    if is_accepted:
        assert str(Policy.parse({"late": text}).late) == text
    else:
        with pytest.raises(PolicyRejected, match="late is"):
            Policy.parse({"late": text})


def test_every_day_may_be_a_business_day() -> None:
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert Policy.parse({"business_days": days}).business_days == frozenset(range(7))
