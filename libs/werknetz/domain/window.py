"""Time windows of a plant in UTC: hours, shifts, days, weeks and months.

Windows of one period are contiguous, except shifts. A day has 23, 24 or 25 hours; a week begins
on Monday. Where a clock change is half an hour, one hour of that day is shorter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from werknetz.domain.shift import Calendar, local_day, local_us, shifts_between

HOUR_US: Final = 3_600_000_000


class Period(StrEnum):
    HOUR = "hour"
    SHIFT = "shift"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Window:
    """A time span in microseconds UTC; `day` is the plant day on which it starts."""

    start_us: int
    end_us: int
    day: date
    name: str = ""  # of the shift


def windows_between(
    period: Period,
    start_us: int,
    end_us: int,
    *,
    zone: ZoneInfo,
    calendar: Calendar | None = None,
) -> list[Window]:
    """Return the complete windows that overlap the time span, in order of time.

    Shifts need a calendar; without one the list is empty.
    """
    if start_us >= end_us:
        return []
    if period is Period.SHIFT:
        shifts = shifts_between(calendar, start_us, end_us) if calendar else []
        return [Window(s.start_us, s.end_us, s.day, s.name) for s in shifts]
    windows = _hours(start_us, zone) if period is Period.HOUR else _days(period, start_us, zone)
    return list(_overlapping(windows, start_us, end_us))


def window_at(
    period: Period, at_us: int, *, zone: ZoneInfo, calendar: Calendar | None = None
) -> Window | None:
    """Return the window that contains the instant; None between shifts."""
    windows = windows_between(period, at_us, at_us + 1, zone=zone, calendar=calendar)
    return windows[0] if windows else None


def _overlapping(windows: Iterator[Window], start_us: int, end_us: int) -> Iterator[Window]:
    for window in windows:
        if window.start_us >= end_us:
            return
        if window.end_us > start_us:
            yield window


def _hours(start_us: int, zone: ZoneInfo) -> Iterator[Window]:
    for day in _days(Period.DAY, start_us, zone):
        for hour_us in range(day.start_us, day.end_us, HOUR_US):
            yield Window(hour_us, min(hour_us + HOUR_US, day.end_us), day.day)


def _days(period: Period, start_us: int, zone: ZoneInfo) -> Iterator[Window]:
    """Yield windows of whole days without end, from the one that contains the instant."""
    first = _first_day(period, local_day(start_us, zone))
    while True:
        following = _next_first_day(period, first)
        yield Window(local_us(first, 0, zone), local_us(following, 0, zone), first)
        first = following


def _first_day(period: Period, day: date) -> date:
    match period:
        case Period.DAY | Period.HOUR | Period.SHIFT:
            return day
        case Period.WEEK:
            return day - timedelta(days=day.weekday())
        case Period.MONTH:
            return day.replace(day=1)
        case _:
            assert_never(period)


def _next_first_day(period: Period, first: date) -> date:
    match period:
        case Period.DAY | Period.HOUR | Period.SHIFT:
            return first + timedelta(days=1)
        case Period.WEEK:
            return first + timedelta(days=7)
        case Period.MONTH:
            return (first + timedelta(days=32)).replace(day=1)
        case _:
            assert_never(period)
