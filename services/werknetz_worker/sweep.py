"""Finds what nobody marked: buckets that time alone changes, and machines that fell silent."""

from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of
from werknetz.store import dirty
from werknetz.store.elements import element_rows as statements
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.machine import ROLES


async def sweep(pool: DriverPool, now_us: int) -> int:
    """Mark what time has made dirty; return how many marks are new."""
    answer = await pool.execute(dirty.MARK_BUCKETS_AFTER_TIME, instant_of(bucket_of(now_us)), ROLES)
    return int(answer.rpartition(" ")[2])


async def mark_again(connection: WriteConnection, path: str, since_us: int) -> int:
    """Mark every bucket of an equipment and all below it, as after a change of its calendar."""
    answer = await connection.execute(dirty.MARK_BUCKETS_UNDER_PATH, path, instant_of(since_us))
    return int(answer.rpartition(" ")[2])


async def forget_revisions(pool: DriverPool, now_us: int, *, kept_days: int) -> int:
    """Delete what was known before, once it is old; return how many rows."""
    before_us = now_us - kept_days * 96 * BUCKET_US
    answer = await pool.execute(statements.DELETE_OLD_REVISIONS, instant_of(before_us))
    return int(answer.rpartition(" ")[2])
