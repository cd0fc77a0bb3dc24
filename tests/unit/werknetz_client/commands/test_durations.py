"""Seconds in tables have a tenth at most; shares that are not 0 or 1 never look like it."""

import pytest

from werknetz_client.commands.output import EMPTY, duration, share_text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, EMPTY), (0, "0"), (0.04, "0"), (0.06, "0.1"), (1860.0, "1,860"),
        (2263.898865, "2,263.9"), (1e7, "10,000,000"),
    ],
)  # fmt: skip
def test_durations(value: float | None, shown: str) -> None:
    assert duration(value) == shown


@pytest.mark.parametrize(
    ("share", "digits", "shown"),
    [
        (None, 0, EMPTY), (0.0, 0, "0%"), (0.004, 0, "<1%"), (0.006, 0, "1%"), (0.25, 0, "25%"),
        (0.994, 0, "99%"), (0.996, 0, ">99%"), (1.0, 0, "100%"), (1.2, 0, "120%"),
        (0.0004, 1, "<0.1%"), (0.0006, 1, "0.1%"), (0.9996, 1, ">99.9%"), (1, 1, "100.0%"),
        (0, 1, "0.0%"),
    ],
)  # fmt: skip
def test_shares(share: float | None, digits: int, shown: str) -> None:
    assert share_text(share, digits) == shown
