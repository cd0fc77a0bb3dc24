"""Granularities: divides a time span into windows in the plant's time zone, within a limit."""

from collections.abc import Mapping
from typing import Final

from werknetz.domain.shift import local_day
from werknetz.domain.window import Period, Window, windows_between
from werknetz.texts.sentence import Sentence
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.context.time_spec import TimeContext, UtcSpan, parse_zone
from werknetz_core.http.problem import Problem, invalid_parameter

WINDOWS_MAX: Final = 10_000
_DAY_S: Final = 86_400
FIVE_MINUTES: Final = "5m"
"""Of KPI values of equipment; elsewhere it is taken as 15m."""
_PERIODS: Final[Mapping[str, Period]] = {
    FIVE_MINUTES: Period.FIVE_MINUTES,
    "15m": Period.QUARTER_HOUR,
    "hour": Period.HOUR,
    "1h": Period.HOUR,
    "shift": Period.SHIFT,
    "day": Period.DAY,
    "1d": Period.DAY,
    "week": Period.WEEK,
    "1w": Period.WEEK,
    "month": Period.MONTH,
    "1mo": Period.MONTH,
    "quarter": Period.QUARTER,
    "1q": Period.QUARTER,
    "year": Period.YEAR,
    "1y": Period.YEAR,
}
_SHORTER: Final = frozenset({"raw", "10s", "1m", FIVE_MINUTES, "10m"})
GRANULARITIES: Final = "15m, hour, shift, 1d, 1w, 1mo, quarter, year or none"
_SHORTEST_S: Final[Mapping[Period, int]] = {
    Period.FIVE_MINUTES: 300,
    Period.QUARTER_HOUR: 900,
    Period.HOUR: 1800,
    Period.SHIFT: 3 * 3600,
    Period.DAY: 23 * 3600,
    Period.WEEK: 7 * _DAY_S - 3600,
    Period.MONTH: 28 * _DAY_S - 3600,
    Period.QUARTER: 90 * _DAY_S - 3600,
    Period.YEAR: 365 * _DAY_S,
}


def time_context_of(
    context: AppContext, tree: EquipmentTree, node: EquipmentNode, tz: str | None
) -> TimeContext:
    """Return the time context of an equipment: the current time, its time zone and calendar."""
    now_us = context.now_us()
    history = tree.calendar_history(node.path)
    calendar = history.calendar_at(now_us)
    default = node.time_zone or (calendar.time_zone if calendar else "UTC")
    return TimeContext(now_us, parse_zone(tz, default), history if history.steps else None)


def effective_granularity(granularity: str, *, with_five_minutes: bool = False) -> str:
    """Return the granularity that is answered: sums are stored for quarters of an hour."""
    if with_five_minutes and granularity == FIVE_MINUTES:
        return granularity
    return "15m" if granularity in _SHORTER else granularity


def windows_of(
    granularity: str, span: UtcSpan, time: TimeContext, *, with_five_minutes: bool = False
) -> list[Window]:
    """Divide the span into whole windows, which may exceed it. `none`: one window."""
    if granularity == "none":
        whole = span.to_buckets()
        return [Window(whole.start_us, whole.end_us, local_day(whole.start_us, time.zone))]
    period = _PERIODS.get(effective_granularity(granularity, with_five_minutes=with_five_minutes))
    if period is None:
        raise invalid_parameter(
            "granularity",
            Sentence("requests.granularity_not_supported", granularity=granularity),
            Sentence("requests.use_granularity", granularities=GRANULARITIES),
        )
    if (span.end_us - span.start_us) / 1e6 / _SHORTEST_S[period] > WINDOWS_MAX:
        raise query_too_large(f"{granularity} windows")
    if period is Period.SHIFT and time.calendar is None:
        raise Problem(
            422,
            "no_shift_calendar",
            Sentence("calendars.no_shift_calendar"),
            Sentence("calendars.set_or_days"),
        )
    return windows_between(
        period, span.start_us, span.end_us, zone=time.zone, calendar=time.calendar
    )


def query_too_large(noun: str) -> Problem:
    return Problem(
        422,
        "query_too_large",
        Sentence("requests.too_many_windows", noun=noun, windows_max=WINDOWS_MAX),
        Sentence("requests.ask_for_less"),
    )
