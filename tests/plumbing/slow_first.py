"""Starts slow tests early: one of ten minutes that begins last is all that the end waits for.

Each worker of pytest-xdist begins with an equal share of the tests in their order, so each share
begins with some of the slow ones, those that may take longest first.
"""

import os
from typing import Final

import pytest

# Into a share, so that a slow test is not the last one of the share before.
_INTO: Final = 10


@pytest.hookimpl(trylast=True)  # after the order was shuffled
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if item.get_closest_marker("slow") is not None]
    slow.sort(key=_seconds_max, reverse=True)
    is_slow = set(slow)
    others = [item for item in items if item not in is_slow]
    share = -(-len(others) // workers)
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        own = others[worker * share : (worker + 1) * share]
        ordered += [*own[:_INTO], *slow[worker::workers], *own[_INTO:]]
    items[:] = ordered


def _seconds_max(item: pytest.Item) -> float:
    limit = item.get_closest_marker("timeout")
    return float(limit.args[0]) if limit is not None and limit.args else 0.0
