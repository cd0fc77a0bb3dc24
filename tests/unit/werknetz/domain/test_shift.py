from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.domain.bucket import microseconds_of
from werknetz.domain.shift import Calendar, CalendarRejected, shifts_between

HOUR_US = 3_600_000_000
WEEK = list(range(7))
DOCUMENT: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "cycle_days": 7,
    "anchor": "2026-01-05",
    "shifts": [
        {"name": "early", "days": WEEK, "start": "06:00", "end": "14:00",
         "breaks": [["10:00", "10:30"]]},
        {"name": "late", "days": WEEK, "start": "14:00", "end": "22:00"},
        {"name": "night", "days": WEEK, "start": "22:00", "end": "06:00",
         "breaks": [["01:50", "02:20"]]},
    ],
    "exceptions": [
        {"date": "2026-12-24", "closed": True},
        {"date": "2026-12-25", "shifts": [{"name": "short", "start": "08:00", "end": "12:00"}]},
    ],
}  # fmt: skip


def us(*parts: int) -> int:
    return microseconds_of(datetime(*parts, tzinfo=UTC))  # type: ignore[arg-type, misc] # year, month, day, hour


def test_a_shift_belongs_to_the_day_on_which_it_starts() -> None:
    calendar = Calendar.parse(DOCUMENT)
    [night] = shifts_between(calendar, us(2026, 7, 1, 1), us(2026, 7, 1, 2))
    assert (night.name, night.day) == ("night", date(2026, 6, 30))
    assert (night.start_us, night.end_us) == (us(2026, 6, 30, 20), us(2026, 7, 1, 4))
    assert night.breaks == ((us(2026, 6, 30, 23, 50), us(2026, 7, 1, 0, 20)),)


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 28), 7), ((2026, 10, 24), 9)])
def test_the_night_of_a_clock_change_is_shorter_or_longer(
    day: tuple[int, int, int], hours: int
) -> None:
    night = Calendar.parse(DOCUMENT).shifts_on(date(*day))[-1]
    assert night.name == "night"
    assert night.end_us - night.start_us == hours * HOUR_US


def test_exceptions_replace_the_day() -> None:
    calendar = Calendar.parse(DOCUMENT)
    assert calendar.shifts_on(date(2026, 12, 24)) == []
    [short] = calendar.shifts_on(date(2026, 12, 25))
    assert (short.start_us, short.end_us) == (us(2026, 12, 25, 7), us(2026, 12, 25, 11))


def test_a_rotation_counts_from_its_anchor() -> None:
    rotation = {
        **DOCUMENT,
        "cycle_days": 3,
        "exceptions": [],
        "shifts": [{"name": "long", "days": [0], "start": "06:00", "end": "18:00"}],
    }
    calendar = Calendar.parse(rotation)
    days = [bool(calendar.shifts_on(date(2026, 1, day))) for day in range(2, 9)]
    assert days == [True, False, False, True, False, False, True]


@settings(deadline=None, max_examples=60)
@given(st.integers(us(2025, 1, 1), us(2028, 1, 1)))
def test_three_shifts_are_contiguous(at_us: int) -> None:
    calendar = Calendar.parse({**DOCUMENT, "exceptions": []})
    shifts = shifts_between(calendar, at_us, at_us + 60 * HOUR_US)
    assert shifts[0].start_us <= at_us
    assert shifts[-1].end_us >= at_us + 60 * HOUR_US
    for shift, following in pairwise(shifts):
        assert shift.end_us == following.start_us


def shift(**changes: Any) -> dict[str, Any]:
    first = {"name": "a", "days": [0], "start": "06:00", "end": "14:00", "breaks": []}
    return {**DOCUMENT, "exceptions": [], "shifts": [first | changes]}


@pytest.mark.parametrize(
    ("document", "remedy"),
    [
        ({**DOCUMENT, "time_zone": "Berlin"}, "Europe/Berlin"),
        ({**DOCUMENT, "cycle_days": 0}, "write 1 to"),
        ({**DOCUMENT, "anchor": "5.1.2026"}, "2026-12-24"),
        ({**DOCUMENT, "shifts": None}, "write a list"),
        ({**DOCUMENT, "exceptions": [{"date": "2026-01-01"}]}, "closed: true"),
        ({**DOCUMENT, "exceptions": [DOCUMENT["exceptions"][0]] * 2}, "twice"),
        (shift(start="6 Uhr"), "06:00"),
        (shift(start="06:10"), "quarter"),
        (shift(start="24:00"), "00:00"),
        (shift(days=[7]), "0 to 6"),
        (shift(breaks=[["05:00", "05:30"]]), "inside its shift"),
        (shift(breaks=[["13:45", "14:15"]]), "inside its shift"),
        (shift(breaks=["10"]), "10:30"),
        (shift(breaks=[["10:00", "10:10", "10:20"]]), "10:30"),
        (shift(start="06:60"), "06:00"),
        (shift(start="25:00"), "06:00"),
        (shift(end="24:15"), "06:00"),
        (shift(days=[]), "0 to 6"),
        (shift(days=[-1]), "0 to 6"),
        ({**DOCUMENT, "cycle_days": 367}, "write 1 to 366"),
        ({**DOCUMENT, "shifts": [{"name": "a", "days": [0], "start": "06:00", "end": "14:00"},
          {"name": "b", "days": [0], "start": "13:45", "end": "15:00"}]}, "overlap on day 0"),
        (shift(breaks=["10:00"]), "10:30"),
        ({**DOCUMENT, "shifts": [*DOCUMENT["shifts"],
          {"name": "x", "days": [6], "start": "23:00", "end": "07:00"}]}, "overlap"),
    ],
)  # fmt: skip
def test_an_invalid_document_is_rejected_with_the_remedy(
    document: dict[str, Any], remedy: str
) -> None:
    with pytest.raises(CalendarRejected, match=remedy):
        Calendar.parse(document)


