"""The shift calendar: a validated document in plant time, and its shifts in UTC.

A shift belongs to the day on which it starts. Shifts start and end on quarters of an hour, as
sums are stored in buckets of 15 minutes; breaks may start and end at any minute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from werknetz.domain.bucket import BUCKET_US, instant_of, microseconds_of

DAY_MIN: Final = 24 * 60
BUCKET_MIN: Final = BUCKET_US // 60_000_000
CYCLE_DAYS_MAX: Final = 366


class CalendarRejected(ValueError):
    """The calendar document is invalid; the text names the place and the remedy."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift on one day, in microseconds UTC."""

    name: str
    day: date
    start_us: int
    end_us: int
    breaks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ShiftPattern:
    """A recurring shift in minutes since midnight; an end above 1440 is on the next day."""

    name: str
    start_min: int
    end_min: int
    breaks_min: tuple[tuple[int, int], ...] = ()
    days: frozenset[int] = frozenset()

    def shift_on(self, day: date, zone: ZoneInfo) -> Shift:
        return Shift(
            self.name,
            day,
            local_us(day, self.start_min, zone),
            local_us(day, self.end_min, zone),
            tuple(
                (local_us(day, begin, zone), local_us(day, end, zone))
                for begin, end in self.breaks_min
            ),
        )


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
        zone = _zone_name(document)
        cycle = document.get("cycle_days", 7)
        if not isinstance(cycle, int) or not 1 <= cycle <= CYCLE_DAYS_MAX:
            raise CalendarRejected(f"cycle_days is {cycle!r}: write 1 to {CYCLE_DAYS_MAX} days")
        anchor = _date(document.get("anchor", "2026-01-05"), "anchor")
        patterns = _patterns(document.get("shifts"), "shifts", cycle)
        _reject_overlaps(patterns, cycle)
        return cls(zone, cycle, anchor, patterns, _exceptions(document.get("exceptions", [])))

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def shifts_on(self, day: date) -> list[Shift]:
        """Return the shifts that start on a plant day, in order of time."""
        patterns = self.exceptions.get(day)
        if patterns is None:
            number = (day - self.anchor).days % self.cycle_days
            patterns = tuple(pattern for pattern in self.patterns if number in pattern.days)
        return sorted(
            (p.shift_on(day, self.zone) for p in patterns), key=lambda shift: shift.start_us
        )


def shifts_between(calendar: Calendar, start_us: int, end_us: int) -> list[Shift]:
    """Return the complete shifts that overlap the time span, in order of time."""
    if start_us >= end_us:
        return []
    # A shift lasts at most a day and a clock change: the first one began at most two days before.
    day = local_day(start_us, calendar.zone) - timedelta(days=2)
    last = local_day(end_us, calendar.zone)
    shifts: list[Shift] = []
    while day <= last:
        shifts += [
            s for s in calendar.shifts_on(day) if s.start_us < end_us and s.end_us > start_us
        ]
        day += timedelta(days=1)
    return shifts


def local_day(at_us: int, zone: ZoneInfo) -> date:
    """Return the plant day at an instant."""
    return instant_of(at_us).astimezone(zone).date()


