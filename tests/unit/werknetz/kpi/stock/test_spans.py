"""Spans of time, and the losses and projections that are made of them."""

import numpy as np
import pytest

from werknetz.kpi.stock.projection import Arrivals, project, subtract_in_transit, sum_by_day
from werknetz.kpi.stock.supply_caused import (
    STOCK_WAS_THERE,
    PlaceStockOut,
    StarvedSpan,
    attribute_losses,
    merge_spans,
    subtract_spans,
)

PLACE, OTHER = (1, 2), (1, 3)


def test_spans_that_touch_become_one() -> None:
    assert merge_spans([(5, 9), (0, 5), (10, 12), (3, 4)]) == [(0, 9), (10, 12)]


@pytest.mark.parametrize(
    ("others", "remaining"),
    [
        ([], [(0, 10)]),
        ([(0, 5)], [(5, 10)]),
        ([(5, 10)], [(0, 5)]),
        ([(2, 3), (6, 7)], [(0, 2), (3, 6), (7, 10)]),
        ([(0, 10)], []),
        ([(10, 12)], [(0, 10)]),
        ([(-5, 1), (9, 20)], [(1, 9)]),
    ],
)
def test_a_difference_has_no_empty_span(
    others: list[tuple[int, int]], remaining: list[tuple[int, int]]
) -> None:
    assert subtract_spans([(0, 10)], others) == remaining


def test_lines_starve_once_and_machines_each() -> None:
    outs = [PlaceStockOut(1, PLACE, 10, 40)]
    starved = [
        StarvedSpan(1, 9, 10, 20, (PLACE,)),
        StarvedSpan(2, 9, 15, 30, (PLACE,)),
        StarvedSpan(2, 9, 35, 40, (PLACE,)),
    ]
    [loss] = attribute_losses(starved, outs, {PLACE: 0}, {}).losses
    assert (loss.machine_us, loss.line_us) == (30, 25)


def test_time_without_a_cause_is_summed_by_line() -> None:
    starved = [
        StarvedSpan(1, 9, 10, 12, (PLACE,)),
        StarvedSpan(2, 9, 20, 25, (PLACE,)),
        StarvedSpan(3, 8, 20, 21, (PLACE,)),
    ]
    attribution = attribute_losses(starved, [], {PLACE: 0}, {})
    assert attribution.unattributed == {STOCK_WAS_THERE: 8}
    assert attribution.unattributed_lines == {(9, STOCK_WAS_THERE): 7, (8, STOCK_WAS_THERE): 1}


def test_of_equal_losses_the_one_that_began_first_is_first() -> None:
    """A joint cause begins with the stock-out of its first place."""
    outs = [
        PlaceStockOut(1, PLACE, 10, 30),
        PlaceStockOut(2, OTHER, 0, 30),
        PlaceStockOut(3, OTHER, 50, 60),
        PlaceStockOut(4, PLACE, 5, 8),
    ]
    starved = [
        StarvedSpan(1, 9, 20, 22, (PLACE, OTHER)),
        StarvedSpan(1, 9, 50, 52, (OTHER,)),
        StarvedSpan(1, 9, 6, 8, (PLACE,)),
    ]
    known_since = {PLACE: 0, OTHER: 0}
    losses = attribute_losses(starved, outs[:1] + outs[2:], known_since, {}).losses
    assert [loss.stock_outs[0].id for loss in losses] == [4, 1, 3]
    starved[2] = StarvedSpan(1, 8, 6, 8, (PLACE,))
    joint = attribute_losses(starved, outs, known_since, {})
    assert [[out.id for out in loss.stock_outs] for loss in joint.losses] == [[4], [1, 2], [3]]


def test_arrivals_are_summed_by_row_and_day() -> None:
    rows, days = np.array([0, 1, 1, 1, 1]), np.array([0, 1, 2, -1, 1])
    arrivals = Arrivals(rows, days, np.array([1.0, 2.0, 4.0, 8.0, 16.0]))
    assert sum_by_day(2, 2, arrivals).tolist() == [[1.0, 0.0], [0.0, 18.0]]


def test_the_first_short_day_ends_below_zero() -> None:
    stock = np.array([5.0, 5.0, 5.0, 0.0])
    demand = np.array([[2.0, 2.0, 2.0], [2.0, 3.0, 0.0], [9.0, 0.0, 0.0], [1e-9, 0.0, 0.0]])
    projection = project(stock, np.zeros((4, 3)), demand)
    assert projection.short_day.tolist() == [2, -1, 0, -1]
    assert projection.opening[0].tolist() == [5.0, 3.0, 1.0]
    assert projection.closing[0].tolist() == [3.0, 1.0, -1.0]
    half = project(np.array([0.5]), np.zeros((1, 1)), np.array([[1.0]]))
    assert half.short_day.tolist() == [0]


def test_goods_in_transit_fill_the_first_lines_of_their_relation() -> None:
    relation, quantity = np.array([0, 0, 1]), np.array([3.0, 4.0, 5.0])
    assert subtract_in_transit(relation, quantity, [5.0, 1.0]).tolist() == [0.0, 2.0, 4.0]
    nothing = subtract_in_transit(np.array([], dtype=np.int64), np.array([]), [])
    assert nothing.tolist() == []
