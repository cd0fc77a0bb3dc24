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
def test_an_instant_survives_the_way_there_and_back(at_us: int) -> None:
    assert microseconds_of(instant_of(at_us)) == at_us
    assert bucket_of(at_us) <= at_us < bucket_of(at_us) + BUCKET_US


def test_a_bucket_begins_on_the_quarter_hour() -> None:
    at = microseconds_of(datetime(2026, 11, 23, 10, 14, 59, 999_999, tzinfo=UTC))
    assert instant_of(bucket_of(at)) == datetime(2026, 11, 23, 10, tzinfo=UTC)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        microseconds_of(datetime(2026, 11, 23))  # noqa: DTZ001 - that is the point
