"""Parses a calendar document: recurring shifts, breaks and exceptions in plant time.

Every error names the place in the document and the remedy.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from werknetz.domain.bucket import BUCKET_US

DAY_MIN: Final = 24 * 60
BUCKET_MIN: Final = BUCKET_US // 60_000_000
CYCLE_DAYS_MAX: Final = 366
_DOCUMENT_KEYS: Final = frozenset(
    {"time_zone", "cycle_days", "anchor", "shifts", "exceptions", "holidays"}
)
_SHIFT_KEYS: Final = frozenset({"name", "days", "start", "end", "breaks", "team"})
_EXCEPTION_KEYS: Final = frozenset({"date", "closed", "shifts", "name", "holiday"})


class CalendarRejected(ValueError):
    """The calendar document is invalid; the text names the place and the remedy."""


@dataclass(frozen=True, slots=True)
class ShiftPattern:
    """A recurring shift in minutes since midnight; an end above 1440 is on the next day."""

    name: str
    start_min: int
    end_min: int
    breaks_min: tuple[tuple[int, int], ...] = ()
    days: frozenset[int] = frozenset()
    team: str | None = None  # who works in it; None: the shift is not named otherwise

    def describe(self) -> str:
        return f"{self.name!r} ({_clock(self.start_min)} to {_clock(self.end_min)})"


@dataclass(frozen=True, slots=True)
class CalendarFields:
    """A parsed document."""

    time_zone: str
    cycle_days: int
    anchor: date
    patterns: tuple[ShiftPattern, ...]
    exceptions: Mapping[date, tuple[ShiftPattern, ...]]

    @classmethod
    def parse(cls, document: Mapping[str, Any], *, strict: bool = True) -> Self:
        """Parse a document; raise CalendarRejected with the place and the remedy.

        Not strict: shifts and breaks may overlap and unknown keys are ignored, as in documents
        that an earlier version stored.
        """
        if not isinstance(document, Mapping):
            raise CalendarRejected(f"the calendar is {document!r}: write an object with shifts")
        zone = _zone_name(document)
        cycle = document.get("cycle_days", 7)
        if not isinstance(cycle, int) or cycle is True or not 1 <= cycle <= CYCLE_DAYS_MAX:
            raise CalendarRejected(f"cycle_days is {cycle!r}: write 1 to {CYCLE_DAYS_MAX} days")
        anchor = _date(document.get("anchor", "2026-01-05"), "anchor")
        patterns = _patterns(document.get("shifts"), "shifts", cycle)
        exceptions = _exceptions(document.get("exceptions", []))
        fields = cls(zone, cycle, anchor, patterns, exceptions)
        if strict:
            _reject_unknown_keys(document)
            _reject_overlaps(fields)
        return fields

    def patterns_on(self, day: date) -> tuple[ShiftPattern, ...]:
        """Return the shifts that start on a plant day."""
        patterns = self.exceptions.get(day)
        if patterns is not None:
            return patterns
        number = (day - self.anchor).days % self.cycle_days
        return tuple(pattern for pattern in self.patterns if number in pattern.days)


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
    numbers = _list(entry.get("days", []), f"{where}.days")
    if not all(isinstance(day, int) and not isinstance(day, bool) for day in numbers):
        raise CalendarRejected(f"{where}.days is {numbers!r}: write numbers of days, such as 0")
    days = frozenset(numbers)
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
    team = entry.get("team")
    if team is not None and (not isinstance(team, str) or not team.strip()):
        raise CalendarRejected(f"{where}.team is {team!r}: write a name, or leave it out")
    return ShiftPattern(str(entry["name"]), start, end, tuple(sorted(breaks)), days, team)


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


def _reject_unknown_keys(document: Mapping[str, Any]) -> None:
    _reject_other_keys(document, _DOCUMENT_KEYS, "the calendar")
    _reject_shift_keys(document["shifts"], "shifts")
    for number, entry in enumerate(document.get("exceptions", [])):
        where = f"exceptions[{number}]"
        _reject_other_keys(entry, _EXCEPTION_KEYS, where)
        if entry.get("closed") and entry.get("shifts"):
            raise CalendarRejected(f"{where}: write closed: true, or shifts, not both")
        _reject_shift_keys(entry.get("shifts", []), f"{where}.shifts")


def _reject_shift_keys(entries: Sequence[Mapping[str, Any]], where: str) -> None:
    for number, entry in enumerate(entries):
        _reject_other_keys(entry, _SHIFT_KEYS, f"{where}[{number}]")


def _reject_other_keys(entry: Mapping[str, Any], allowed: frozenset[str], where: str) -> None:
    if unknown := entry.keys() - allowed:
        raise CalendarRejected(
            f"{where} has the unknown key {min(unknown)!r}: known are {', '.join(sorted(allowed))}"
        )


def _reject_overlaps(fields: CalendarFields) -> None:
    """Raise CalendarRejected where shifts or breaks overlap: a second would be counted twice."""
    _reject_overlapping_breaks(fields)
    _reject_overlaps_in_cycle(fields.patterns, fields.cycle_days)
    for day in sorted(fields.exceptions):
        spans = sorted(
            (n * DAY_MIN + p.start_min, n * DAY_MIN + p.end_min, n, p.name, p)
            for n in (-1, 0, 1)
            for p in fields.patterns_on(day + timedelta(days=n))
        )
        for (_, end, m, _, first), (start, _, n, _, second) in pairwise(spans):
            if start < end and 0 in {m, n}:
                raise CalendarRejected(
                    f"exception {day}: shift {first.describe()} of {day + timedelta(days=m)} and "
                    f"shift {second.describe()} of {day + timedelta(days=n)} overlap: "
                    "let one end where the other starts"
                )


def _reject_overlapping_breaks(fields: CalendarFields) -> None:
    for pattern in (*fields.patterns, *(p for ps in fields.exceptions.values() for p in ps)):
        for (_, end), (start, _) in pairwise(pattern.breaks_min):
            if start < end:
                raise CalendarRejected(
                    f"breaks of shift {pattern.name!r} overlap at {_clock(start)}: "
                    "let one end where the other starts"
                )


def _reject_overlaps_in_cycle(patterns: Iterable[ShiftPattern], cycle: int) -> None:
    spans = sorted(
        (day * DAY_MIN + p.start_min, day * DAY_MIN + p.end_min, p.name)
        for p in patterns
        for day in p.days
    )
    if not spans:
        return
    first = spans[0]
    after_cycle = (first[0] + cycle * DAY_MIN, first[1] + cycle * DAY_MIN, first[2])
    for (_, end, name), (start, _, other) in zip(spans, [*spans[1:], after_cycle], strict=True):
        if start < end:
            raise CalendarRejected(
                f"shifts {name!r} and {other!r} overlap on day {start // DAY_MIN % cycle} "
                "of the cycle: let one end where the other starts"
            )


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"
