"""Planned demand: what lines will take, by the shifts that their calendars plan."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from werknetz.domain.shift import Calendar, local_day, local_us
from werknetz.kpi.stock.plan import HOUR_US, Span, clip_spans, planned_spans_of, planned_us_between
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.forecast.inputs import Need

_LATEST: Final = 2**62


class Plans:
    """Planned time in a window. Lines with the same calendars share what is computed."""

    def __init__(self, tree: EquipmentTree, start_us: int, end_us: int) -> None:
        self._tree = tree
        self._start_us, self._end_us = start_us, end_us
        # Calendars change at midnight of some zone: each hour of the window is near enough.
        self._hours = range(start_us, end_us, HOUR_US)
        self._days = range(start_us, end_us, 24 * HOUR_US)
        self._spans: dict[tuple[int, ...], list[Span]] = {}
        self._by_path: dict[str, list[Span]] = {}
        self._demand: dict[tuple[int, tuple[int, ...]], NDArray[np.float64]] = {}

    def of(self, path: str) -> list[Span]:
        """Return the planned time of an equipment, in order."""
        if path not in self._by_path:
            held = [self._tree.calendar_of(path, at) for at in self._days]
            last = self._tree.calendar_of(path, self._end_us - 1)
            key = tuple(id(calendar) for calendar in (*held, last))
            if key not in self._spans:
                self._spans[key] = self._planned(path, changes=len(set(key)) > 1)
            self._by_path[path] = self._spans[key]
        return self._by_path[path]

    def spans(self, need: Need) -> list[Span]:
        """Return when a line takes something: its planned time while this is valid."""
        spans = self.of(need.path)
        if need.from_us is None and need.to_us is None:
            return spans
        return clip_spans(spans, need.from_us or 0, need.to_us or _LATEST)

    def demand(self, need: Need, edges: tuple[int, ...]) -> NDArray[np.float64]:
        """Return what is taken between each two edges."""
        spans = self.spans(need)
        key = id(spans), edges
        hours = self._demand.get(key)
        if hours is None:
            hours = np.array(planned_us_between(spans, edges), dtype=np.float64) / HOUR_US
            if spans is self.of(need.path):  # kept, so no other list gets its id
                self._demand[key] = hours
        taken: NDArray[np.float64] = hours * need.per_hour
        return taken

    def _planned(self, path: str, *, changes: bool) -> list[Span]:
        if not changes:
            calendar = self._tree.calendar_of(path, self._start_us)
            return planned_spans_of(calendar, self._start_us, self._end_us)
        found: list[Span] = []
        steps = [(at, self._tree.calendar_of(path, at)) for at in self._hours]
        for _, group in groupby(steps, key=lambda step: id(step[1])):
            part: list[tuple[int, Calendar | None]] = list(group)
            end_us = min(part[-1][0] + HOUR_US, self._end_us)
            found += planned_spans_of(part[0][1], part[0][0], end_us)
        return found


def day_edges(zone: ZoneInfo, now_us: int, days: int) -> tuple[int, ...]:
    """Return now, and the ends of today and of each following day of a plant."""
    today = local_day(now_us, zone)
    return (now_us, *(local_us(today, 1440 * n, zone) for n in range(1, days + 1)))


def even_edges(start_us: int, days: int) -> tuple[int, ...]:
    """Return the ends of days of 24 hours each."""
    return tuple(start_us + 24 * HOUR_US * n for n in range(days + 1))


def total(plans: Plans, needs: Sequence[Need], edges: tuple[int, ...]) -> list[float]:
    """Return what all of them take between each two edges."""
    summed = np.zeros(len(edges) - 1)
    for need in needs:
        summed += plans.demand(need, edges)
    return [float(one) for one in summed]
