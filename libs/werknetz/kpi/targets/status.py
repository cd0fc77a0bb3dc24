"""The status of a target: now, gap, path, forecast and the rate that is needed, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from werknetz.kpi.targets.forecast import METHOD, POINTS_MIN, IndexPoint, IndexTrend
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
    is_weak: bool


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
    forecast_reason: str | None


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
    reached = change is not None and change >= path.goal - TOLERANCE
    needed = None
    if change is not None and not reached:
        needed = rate_needed(change, path.goal, months_between(now_on, aim))
    path_change = path.change_due(now_on)
    forecast = _forecast_of(path.goal, series, aim)
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
        None if forecast else f"fewer than {POINTS_MIN} periods with data since the baseline began",
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
        is_met = change_at_due >= path.goal - TOLERANCE
        return TargetState.MET if is_met else TargetState.MISSED
    if change is None:
        return TargetState.UNKNOWN
    if change >= path.goal - TOLERANCE:
        return TargetState.MET
    if is_past:
        return TargetState.MISSED
    return TargetState.ON_PATH if change >= path_change - TOLERANCE else TargetState.BEHIND


def _forecast_of(goal: float, series: Sequence[IndexPoint], on: date) -> TargetForecast | None:
    trend = IndexTrend.of(series)
    if trend is None:
        return None
    low, high = trend.band_on(on)
    return TargetForecast(
        METHOD, on, max(trend.change_on(on), -1.0), low, high, trend.reaches(goal), trend.points,
        trend.is_weak_for(on),
    )  # fmt: skip


def headline_of(path: TargetPath, status: TargetStatus) -> str:
    """Return "+x % of +33.3 %, gap y points, forecast z"; with a reason where there is no value."""
    goal = _percent(path.goal)
    if status.change is None:
        return f"no current value, goal {goal}"
    parts = [f"{_percent(status.change)} of {goal}"]
    if status.gap_points is not None:
        is_reached = status.gap_points <= TOLERANCE * 100
        parts.append("reached" if is_reached else f"gap {status.gap_points:.1f} points")
    forecast = status.forecast
    if forecast is None:
        parts.append(f"no forecast: {status.forecast_reason}")
    else:
        # So far ahead the band is wider than any change that a plant can make.
        doubt = (
            "weak: far beyond the observed time"
            if forecast.is_weak
            else f"{_percent(forecast.low)} to {_percent(forecast.high)}"
        )
        parts.append(f"forecast {_percent(forecast.change)} on {forecast.on} ({doubt})")
    return ", ".join(parts)


def sentences_of(path: TargetPath, status: TargetStatus) -> list[str]:
    """Return the status in plain sentences: the state, then what is needed, then the pace."""
    goal, due = _percent(path.goal), path.due_on
    if status.change is None and status.change_at_due is None:
        return [f"There is no current value to compare with the goal of {goal} on {due}."]
    now = "unknown" if status.change is None else _percent(status.change)
    match status.state:
        case TargetState.MISSED:
            at_due = status.change_at_due
            by = f"by {(path.goal - at_due) * 100:.1f} points " if at_due is not None else ""
            late = f", reached on {status.first_met_on}" if status.first_met_on else ""
            first = f"Missed {by}on {due}; now at {now} of {goal}{late}."
        case TargetState.MET:
            since = f", first on {status.first_met_on}" if status.first_met_on else ""
            first = f"Met{since}: now at {now} of {goal}, due on {due}."
        case TargetState.ON_PATH:
            first = f"On the path: {now}, {_percent(status.path_change)} is due today of {goal}."
        case _:
            gap = status.path_gap_points or 0.0
            first = (
                f"Behind the path by {gap:.1f} points: {now}, {_percent(status.path_change)} is "
                f"due today of {goal} on {due}."
            )
    sentences = [first]
    if status.needed_per_month is not None:
        sentences.append(
            f"It needs {_percent(status.needed_per_month)} a month to reach it by "
            f"{status.reach_by}."
        )
    if status.gap_points is not None and status.gap_points > 0 and status.forecast is not None:
        reached_on = status.forecast.reached_on
        pace = "never" if reached_on is None else f"on {reached_on}"
        sentences.append(f"At this pace it is reached {pace}.")
    return sentences


def _percent(change: float) -> str:
    return f"{change * 100:+.1f} %"
