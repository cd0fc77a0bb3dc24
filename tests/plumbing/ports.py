"""Each process of the test session takes its ports from a range of its own.

Below the range of outgoing connections, so that a server that a test restarts gets its port back.
"""

import os
from collections.abc import Iterator

import pytest

from werknetz_demo.embedded import process

WORKERS_MAX = 16


def ports_of(worker: str) -> range:
    """Return the ports of a process of pytest-xdist ("gw3"), or of the only one ("")."""
    number = int(worker.removeprefix("gw") or 0) % WORKERS_MAX
    size = len(process.PORTS) // WORKERS_MAX
    first = process.PORTS.start + number * size
    return range(first, first + size)


@pytest.fixture(autouse=True, scope="session")
def own_ports() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "PORTS", ports_of(os.environ.get("PYTEST_XDIST_WORKER", "")))
        yield
