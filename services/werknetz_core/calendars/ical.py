"""iCalendar (RFC 5545): shifts as events with rules, exceptions and a time zone, and back.

A recurring shift is one event with RRULE and EXDATE; a shift of an exception is an event of its
own; a closed day is an all-day event. Breaks are in X-WERKNETZ-BREAK, as minutes from the start,
and the team of a shift is in X-WERKNETZ-TEAM. It is written as a category, too, for programs that
show it; categories of other files are no teams.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar as Document
from icalendar import Event, vText

from werknetz.domain.bucket import instant_of
from werknetz.domain.calendar_history import CalendarHistory
from werknetz.domain.shift import Calendar, CalendarRejected, ShiftPattern, local_day
from werknetz.domain.shift_pattern import DAY_MIN
from werknetz.texts.sentence import Sentence

_BREAK: Final = "X-WERKNETZ-BREAK"
_TEAM: Final = "X-WERKNETZ-TEAM"
_ESCAPED: Final = re.compile(r"\\(.)")
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAYS_MAX: Final = 3 * 366
_WEEK: Final = 7


class DayShift(NamedTuple):
    """A shift in local clock times."""

    name: str
    start: str
    end: str
    breaks: tuple[tuple[str, str], ...]
    team: str = ""  # empty: none


DayShifts = tuple[DayShift, ...]


def export_history(history: CalendarHistory, path: str, start_us: int, end_us: int) -> str:
    """Return the shifts that start in a span as an iCalendar file."""
    document = Document()
    document.add("prodid", "-//Werknetz//Shift calendar//EN")
    document.add("version", "2.0")
    document.add("name", path)
    ends = [*(at for at, _ in history.steps[1:]), end_us]
    for (since_us, calendar), until_us in zip(history.steps, ends, strict=True):
        first_us, last_us = max(since_us, start_us), min(until_us, end_us)
        if first_us < last_us:
            _add_events(document, path, calendar, first_us, last_us)
    document.add_missing_timezones()
    return str(document.to_ical(), "utf-8")


def import_document(text: bytes, time_zone: str, start_us: int, end_us: int) -> dict[str, Any]:
    """Return the calendar document that has the shifts of an iCalendar file in a span.

    The shifts of each weekday are those that most of them have; other days become exceptions. Only
    the weeks from the first to the last event of the file count: the time beside them is unknown.
    Raises CalendarRejected with the remedy.
    """
    zone = ZoneInfo(time_zone)
    first, last = local_day(start_us, zone), local_day(end_us - 1, zone)
    if (last - first).days > _DAYS_MAX:
        raise CalendarRejected(Sentence("calendars.ical_span", days_max=_DAYS_MAX))
    try:
        source = Document.from_ical(text)
        events = recurring_ical_events.of(source).between(first, last + timedelta(days=1))
    except (ValueError, KeyError, IndexError) as error:
        raise CalendarRejected(Sentence("calendars.no_ical", error=error)) from error
    by_day, closed = _sort_events(events, zone, first, last)
    if not by_day and not closed:
        raise CalendarRejected(Sentence("calendars.ical_without_event", first=first, last=last))
    days = {*by_day, *closed}
    monday = min(days) - timedelta(days=min(days).weekday())
    sunday = max(days) + timedelta(days=_WEEK - 1 - max(days).weekday())
    return _document_of(by_day, closed, time_zone, max(first, monday), min(last, sunday))


def _add_events(
    document: Document, path: str, calendar: Calendar, start_us: int, end_us: int
) -> None:
    zone = calendar.zone
    days = [
        day
        for day in _days(local_day(start_us, zone), local_day(end_us, zone))
        if start_us <= _midnight(day, zone) < end_us or day == local_day(start_us, zone)
    ]
    in_span = {
        day: [s.name for s in calendar.shifts_on(day) if start_us <= s.start_us < end_us]
        for day in days
    }
    for number, (pattern, numbers) in enumerate(_recurring(calendar)):
        regular = [
            day for day in days if (day - calendar.anchor).days % calendar.cycle_days in numbers
        ]
        present = [
            d for d in regular if d not in calendar.exceptions and pattern.name in in_span[d]
        ]
        if present:
            event = _event(path, str(number), pattern, present[0], zone)
            event.add("rrule", _rule(calendar, numbers, _start(pattern, present[-1], zone)))
            for day in regular:
                if present[0] <= day <= present[-1] and day not in present:
                    event.add("exdate", _start(pattern, day, zone))
            document.add_component(event)
    for day in days:
        _add_exception(document, path, calendar, day, in_span[day])


def _add_exception(
    document: Document, path: str, calendar: Calendar, day: date, names: Sequence[str]
) -> None:
    patterns = calendar.exceptions.get(day)
    if patterns is None:
        return
    for pattern in patterns:
        if pattern.name in names:
            document.add_component(
                _event(path, f"{day}-{pattern.start_min}", pattern, day, calendar.zone)
            )
    if not patterns:
        event = Event()
        event.add("uid", f"{path}-{day}@werknetz")
        event.add("dtstamp", instant_of(0))
        event.add("summary", "closed")
        event.add("dtstart", day)
        event.add("transp", "TRANSPARENT")
        document.add_component(event)


def _event(path: str, key: str, pattern: ShiftPattern, day: date, zone: ZoneInfo) -> Event:
    event = Event()
    event.add("uid", f"{path}-{key}-{day}@werknetz")
    event.add("dtstamp", instant_of(0))
    event.add("summary", pattern.name)
    if pattern.team is not None:
        event.add(_TEAM, vText(pattern.team))
        event.add("categories", [pattern.team])  # programs show it
    event.add("dtstart", _start(pattern, day, zone))
    end = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=pattern.end_min)
    event.add("dtend", end)
    for begin, until in pattern.breaks_min:
        event.add(_BREAK, f"{begin - pattern.start_min}-{until - pattern.start_min}")
    return event


def _start(pattern: ShiftPattern, day: date, zone: ZoneInfo) -> datetime:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return midnight + timedelta(minutes=pattern.start_min)


def _recurring(calendar: Calendar) -> Iterator[tuple[ShiftPattern, frozenset[int]]]:
    """Yield the shifts with the days of the cycle that one rule can say."""
    for pattern in calendar.patterns:
        if calendar.cycle_days == _WEEK:
            yield pattern, pattern.days
        else:
            for number in sorted(pattern.days):
                yield pattern, frozenset({number})


def _rule(calendar: Calendar, numbers: frozenset[int], last: datetime) -> dict[str, Any]:
    until = last.astimezone(ZoneInfo("UTC"))
    if calendar.cycle_days != _WEEK:
        return {"freq": "daily", "interval": calendar.cycle_days, "until": until}
    weekdays = sorted((calendar.anchor + timedelta(days=n)).weekday() for n in numbers)
    return {"freq": "weekly", "byday": [_WEEKDAYS[n] for n in weekdays], "until": until}


def _sort_events(
    events: Iterable[Event], zone: ZoneInfo, first: date, last: date
) -> tuple[dict[date, DayShifts], dict[date, str]]:
    """Return the shifts of each day, and the closed days with their names."""
    shifts: dict[date, list[DayShift]] = defaultdict(list)
    closed: dict[date, str] = {}
    for event in events:
        start: Any = event.start
        end: Any = event.end
        name = str(event.get("summary", "")) or "shift"
        if not isinstance(start, datetime):
            for day in _days(start, end):
                if first <= day <= last:
                    closed[day] = name
            continue
        begin = start.astimezone(zone) if start.tzinfo else start.replace(tzinfo=zone)
        until = end.astimezone(zone) if end.tzinfo else end.replace(tzinfo=zone)
        if (
            not timedelta(0)
            < until.replace(tzinfo=None) - begin.replace(tzinfo=None)
            <= timedelta(days=1)
        ):
            raise CalendarRejected(Sentence("calendars.ical_too_long", name=name, begin=begin))
        if first <= begin.date() <= last:
            start_clock, end_clock = f"{begin:%H:%M}", f"{until:%H:%M}"
            breaks, team = _breaks(event, begin), _team(event)
            shifts[begin.date()].append(DayShift(name, start_clock, end_clock, breaks, team))
    return {
        day: tuple(sorted(of_day, key=lambda s: s.start)) for day, of_day in shifts.items()
    }, closed


def _team(event: Event) -> str:
    """Return the team of a shift; empty: the file names none."""
    value = event.get(_TEAM)
    texts = value if isinstance(value, list) else [value]
    if len(texts) > 1:
        raise CalendarRejected(Sentence("calendars.ical_teams", team=_TEAM, number=len(texts)))
    # The library leaves the text of unknown properties as it is written (RFC 5545, 3.3.11).
    text = "" if texts[0] is None else str(texts[0])
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], text).strip()


def _breaks(event: Event, begin: datetime) -> tuple[tuple[str, str], ...]:
    values = event.get(_BREAK, [])
    texts = values if isinstance(values, list) else [values]
    breaks = []
    for text in texts:
        start, _, end = str(text).partition("-")
        if not (start.isdigit() and end.isdigit()):
            raise CalendarRejected(Sentence("calendars.ical_break", break_=_BREAK, text=str(text)))
        breaks.append((_clock(begin, int(start)), _clock(begin, int(end))))
    return tuple(breaks)


def _clock(begin: datetime, minutes: int) -> str:
    total = (begin.hour * 60 + begin.minute + minutes) % DAY_MIN
    return f"{total // 60:02}:{total % 60:02}"


def _document_of(
    by_day: Mapping[date, DayShifts],
    closed: Mapping[date, str],
    time_zone: str,
    first: date,
    last: date,
) -> dict[str, Any]:
    shifts: DayShifts
    days = list(_days(first, last + timedelta(days=1)))
    common: dict[int, DayShifts] = {}
    for weekday in range(_WEEK):
        counts = Counter(
            by_day.get(day, ()) for day in days if day.weekday() == weekday and day not in closed
        )
        common[weekday] = counts.most_common(1)[0][0] if counts else ()
    weekdays: dict[DayShift, list[int]] = defaultdict(list)
    for weekday, shifts in common.items():
        for shift in shifts:
            weekdays[shift].append(weekday)
    exceptions: list[dict[str, Any]] = []
    for day in days:
        shifts = () if day in closed else by_day.get(day, ())
        if shifts != common[day.weekday()]:
            entry: dict[str, Any] = {"date": day.isoformat()}
            if day in closed:
                entry["name"] = closed[day]
            exceptions.append(
                entry | ({"shifts": [_shift_entry(s) for s in shifts]} if shifts
                         else {"closed": True})
            )  # fmt: skip
    return {
        "time_zone": time_zone,
        "cycle_days": _WEEK,
        "anchor": "2026-01-05",
        "shifts": [
            _shift_entry(shift) | {"days": numbers} for shift, numbers in sorted(weekdays.items())
        ],
        "exceptions": exceptions,
    }


def _shift_entry(shift: DayShift) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": shift.name, "start": shift.start, "end": shift.end}
    if shift.breaks:
        entry["breaks"] = [list(pair) for pair in shift.breaks]
    if shift.team:
        entry["team"] = shift.team
    return entry


def _days(first: date, end: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((end - first).days))


def _midnight(day: date, zone: ZoneInfo) -> int:
    at = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(at.timestamp() * 1_000_000)
