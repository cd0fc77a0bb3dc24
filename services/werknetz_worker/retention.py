"""Drops days that are older than the operator keeps: whole partitions, never what was computed.

What was dropped is remembered, so that nobody computes elements anew out of samples that are gone.
A default partition forbids DETACH … CONCURRENTLY, so each day is a short transaction of its own
that gives up where a long reader holds the table; the next hour tries again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import asyncpg

from werknetz.runtime.log import get_logger
from werknetz.store.elements import retention as statements
from werknetz.store.ingest import partitions as partition
from werknetz.store.ingest.partitions import RAW_INPUTS, SAMPLES, DayTable
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.settings import WorkerSettings

DAYS_A_RUN: Final = 40  # each may wait for its lock for two seconds; the rest has time
_log: Final = get_logger("worker.retention")


@dataclass(frozen=True, slots=True)
class Daily:
    """A table with a partition a day, and how long a day is kept."""

    table: DayTable
    kept_days: Callable[[WorkerSettings], int | None]  # None: for ever
    is_computed_from: bool = False  # then a day waits until its buckets are computed


DAILY: Final = (
    Daily(SAMPLES, lambda settings: settings.samples_kept_days, is_computed_from=True),
    Daily(RAW_INPUTS, lambda settings: settings.raw_kept_days),
)


async def drop_expired(pool: DriverPool, settings: WorkerSettings, now: datetime) -> int:
    """Drop the days that nobody keeps; return how many."""
    dropped = 0
    for daily in DAILY:
        kept_days = daily.kept_days(settings)
        if kept_days is not None:
            cutoff = (now.astimezone(UTC) - timedelta(days=kept_days)).date()
            dropped += await _drop_before(pool, daily, cutoff)
    return dropped


async def _drop_before(pool: DriverPool, daily: Daily, cutoff: date) -> int:
    """Drop the days that end at or before the cutoff's midnight."""
    table = daily.table
    names = [row[0] for row in await pool.fetch(table.existing)]
    days = sorted(day for name in names if (day := table.day_of(name)) is not None)
    dropped = 0
    for day in [day for day in days if day < cutoff][:DAYS_A_RUN]:
        try:
            async with pool.acquire() as connection:
                dropped += await _drop(connection, daily, day)
        except asyncpg.LockNotAvailableError:
            _log.warning("retention waits for a reader", table=table.name, day=str(day))
            break
    if dropped:
        _log.info("days dropped", table=table.name, days=dropped, before=str(cutoff))
    return dropped


async def _drop(connection: WriteConnection, daily: Daily, day: date) -> bool:
    """Drop one day, unless something of it waits to be computed."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    async with connection.transaction():
        await connection.execute(partition.SHORT_WAIT)
        await connection.execute(partition.ONE_AT_A_TIME)
        if daily.is_computed_from and await connection.fetchval(
            statements.HAS_DIRTY_BUCKETS, start, end
        ):
            _log.info("a day is kept until its buckets are computed", day=str(day))
            return False
        for statement in daily.table.dropping(day):
            await connection.execute(statement)
        await connection.execute(statements.SET_DROPPED_BEFORE, daily.table.name, end)
    return True
