from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.bucket import (
    BUCKET_US,
    TIME_MAX_US,
    TIME_MIN_US,
    bucket_of,
    instant_of,
    microseconds_of,
)


@given(st.integers(TIME_MIN_US, TIME_MAX_US))
def test_converting_an_instant_there_and_back_returns_it(at_us: int) -> None:
    assert microseconds_of(instant_of(at_us)) == at_us
    assert bucket_of(at_us) <= at_us < bucket_of(at_us) + BUCKET_US


def test_a_bucket_starts_on_the_quarter_hour() -> None:
    at = microseconds_of(datetime(2026, 11, 23, 10, 14, 59, 999_999, tzinfo=UTC))
    assert instant_of(bucket_of(at)) == datetime(2026, 11, 23, 10, tzinfo=UTC)


def test_a_naive_time_is_rejected() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        microseconds_of(datetime(2026, 11, 23))  # noqa: DTZ001 - that is the point


def test_the_start_of_a_bucket_belongs_to_it_and_its_end_does_not() -> None:
    start_us = microseconds_of(datetime(2026, 11, 23, 10, 15, tzinfo=UTC))
    assert bucket_of(start_us) == start_us
    assert bucket_of(start_us - 1) == start_us - BUCKET_US
    assert bucket_of(start_us + BUCKET_US - 1) == start_us
    assert bucket_of(start_us + BUCKET_US) == start_us + BUCKET_US
    assert bucket_of(-1) == -BUCKET_US


def test_the_range_of_times_is_what_a_datetime_can_represent() -> None:
    assert instant_of(TIME_MIN_US) == datetime.min.replace(tzinfo=UTC)
    assert instant_of(TIME_MAX_US) == datetime.max.replace(tzinfo=UTC)
    with pytest.raises(OverflowError):
        instant_of(TIME_MIN_US - 1)
    with pytest.raises(OverflowError):
        instant_of(TIME_MAX_US + 1)
