"""Seconds in tables have a tenth at most."""

import pytest

from werknetz_client.commands.output import EMPTY, duration


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, EMPTY), (0, "0"), (0.04, "0"), (0.06, "0.1"), (1860.0, "1,860"),
        (2263.898865, "2,263.9"), (1e7, "10,000,000"),
    ],
)  # fmt: skip
def test_durations(value: float | None, shown: str) -> None:
    assert duration(value) == shown
