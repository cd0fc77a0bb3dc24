import pytest

from plumbing.sparkplug_host import HostBench


@pytest.fixture
def bench() -> HostBench:
    encoded = HostBench()
    encoded.publish_births()
    return encoded
