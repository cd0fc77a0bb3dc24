"""Calendars over time: a shift belongs to the calendar that holds when it starts."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from werknetz.domain.bucket import microseconds_of
from werknetz.domain.calendar_history import CalendarHistory
from werknetz.domain.shift import Calendar

HOUR_US = 3_600_000_000
WEEK = list(range(7))


def us(*parts: int) -> int:
    return microseconds_of(datetime(*parts, tzinfo=UTC))  # type: ignore[arg-type, misc] # year, month, day, hour


def calendar(*shifts: tuple[str, str, str], **fields: Any) -> Calendar:
    entries = [{"name": n, "days": WEEK, "start": s, "end": e} for n, s, e in shifts]
    return Calendar.parse({"time_zone": "UTC", "shifts": entries, **fields})


TWO = calendar(("early", "06:00", "14:00"), ("late", "14:00", "22:00"))
THREE = calendar(("a", "06:00", "14:00"), ("b", "14:00", "22:00"), ("c", "22:00", "06:00"))
LONG = calendar(("long", "05:00", "17:00"))


def names(history: CalendarHistory, start_us: int, end_us: int) -> list[tuple[str, int, int]]:
    day = us(2026, 3, 10)
    return [
        (s.name, (s.start_us - day) // HOUR_US, (s.end_us - day) // HOUR_US)
        for s in history.shifts_between(start_us, end_us)
    ]


@pytest.mark.parametrize(
    ("valid_from", "start", "end", "expected"),
    [
        # The past stays as it was, the future is as it will be.
        (us(2026, 3, 10), us(2026, 3, 9), us(2026, 3, 9, 20),
         [("early", -18, -10), ("late", -10, -2)]),
        (us(2026, 3, 10), us(2026, 3, 10), us(2026, 3, 11), [("long", 5, 17)]),
        # A shift that runs at the change goes on to its end by the calendar it started with.
        (us(2026, 3, 10, 10), us(2026, 3, 10), us(2026, 3, 12),
         [("early", 6, 14), ("long", 29, 41)]),
        # It starts at the very instant: by the new one.
        (us(2026, 3, 10, 5), us(2026, 3, 10), us(2026, 3, 11), [("long", 5, 17)]),
        (us(2026, 3, 10, 6), us(2026, 3, 10), us(2026, 3, 11), []),
        # One microsecond before it: by the old one.
        (us(2026, 3, 10, 6) + 1, us(2026, 3, 10), us(2026, 3, 11), [("early", 6, 14)]),
    ],
)  # fmt: skip
def test_each_shift_is_of_the_calendar_of_its_time(
    valid_from: int, start: int, end: int, expected: list[tuple[str, int, int]]
) -> None:
    history = CalendarHistory.of([[(0, TWO), (valid_from, LONG)]])
    assert names(history, start, end) == expected


def test_the_nearest_equipment_with_a_valid_calendar_counts() -> None:
    history = CalendarHistory.of([[(us(2026, 3, 10), LONG)], [(us(2026, 1, 1), TWO)]])
    assert history.calendar_at(us(2026, 3, 10) - 1) is TWO
    assert history.calendar_at(us(2026, 3, 10)) is LONG
    assert history.calendar_at(us(2026, 1, 1) - 1) is None
    later_above = CalendarHistory.of([[(us(2026, 1, 1), LONG)], [(us(2026, 3, 10), TWO)]])
    assert later_above.steps == ((us(2026, 1, 1), LONG),)


def test_an_equipment_may_return_to_its_first_calendar() -> None:
    begins = [us(2026, 3, day) for day in (9, 10, 11)]
    history = CalendarHistory.of([list(zip(begins, (TWO, LONG, TWO), strict=True))])
    assert [calendar for _, calendar in history.steps] == [TWO, LONG, TWO]
    assert names(history, begins[0], us(2026, 3, 12)) == [
        *[("early", -18, -10), ("late", -10, -2), ("long", 5, 17)],
        *[("early", 30, 38), ("late", 38, 46)],
    ]


def test_an_empty_span_has_no_shift() -> None:
    history = CalendarHistory.of([[(0, TWO)]])
    inside_us = us(2026, 3, 10, 8)
    assert history.shifts_between(inside_us, inside_us) == []
    assert names(history, inside_us, inside_us + 1) == [("early", 6, 14)]


def test_before_the_first_calendar_all_time_is_operation_time() -> None:
    history = CalendarHistory.of([[(us(2026, 3, 10, 7), TWO)]])
    spans = history.operation_between(us(2026, 3, 9, 20), us(2026, 3, 10, 20))
    assert [(s.name, s.start_us, s.end_us) for s in spans] == [
        ("", us(2026, 3, 9, 20), us(2026, 3, 10, 7)),
        ("early", us(2026, 3, 10, 7), us(2026, 3, 10, 14)),
        ("late", us(2026, 3, 10, 14), us(2026, 3, 10, 20)),
    ]
    from_the_first = history.operation_between(us(2026, 3, 10, 7), us(2026, 3, 10, 8))
    assert [s.name for s in from_the_first] == ["early"]
    assert CalendarHistory.of([]).operation_between(0, HOUR_US)[0].end_us == HOUR_US
    of_two = CalendarHistory.of([[(us(2026, 3, 10), TWO), (us(2026, 3, 12), LONG)]])
    assert of_two.first_us == us(2026, 3, 10)
    assert history.shifts_between(us(2026, 3, 9), us(2026, 3, 10, 7)) == []


@pytest.mark.parametrize(
    ("before", "valid_from", "after", "pairs"),
    [
        (THREE, us(2026, 3, 10), LONG, [("c", "long")]),  # the night runs to 06:00
        (THREE, us(2026, 3, 10), TWO, []),  # they meet at 06:00
        (THREE, us(2026, 3, 10), THREE, []),
        (TWO, us(2026, 3, 10), LONG, []),
        (TWO, us(2026, 3, 10, 14), LONG, []),
        (LONG, us(2026, 3, 10, 9), THREE, [("long", "b")]),
        (LONG, us(2026, 3, 10, 14), TWO, [("long", "late")]),  # it starts with its calendar
        (LONG, us(2026, 3, 10, 17), THREE, []),  # the long one has just ended
    ],
)
def test_overlaps_where_a_calendar_follows_another(
    before: Calendar, valid_from: int, after: Calendar, pairs: list[tuple[str, str]]
) -> None:
    history = CalendarHistory.of([[(0, before), (valid_from, after)]])
    assert [(a.name, b.name) for a, b in history.overlaps()] == pairs


def test_a_second_is_in_one_shift_even_where_versions_overlap() -> None:
    history = CalendarHistory.of([[(0, THREE), (us(2026, 3, 10), LONG)]])
    shifts = history.shifts_between(us(2026, 3, 9, 22), us(2026, 3, 10, 17))
    assert [(s.name, s.day) for s in shifts] == [
        ("c", date(2026, 3, 9)),
        ("long", date(2026, 3, 10)),
    ]
    assert shifts[0].end_us == shifts[1].start_us == us(2026, 3, 10, 5)
