"""The shift calendar: a validated document in plant time, and its shifts in UTC.

A shift belongs to the day on which it starts. Shifts start and end on quarters of an hour, as
sums are stored in buckets of 15 minutes; breaks may start and end at any minute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, Protocol, Self
from zoneinfo import ZoneInfo

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.domain.shift_pattern import (
    DAY_MIN,
    CalendarFields,
    CalendarRejected,
    ShiftPattern,
)

__all__ = ["Calendar", "CalendarRejected", "Shift", "ShiftPattern", "ShiftSource", "cut_overlaps"]
_MINUTE_US: Final = 60_000_000
_ONE_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift on one day, in microseconds UTC."""

    name: str
    day: date
    start_us: int
    end_us: int
    breaks: tuple[tuple[int, int], ...] = ()
    team: str | None = None  # None: the calendar names none

    def clip(self, start_us: int, end_us: int) -> "Shift":
        """Return the part of the shift inside a span, with the parts of its breaks there."""
        begin, end = max(self.start_us, start_us), min(self.end_us, end_us)
        breaks = ((max(a, begin), min(b, end)) for a, b in self.breaks)
        inside = tuple((a, b) for a, b in breaks if a < b)
        return replace(self, start_us=begin, end_us=end, breaks=inside)


class ShiftSource(Protocol):
    """What knows the shifts of an equipment: one calendar, or all of them over time."""

    def shifts_between(self, start_us: int, end_us: int) -> list[Shift]:
        """Return the complete shifts that overlap the time span, in order of time."""
        ...


@dataclass(frozen=True, slots=True)
class Calendar:
    time_zone: str
    cycle_days: int
    anchor: date
    patterns: tuple[ShiftPattern, ...]
    exceptions: Mapping[date, tuple[ShiftPattern, ...]] = field(default_factory=dict)

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Parse a calendar document; raise CalendarRejected with the place and the remedy."""
        return cls._of(CalendarFields.parse(document))

    @classmethod
    def parse_stored(cls, document: Mapping[str, Any]) -> Self:
        """Parse a document that an earlier version may have accepted with overlapping shifts.

        Where shifts overlap, the later one counts from its start on.
        """
        return cls._of(CalendarFields.parse(document, strict=False))

    @classmethod
    def _of(cls, fields: CalendarFields) -> Self:
        return cls(
            fields.time_zone, fields.cycle_days, fields.anchor, fields.patterns, fields.exceptions
        )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def shifts_on(self, day: date) -> list[Shift]:
        """Return the shifts that start on a plant day, in order of time."""
        zone = self.zone
        patterns = self.exceptions.get(day)
        if patterns is None:
            number = (day - self.anchor).days % self.cycle_days
            patterns = tuple(pattern for pattern in self.patterns if number in pattern.days)
        shifts = (_shift_on(day, pattern, zone) for pattern in patterns)
        return sorted(shifts, key=lambda shift: (shift.start_us, shift.end_us))

    def shifts_between(self, start_us: int, end_us: int) -> list[Shift]:
        """Return the complete shifts that overlap the time span, in order of time.

        Shifts do not overlap: where those of a stored document do, or a clock change makes them,
        the later one counts from its start on.
        """
        if start_us >= end_us:
            return []
        zone = self.zone
        # A shift lasts at most a day and a clock change: the first began at most two days before.
        day = local_day(start_us, zone) - timedelta(days=2)
        last = local_day(end_us, zone) + timedelta(days=1)
        shifts: list[Shift] = []
        while day <= last:
            shifts += self.shifts_on(day)
            day += timedelta(days=1)
        return [s for s in cut_overlaps(shifts) if s.start_us < end_us and s.end_us > start_us]


def shifts_between(calendar: ShiftSource, start_us: int, end_us: int) -> list[Shift]:
    """Return the complete shifts that overlap the time span, in order of time."""
    return calendar.shifts_between(start_us, end_us)


def cut_overlaps(shifts: Sequence[Shift]) -> list[Shift]:
    """Return the shifts in order of time, each ended where the next one starts; none is empty."""
    ordered = sorted(shifts, key=lambda shift: (shift.start_us, shift.end_us))
    cut = [
        shift.clip(shift.start_us, following.start_us)
        if following.start_us < shift.end_us
        else shift
        for shift, following in pairwise(ordered)
    ]
    return [shift for shift in (*cut, *ordered[-1:]) if shift.start_us < shift.end_us]


def local_day(at_us: int, zone: ZoneInfo) -> date:
    """Return the plant day at an instant."""
    return instant_of(at_us).astimezone(zone).date()


@lru_cache(maxsize=4096)  # plants of one zone have the same days and often the same shifts
def local_us(day: date, minutes: int, zone: ZoneInfo) -> int:
    """Return the instant of a plant clock time in minutes; 1440 and more are on the next day.

    At the end of summer time, a time that occurs twice means the first. At its start, a time
    that is skipped means the instant of the change. So later times never come before earlier
    ones, and adjacent shifts still meet.
    """
    days, rest = divmod(minutes, DAY_MIN)
    midnight = datetime(day.year, day.month, day.day, rest // 60, rest % 60, tzinfo=zone)
    local = midnight + timedelta(days=days)
    before, after = local.utcoffset(), local.replace(fold=1).utcoffset()
    at_us = microseconds_of(local.astimezone(UTC))
    if before is None or after is None or after <= before:
        return at_us
    return _change_before(at_us, after - before, zone)


def _change_before(at_us: int, skipped: timedelta, zone: ZoneInfo) -> int:
    """Return when the clock went forward, at most `skipped` before an instant."""
    latest, step = instant_of(at_us), skipped
    offset = latest.astimezone(zone).utcoffset()
    earliest = latest - step
    while latest - earliest > _ONE_MINUTE:
        middle = earliest + (latest - earliest) // _ONE_MINUTE // 2 * _ONE_MINUTE
        if middle.astimezone(zone).utcoffset() == offset:
            latest = middle
        else:
            earliest = middle
    return microseconds_of(earliest if earliest.astimezone(zone).utcoffset() == offset else latest)


def _shift_on(day: date, pattern: ShiftPattern, zone: ZoneInfo) -> Shift:
    start_us = local_us(day, pattern.start_min, zone)
    end_us = local_us(day, pattern.end_min, zone)
    breaks = _breaks_on(day, pattern, (start_us, end_us), zone)
    return Shift(pattern.name, day, start_us, end_us, breaks, pattern.team)


def _breaks_on(
    day: date, pattern: ShiftPattern, span: tuple[int, int], zone: ZoneInfo
) -> tuple[tuple[int, int], ...]:
    """Return the breaks: each lasts as long as written, also where the clock changes."""
    breaks: list[tuple[int, int]] = []
    free_us, written_end = span[0], 0
    for begin, end in pattern.breaks_min:
        duration_us = (end - begin) * _MINUTE_US
        start_us = min(local_us(day, begin, zone), span[1] - duration_us)
        # Breaks in a skipped hour follow one another; those that overlap as written do so here.
        start_us = max(start_us, free_us if begin >= written_end else span[0])
        free_us, written_end = min(start_us + duration_us, span[1]), end
        if start_us < free_us:
            breaks.append((start_us, free_us))
    return tuple(breaks)
