"""The boundaries of stock: what is exactly on one belongs to one side."""

from uuid import UUID

import pytest

from werknetz.kpi.stock.days import days_of_supply
from werknetz.kpi.stock.elements import StockElements
from werknetz.kpi.stock.ledger import NEGLIGIBLE, LedgerMovement, StockCount, compute_balances
from werknetz.kpi.stock.level import StockOutPeriod, sum_days
from werknetz.kpi.stock.plan import HOUR_US
from werknetz.kpi.stock.supply_caused import (
    STOCK_UNKNOWN,
    STOCK_WAS_THERE,
    PlaceStockOut,
    StarvedSpan,
    attribute_losses,
)
from werknetz.kpi.stock.warning import PlannedUse, find_shortage

EVENT = UUID(int=1)
PLACE, OTHER = (1, 2), (1, 3)


def test_an_empty_stock_covers_nothing_even_if_goods_arrive_tomorrow() -> None:
    assert days_of_supply(0.0, [0.0, 4.0], [0.0, 4.0]).days == 0.0
    assert days_of_supply(0.0, [2.0, 4.0], [4.0]).days == 1.5


def test_what_is_negligible_at_the_end_is_nothing() -> None:
    end = days_of_supply(2 * NEGLIGIBLE, [NEGLIGIBLE, NEGLIGIBLE], [0.0, NEGLIGIBLE])
    assert (end.days, end.at_least) == (2.0, False)


def test_a_count_moves_nothing() -> None:
    [moved, counted] = compute_balances(
        [StockCount(2, 7.0, EVENT)], [LedgerMovement(1, 5.0, EVENT)]
    )
    assert (moved.change, moved.leg) == (5.0, 0)
    assert (counted.change, counted.leg, counted.difference) == (0.0, 0, None)


@pytest.mark.parametrize(
    ("start", "end", "seconds", "began"),
    [
        (10, 20, [0, 10, 0], [0, 1, 0]),
        (9, 11, [1, 1, 0], [1, 0, 0]),
        (0, None, [10, 10, 10], [1, 0, 0]),
        (20, 30, [0, 0, 10], [0, 0, 1]),
        (5, 25, [5, 10, 5], [1, 0, 0]),
        (30, 40, [0, 0, 0], [0, 0, 0]),
    ],
)
def test_a_stock_out_counts_on_the_day_it_begins(
    start: int, end: int | None, seconds: list[float], began: list[int]
) -> None:
    s = 1_000_000
    out = StockOutPeriod(start * s, None if end is None else end * s, EVENT)
    days = sum_days([], [out], [(0, 10 * s), (10 * s, 20 * s), (20 * s, 30 * s)], (0.0, False))
    assert [day.stock_out_s for day in days] == seconds
    assert [day.stock_outs for day in days] == began


@pytest.mark.parametrize(("per_hour", "is_short"), [(NEGLIGIBLE, False), (2 * NEGLIGIBLE, True)])
def test_negligible_consumption_is_none(per_hour: float, is_short: bool) -> None:
    use = PlannedUse(1, per_hour, ((0, 10 * HOUR_US),), minimum=5.0)
    assert (find_shortage(1.0, [use], [], 0, 10 * HOUR_US) is not None) is is_short


def test_the_loss_that_lasted_longest_is_first() -> None:
    outs = [PlaceStockOut(1, PLACE, 0, 10), PlaceStockOut(2, OTHER, 20, 40)]
    starved = [
        StarvedSpan(1, 9, 0, 5, (PLACE,)),
        StarvedSpan(1, 9, 20, 30, (OTHER,)),
        StarvedSpan(1, 8, 30, 40, (OTHER,)),
    ]
    losses = attribute_losses(starved, outs, {PLACE: 0, OTHER: 0}, {}).losses
    assert [(loss.line_id, loss.machine_us) for loss in losses] == [(9, 10), (8, 10), (9, 5)]


@pytest.mark.parametrize(
    ("known_since", "unknown", "expected"),
    [
        (0, [], {STOCK_WAS_THERE: 10}),
        (14, [], {STOCK_UNKNOWN: 4, STOCK_WAS_THERE: 6}),
        (10, [], {STOCK_WAS_THERE: 10}),
        (20, [], {STOCK_UNKNOWN: 10}),
        (0, [(0, 10), (20, 30)], {STOCK_WAS_THERE: 10}),
        (0, [(0, 11), (19, 30)], {STOCK_UNKNOWN: 2, STOCK_WAS_THERE: 8}),
        (0, [(0, 5), (12, 14), (13, 15)], {STOCK_UNKNOWN: 3, STOCK_WAS_THERE: 7}),
    ],
)
def test_time_without_a_cause(
    known_since: int, unknown: list[tuple[int, int]], expected: dict[str, int]
) -> None:
    starved = StarvedSpan(1, 9, 10, 20, (PLACE,))
    attribution = attribute_losses([starved], [], {PLACE: known_since}, {PLACE: unknown})
    assert attribution.unattributed == expected


def test_stock_outs_that_only_touch_a_span_are_no_cause() -> None:
    outs = [PlaceStockOut(1, PLACE, 0, 10), PlaceStockOut(2, PLACE, 20, 30)]
    starved = [StarvedSpan(1, 9, 10, 20, (PLACE,)), StarvedSpan(1, 9, 9, 21, (PLACE,))]
    both = attribute_losses(starved, outs, {PLACE: 0}, {})
    assert both.unattributed == {STOCK_WAS_THERE: 20}
    assert [loss.machine_us for loss in both.losses] == [1, 1]


@pytest.mark.parametrize(
    ("elements", "coverage", "lacks"),
    [
        (StockElements(), None, False),
        (StockElements(expected_s=10.0), 0.0, True),
        (StockElements(expected_s=10.0, known_s=5.0), 0.5, False),
        (StockElements(expected_s=10.0, known_s=20.0), 1.0, False),
        (StockElements(expected_s=10.0, known_s=5.0, warehouse_s=4.0, lost_s=1.0), 0.25, False),
        (StockElements(expected_s=10.0, known_s=5.0, warehouse_s=4.0, lost_s=2.0), 0.0, True),
        (StockElements(expected_s=10.0, known_s=5.0, warehouse_s=4.0, lost_s=9.0), 0.0, True),
        (StockElements(expected_s=10.0, known_s=10.0, warehouse_s=4.0, lost_s=9.0), 0.0, True),
        (StockElements(expected_s=1.0, known_s=1.0, warehouse_s=1.0, lost_s=0.5), 0.5, False),
    ],
)
def test_coverage_is_never_below_zero(
    elements: StockElements, coverage: float | None, lacks: bool
) -> None:
    assert elements.coverage == coverage
    assert elements.lacks_data_for(["known_s", "stock_s"]) is lacks
    assert not elements.lacks_data_for(["outflow"])
