"""The work of attributing losses and of summing days grows in proportion to what happened."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest

from plumbing.growth import count_lines
from werknetz.kpi.stock.level import StockOutPeriod, sum_days
from werknetz.kpi.stock.supply_caused import (
    PlaceStockOut,
    StarvedSpan,
    attribute_losses,
    subtract_spans,
)

SIZES = (50, 200)
GROWTH_MAX = 4.4
PLACE = (1, 2)


def attribute(count: int) -> None:
    starved = [StarvedSpan(1, 9, 10 * n, 10 * n + 8, (PLACE,)) for n in range(count)]
    outs = [PlaceStockOut(n, PLACE, 10 * n + 1, 10 * n + 4) for n in range(count)]
    unknown = [(10 * n + 5, 10 * n + 6) for n in range(count)]
    attribute_losses(starved, outs, {PLACE: 0}, {PLACE: unknown})


def sum_many_days(count: int) -> None:
    outs = [StockOutPeriod(10 * n + 1, 10 * n + 3, UUID(int=n)) for n in range(count)]
    sum_days([], outs, [(10 * n, 10 * n + 10) for n in range(count)], (0.0, False))


def subtract(count: int) -> None:
    spans = [(10 * n, 10 * n + 8) for n in range(count)]
    subtract_spans(spans, [(start + 2, start + 4) for start, _ in spans])


@pytest.mark.parametrize("work", [attribute, sum_many_days, subtract])
def test_four_times_as_much_is_four_times_the_work(work: Callable[[int], None]) -> None:
    few, many = (count_lines(partial(work, size)) for size in SIZES)
    assert many / few < GROWTH_MAX
