"""iCalendar out and in: what RFC 5545 says with rules, exceptions and zones."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from werknetz.domain.bucket import microseconds_of
from werknetz.domain.calendar_history import CalendarHistory
from werknetz.domain.shift import Calendar, CalendarRejected, Shift
from werknetz_core.calendars.holidays import add_holidays
from werknetz_core.calendars.ical import export_history, import_document

BERLIN = "Europe/Berlin"
START = microseconds_of(datetime(2026, 9, 6, 22, tzinfo=UTC))  # Monday, midnight in Berlin
END = microseconds_of(datetime(2027, 9, 5, 22, tzinfo=UTC))


def shift(name: str, days: list[int], start: str, end: str, *breaks: list[str]) -> dict[str, Any]:
    return {"name": name, "days": days, "start": start, "end": end, "breaks": list(breaks)}


def shifts_of(document: dict[str, Any]) -> list[Shift]:
    return Calendar.parse(document).shifts_between(START, END)


WEEK = [0, 1, 2, 3, 4]
DOCUMENTS: list[dict[str, Any]] = [
    {"time_zone": BERLIN, "shifts": [shift("early", WEEK, "06:00", "14:00", ["10:00", "10:30"]),
     shift("night", WEEK, "22:00", "06:00", ["01:50", "02:20"], ["04:00", "04:15"])]},
    {"time_zone": BERLIN, "shifts": [shift("early", WEEK, "06:00", "14:00")], "exceptions": [
        {"date": "2026-12-24", "closed": True},
        {"date": "2026-12-28", "shifts": [{"name": "short", "start": "07:00", "end": "11:15"}]},
        {"date": "2026-12-27", "shifts": [{"name": "early", "start": "06:00", "end": "14:00"}]}]},
    {"time_zone": BERLIN, "shifts": [shift("all day", [*range(7)], "00:00", "24:00")]},
    {"time_zone": BERLIN, "shifts": [
        shift("early", [0, 1], "06:00", "14:00") | {"team": "rot, Süd; \\n\nA"},
        shift("early", [2, 3], "06:00", "14:00") | {"team": "blue"},
        shift("early", [4], "06:00", "14:00")], "exceptions": [
        {"date": "2026-12-21", "shifts": [
            {"name": "early", "start": "06:00", "end": "14:00", "team": "blue"}]}]},
    {"time_zone": "Australia/Lord_Howe", "shifts": [shift("n", WEEK, "22:00", "06:00")]},
]  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_goes_out_comes_back(document: dict[str, Any]) -> None:
    history = CalendarHistory.of([[(0, Calendar.parse(document))]])
    text = export_history(history, "n/p", START, END)
    imported = import_document(text.encode(), document["time_zone"], START, END)
    assert [s for s in shifts_of(imported) if s.start_us >= START] == [
        s for s in shifts_of(document) if s.start_us >= START
    ]


def test_a_rotation_goes_out_as_a_rule_for_each_day_of_the_cycle() -> None:
    rotation = {"time_zone": BERLIN, "cycle_days": 4, "anchor": "2026-09-07",
                "shifts": [shift("long", [0, 1], "06:00", "18:00")]}  # fmt: skip
    history = CalendarHistory.of([[(0, Calendar.parse(rotation))]])
    text = export_history(history, "n/p", START, END)
    assert text.count("RRULE:FREQ=DAILY") == 2
    assert text.count("INTERVAL=4") == 2
    imported = import_document(text.encode(), BERLIN, START, END)
    assert [(s.day, s.name) for s in shifts_of(imported)] == [
        (s.day, s.name) for s in shifts_of(rotation)
    ]


@pytest.mark.parametrize(
    ("first", "end"),
    [(datetime(2026, 9, 6, 22, tzinfo=UTC), datetime(2026, 12, 10, 23, tzinfo=UTC)),
     (datetime(2026, 10, 27, 23, tzinfo=UTC), datetime(2026, 12, 18, 23, tzinfo=UTC)),
     (datetime(2027, 7, 11, 22, tzinfo=UTC), datetime(2027, 9, 5, 22, tzinfo=UTC))],
    ids=["it ends before the span", "it lies within the span", "it begins late in the span"],
)  # fmt: skip
def test_the_time_beside_a_file_has_no_exceptions(first: datetime, end: datetime) -> None:
    """A year is asked for, and the file has some weeks of it."""
    document = {"time_zone": BERLIN, "shifts": [shift("early", WEEK, "06:00", "14:00")]}
    history = CalendarHistory.of([[(0, Calendar.parse(document))]])
    text = export_history(history, "p", microseconds_of(first), microseconds_of(end))
    imported = import_document(text.encode(), BERLIN, START, END)
    (pattern,) = imported["shifts"]
    assert (pattern["name"], pattern["days"]) == ("early", WEEK)
    weeks = {date.fromisoformat(day["date"]).isocalendar()[:2] for day in imported["exceptions"]}
    edges = {first.date().isocalendar()[:2], end.date().isocalendar()[:2]}
    assert weeks <= edges


def test_each_version_goes_out_for_its_time() -> None:
    change = microseconds_of(datetime(2027, 1, 3, 23, tzinfo=UTC))
    first, second = (
        Calendar.parse({"time_zone": BERLIN, "shifts": [shift(name, WEEK, start, "14:00")]})
        for name, start in (("early", "06:00"), ("later", "08:00"))
    )
    text = export_history(CalendarHistory.of([[(0, first), (change, second)]]), "p", START, END)
    imported = import_document(text.encode(), BERLIN, START, END)
    by_day = {s.day: s.name for s in shifts_of(imported)}
    assert (by_day[date(2027, 1, 1)], by_day[date(2027, 1, 4)]) == ("early", "later")


FOREIGN = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//other//EN
BEGIN:VTIMEZONE
TZID:Werk
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
END:DAYLIGHT
END:VTIMEZONE
{events}
END:VCALENDAR
"""


