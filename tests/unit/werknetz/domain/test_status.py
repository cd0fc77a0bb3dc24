import pytest

from werknetz.domain.status import (
    BAD,
    BAD_STALE,
    GOOD,
    OVERFLOW,
    UNCERTAIN,
    UNCERTAIN_TIME,
    is_bad,
    is_good,
    severity,
)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (GOOD, "good"),
        (OVERFLOW, "good"),
        (UNCERTAIN - 1, "good"),
        (UNCERTAIN, "uncertain"),
        (UNCERTAIN_TIME, "uncertain"),
        (BAD - 1, "uncertain"),
        (BAD, "bad"),
        (BAD_STALE, "bad"),
        (0xFFFF_FFFF, "bad"),
    ],
)
def test_the_two_highest_bits_are_the_severity(status: int, expected: str) -> None:
    assert severity(status) == expected
    assert is_good(status) == (expected == "good")
    assert is_bad(status) == (expected == "bad")
