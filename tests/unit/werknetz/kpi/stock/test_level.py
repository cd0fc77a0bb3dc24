"""Levels, stock-outs and days, on their boundaries."""

from uuid import UUID

import pytest

from werknetz.kpi.stock.ledger import NEGLIGIBLE, Balance, OpeningBalance
from werknetz.kpi.stock.level import (
    StockDay,
    StockLevel,
    StockOutPeriod,
    compute_levels,
    find_stock_outs,
    sum_days,
)

EVENT = UUID(int=1)
S = 1_000_000


def move(at_us: int, balance: float, change: float) -> Balance:
    return Balance(at_us, 0, "move", EVENT, 0, balance, change)


def level(
    at_us: int, quantity: float, inflow: float = 0.0, outflow: float = 0.0, *, is_known: bool = True
) -> StockLevel:
    return StockLevel(at_us, quantity, inflow, outflow, UUID(int=at_us), is_known)


def test_a_day_begins_with_nothing() -> None:
    assert StockDay() == StockDay(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0)


def test_a_level_is_the_sum_of_places_and_has_the_flow_of_one() -> None:
    balances = {1: [move(1, 4.0, -1.0), move(3, 9.0, 5.0)], 2: [move(2, 0.5, 0.5)]}
    levels = compute_levels(balances, {1: OpeningBalance(5.0), 3: OpeningBalance(100.0)})
    assert [(entry.at_us, entry.quantity) for entry in levels] == [(1, 104), (2, 104.5), (3, 109.5)]
    assert [(entry.inflow, entry.outflow) for entry in levels] == [(0, 1), (0.5, 0), (5, 0)]
    assert not any(entry.is_known for entry in levels)


def test_a_level_is_known_from_the_first_count_of_any_place() -> None:
    count = Balance(2, 0, "count", EVENT, 0, 7.0, 0.0)
    levels = compute_levels({1: [move(1, 1.0, 1.0), move(3, 2.0, 1.0)], 2: [count]}, {})
    assert [entry.is_known for entry in levels] == [False, True, True]
    counted = compute_levels({1: [move(1, 1.0, 1.0)]}, {2: OpeningBalance(0.0, True)})
    assert [entry.is_known for entry in counted] == [True]


@pytest.mark.parametrize(
    ("total", "expected"),
    [(NEGLIGIBLE, NEGLIGIBLE), (-NEGLIGIBLE, -NEGLIGIBLE), (NEGLIGIBLE / 2, 0.0)],
)
def test_less_than_negligible_is_nothing(total: float, expected: float) -> None:
    [entry] = compute_levels({1: [move(1, total, total)]}, {})
    assert entry.quantity == expected


def test_an_unknown_level_is_no_stock_out_and_hides_none() -> None:
    levels = [level(1, 0.0, is_known=False), level(2, 0.0), level(5, 3.0)]
    assert find_stock_outs(levels) == [StockOutPeriod(2, 5, UUID(int=2), UUID(int=5))]


@pytest.mark.parametrize(
    ("quantity", "minimum", "is_out"),
    [
        (0.5, None, False),
        (NEGLIGIBLE, None, True),
        (2 * NEGLIGIBLE, None, False),
        (4.0, 4.0, True),
        (4.5, 4.0, False),
    ],
)
def test_stock_is_out_at_the_minimum(quantity: float, minimum: float | None, is_out: bool) -> None:
    options = {} if minimum is None else {"minimum": minimum}
    assert bool(find_stock_outs([level(1, quantity)], **options)) is is_out


def test_an_entry_at_midnight_belongs_to_the_day_that_begins() -> None:
    levels = [level(4 * S, 6.0, 2.0), level(10 * S, 8.0, 2.0), level(15 * S, 3.0, 0.0, 5.0)]
    first, second = sum_days(levels, [], [(0, 10 * S), (10 * S, 20 * S)], (4.0, True))
    assert first == StockDay(6.0, (4 * 4 + 6 * 6) / 10, 10.0, 2.0, 0.0)
    assert second == StockDay(3.0, (8 * 5 + 3 * 5) / 10, 10.0, 2.0, 5.0)


def test_an_average_is_over_known_time_only() -> None:
    levels = [level(4 * S, 5.0), level(14 * S, 1.0, is_known=False)]
    bounds = [(0, 2 * S), (2 * S, 12 * S), (12 * S, 20 * S)]
    before, since, partly = sum_days(levels, [], bounds, (9.0, False))
    assert (before.average, before.known_s, before.closing) == (0.0, 0.0, 9.0)
    assert (since.average, since.known_s) == (5.0, 8.0)
    assert (partly.average, partly.known_s, partly.closing) == (5.0, 2.0, 1.0)


def test_flows_of_a_day_add_up() -> None:
    levels = [level(1, 1.0, 1.0, 2.0), level(2, 1.0, 4.0, 8.0)]
    [day] = sum_days(levels, [], [(0, 10)], (0.0, True))
    assert (day.inflow, day.outflow) == (5.0, 10.0)


def test_every_stock_out_of_a_day_counts_and_one_that_ended_before_does_not() -> None:
    spans = [(0, 1), (11, 12), (13, 15), (16, 19), (21, 22)]
    outs = [StockOutPeriod(start * S, end * S, EVENT) for start, end in spans]
    first, second = sum_days([], outs, [(10 * S, 20 * S), (20 * S, 30 * S)], (0.0, False))
    assert (first.stock_out_s, first.stock_outs) == (6.0, 3)
    assert (second.stock_out_s, second.stock_outs) == (1.0, 1)
