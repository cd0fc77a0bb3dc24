"""Drops days after the retention time, and months of the audit log: never computed values.

The dropped range is stored, so that no elements are recomputed from missing samples. A default
partition forbids DETACH … CONCURRENTLY, so each day is a short transaction of its own that gives
up where a long reader holds the table; the next hour retries.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import partial
from typing import Final, Protocol

import asyncpg

from werknetz.runtime.log import get_logger
from werknetz.store.elements import retention as statements
from werknetz.store.ingest import partitions as partition
from werknetz.store.ingest.partitions import RAW_INPUTS, SAMPLES, DayTable
from werknetz.store.session import DriverPool, WriteConnection
from werknetz.store.shop_floor.audit import REMOVE_AUDIT_ENTRIES
from werknetz_worker.failures import Retries, Subject, run_isolated
from werknetz_worker.settings import WorkerSettings

DAYS_A_RUN: Final = 40  # each may wait two seconds for its lock
_log: Final = get_logger("worker.retention")


@dataclass(frozen=True, slots=True)
class DailyTable:
    """A table with a partition a day, and its retention time."""

    table: DayTable
    retention_days: Callable[[WorkerSettings], int | None]  # None: for ever
    is_computed_from: bool = False  # then a day waits until its buckets are computed


class ArchiveFailedError(RuntimeError):
    """A day was not copied: it stays. Not an error of the database, whatever its kind."""


class OldDayArchive(Protocol):
    """What takes over days before they are dropped, such as Parquet files. None is built in."""

    async def store(self, table: str, partition: str, day: date) -> None:
        """Copy a partition to where it stays; return when it is durable there.

        Called before the day is dropped, outside a transaction, and again for the same day where
        dropping failed or the worker was killed: a copy that exists is replaced. The partition has
        all rows of the UTC day; late ones may still come. Whatever is raised leaves the day in its
        place: it is reported as any subject that fails, and tried again later.
        """


DAILY: Final = (
    DailyTable(SAMPLES, lambda settings: settings.samples_retention_days, is_computed_from=True),
    DailyTable(RAW_INPUTS, lambda settings: settings.raw_retention_days),
)


async def drop_expired(
    pool: DriverPool,
    settings: WorkerSettings,
    now: datetime,
    retries: Retries | None = None,
    archive: OldDayArchive | None = None,
) -> int:
    """Drop the expired days; return how many. A day that cannot be dropped waits.

    `archive` has a copy of each day before it is dropped.
    """
    retries = Retries() if retries is None else retries
    dropped = 0
    for daily in DAILY:
        retention_days = daily.retention_days(settings)
        if retention_days is not None:
            cutoff = (now.astimezone(UTC) - timedelta(days=retention_days)).date()
            dropped += await _drop_before(pool, daily, cutoff, retries, archive)
    return dropped


async def remove_audit_entries(pool: DriverPool, settings: WorkerSettings, now: datetime) -> int:
    """Remove the months of the audit log whose last day is old enough; return how many entries.

    An entry of the log says up to which hash entries were removed, so that the rest verifies.
    Raises asyncpg.DataCorruptedError where the chain is broken: nothing is removed then.
    """
    if settings.audit_retention_days is None:
        return 0
    oldest = now.astimezone(UTC) - timedelta(days=settings.audit_retention_days)
    month = oldest.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    removed = int(await pool.fetchval(REMOVE_AUDIT_ENTRIES, month))
    if removed:
        _log.info("audit entries removed", entries=removed, before=str(month.date()))
    return removed


async def _drop_before(
    pool: DriverPool,
    daily: DailyTable,
    cutoff: date,
    retries: Retries,
    archive: OldDayArchive | None,
) -> int:
    """Drop the days that end at or before the cutoff's midnight."""
    table = daily.table
    names = [row[0] for row in await pool.fetch(table.list_partitions)]
    days = sorted(day for name in names if (day := table.day_of(name)) is not None)
    dropped = 0
    for day in [day for day in days if day < cutoff][:DAYS_A_RUN]:
        subject = Subject("day", f"{table.name}/{day}")
        outcome = await run_isolated(
            pool, retries, subject, partial(_drop_unless_read, pool, daily, day, archive)
        )
        if outcome is DayOutcome.READ:
            break
        if outcome is DayOutcome.DROPPED:
            dropped += 1
    if dropped:
        _log.info("days dropped", table=table.name, days=dropped, before=str(cutoff))
    return dropped


class DayOutcome(Enum):
    DROPPED = "dropped"
    DIRTY = "dirty"  # its buckets are not computed yet
    READ = "read"  # a reader holds the table


async def _drop_unless_read(
    pool: DriverPool, daily: DailyTable, day: date, archive: OldDayArchive | None
) -> DayOutcome:
    if archive is not None:
        try:
            await archive.store(daily.table.name, daily.table.name_of(day), day)
        except Exception as error:
            raise ArchiveFailedError(f"{type(error).__name__}: {error}") from error
    try:
        async with pool.acquire() as connection:
            is_dropped = await _drop(connection, daily, day)
    except asyncpg.LockNotAvailableError:
        _log.warning("retention waits for a reader", table=daily.table.name, day=str(day))
        return DayOutcome.READ
    return DayOutcome.DROPPED if is_dropped else DayOutcome.DIRTY


async def _drop(connection: WriteConnection, daily: DailyTable, day: date) -> bool:
    """Drop one day, unless buckets of it are still dirty."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    async with connection.transaction():
        await connection.execute(partition.SET_SHORT_LOCK_TIMEOUT)
        await connection.execute(partition.LOCK_PARTITIONING)
        if daily.is_computed_from and await connection.fetchval(
            statements.HAS_DIRTY_BUCKETS, start, end
        ):
            _log.info("day not dropped: its buckets are not computed yet", day=str(day))
            return False
        await connection.execute(partition.DROP_DAY, daily.table.name, day)
        await connection.execute(statements.SET_DROPPED_BEFORE, daily.table.name, end)
    return True
