"""Shifts and breaks over clock changes: each as long as it is, no second twice."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.domain.bucket import microseconds_of
from werknetz.domain.shift import Calendar, CalendarRejected, local_us, shifts_between

MINUTE_US = 60_000_000
BERLIN, HOWE, HAVANA = "Europe/Berlin", "Australia/Lord_Howe", "America/Havana"
SPRING, AUTUMN = "2026-03-29", "2026-10-25"  # in Berlin, at 01:00Z


def us(text: str) -> int:
    return microseconds_of(datetime.fromisoformat(text).astimezone(UTC))


def one_shift(start: str, end: str, *breaks: tuple[str, str], zone: str = BERLIN) -> Calendar:
    entry = {
        "name": "s",
        "days": [0],
        "start": start,
        "end": end,
        "breaks": [list(b) for b in breaks],
    }
    return Calendar.parse({"time_zone": zone, "cycle_days": 1, "shifts": [entry]})  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "day", "shift", "pause", "minutes"),
    [
        (BERLIN, "2026-03-28", ("22:00", "06:00"), ("02:00", "03:00"), 60),  # the skipped hour
        (BERLIN, "2026-03-28", ("22:00", "06:00"), ("02:30", "03:00"), 30),
        (BERLIN, "2026-03-28", ("22:00", "06:00"), ("02:00", "02:30"), 30),
        (BERLIN, "2026-03-28", ("22:00", "06:00"), ("02:10", "02:40"), 30),
        (BERLIN, "2026-03-28", ("22:00", "06:00"), ("01:45", "02:15"), 30),
        (BERLIN, "2026-03-28", ("22:00", "06:00"), ("01:45", "03:15"), 90),
        (BERLIN, "2026-03-28", ("22:00", "03:00"), ("02:30", "03:00"), 30),  # ends with the shift
        (BERLIN, "2026-10-24", ("22:00", "06:00"), ("02:30", "03:00"), 30),  # the repeated hour
        (BERLIN, "2026-10-24", ("22:00", "06:00"), ("02:00", "03:00"), 60),
        (BERLIN, "2026-10-24", ("22:00", "06:00"), ("02:45", "03:15"), 30),
        (BERLIN, "2026-10-24", ("22:00", "06:00"), ("01:45", "02:15"), 30),
        (HOWE, "2026-10-03", ("22:00", "06:00"), ("02:00", "02:30"), 30),  # half an hour skipped
        (HOWE, "2026-10-03", ("22:00", "06:00"), ("02:15", "02:45"), 30),
        (HOWE, "2026-04-04", ("22:00", "06:00"), ("01:30", "02:00"), 30),  # half an hour twice
        (HAVANA, "2026-03-07", ("22:00", "06:00"), ("00:00", "00:30"), 30),  # at midnight
    ],
)
def test_a_break_is_as_long_as_written(
    zone: str, day: str, shift: tuple[str, str], pause: tuple[str, str], minutes: int
) -> None:
    [night] = one_shift(*shift, pause, zone=zone).shifts_on(date.fromisoformat(day))
    [(begin, end)] = night.breaks
    assert end - begin == minutes * MINUTE_US
    assert night.start_us <= begin < end <= night.end_us


def test_two_breaks_in_the_skipped_hour_follow_one_another() -> None:
    night = one_shift("22:00", "06:00", ("02:00", "02:30"), ("02:30", "03:00"))
    [shift] = night.shifts_on(date(2026, 3, 28))
    assert shift.breaks == (
        (us(f"{SPRING}T01:00Z"), us(f"{SPRING}T01:30Z")),
        (us(f"{SPRING}T01:30Z"), us(f"{SPRING}T02:00Z")),
    )


@pytest.mark.parametrize(
    ("zone", "day", "start", "end", "minutes"),
    [
        (BERLIN, "2026-03-28", "22:00", "06:00", 420),
        (BERLIN, "2026-10-24", "22:00", "06:00", 540),
        (BERLIN, SPRING, "02:30", "06:00", 180),  # a start that is skipped: when the clock changes
        (BERLIN, "2026-03-28", "22:00", "02:30", 240),  # an end that is skipped, too
        (BERLIN, AUTUMN, "02:30", "06:00", 270),  # of a time that occurs twice, the first
        (HOWE, "2026-10-03", "22:00", "06:00", 450),
        (HOWE, "2026-04-04", "22:00", "06:00", 510),
        (BERLIN, SPRING, "06:00", "14:00", 480),
        # West of Greenwich offsets are negative.
        ("America/Chicago", "2026-03-08", "02:30", "06:00", 180),
        ("America/St_Johns", "2026-03-07", "22:00", "02:30", 240),
    ],
)
def test_a_shift_ends_by_the_clock(zone: str, day: str, start: str, end: str, minutes: int) -> None:
    [shift] = one_shift(start, end, zone=zone).shifts_on(date.fromisoformat(day))
    assert shift.end_us - shift.start_us == minutes * MINUTE_US


def test_a_shift_within_the_skipped_hour_does_not_take_place() -> None:
    calendar = one_shift("02:00", "03:00")
    day = us(f"{SPRING}T00:00+01:00")
    shifts = shifts_between(calendar, day - 86_400_000_000, day + 86_400_000_000)
    assert [str(shift.day) for shift in shifts] == ["2026-03-28"]
    [skipped] = one_shift("02:00", "03:00", ("02:00", "02:30")).shifts_on(date(2026, 3, 29))
    assert skipped.breaks == ()


ZONES = st.sampled_from([BERLIN, HOWE, HAVANA, "America/St_Johns", "Pacific/Apia", "UTC"])


@settings(deadline=None, max_examples=120)
@given(ZONES, st.dates(date(2009, 1, 1), date(2035, 1, 1)))
def test_local_times_never_go_backwards(zone: str, day: date) -> None:
    instants = [local_us(day, minutes, ZoneInfo(zone)) for minutes in range(0, 2 * 1440, 15)]
    assert instants == sorted(instants)


@settings(deadline=None, max_examples=80)
@given(ZONES, st.dates(date(2009, 1, 1), date(2035, 1, 1)), st.integers(1, 8))
def test_shifts_around_the_clock_meet_on_every_day(zone: str, day: date, count: int) -> None:
    hours = 24 // count
    shifts = [
        {"name": str(n), "days": [0], "start": f"{(n * hours + 2) % 24:02}:30",
         "end": f"{((n + 1) * hours + 2) % 24 if n + 1 < count else 2:02}:30"}
        for n in range(count)
    ]  # fmt: skip
    calendar = Calendar.parse({"time_zone": zone, "cycle_days": 1, "shifts": shifts})
    start_us = local_us(day, 0, calendar.zone)
    end_us = local_us(day + timedelta(days=4), 0, calendar.zone)
    matches = shifts_between(calendar, start_us, end_us)
    for earlier, later in pairwise(matches):
        assert earlier.end_us == later.start_us
    assert matches[0].start_us <= start_us
    assert matches[-1].end_us >= end_us


DAYS = {"time_zone": BERLIN, "shifts": [
    {"name": "early", "days": [0, 1, 2, 3, 4], "start": "06:00", "end": "14:00"},
    {"name": "night", "days": [0, 1, 2, 3, 4], "start": "22:00", "end": "06:00"}]}  # fmt: skip


def exceptions(*entries: dict[str, Any]) -> dict[str, Any]:
    return {**DAYS, "exceptions": list(entries)}


def short(start: str, end: str, name: str = "short") -> dict[str, str]:
    return {"name": name, "start": start, "end": end}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        # 16 hours of shifts in 14.
        (exceptions({"date": "2026-12-24", "shifts": [short("06:00", "14:00"),
                     short("12:00", "20:00", "other")]}), "'short'.*'other'.*overlap"),
        # With the night of the day before, a Wednesday.
        (exceptions({"date": "2026-12-24", "shifts": [short("05:45", "12:00")]}),
         "'night'.*2026-12-23.*'short'.*2026-12-24"),
        # With the first shift of the day after, a Friday.
        (exceptions({"date": "2026-12-24", "shifts": [short("23:45", "06:15")]}),
         "'short' \\(23:45 to 06:15\\) of 2026-12-24 and shift 'early' \\(06:00 to 14:00\\)"),
        (exceptions({"date": "2026-12-24", "shifts": [short("06:00", "07:00") | {"brakes": []}]}),
         "unknown key 'brakes'"),
        # Between two exceptions.
        (exceptions({"date": "2026-12-26", "shifts": [short("20:00", "08:00")]},
                    {"date": "2026-12-27", "shifts": [short("07:45", "09:00", "b")]}),
         "'short'.*2026-12-26.*'b'.*2026-12-27"),
        (exceptions({"date": "2026-12-24", "closed": True, "shifts": [short("06:00", "07:00")]}),
         "not both"),
        ({**DAYS, "excptions": []}, "unknown key 'excptions'"),
        (exceptions({"date": "2026-12-24", "closd": True, "closed": True}), "unknown key 'closd'"),
        ({**DAYS, "shifts": [DAYS["shifts"][0] | {"brakes": []}]}, "unknown key 'brakes'"),  # type: ignore[operator] # a test's dict
        ({**DAYS, "shifts": [DAYS["shifts"][0]  # type: ignore[operator] # as above
          | {"breaks": [["09:00", "09:30"], ["09:15", "09:45"]]}]}, "breaks.*overlap at 09:15"),
        ({**DAYS, "shifts": [DAYS["shifts"][0] | {"days": [[0]]}]}, "numbers of days"),  # type: ignore[operator] # as above
        ({**DAYS, "shifts": [DAYS["shifts"][0] | {"days": [True]}]}, "numbers of days"),  # type: ignore[operator] # as above
        ({**DAYS, "cycle_days": True}, "write 1 to 366"),
    ],
)  # fmt: skip
def test_an_overlap_or_an_unknown_key_is_refused(document: dict[str, Any], words: str) -> None:
    with pytest.raises(CalendarRejected, match=words):
        Calendar.parse(document)


@pytest.mark.parametrize(
    "entries",
    [
        [{"date": "2026-12-24", "shifts": [short("06:00", "14:00"), short("14:00", "22:00", "b")]}],
        [{"date": "2026-12-24", "shifts": [short("22:00", "06:00")]}],
        [{"date": "2026-12-26", "shifts": [short("20:00", "08:00")]},
         {"date": "2026-12-27", "shifts": [short("08:00", "09:00", "b")]}],
        [{"date": "2026-12-25", "closed": True}, {"date": "2026-12-24",
          "shifts": [short("22:00", "10:00")]}],
    ],
)  # fmt: skip
def test_shifts_of_exceptions_may_touch(entries: list[dict[str, Any]]) -> None:
    assert Calendar.parse(exceptions(*entries)).exceptions


def test_a_stored_calendar_with_overlaps_counts_each_second_once() -> None:
    stored = exceptions({"date": "2026-12-24", "shifts": [
        short("06:00", "14:00"), short("12:00", "20:00", "other")]})  # fmt: skip
    calendar = Calendar.parse_stored(stored)
    shifts = shifts_between(calendar, us("2026-12-24T06:00+01:00"), us("2026-12-24T22:00+01:00"))
    assert [(s.name, (s.end_us - s.start_us) // MINUTE_US) for s in shifts] == [
        ("short", 360), ("other", 480),
    ]  # fmt: skip


def test_breaks_of_a_stored_calendar_may_overlap_as_written() -> None:
    breaks = [["09:00", "09:30"], ["09:15", "09:45"]]
    entry = {"name": "early", "days": [0], "start": "06:00", "end": "14:00", "breaks": breaks}
    stored = {"time_zone": "UTC", "cycle_days": 1, "shifts": [entry]}
    [shift] = Calendar.parse_stored(stored).shifts_on(date(2026, 1, 5))
    assert shift.breaks == tuple(
        (us(f"2026-01-05T{begin}Z"), us(f"2026-01-05T{end}Z")) for begin, end in breaks
    )
