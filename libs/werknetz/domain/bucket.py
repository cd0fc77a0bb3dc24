"""Buckets: intervals of 15 minutes in UTC. Every boundary of shifts and time zones is one.

Instants inside the platform are int microseconds since 1970-01-01T00:00Z.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

BUCKET_US: Final = 15 * 60 * 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# The range that both PostgreSQL's timestamptz and Python's datetime can represent.
TIME_MIN_US: Final = -62_135_596_800_000_000  # 0001-01-01
TIME_MAX_US: Final = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999


def bucket_of(at_us: int) -> int:
    """Return the start of the bucket that holds the instant, both in microseconds."""
    return at_us - at_us % BUCKET_US


def instant_of(at_us: int) -> datetime:
    """Return the aware datetime of an instant in microseconds."""
    return _EPOCH + timedelta(microseconds=at_us)


def microseconds_of(at: datetime) -> int:
    """Return the microseconds of an aware datetime; a naive one is an error."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone: add one, such as +00:00")
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
