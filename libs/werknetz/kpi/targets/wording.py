"""The status of a target in words.

Rounding never turns a miss into a goal that is met, nor the reverse: what is missing is shown as
less than 0.1 points, never as 0.0. It is the difference of the two changes as they are shown:
+0.0 % of +33.3 % is a gap of 33.3 points, also where the exact one rounds to 33.4.
"""

from werknetz.kpi.targets.path import TargetPath
from werknetz.kpi.targets.status import TargetState, TargetStatus


def headline_of(path: TargetPath, status: TargetStatus) -> str:
    """Return "+x % of +33.3 %, gap y points, forecast z"; with a reason where there is no value.

    Of a past due date it also says whether it was met or missed.
    """
    goal = percent(path.goal)
    due = _due_text(path, status)
    if status.change is None or status.gap_points is None:
        return ", ".join([f"no current value, goal {goal}", *due])
    gap = "reached" if status.is_reached else f"gap {points(path.goal, status.change)}"
    forecast = status.forecast
    if forecast is None:
        ahead = f"no forecast: {status.forecast_reason}"
    else:
        band = f"{percent(forecast.low)} to {percent(forecast.high)}"
        ahead = f"forecast {percent(forecast.change)} on {forecast.on} ({band})"
    return ", ".join([f"{percent(status.change)} of {goal}", gap, *due, ahead])


def _due_text(path: TargetPath, status: TargetStatus) -> list[str]:
    if status.state is TargetState.MISSED:
        return [f"missed {_missed_by(path, status)}on {path.due_on}"]
    return [f"met on {path.due_on}"] if status.change_at_due is not None else []


def _missed_by(path: TargetPath, status: TargetStatus) -> str:
    at_due = status.change_at_due
    return "" if at_due is None else f"by {points(path.goal, at_due)} "


def sentences_of(path: TargetPath, status: TargetStatus) -> list[str]:
    """Return the status in plain sentences: the state, then what is needed, then the pace."""
    goal, due = percent(path.goal), path.due_on
    if status.change is None and status.change_at_due is None:
        return [f"There is no current value to compare with the goal of {goal} on {due}."]
    sentences = [_state_text(path, status)]
    if status.needed_per_month is not None:
        rate = percent(status.needed_per_month)
        needed = "less than +0.1 %" if rate == "+0.0 %" else rate
        sentences.append(f"It needs {needed} a month to reach it by {status.reach_by}.")
    if status.gap_points is not None and not status.is_reached and status.forecast is not None:
        reached_on = status.forecast.reached_on
        pace = "never reached" if reached_on is None else f"reached on {reached_on}"
        sentences.append(f"At this pace it is {pace}.")
    return sentences


def _state_text(path: TargetPath, status: TargetStatus) -> str:
    goal, due = percent(path.goal), path.due_on
    now = (
        "there is no current value"
        if status.change is None
        else (f"now at {percent(status.change)} of {goal}")
    )
    match status.state:
        case TargetState.MISSED:
            late = f", first reached on {status.first_met_on}" if status.first_met_on else ""
            return f"Missed {_missed_by(path, status)}on {due}; {now}{late}."
        case TargetState.MET if status.change_at_due is not None:
            return f"Met on {due}; {now}."
        case TargetState.MET:
            since = f", first on {status.first_met_on}" if status.first_met_on else ""
            return f"Met{since}: {now}, due on {due}."
        case TargetState.ON_PATH:
            at, due_now = _percent(status.change), percent(status.path_change)
            return f"On the path: {at}, {due_now} is due today of {goal}."
        case _:
            gap, at = points(status.path_change, status.change or 0.0), _percent(status.change)
            return (
                f"Behind the path by {gap}: {at}, {percent(status.path_change)} is due today of "
                f"{goal} on {due}."
            )


def _percent(change: float | None) -> str:
    return "unknown" if change is None else percent(change)


def percent(change: float) -> str:
    """Return a relative change, such as "+33.3 %"; never -0.0."""
    text = f"{change * 100:+.1f} %"
    return "+0.0 %" if text == "-0.0 %" else text


def points(due: float, change: float) -> str:
    """Return what a change lacks to the one that is due, in percentage points; never 0.0."""
    text = f"{round(due * 100, 1) - round(change * 100, 1):.1f}"
    return "less than 0.1 points" if text in {"0.0", "-0.0"} else f"{text} points"