def local_us(day: date, minutes: int, zone: ZoneInfo) -> int:
    """Return the instant of a plant clock time in minutes; 1440 and more are on the next day.

    At the end of summer time, a time that occurs twice means the first. At its start, a time
    that is skipped is taken with the offset before the change, so adjacent shifts still meet.
    """
    days, rest = divmod(minutes, DAY_MIN)
    local = datetime(day.year, day.month, day.day, rest // 60, rest % 60, tzinfo=zone)
    return microseconds_of((local + timedelta(days=days)).astimezone(UTC))


def _zone_name(document: Mapping[str, Any]) -> str:
    name = document.get("time_zone")
    try:
        ZoneInfo(str(name))
    except (KeyError, ValueError, OSError) as error:
        raise CalendarRejected(
            f"time_zone is {name!r}: write an IANA name such as Europe/Berlin"
        ) from error
    return str(name)


def _date(value: object, where: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise CalendarRejected(f"{where} is {value!r}: write a date such as 2026-12-24") from error


def _exceptions(entries: object) -> dict[date, tuple[ShiftPattern, ...]]:
    by_day: dict[date, tuple[ShiftPattern, ...]] = {}
    for number, entry in enumerate(_list(entries, "exceptions")):
        where = f"exceptions[{number}]"
        if not isinstance(entry, Mapping):
            raise CalendarRejected(f"{where} is {entry!r}: write a date with closed or shifts")
        day = _date(entry.get("date"), f"{where}.date")
        if day in by_day:
            raise CalendarRejected(f"{where}: {day} occurs twice; write one entry per day")
        if entry.get("closed"):
            by_day[day] = ()
        elif "shifts" in entry:
            by_day[day] = _patterns(entry["shifts"], f"{where}.shifts", None)
        else:
            raise CalendarRejected(f"{where}: write closed: true, or the shifts of that day")
    return by_day


def _patterns(entries: object, where: str, cycle: int | None) -> tuple[ShiftPattern, ...]:
    return tuple(
        _pattern(entry, f"{where}[{number}]", cycle)
        for number, entry in enumerate(_list(entries, where))
    )


def _pattern(entry: object, where: str, cycle: int | None) -> ShiftPattern:
    if not isinstance(entry, Mapping) or not entry.get("name"):
        raise CalendarRejected(f"{where} is {entry!r}: write name, days, start and end")
    days = frozenset(_list(entry.get("days", []), f"{where}.days"))
    if cycle is not None and not (days and days <= set(range(cycle))):
        raise CalendarRejected(f"{where}.days: write numbers from 0 to {cycle - 1} of the cycle")
    start = _minutes(entry.get("start"), f"{where}.start")
    end = _minutes(entry.get("end"), f"{where}.end")
    if start >= DAY_MIN:
        raise CalendarRejected(f"{where}.start is 24:00: write 00:00 on the next day")
    for name, minutes in (("start", start), ("end", end)):
        if minutes % BUCKET_MIN:
            raise CalendarRejected(
                f"{where}.{name}: shifts begin and end on a quarter of an hour "
                f"(:00, :15, :30, :45); write the rest as a break"
            )
    end += 0 if end > start else DAY_MIN
    breaks = []
    for number, pair in enumerate(_list(entry.get("breaks", []), f"{where}.breaks")):
        breaks.append(_break(pair, f"{where}.breaks[{number}]", start, end))
    return ShiftPattern(str(entry["name"]), start, end, tuple(sorted(breaks)), days)


def _break(pair: object, where: str, start: int, end: int) -> tuple[int, int]:
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise CalendarRejected(f'{where} is {pair!r}: write ["10:00", "10:30"]')
    begin, until = (_minutes(value, where) for value in pair)
    begin += 0 if begin >= start else DAY_MIN
    until += 0 if until > begin else DAY_MIN
    if until > end:
        raise CalendarRejected(f"{where} is {pair!r}: a break must be inside its shift")
    return begin, until


def _minutes(value: object, where: str) -> int:
    hour, colon, minute = str(value).partition(":")
    if colon and hour.isdigit() and len(minute) == 2 and minute.isdigit():
        total = int(hour) * 60 + int(minute)
        if int(minute) < 60 and total <= DAY_MIN:
            return total
    raise CalendarRejected(f'{where} is {value!r}: write a time such as "06:00", in quotes')


def _list(value: object, where: str) -> Sequence[Any]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    raise CalendarRejected(f"{where} is {value!r}: write a list")


def _reject_overlaps(patterns: Sequence[ShiftPattern], cycle: int) -> None:
    """Raise CalendarRejected where shifts overlap: a second would be counted twice."""
    spans = sorted(
        (day * DAY_MIN + p.start_min, day * DAY_MIN + p.end_min, p.name)
        for p in patterns
        for day in p.days
    )
    if not spans:
        return
    starts = [(start, name) for start, _, name in spans]
    starts.append((starts[0][0] + cycle * DAY_MIN, starts[0][1]))
    for (_, end, name), (start, other) in zip(spans, starts[1:], strict=True):
        if start < end:
            raise CalendarRejected(
                f"shifts {name!r} and {other!r} overlap on day {start // DAY_MIN % cycle} "
                "of the cycle: let one end where the other starts"
            )
