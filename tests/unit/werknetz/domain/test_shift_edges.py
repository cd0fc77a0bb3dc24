"""Calendars on the edges of days and cycles, and documents that are no calendars."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from werknetz.domain.bucket import microseconds_of
from werknetz.domain.shift import Calendar, CalendarRejected, Shift, shifts_between

ANCHOR = date(2026, 1, 5)
EARLY = {"name": "early", "days": [0], "start": "06:00", "end": "14:00"}


def parse(*shifts: object, **more: object) -> Calendar:
    return Calendar.parse({"time_zone": "Europe/Berlin", "shifts": list(shifts), **more})


def test_a_cycle_is_a_week_unless_it_is_given() -> None:
    calendar = parse(EARLY)
    days = [n for n in range(15) if calendar.shifts_on(ANCHOR + timedelta(days=n))]
    assert (calendar.cycle_days, days) == (7, [0, 7, 14])
    assert parse({**EARLY, "days": [6]}).patterns[0].days == {6}
    with pytest.raises(CalendarRejected, match="0 to 6"):
        parse({**EARLY, "days": [7]})


def test_a_document_that_is_no_object_is_rejected() -> None:
    document: Any = [EARLY]
    with pytest.raises(CalendarRejected, match="write an object with shifts"):
        Calendar.parse(document)


@pytest.mark.parametrize(
    ("shift", "reason"),
    [
        ("early", "write name, days, start and end"),
        ({**EARLY, "name": ""}, "write name, days, start and end"),
        ({**EARLY, "start": "x6:00"}, "write a time"),
        ({**EARLY, "start": "06:0x"}, "write a time"),
        ({**EARLY, "start": "06:000"}, "write a time"),
        ({**EARLY, "start": "6:0"}, "write a time"),
        ({**EARLY, "start": "0600"}, "write a time"),
        ({**EARLY, "start": 6}, "write a time"),
        ({**EARLY, "start": "06:60"}, "write a time"),
        ({**EARLY, "start": "24:15"}, "write a time"),
        ({**EARLY, "start": "24:00"}, "write 00:00"),
        ({**EARLY, "breaks": ["10:00"]}, 'write ."10:00", "10:30".'),
        ({**EARLY, "breaks": [["13:30", "14:01"]]}, "inside its shift"),
        ({**EARLY, "breaks": [["05:59", "06:10"]]}, "inside its shift"),
    ],
)
def test_a_shift_that_is_none_is_rejected(shift: object, reason: str) -> None:
    with pytest.raises(CalendarRejected, match=reason):
        parse(shift)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("2026-12-24", "write a date with closed or shifts"),
        ({"date": "2026-12-24"}, "write closed: true"),
        ({"date": "24.12.2026", "closed": True}, "write a date such as"),
    ],
)
def test_an_exception_that_is_none_is_rejected(entry: object, reason: str) -> None:
    with pytest.raises(CalendarRejected, match=reason):
        parse(EARLY, exceptions=[entry])


@pytest.mark.parametrize(
    ("begin", "until", "minutes"),
    [
        ("06:00", "06:15", (360, 375)),
        ("13:45", "14:00", (825, 840)),
    ],
)
def test_a_break_may_touch_the_ends_of_its_shift(
    begin: str, until: str, minutes: tuple[int, int]
) -> None:
    [pattern] = parse({**EARLY, "breaks": [[begin, until]]}).patterns
    assert pattern.breaks_min == (minutes,)


@pytest.mark.parametrize(
    ("breaks", "minutes"),
    [
        ([["23:45", "00:15"]], ((1425, 1455),)),
        ([["01:00", "01:30"], ["22:00", "22:10"]], ((1320, 1330), (1500, 1530))),
        ([["05:45", "06:00"]], ((1785, 1800),)),
    ],
)
def test_breaks_of_a_night_shift_are_on_its_day_or_the_next(
    breaks: list[list[str]], minutes: tuple[tuple[int, int], ...]
) -> None:
    night = {"name": "night", "days": [0], "start": "22:00", "end": "06:00", "breaks": breaks}
    [pattern] = parse(night).patterns
    assert pattern.breaks_min == minutes


@pytest.mark.parametrize(
    ("start", "overlap"), [("05:45", True), ("06:00", False), ("06:15", False)]
)
def test_the_last_night_of_a_cycle_meets_its_first_day(start: str, overlap: bool) -> None:
    shifts: list[dict[str, Any]] = [
        {"name": "night", "days": [6], "start": "22:00", "end": "06:00"},
        {"name": "noon", "days": [3], "start": "12:00", "end": "14:00"},
        {"name": "early", "days": [0], "start": start, "end": "14:00"},
    ]
    if overlap:
        with pytest.raises(CalendarRejected, match="'night' and 'early' overlap on day 0 "):
            parse(*shifts)
    else:
        assert len(parse(*shifts).patterns) == 3


def test_a_shift_of_a_whole_day_meets_itself_and_does_not_overlap() -> None:
    whole = {"name": "all", "days": [0], "start": "06:00", "end": "06:00"}
    assert parse(whole, cycle_days=1).patterns[0].end_min == 1800
    with pytest.raises(CalendarRejected, match="'all' and 'other' overlap on day 0 "):
        parse(
            whole,
            {"name": "other", "days": [0], "start": "23:00", "end": "23:15"},
            {"name": "x", "days": [1], "start": "06:00", "end": "07:00"},
            cycle_days=2,
        )


def test_shifts_overlap_a_span_and_do_not_only_touch_it() -> None:
    calendar = parse(EARLY)
    start = microseconds_of(datetime(2026, 1, 5, 5, tzinfo=UTC))  # 06:00 in Berlin
    end = microseconds_of(datetime(2026, 1, 5, 13, tzinfo=UTC))
    assert len(shifts_between(calendar, start, end)) == 1
    assert len(shifts_between(calendar, end - 1, end)) == 1
    assert shifts_between(calendar, end, end + 1) == []
    assert shifts_between(calendar, start - 1, start) == []
    assert shifts_between(calendar, start + 1, start + 1) == []


@pytest.mark.parametrize(
    ("start", "end", "breaks"),
    [
        pytest.param(0, 100, ((10, 20),), id="all of it"),
        pytest.param(20, 100, (), id="from the end of the break"),
        pytest.param(19, 100, ((19, 20),), id="from inside the break"),
        pytest.param(0, 10, (), id="to the start of the break"),
        pytest.param(0, 11, ((10, 11),), id="to inside the break"),
    ],
)
def test_a_part_of_a_shift_has_the_parts_of_its_breaks(
    start: int, end: int, breaks: tuple[tuple[int, int], ...]
) -> None:
    part = Shift("early", ANCHOR, 0, 100, ((10, 20),)).clip(start, end)
    assert (part.start_us, part.end_us, part.breaks) == (start, end, breaks)


def test_a_stored_shift_ends_where_one_of_the_next_day_starts() -> None:
    """Also where the span that is asked for ends before that day."""
    days = list(range(7))
    calendar = Calendar.parse_stored({"time_zone": "UTC", "shifts": [
        {"name": "night", "days": days, "start": "22:00", "end": "06:00"},
        {"name": "early", "days": days, "start": "05:00", "end": "14:00"},
    ]})  # fmt: skip
    at_us = microseconds_of(datetime(2026, 1, 5, 23, tzinfo=UTC))
    [night] = calendar.shifts_between(at_us, at_us + 1)
    assert night.end_us == microseconds_of(datetime(2026, 1, 6, 5, tzinfo=UTC))
