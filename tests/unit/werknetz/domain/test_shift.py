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
def test_three_shifts_leave_no_hole_and_never_overlap(at_us: int) -> None:
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
        (shift(breaks=["10:00"]), "10:30"),
        ({**DOCUMENT, "shifts": [*DOCUMENT["shifts"],
          {"name": "x", "days": [6], "start": "23:00", "end": "07:00"}]}, "overlap"),
    ],
)  # fmt: skip
def test_a_wrong_document_is_told_with_the_remedy(document: dict[str, Any], remedy: str) -> None:
    with pytest.raises(CalendarRejected, match=remedy):
        Calendar.parse(document)
