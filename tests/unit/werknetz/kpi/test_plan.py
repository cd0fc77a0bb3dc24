"""Planned time as boundaries: spans begin with their start and end before their end."""

from datetime import date

import numpy as np
import pytest

from werknetz.domain.shift import Shift
from werknetz.kpi.plan import PlannedTime

DAY = date(2026, 1, 5)


def shift(start: int, end: int, *breaks: tuple[int, int]) -> Shift:
    return Shift("s", DAY, start, end, breaks)


@pytest.mark.parametrize(
    ("at", "is_inside"), [(9, False), (10, True), (19, True), (20, False), (21, False)]
)
def test_a_span_has_its_start_and_not_its_end(at: int, is_inside: bool) -> None:
    plan = PlannedTime.of([shift(10, 20)])
    assert plan.shifts.contains(np.array([at])).tolist() == [is_inside]
    assert not plan.breaks.contains(np.array([at])).any()
    assert plan.calendars.contains(np.array([at])).all()


def test_between_and_after_several_spans_nothing_is_inside() -> None:
    plan = PlannedTime.of([shift(0, 10), shift(20, 30), shift(40, 50)])
    inside = plan.shifts.contains(np.arange(-5, 65, 10))
    assert inside.tolist() == [False, True, False, True, False, True, False]


@pytest.mark.parametrize(
    ("spans", "boundaries"),
    [
        pytest.param([(1, 3), (5, 7)], [1, 3, 5, 7], id="apart"),
        pytest.param([(5, 7), (1, 3)], [1, 3, 5, 7], id="in another order"),
        pytest.param([(1, 3), (3, 7)], [1, 7], id="they touch"),
        pytest.param([(1, 9), (3, 7)], [1, 9], id="one is inside another"),
        pytest.param([(1, 4), (3, 7)], [1, 7], id="they overlap"),
        pytest.param([], [], id="none"),
    ],
)
def test_spans_are_joined(spans: list[tuple[int, int]], boundaries: list[int]) -> None:
    plan = PlannedTime.of([shift(0, 10, *spans)], spans)
    assert plan.breaks.boundaries.tolist() == boundaries
    assert plan.calendars.boundaries.tolist() == boundaries
    assert PlannedTime.of([shift(*span) for span in spans]).shifts.boundaries.tolist() == boundaries
    assert plan.boundaries.tolist() == [0, 10, *boundaries, *boundaries]


def test_more_planned_down_time_joins_the_breaks() -> None:
    plan = PlannedTime.of([shift(0, 20, (2, 4), (8, 10))], [(0, 15)])
    more = plan.with_breaks([(4, 6), (12, 14)])
    assert more.breaks.boundaries.tolist() == [2, 6, 8, 10, 12, 14]
    assert more.shifts.boundaries.tolist() == [0, 20]
    assert more.calendars.boundaries.tolist() == [0, 15]


def test_without_a_calendar_all_time_is_planned() -> None:
    plan, at = PlannedTime.always(), np.array([-(1 << 62), 0, 1 << 62])
    assert plan.shifts.contains(at).all()
    assert not plan.breaks.contains(at).any()
    assert not plan.calendars.contains(at).any()
