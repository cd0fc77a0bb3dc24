"""Time windows of a plant in UTC: minutes, hours, shifts, days, weeks, months, quarters, years.

Windows of one period are contiguous, except shifts. A day has 23, 24 or 25 hours; a week begins
on Monday. Where a clock change is half an hour, one hour of that day is shorter.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from werknetz.domain.shift import ShiftSource, local_day, local_us

HOUR_US: Final = 3_600_000_000


class Period(StrEnum):
    FIVE_MINUTES = "5m"
    QUARTER_HOUR = "15m"
    HOUR = "hour"
    SHIFT = "shift"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_PARTS_US: Final[Mapping[Period, int]] = {
    Period.FIVE_MINUTES: HOUR_US // 12,
    Period.QUARTER_HOUR: HOUR_US // 4,
    Period.HOUR: HOUR_US,
}
"""Periods that divide a day, which may end with a shorter one."""
_MONTHS: Final[Mapping[Period, int]] = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}


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
    calendar: ShiftSource | None = None,
) -> list[Window]:
    """Return the complete windows that overlap the time span, in order of time.

    Shifts need a calendar; without one the list is empty.
    """
    if start_us >= end_us:
        return []
    if period is Period.SHIFT:
        shifts = calendar.shifts_between(start_us, end_us) if calendar else []
        return [Window(s.start_us, s.end_us, s.day, s.name) for s in shifts]
    part_us = _PARTS_US.get(period)
    windows = _days(period, start_us, zone) if part_us is None else _parts(part_us, start_us, zone)
    return list(_overlapping(windows, start_us, end_us))


def window_at(
    period: Period, at_us: int, *, zone: ZoneInfo, calendar: ShiftSource | None = None
) -> Window | None:
    """Return the window that contains the instant; None between shifts."""
    windows = windows_between(period, at_us, at_us + 1, zone=zone, calendar=calendar)
    return windows[0] if windows else None


def _overlapping(windows: Iterator[Window], start_us: int, end_us: int) -> Iterator[Window]:
    for window in windows:
        if window.start_us >= end_us:
            return
        if window.end_us > max(start_us, window.start_us):
            yield window


def _parts(part_us: int, start_us: int, zone: ZoneInfo) -> Iterator[Window]:
    for day in _days(Period.DAY, start_us, zone):
        for at_us in range(day.start_us, day.end_us, part_us):
            yield Window(at_us, min(at_us + part_us, day.end_us), day.day)


def _days(period: Period, start_us: int, zone: ZoneInfo) -> Iterator[Window]:
    """Yield windows of whole days without end, from the one that contains the instant."""
    first = _first_day(period, local_day(start_us, zone))
    while True:
        following = _next_first_day(period, first)
        yield Window(local_us(first, 0, zone), local_us(following, 0, zone), first)
        first = following


def _first_day(period: Period, day: date) -> date:
    if period is Period.WEEK:
        return day - timedelta(days=day.weekday())
    if months := _MONTHS.get(period):
        return date(day.year, (day.month - 1) // months * months + 1, 1)
    return day


def _next_first_day(period: Period, first: date) -> date:
    if period is Period.WEEK:
        return first + timedelta(days=7)
    if months := _MONTHS.get(period):
        return (first + timedelta(days=31 * months)).replace(day=1)
    return first + timedelta(days=1)
