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
def test_windows_cut_time_without_hole_or_overlap(
    start_us: int, hours: int, zone: str, period: Period
) -> None:
    end_us = start_us + hours * HOUR_US
    windows = windows_between(period, start_us, end_us, zone=ZoneInfo(zone))
    assert windows[0].start_us <= start_us < windows[0].end_us
    assert windows[-1].start_us < end_us <= windows[-1].end_us
    for window, following in pairwise(windows):
        assert window.start_us < window.end_us == following.start_us
    assert all(window.start_us % BUCKET_US == 0 for window in windows)


@settings(deadline=None, max_examples=60)
@given(at_us=INSTANTS, zone=st.sampled_from(ZONES), period=st.sampled_from(PARTITIONING))
def test_the_window_of_an_instant_does_not_depend_on_the_question(
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


def test_between_shifts_there_is_no_window() -> None:
    calendar = Calendar.parse({"time_zone": "Europe/Berlin", "shifts": [SHIFT]})
    monday_us = microseconds_of(datetime(2026, 1, 5, 9, tzinfo=UTC))
    shift = window_at(Period.SHIFT, monday_us, zone=calendar.zone, calendar=calendar)
    assert shift is not None
    assert (shift.name, str(shift.day)) == ("day", "2026-01-05")
    late_us = shift.end_us + HOUR_US
    assert window_at(Period.SHIFT, late_us, zone=calendar.zone, calendar=calendar) is None
