"""Scrap by order and reason adds up to the scrap, whatever people entered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.kpi.losses.shares import (
    ReportedScrap,
    ScrapShare,
    divide_scrap,
    limit_reported,
    shares_of_reported,
)

ORDERS = st.sampled_from(["A", "B", "C"])
AMOUNTS = st.integers(0, 10_000_000)
SHARES = st.builds(ScrapShare, st.sampled_from(["crack", "dent"]), AMOUNTS, st.none() | ORDERS)


@given(AMOUNTS, st.dictionaries(ORDERS, AMOUNTS), st.lists(SHARES, max_size=6))
def test_the_parts_are_the_total(
    total: int, by_order: dict[str, int], shares: list[ScrapShare]
) -> None:
    parts = divide_scrap("scrap", total, by_order, shares)
    assert sum(part.us for part in parts) == total
    assert len({(part.order_number, part.code) for part in parts}) == len(parts)
    for order, us in by_order.items():
        of_order = [part.us for part in parts if part.order_number == order]
        assert sum(of_order) == us
        assert all(part >= 0 for part in of_order)


def test_what_nobody_gave_a_reason_has_none() -> None:
    shares = [ScrapShare("crack", 30, "A"), ScrapShare("dent", 90, "A"), ScrapShare("dent", 5)]
    parts = divide_scrap("scrap", 200, {"A": 100, "B": 60}, shares)
    assert {(part.order_number, part.code): part.us for part in parts} == {
        ("A", "crack"): 30, ("A", "dent"): 70, ("B", None): 60, (None, "dent"): 5,
        (None, None): 35,
    }  # fmt: skip
    assert {part.stops for part in parts} == {0}
    assert divide_scrap("scrap", 0, {}, []) == []


def test_people_go_before_systems() -> None:
    shares = [ScrapShare("burr", 80, by_person=False), ScrapShare("crack", 70)]
    parts = divide_scrap("scrap", 100, {}, shares)
    assert {part.code: part.us for part in parts} == {"crack": 70, "burr": 30}


@pytest.mark.parametrize(
    ("left", "quantities"),
    [(10.0, [3, 1]), (4.0, [3, 1]), (2.0, [1.5, 0.5]), (0.0, []), (-1.0, [])],
)
def test_systems_report_no_more_than_what_is_left(left: float, quantities: list[float]) -> None:
    reported = [ReportedScrap("burr", 3), ReportedScrap("dent", 1)]
    assert [part.quantity for part in limit_reported(reported, left)] == quantities
    assert limit_reported([], left) == []


@pytest.mark.parametrize(
    ("left", "left_us", "by_order", "expected"),
    [
        (10.0, 1000, {}, {("burr", None): 200, ("dent", "A"): 100}),
        (2.0, 1000, {}, {("burr", None): 666, ("dent", "A"): 333}),
        (10.0, 1000, {"A": 300, "B": 100},
         {("burr", "A"): 150, ("burr", "B"): 50, ("dent", "A"): 100}),
        (10.0, 0, {}, {("burr", None): 0, ("dent", "A"): 0}),
        (10.0, -5, {}, {("burr", None): 0, ("dent", "A"): 0}),
        (0.0, 1000, {}, {}),
    ],
)  # fmt: skip
def test_what_systems_report_takes_its_part_of_the_scrap(
    left: float,
    left_us: int,
    by_order: dict[str, int],
    expected: dict[tuple[str, str | None], int],
) -> None:
    reported = [ReportedScrap("burr", 2), ReportedScrap("dent", 1, "A")]
    shares = shares_of_reported(reported, left, left_us, by_order)
    assert {(share.reason, share.order_number): share.us for share in shares} == expected
    assert not any(share.by_person for share in shares)
