"""Inventory turns by examples that others have published, and what must hold for any stock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.definition import Undefined
from werknetz.kpi.stock.elements import StockElements
from werknetz.kpi.stock.turns import YEAR_S, compute_turns, days_of_inventory

DAY_S = 86_400.0
AMOUNTS = st.floats(min_value=1, max_value=1e6)


@pytest.mark.parametrize(
    ("cost_of_goods", "first", "last", "expected"),
    [
        # wyzant.com, answers/225697: goods of 398,600 sold in a year; inventory of 29,783 at its
        # beginning and 34,038 at its end, so 31,910.50 on average: 12.49 turns.
        (398_600.0, 29_783.0, 34_038.0, 12.4912),
        # gauthmath.com, solution DffocoItl7a: 50,000 sold, 10,000 and 8,000: 5.56 turns.
        (50_000.0, 10_000.0, 8_000.0, 5.5556),
        # solvely.ai, homework 189569100: 20,000,000 sold, 4,000,000 and 4,500,000: 4.7059 turns.
        (20_000_000.0, 4_000_000.0, 4_500_000.0, 4.7059),
    ],
)
def test_published_examples(
    cost_of_goods: float, first: float, last: float, expected: float
) -> None:
    # Half a year each: the same average as the books take, of beginning and end.
    half = StockElements(
        expected_s=YEAR_S / 2, known_s=YEAR_S / 2, warehouse_s=YEAR_S / 2,
        outflow=cost_of_goods / 2, stock_s=first * YEAR_S / 2,
    )  # fmt: skip
    other = StockElements(
        expected_s=YEAR_S / 2, known_s=YEAR_S / 2, warehouse_s=YEAR_S / 2,
        outflow=cost_of_goods / 2, stock_s=last * YEAR_S / 2,
    )  # fmt: skip
    year = half + other
    value, reason = CATALOGUE["inventory_turns"].compute(year)
    assert (value, reason) == (pytest.approx(expected, abs=1e-4), None)
    annual, _ = CATALOGUE["inventory_turns_per_year"].compute(year)
    assert annual == pytest.approx(value)  # the window is a year
    # The books' other ratio of the same numbers: days sales of inventory = 365 / turns.
    days, _ = CATALOGUE["days_of_inventory"].compute(year)
    assert days == pytest.approx(365 / expected, rel=1e-4)


def test_turns_are_no_rate_unless_annualised() -> None:
    # 100 a day out of 1,000 in a month of 30 days: three turns, 36.5 in a year.
    assert compute_turns(3000, 1000 * 30 * DAY_S, 30 * DAY_S) == pytest.approx(3)
    assert compute_turns(3000, 1000 * 30 * DAY_S, 30 * DAY_S, annualised=True) == pytest.approx(
        36.5
    )


def test_an_unknown_value_has_a_reason() -> None:
    assert compute_turns(5, 0, 0) == Undefined("the stock is not known")
    assert compute_turns(5, 0, 10) == Undefined("nothing was there")
    assert days_of_inventory(0, 10, 10) == Undefined("nothing went out")
    apart = StockElements(expected_s=9, known_s=9, warehouse_s=9, unmeasured=2)
    assert "different units" in str(CATALOGUE["inventory_turns"].compute(apart)[1])
    unseen = StockElements(expected_s=9)
    assert CATALOGUE["stock_out_ratio"].compute(unseen) == (None, "no good data")


def test_stock_outs() -> None:
    week = StockElements(expected_s=8, known_s=8, stock_out_s=2, stock_outs=4)
    assert CATALOGUE["stock_out_ratio"].compute(week) == (0.25, None)
    assert CATALOGUE["stock_outs"].compute(week) == (4, None)
    assert CATALOGUE["stock_out_duration"].compute(week) == (0.5, None)
    none = StockElements(expected_s=8, known_s=8)
    assert CATALOGUE["stock_outs"].compute(none) == (0, None)
    assert CATALOGUE["stock_out_duration"].compute(none)[1] == "nothing ran out"


def test_coverage_is_what_is_known_less_what_may_be_lost() -> None:
    assert StockElements().coverage is None
    assert StockElements(expected_s=8, known_s=6, warehouse_s=4, lost_s=1).coverage == 0.5
    lost = StockElements(expected_s=8, known_s=8, warehouse_s=4, lost_s=9)
    assert lost.coverage == 0
    assert CATALOGUE["inventory_turns"].compute(lost) == (None, "no good data")


@given(AMOUNTS, AMOUNTS, st.floats(min_value=60, max_value=YEAR_S), st.integers(2, 9))
def test_the_unit_does_not_matter(
    outflow: float, stock: float, known_s: float, factor: int
) -> None:
    window = compute_turns(outflow, stock * known_s, known_s)
    scaled = compute_turns(outflow * factor, stock * factor * known_s, known_s)
    assert not isinstance(window, Undefined)
    assert scaled == pytest.approx(window)
    days = days_of_inventory(outflow, stock * known_s, known_s)
    assert not isinstance(days, Undefined)
    assert days * window == pytest.approx(known_s / DAY_S)


def test_half_a_second_of_known_stock_is_enough_and_none_is_not() -> None:
    assert compute_turns(2.0, 1.0, 0.5) == 1.0
    assert isinstance(compute_turns(2.0, 1.0, 0.0), Undefined)
