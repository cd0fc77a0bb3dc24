"""Planned demand: what lines take during the shifts of their calendars."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from werknetz.domain.shift import Calendar, local_day, local_us
from werknetz.kpi.stock.plan import (
    HOUR_US,
    Span,
    clip_spans,
    planned_spans_of,
    planned_us_between,
)
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.forecast.inputs import LineDemand

_LATEST_US: Final = 2**62


class PlannedDemand:
    """Planned time and demand in a window. Lines with equal calendars share the computed time."""

    def __init__(self, tree: EquipmentTree, start_us: int, end_us: int) -> None:
        self._tree = tree
        self._start_us, self._end_us = start_us, end_us
        # Calendars change at midnight of some zone: checking each full hour is sufficient.
        self._hours = range(start_us, end_us, HOUR_US)
        self._days = range(start_us, end_us, 24 * HOUR_US)
        self._spans: dict[tuple[int, ...], list[Span]] = {}
        self._by_path: dict[str, list[Span]] = {}
        self._planned_hours: dict[tuple[int, tuple[int, ...]], NDArray[np.float64]] = {}

    def planned_spans(self, path: str) -> list[Span]:
        """Return the planned time of an equipment, in order."""
        if path not in self._by_path:
            calendars = [self._tree.calendar_of(path, at) for at in self._days]
            last = self._tree.calendar_of(path, self._end_us - 1)
            key = tuple(id(calendar) for calendar in (*calendars, last))
            if key not in self._spans:
                self._spans[key] = self._compute_spans(path, changes=len(set(key)) > 1)
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

    def _compute_spans(self, path: str, *, changes: bool) -> list[Span]:
        if not changes:
            calendar = self._tree.calendar_of(path, self._start_us)
            return planned_spans_of(calendar, self._start_us, self._end_us)
        spans: list[Span] = []
        steps = [(at, self._tree.calendar_of(path, at)) for at in self._hours]
        for _, group in groupby(steps, key=lambda step: id(step[1])):
            part: list[tuple[int, Calendar | None]] = list(group)
            end_us = min(part[-1][0] + HOUR_US, self._end_us)
            spans += planned_spans_of(part[0][1], part[0][0], end_us)
        return spans


def local_day_edges(zone: ZoneInfo, now_us: int, days: int) -> tuple[int, ...]:
    """Return now, and the ends of today and of each following day in the plant's zone."""
    today = local_day(now_us, zone)
    return (now_us, *(local_us(today, 1440 * n, zone) for n in range(1, days + 1)))


def even_edges(start_us: int, days: int) -> tuple[int, ...]:
    """Return the ends of days of 24 hours each."""
    return tuple(start_us + 24 * HOUR_US * n for n in range(days + 1))