def event(*lines: str) -> str:
    uid = abs(hash(lines))
    return "\n".join(
        ("BEGIN:VEVENT", f"UID:{uid}@y", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT")
    )


@pytest.mark.parametrize(
    ("lines", "day", "expected"),
    [
        (["SUMMARY:Früh", "DTSTART;TZID=Werk:20260907T060000", "DTEND;TZID=Werk:20260907T140000",
          "RRULE:FREQ=WEEKLY;BYDAY=MO,TU"], "2026-11-03", [("Früh", "06:00", "14:00")]),
        (["SUMMARY:Früh", "DTSTART;TZID=Werk:20260907T060000", "DURATION:PT8H",
          "RRULE:FREQ=WEEKLY;BYDAY=MO,TU"], "2026-11-03", [("Früh", "06:00", "14:00")]),
        (["SUMMARY:Früh", "DTSTART;TZID=Werk:20260907T060000", "DTEND;TZID=Werk:20260907T140000",
          "RRULE:FREQ=WEEKLY;BYDAY=MO", "EXDATE;TZID=Werk:20261102T060000"], "2026-11-02", []),
        # In UTC: at 06:00 in summer, at 05:00 in winter.
        (["SUMMARY:utc", "DTSTART:20260907T040000Z", "DTEND:20260907T120000Z",
          "RRULE:FREQ=WEEKLY;BYDAY=MO"], "2026-11-02", [("utc", "05:00", "13:00")]),
        # A night, and a time without a zone: plant time.
        (["SUMMARY:n", "DTSTART:20260907T220000", "DTEND:20260908T060000",
          "RRULE:FREQ=DAILY;INTERVAL=2"], "2026-09-09", [("n", "22:00", "06:00")]),
        (["SUMMARY:n", "DTSTART:20260907T220000", "DTEND:20260908T060000",
          "RRULE:FREQ=DAILY;INTERVAL=2"], "2026-09-10", []),
    ],
)  # fmt: skip
def test_events_of_others_are_read(
    lines: list[str], day: str, expected: list[tuple[str, str, str]]
) -> None:
    text = FOREIGN.format(events=event(*lines)).replace("\n", "\r\n")
    document = import_document(text.encode(), BERLIN, START, END)
    calendar = Calendar.parse(document)
    names = [
        (s.name, *(f"{datetime.fromtimestamp(at / 1e6, calendar.zone):%H:%M}"
                   for at in (s.start_us, s.end_us)))
        for s in calendar.shifts_on(date.fromisoformat(day))
    ]  # fmt: skip
    assert names == expected


def test_an_all_day_event_closes_the_day() -> None:
    events = "\n".join((
        event("SUMMARY:a", "DTSTART:20260907T060000", "DTEND:20260907T140000", "RRULE:FREQ=DAILY"),
        event("SUMMARY:Betriebsruhe", "DTSTART;VALUE=DATE:20261224",
              "DTEND;VALUE=DATE:20261227"),
    ))  # fmt: skip
    text = FOREIGN.format(events=events).replace("\n", "\r\n")
    document = import_document(text.encode(), BERLIN, START, END)
    closed = [entry for entry in document["exceptions"] if entry.get("closed")]
    assert [(e["date"], e["name"]) for e in closed] == [
        (f"2026-12-{day}", "Betriebsruhe") for day in (24, 25, 26)
    ]
    assert len(document["shifts"]) == 1


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["SUMMARY:x", "DTSTART:20260907T060000", "DTEND:20260909T060000"], "within a day"),
        (["SUMMARY:x", "DTSTART:20260907T060000", "DTEND:20260907T060000"], "within a day"),
        (["SUMMARY:x", "DTSTART:20100907T060000", "DTEND:20100907T140000"], "no event"),
        (["SUMMARY:x", "DTSTART:20260907T060000", "DTEND:20260907T140000",
          "X-WERKNETZ-BREAK:ten"], "minutes such as"),
    ],
)  # fmt: skip
def test_what_is_no_shift_is_refused(lines: list[str], words: str) -> None:
    text = FOREIGN.format(events=event(*lines)).replace("\n", "\r\n")
    with pytest.raises(CalendarRejected, match=words):
        import_document(text.encode(), BERLIN, START, END)


