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
from werknetz.texts.sentence import Sentence

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
            raise CalendarRejected(Sentence("calendars.not_an_object", document=document))
        zone = _zone_name(document)
        cycle = document.get("cycle_days", 7)
        if not isinstance(cycle, int) or cycle is True or not 1 <= cycle <= CYCLE_DAYS_MAX:
            raise CalendarRejected(
                Sentence("calendars.cycle_days", cycle=cycle, maximum=CYCLE_DAYS_MAX)
            )
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
        raise CalendarRejected(Sentence("calendars.time_zone", name=name)) from error
    return str(name)


def _date(value: object, where: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise CalendarRejected(Sentence("calendars.date", where=where, value=value)) from error


def _exceptions(entries: object) -> dict[date, tuple[ShiftPattern, ...]]:
    by_day: dict[date, tuple[ShiftPattern, ...]] = {}
    for number, entry in enumerate(_list(entries, "exceptions")):
        where = f"exceptions[{number}]"
        if not isinstance(entry, Mapping):
            raise CalendarRejected(Sentence("calendars.exception_form", where=where, entry=entry))
        day = _date(entry.get("date"), f"{where}.date")
        if day in by_day:
            raise CalendarRejected(Sentence("calendars.day_twice", where=where, day=day))
        if entry.get("closed"):
            by_day[day] = ()
        elif "shifts" in entry:
            by_day[day] = _patterns(entry["shifts"], f"{where}.shifts", None)
        else:
            raise CalendarRejected(Sentence("calendars.closed_or_shifts", where=where))
    return by_day


def _patterns(entries: object, where: str, cycle: int | None) -> tuple[ShiftPattern, ...]:
    return tuple(
        _pattern(entry, f"{where}[{number}]", cycle)
        for number, entry in enumerate(_list(entries, where))
    )


def _pattern(entry: object, where: str, cycle: int | None) -> ShiftPattern:
    if not isinstance(entry, Mapping) or not entry.get("name"):
        raise CalendarRejected(Sentence("calendars.shift_form", where=where, entry=entry))
    numbers = _list(entry.get("days", []), f"{where}.days")
    if not all(isinstance(day, int) and not isinstance(day, bool) for day in numbers):
        raise CalendarRejected(Sentence("calendars.days_form", where=where, numbers=numbers))
    days = frozenset(numbers)
    if cycle is not None and not (days and days <= set(range(cycle))):
        raise CalendarRejected(Sentence("calendars.days_of_cycle", where=where, last=cycle - 1))
    start = _minutes(entry.get("start"), f"{where}.start")
    end = _minutes(entry.get("end"), f"{where}.end")
    if start >= DAY_MIN:
        raise CalendarRejected(Sentence("calendars.start_at_24", where=where))
    for name, minutes in (("start", start), ("end", end)):
        if minutes % BUCKET_MIN:
            raise CalendarRejected(Sentence("calendars.quarters", where=where, name=name))
    end += 0 if end > start else DAY_MIN
    breaks = []
    for number, pair in enumerate(_list(entry.get("breaks", []), f"{where}.breaks")):
        breaks.append(_break(pair, f"{where}.breaks[{number}]", start, end))
    team = entry.get("team")
    if team is not None and (not isinstance(team, str) or not team.strip()):
        raise CalendarRejected(Sentence("calendars.team", where=where, team=team))
    return ShiftPattern(str(entry["name"]), start, end, tuple(sorted(breaks)), days, team)


def _break(pair: object, where: str, start: int, end: int) -> tuple[int, int]:
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise CalendarRejected(Sentence("calendars.pair", where=where, pair=pair))
    begin, until = (_minutes(value, where) for value in pair)
    begin += 0 if begin >= start else DAY_MIN
    until += 0 if until > begin else DAY_MIN
    if until > end:
        raise CalendarRejected(Sentence("calendars.break_outside", where=where, pair=pair))
    return begin, until


def _minutes(value: object, where: str) -> int:
    hour, colon, minute = str(value).partition(":")
    if colon and hour.isdigit() and len(minute) == 2 and minute.isdigit():
        total = int(hour) * 60 + int(minute)
        if int(minute) < 60 and total <= DAY_MIN:
            return total
    raise CalendarRejected(Sentence("calendars.time", where=where, value=value))


def _list(value: object, where: str) -> Sequence[Any]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    raise CalendarRejected(Sentence("calendars.list", where=where, value=value))


def _reject_unknown_keys(document: Mapping[str, Any]) -> None:
    _reject_other_keys(document, _DOCUMENT_KEYS, "the calendar")
    _reject_shift_keys(document["shifts"], "shifts")
    for number, entry in enumerate(document.get("exceptions", [])):
        where = f"exceptions[{number}]"
        _reject_other_keys(entry, _EXCEPTION_KEYS, where)
        if entry.get("closed") and entry.get("shifts"):
            raise CalendarRejected(Sentence("calendars.closed_and_shifts", where=where))
        _reject_shift_keys(entry.get("shifts", []), f"{where}.shifts")


def _reject_shift_keys(entries: Sequence[Mapping[str, Any]], where: str) -> None:
    for number, entry in enumerate(entries):
        _reject_other_keys(entry, _SHIFT_KEYS, f"{where}[{number}]")


def _reject_other_keys(entry: Mapping[str, Any], allowed: frozenset[str], where: str) -> None:
    if unknown := entry.keys() - allowed:
        raise CalendarRejected(
            Sentence(
                "calendars.unknown_key", where=where, unknown=min(unknown), allowed=sorted(allowed)
            )
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
                    Sentence(
                        "calendars.exception_overlaps",
                        day=day,
                        first=first.describe(),
                        first_day=day + timedelta(days=m),
                        second=second.describe(),
                        second_day=day + timedelta(days=n),
                    )
                )


def _reject_overlapping_breaks(fields: CalendarFields) -> None:
    for pattern in (*fields.patterns, *(p for ps in fields.exceptions.values() for p in ps)):
        for (_, end), (start, _) in pairwise(pattern.breaks_min):
            if start < end:
                raise CalendarRejected(
                    Sentence("calendars.breaks_overlap", name=pattern.name, start=_clock(start))
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
                Sentence(
                    "calendars.shifts_overlap", name=name, other=other, day=start // DAY_MIN % cycle
                )
            )


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"
