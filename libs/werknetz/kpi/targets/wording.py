"""The status of a target in words.

Rounding never turns a miss into a goal that is met, nor the reverse: what is missing is shown as
less than 0.1 points, never as 0.0. It is the difference of the two changes as they are shown:
+0.0 % of +33.3 % is a gap of 33.3 points, also where the exact one rounds to 33.4.
"""

from werknetz.kpi.targets.path import TargetPath
from werknetz.kpi.targets.status import TargetState, TargetStatus
from werknetz.texts.sentence import Sentence


def headline_of(path: TargetPath, status: TargetStatus) -> Sentence:
    """Return "+x % of +33.3 %, gap y points, forecast z"; with a reason where there is no value.

    Of a past due date it also says whether it was met or missed.
    """
    goal = percent(path.goal)
    due = _due_text(path, status)
    if status.change is None or status.gap_points is None:
        parts = [Sentence("target.headline_no_value", goal=goal), *due]
    else:
        gap = (
            Sentence("target.headline_reached")
            if status.is_reached
            else Sentence("target.headline_gap", gap=points(path.goal, status.change))
        )
        change = Sentence("target.headline_change", change=percent(status.change), goal=goal)
        parts = [change, gap, *due, _forecast_text(status)]
    return Sentence("target.headline", parts=parts)


def _forecast_text(status: TargetStatus) -> Sentence:
    forecast = status.forecast
    if forecast is None:
        return Sentence("target.headline_no_forecast", reason=status.forecast_reason)
    return Sentence(
        "target.headline_forecast", change=percent(forecast.change), on=forecast.on,
        low=percent(forecast.low), high=percent(forecast.high),
    )  # fmt: skip


def _due_text(path: TargetPath, status: TargetStatus) -> list[Sentence]:
    if status.state is TargetState.MISSED:
        by = _missed_by(path, status)
        return [Sentence("target.headline_missed", by=by, on=path.due_on)]
    if status.change_at_due is None:
        return []
    return [Sentence("target.headline_met", on=path.due_on)]


def _missed_by(path: TargetPath, status: TargetStatus) -> str:
    at_due = status.change_at_due
    return "" if at_due is None else Sentence("target.by", gap=points(path.goal, at_due))


def sentences_of(path: TargetPath, status: TargetStatus) -> list[Sentence]:
    """Return the status in plain sentences: the state, then what is needed, then the pace."""
    if status.change is None and status.change_at_due is None:
        goal = percent(path.goal)
        return [Sentence("target.nothing_to_compare", goal=goal, due_on=path.due_on)]
    sentences = [_state_text(path, status)]
    if status.needed_per_month is not None:
        rate = percent(status.needed_per_month)
        needed = Sentence("target.rate_below_one_tenth") if rate == "+0.0 %" else rate
        sentences.append(Sentence("target.needs", rate=needed, by=status.reach_by))
    if status.gap_points is not None and not status.is_reached and status.forecast is not None:
        reached_on = status.forecast.reached_on
        sentences.append(
            Sentence("target.pace_never")
            if reached_on is None
            else Sentence("target.pace_reached", on=reached_on)
        )
    return sentences


def _state_text(path: TargetPath, status: TargetStatus) -> Sentence:
    goal, due_on, first = percent(path.goal), path.due_on, status.first_met_on
    at, due_now = _percent(status.change), percent(status.path_change)
    now = (
        Sentence("target.now_unknown")
        if status.change is None
        else Sentence("target.now_at", change=at, goal=goal)
    )
    match status.state:
        case TargetState.MISSED:
            late = Sentence("target.first_reached", on=first) if first else ""
            by = _missed_by(path, status)
            return Sentence("target.missed", by=by, due_on=due_on, now=now, late=late)
        case TargetState.MET if status.change_at_due is not None:
            return Sentence("target.met_at_due", due_on=due_on, now=now)
        case TargetState.MET:
            since = Sentence("target.first_met", on=first) if first else ""
            return Sentence("target.met", since=since, now=now, due_on=due_on)
        case TargetState.ON_PATH:
            return Sentence("target.on_path", change=at, path_change=due_now, goal=goal)
        case _:
            gap = points(status.path_change, status.change or 0.0)
            return Sentence(
                "target.behind", gap=gap, change=at, path_change=due_now, goal=goal, due_on=due_on
            )


def _percent(change: float | None) -> Sentence:
    return Sentence("target.unknown_change") if change is None else percent(change)


def percent(change: float) -> Sentence:
    """Return a relative change, such as "+33.3 %"; never -0.0."""
    return Sentence("target.percent", percent=round(change * 100, 1) + 0.0)


def points(due: float, change: float) -> Sentence:
    """Return what a change lacks to the one that is due, in percentage points; never 0.0."""
    missing = round(round(due * 100, 1) - round(change * 100, 1), 1)
    if missing == 0:
        return Sentence("target.points_below_one_tenth")
    return Sentence("target.points", points=missing)
