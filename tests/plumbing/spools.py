"""Spools in memory with a clock under a test's control."""

import sqlite3

from werknetz.events.batch import Samples
from werknetz_edge.spool.spool import Spool

HOUR_US = 3_600_000_000


class Clock:
    now_us = 1_000_000

    def __call__(self) -> int:
        return self.now_us


def zero_samples(count: int = 1) -> Samples:
    return Samples(
        point=bytes(4 * count),
        time=bytes(8 * count),
        value=bytes(8 * count),
        status=bytes(4 * count),
    )


def memory_spool(bytes_max: int = 10_000_000) -> tuple[Spool, sqlite3.Connection, Clock]:
    connection, clock = sqlite3.connect(":memory:", isolation_level=None), Clock()
    spool = Spool(connection, "press", clock_us=clock, uptime_us=clock, bytes_max=bytes_max)
    return spool, connection, clock