def test_holidays_are_exceptions_once() -> None:
    document = {"time_zone": BERLIN, "shifts": [shift("a", WEEK, "06:00", "14:00")],
                "holidays": {"country": "DE", "subdivision": "BY", "years": [2026, 2026]},
                "exceptions": [{"date": "2026-01-06", "shifts": []}]}  # fmt: skip
    first, names = add_holidays(document, 2026)
    assert names[date(2026, 11, 1)] == "All Saints' Day"
    assert date(2026, 1, 6) not in names
    assert {"date": "2026-01-06", "shifts": []} in first["exceptions"]
    assert add_holidays(first, 2026)[0] == first
    other = first | {"holidays": {"country": "DE", "subdivision": "BE", "years": [2026, 2026]}}
    assert date(2026, 11, 1) not in add_holidays(other, 2026)[1]
    short = document | {"holidays": {"country": "DE", "years": [2026, 2026], "shifts": [
        {"name": "holiday", "start": "08:00", "end": "12:00"}]}}  # fmt: skip
    calendar = Calendar.parse(add_holidays(short, 2026)[0])
    assert [s.name for s in calendar.shifts_on(date(2026, 5, 1))] == ["holiday"]


TEAMS = """BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:early
DTSTART;TZID=Europe/Berlin:20260907T060000
DTEND;TZID=Europe/Berlin:20260907T140000
{line}
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize(
    ("line", "team"),
    [
        ("X-WERKNETZ-TEAM:red", "red"),
        ("X-WERKNETZ-TEAM:  ", None),
        ("X-WERKNETZ-TEAM;X-COLOUR=1:a\\, b", "a, b"),
        ("CATEGORIES:Work,Important", None),  # of a program, such as its colours
        ("CATEGORIES:Work\nX-WERKNETZ-TEAM:red", "red"),
    ],
)
def test_the_team_is_in_its_property(line: str, team: str | None) -> None:
    text = TEAMS.format(line=line).replace("\n", "\r\n").encode()
    imported = shifts_of(import_document(text, BERLIN, START, END))
    assert {(shift.name, shift.team) for shift in imported} == {("early", team)}


def test_a_shift_has_one_team() -> None:
    text = TEAMS.format(line="X-WERKNETZ-TEAM:red\nX-WERKNETZ-TEAM:blue").encode()
    with pytest.raises(CalendarRejected, match="a shift has one"):
        import_document(text, BERLIN, START, END)