def names_between(start_us: int, end_us: int) -> list[str]:
    calendar = Calendar.parse({**DOCUMENT, "exceptions": []})
    return [shift.name for shift in shifts_between(calendar, start_us, end_us)]


def test_at_the_change_of_shifts_the_later_shift_runs() -> None:
    change_us = us(2026, 7, 1, 12)  # 14:00 in Berlin: early ends, late starts
    assert names_between(change_us - 1, change_us) == ["early"]
    assert names_between(change_us, change_us + 1) == ["late"]
    assert names_between(change_us - 1, change_us + 1) == ["early", "late"]
    assert names_between(change_us - 8 * HOUR_US, change_us) == ["early"]
    assert names_between(change_us, change_us + 8 * HOUR_US) == ["late"]


def test_an_empty_time_span_has_no_shifts() -> None:
    at_us = us(2026, 7, 1, 9)
    assert names_between(at_us, at_us) == []
    assert names_between(at_us + 1, at_us) == []


def test_a_shift_of_24_hours_ends_where_it_starts() -> None:
    calendar = Calendar.parse(shift(start="06:00", end="06:00", days=[0, 1]))
    monday, tuesday = calendar.shifts_on(date(2026, 1, 5)), calendar.shifts_on(date(2026, 1, 6))
    assert monday[0].end_us - monday[0].start_us == 24 * HOUR_US
    assert monday[0].end_us == tuesday[0].start_us
    assert calendar.shifts_on(date(2026, 1, 7)) == []


def test_shifts_may_start_at_midnight_and_end_at_24_00() -> None:
    calendar = Calendar.parse(shift(start="00:00", end="24:00", days=[0]))
    [day] = calendar.shifts_on(date(2026, 1, 5))
    assert (day.start_us, day.end_us) == (us(2026, 1, 4, 23), us(2026, 1, 5, 23))
    [last] = Calendar.parse(shift(start="23:45", end="00:00")).shifts_on(date(2026, 1, 5))
    assert last.end_us - last.start_us == HOUR_US // 4


@pytest.mark.parametrize(
    ("shift_span", "break_span", "minutes"),
    [
        (("06:00", "14:00"), ("06:00", "06:15"), (360, 375)),
        (("06:00", "14:00"), ("13:45", "14:00"), (825, 840)),
        (("06:00", "14:00"), ("06:00", "14:00"), (360, 840)),
        (("22:00", "06:00"), ("23:50", "00:10"), (1430, 1450)),
        (("22:00", "06:00"), ("00:00", "00:10"), (1440, 1450)),
        (("22:00", "06:00"), ("05:59", "06:00"), (1799, 1800)),
        (("22:00", "06:00"), ("22:00", "06:00"), (1320, 1800)),
        (("06:00", "06:00"), ("05:00", "06:00"), (1740, 1800)),
        (("06:00", "06:00"), ("06:00", "06:00"), (360, 1800)),
    ],
)
def test_a_break_may_touch_the_ends_of_its_shift(
    shift_span: tuple[str, str], break_span: tuple[str, str], minutes: tuple[int, int]
) -> None:
    start, end = shift_span
    calendar = Calendar.parse(shift(start=start, end=end, breaks=[list(break_span)]))
    assert calendar.patterns[0].breaks_min == (minutes,)


@pytest.mark.parametrize("cycle", [1, 366])
def test_the_limits_of_a_cycle(cycle: int) -> None:
    assert Calendar.parse({**shift(), "cycle_days": cycle}).cycle_days == cycle


def test_shifts_may_touch_across_the_end_of_the_cycle() -> None:
    Calendar.parse({**shift(start="18:00", end="06:00", days=[6]), "cycle_days": 7})
    daily = {"name": "day", "days": [0], "start": "06:00", "end": "06:00"}
    assert Calendar.parse({**shift(), "cycle_days": 1, "shifts": [daily]}).cycle_days == 1
    with pytest.raises(CalendarRejected, match="overlap"):
        Calendar.parse(
            {
                **shift(),
                "cycle_days": 1,
                "shifts": [{**daily, "name": "a", "end": "07:00"}, {**daily, "name": "b"}],
            }
        )


def test_a_calendar_without_shifts_is_valid() -> None:
    assert Calendar.parse({**shift(), "shifts": []}).shifts_on(date(2026, 1, 5)) == []
