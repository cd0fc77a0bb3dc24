from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.domain.bucket import BUCKET_US, microseconds_of
from werknetz.domain.shift import Calendar
from werknetz.domain.window import HOUR_US, Period, window_at, windows_between

ZONES = ["Europe/Berlin", "America/Chicago", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]
SHIFT = {"name": "day", "days": [0], "start": "06:00", "end": "14:00"}
INSTANTS = st.integers(
    microseconds_of(datetime(2020, 1, 1, tzinfo=UTC)),
    microseconds_of(datetime(2031, 1, 1, tzinfo=UTC)),
)
PARTITIONING = [Period.HOUR, Period.DAY, Period.WEEK, Period.MONTH]


@settings(deadline=None, max_examples=60)
@given(
    start_us=INSTANTS,
    hours=st.integers(1, 2000),
    zone=st.sampled_from(ZONES),
    period=st.sampled_from(PARTITIONING),
)
def test_windows_are_contiguous(start_us: int, hours: int, zone: str, period: Period) -> None:
    end_us = start_us + hours * HOUR_US
    windows = windows_between(period, start_us, end_us, zone=ZoneInfo(zone))
    assert windows[0].start_us <= start_us < windows[0].end_us
    assert windows[-1].start_us < end_us <= windows[-1].end_us
    for window, following in pairwise(windows):
        assert window.start_us < window.end_us == following.start_us
    assert all(window.start_us % BUCKET_US == 0 for window in windows)


@settings(deadline=None, max_examples=60)
@given(at_us=INSTANTS, zone=st.sampled_from(ZONES), period=st.sampled_from(PARTITIONING))
def test_the_window_of_an_instant_does_not_depend_on_the_time_span(
    at_us: int, zone: str, period: Period
) -> None:
    alone = window_at(period, at_us, zone=ZoneInfo(zone))
    many = windows_between(period, at_us - 90 * HOUR_US, at_us + HOUR_US, zone=ZoneInfo(zone))
    assert alone in many


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_days_of_23_and_25_hours(day: tuple[int, int, int], hours: int) -> None:
    noon_us = microseconds_of(datetime(*day, 12, tzinfo=UTC))
    window = window_at(Period.DAY, noon_us, zone=ZoneInfo("Europe/Berlin"))
    assert window is not None
    assert window.end_us - window.start_us == hours * HOUR_US
    parts = windows_between(
        Period.HOUR, window.start_us, window.end_us, zone=ZoneInfo("Europe/Berlin")
    )
    assert len(parts) == hours


@pytest.mark.parametrize(
    ("period", "firsts"),
    [
        (Period.WEEK, ["2026-12-28", "2027-01-04"]),
        (Period.MONTH, ["2026-12-01", "2027-01-01"]),
        (Period.QUARTER, ["2026-10-01", "2027-01-01"]),
        (Period.YEAR, ["2026-01-01", "2027-01-01"]),
    ],
)
def test_windows_on_both_sides_of_a_year_end(period: Period, firsts: list[str]) -> None:
    day_us = 24 * HOUR_US
    middle_us = microseconds_of(datetime(2027, 1, 1, tzinfo=UTC))
    start_us, end_us = middle_us - day_us, middle_us + 4 * day_us
    windows = windows_between(period, start_us, end_us, zone=ZoneInfo("UTC"))
    assert [str(window.day) for window in windows] == firsts
    assert windows[0].end_us == windows[1].start_us


@pytest.mark.parametrize("period", [Period.QUARTER, Period.YEAR])
def test_long_windows_follow_one_another(period: Period) -> None:
    start_us = microseconds_of(datetime(2027, 2, 3, tzinfo=UTC))
    end_us = microseconds_of(datetime(2030, 11, 30, tzinfo=UTC))
    windows = windows_between(period, start_us, end_us, zone=ZoneInfo("UTC"))
    count = {Period.QUARTER: 4 * 4, Period.YEAR: 4}[period]
    assert len(windows) == count
    assert all(a.end_us == b.start_us for a, b in pairwise(windows))


def test_between_shifts_there_is_no_window() -> None:
    calendar = Calendar.parse({"time_zone": "Europe/Berlin", "shifts": [SHIFT]})
    monday_us = microseconds_of(datetime(2026, 1, 5, 9, tzinfo=UTC))
    shift = window_at(Period.SHIFT, monday_us, zone=calendar.zone, calendar=calendar)
    assert shift is not None
    assert (shift.name, str(shift.day)) == ("day", "2026-01-05")
    late_us = shift.end_us + HOUR_US
    assert window_at(Period.SHIFT, late_us, zone=calendar.zone, calendar=calendar) is None


@pytest.mark.parametrize("period", [Period.HOUR, Period.DAY])
def test_the_end_of_a_window_belongs_to_the_next(period: Period) -> None:
    zone = ZoneInfo("Europe/Berlin")
    midnight_us = microseconds_of(datetime(2026, 7, 1, 22, tzinfo=UTC))
    before, after = (
        window_at(period, at_us, zone=zone) for at_us in (midnight_us - 1, midnight_us)
    )
    assert before is not None
    assert after is not None
    assert before.end_us == after.start_us == midnight_us
    assert (str(before.day), str(after.day)) == ("2026-07-01", "2026-07-02")
    span = windows_between(period, before.start_us, midnight_us, zone=zone)
    assert span == [before]
    assert windows_between(period, midnight_us, midnight_us, zone=zone) == []
    assert windows_between(period, midnight_us + 1, midnight_us, zone=zone) == []
    assert windows_between(period, midnight_us + 1, midnight_us + 1, zone=zone) == []


def test_a_shift_window_ends_before_its_end_instant() -> None:
    calendar = Calendar.parse({"time_zone": "Europe/Berlin", "shifts": [SHIFT]})
    start_us = microseconds_of(datetime(2026, 1, 5, 5, tzinfo=UTC))
    end_us = start_us + 8 * HOUR_US

    def at(instant_us: int) -> bool:
        window = window_at(Period.SHIFT, instant_us, zone=calendar.zone, calendar=calendar)
        return window is not None

    assert [at(start_us - 1), at(start_us), at(end_us - 1), at(end_us)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert windows_between(Period.SHIFT, start_us, end_us, zone=calendar.zone) == []


def test_the_short_hour_of_a_clock_change_by_half_an_hour() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")
    noon_us = microseconds_of(datetime(2026, 10, 4, 1, tzinfo=UTC))
    day = window_at(Period.DAY, noon_us, zone=zone)
    assert day is not None
    hours = windows_between(Period.HOUR, day.start_us, day.end_us, zone=zone)
    assert day.end_us - day.start_us == 47 * HOUR_US // 2
    assert hours[-1].end_us - hours[-1].start_us == HOUR_US // 2
    assert len(hours) == 24
