"""The status of a target: now, gap, path, forecast and the rate that is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from werknetz.kpi.targets.forecast import METHOD, IndexPoint, IndexTrend, no_forecast_because
from werknetz.kpi.targets.path import TargetPath, first_reached, months_between, rate_needed

REACH_AFTER: Final = timedelta(days=365)  # a missed goal is to be reached a year from now
TOLERANCE: Final = 1e-9


class TargetState(StrEnum):
    MET = "met"
    ON_PATH = "on_path"
    BEHIND = "behind"
    MISSED = "missed"
    UNKNOWN = "unknown"  # no current value


@dataclass(frozen=True, slots=True)
class TargetForecast:
    """`change` and band on the due date, or on `reach_by` after it. `reached_on` None: never."""

    method: str
    on: date
    change: float
    low: float
    high: float
    reached_on: date | None
    points: int


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """Changes are relative to the baseline; gaps are in percentage points, positive: missing."""

    state: TargetState
    now_on: date
    change: float | None
    path_change: float
    gap_points: float | None
    path_gap_points: float | None
    change_at_due: float | None  # None: the due date is ahead, or no value of that time
    first_met_on: date | None
    reach_by: date
    needed_per_month: float | None  # relative; None: reached, or nothing is known
    forecast: TargetForecast | None
    forecast_reason: str | None  # why there is none
    is_reached: bool  # by the current value, but for rounding


def status_of(
    path: TargetPath,
    now_on: date,
    change: float | None,
    series: Sequence[IndexPoint],
    *,
    change_at_due: float | None = None,
    reach_by: date | None = None,
) -> TargetStatus:
    """Return the status on a day. `change`: of the current period; `series`: past periods.

    `reach_by`: when a missed goal is to be reached; by default in a year. Before the due date it
    is the due date.
    """
    is_past = now_on > path.due_on  # the due date is the last day to reach the goal
    aim = (reach_by or now_on + REACH_AFTER) if is_past else path.due_on
    is_reached = change is not None and _reaches(change, path.goal)
    needed = None
    if change is not None and not is_reached:
        needed = rate_needed(change, path.goal, months_between(now_on, aim))
    path_change = path.change_due(now_on)
    trend = IndexTrend.of(series)
    reason = no_forecast_because(trend, series, aim, path.goal)
    forecast = None if trend is None or reason else _forecast_of(path.goal, trend, aim)
    ends = [(point.end_on, point.change) for point in series]
    return TargetStatus(
        _state_of(path, change, change_at_due, path_change, is_past=is_past),
        now_on,
        change,
        path_change,
        None if change is None else (path.goal - change) * 100,
        None if change is None else (path_change - change) * 100,
        change_at_due if is_past else None,
        first_reached(ends, path.goal - TOLERANCE),
        aim,
        needed,
        forecast,
        reason,
        is_reached,
    )


def _state_of(
    path: TargetPath,
    change: float | None,
    change_at_due: float | None,
    path_change: float,
    *,
    is_past: bool,
) -> TargetState:
    if is_past and change_at_due is not None:
        return TargetState.MET if _reaches(change_at_due, path.goal) else TargetState.MISSED
    if change is None:
        return TargetState.UNKNOWN
    if _reaches(change, path.goal):
        return TargetState.MET
    if is_past:
        return TargetState.MISSED
    return TargetState.ON_PATH if _reaches(change, path_change) else TargetState.BEHIND


def _reaches(change: float, goal: float) -> bool:
    """Return whether a change reaches a goal, but for rounding."""
    return change >= goal - TOLERANCE


def _forecast_of(goal: float, trend: IndexTrend, on: date) -> TargetForecast:
    low, high = trend.band_on(on)
    return TargetForecast(
        METHOD, on, max(trend.change_on(on), -1.0), low, high, trend.reaches(goal), trend.points,
    )  # fmt: skip
