"""The times that a batch stands for, where the edge's clock may be wrong."""

import time
from collections.abc import Sequence
from typing import Final

import numpy as np

from werknetz.events.batch import BusinessEvent, Record, Samples

SOURCE_TIME_MAX_US: Final = 24 * 3_600_000_000
"""A sample further from its acceptance is backfill or has a default date: it bounds no gap."""


def time_range_of(records: Sequence[Record], at_us: int) -> tuple[int, int]:
    """Return the first and last of the acceptance and the times of records near it, in µs."""
    low = high = at_us
    for record in records:
        if isinstance(record, BusinessEvent) and abs(record.at_us - at_us) <= SOURCE_TIME_MAX_US:
            low, high = min(low, record.at_us), max(high, record.at_us)
        elif isinstance(record, Samples) and record.time:
            times = np.frombuffer(record.time, "<i8")
            near = times[np.abs(times - at_us) <= SOURCE_TIME_MAX_US]
            if len(near):
                low, high = min(low, int(near.min())), max(high, int(near.max()))
    return low, high


def uptime_us() -> int:
    """Return the time since the machine has started, in µs: equal in all its processes."""
    return time.monotonic_ns() // 1000
