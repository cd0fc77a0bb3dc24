"""Planned demand: what lines take during the shifts of their calendars."""

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from werknetz.domain.shift import local_day, local_us
from werknetz.kpi.stock.plan import (
    HOUR_US,
    Span,
    clip_spans,
    planned_us_between,
    spans_of_shifts,
)
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.forecast.inputs import LineDemand

_LATEST_US: Final = 2**62


class PlannedDemand:
    """Planned time and demand in a window. Lines with equal calendars share the computed time."""

    def __init__(self, tree: EquipmentTree, start_us: int, end_us: int) -> None:
        self._tree = tree
        self._start_us, self._end_us = start_us, end_us
        self._spans: dict[int, list[Span]] = {}
        self._by_path: dict[str, list[Span]] = {}
        self._planned_hours: dict[tuple[int, tuple[int, ...]], NDArray[np.float64]] = {}

    def planned_spans(self, path: str) -> list[Span]:
        """Return the planned time of an equipment, in order."""
        if path not in self._by_path:
            history = self._tree.calendar_history(path)
            key = id(history)  # the tree holds it, and returns the same for equal calendars
            if key not in self._spans:
                shifts = history.operation_between(self._start_us, self._end_us)
                self._spans[key] = spans_of_shifts(shifts)
            self._by_path[path] = self._spans[key]
        return self._by_path[path]

    def spans_of(self, demand: LineDemand) -> list[Span]:
        """Return the planned time of the line while the demand is valid."""
        spans = self.planned_spans(demand.path)
        if demand.from_us is None and demand.to_us is None:
            return spans
        return clip_spans(spans, demand.from_us or 0, demand.to_us or _LATEST_US)

    def quantities(self, demand: LineDemand, edges: tuple[int, ...]) -> NDArray[np.float64]:
        """Return the quantity that is taken between each two edges."""
        spans = self.spans_of(demand)
        key = id(spans), edges
        hours = self._planned_hours.get(key)
        if hours is None:
            hours = np.array(planned_us_between(spans, edges), dtype=np.float64) / HOUR_US
            if spans is self.planned_spans(demand.path):  # held by `self`: its id stays unique
                self._planned_hours[key] = hours
        quantities: NDArray[np.float64] = hours * demand.per_hour
        return quantities

    def sum_quantities(self, demands: Sequence[LineDemand], edges: tuple[int, ...]) -> list[float]:
        """Return the quantity that all demands take together between each two edges."""
        total = np.zeros(len(edges) - 1)
        for demand in demands:
            total += self.quantities(demand, edges)
        return [float(quantity) for quantity in total]


def local_day_edges(zone: ZoneInfo, now_us: int, days: int) -> tuple[int, ...]:
    """Return now, and the ends of today and of each following day in the plant's zone."""
    today = local_day(now_us, zone)
    return (now_us, *(local_us(today, 1440 * n, zone) for n in range(1, days + 1)))


def even_edges(start_us: int, days: int) -> tuple[int, ...]:
    """Return the ends of days of 24 hours each."""
    return tuple(start_us + 24 * HOUR_US * n for n in range(days + 1))
