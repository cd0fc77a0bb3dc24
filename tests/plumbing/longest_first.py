"""Starts the longest tests first: the end of a run waits for one of ten minutes that begins last.

The others stay in the order that was drawn: several tests of whole installations at once would
slow each other down.
"""

from typing import Final

import pytest

LONG_S: Final = 1500.0
"""A test is long if its own time limit is at least so."""


@pytest.hookimpl(trylast=True)  # after the order was shuffled
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _seconds_max(item) < LONG_S)


def _seconds_max(item: pytest.Item) -> float:
    limit = item.get_closest_marker("timeout")
    return float(limit.args[0]) if limit is not None and limit.args else 0.0
