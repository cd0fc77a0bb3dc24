"""Marks buckets that time alone changes, also of silent machines."""

from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of
from werknetz.store import dirty
from werknetz.store.elements import element_rows as statements
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.elements.machine import ROLES


async def mark_after_time(pool: DriverPool, now_us: int) -> int:
    """Mark buckets that time has changed; return how many marks are new."""
    answer = await pool.execute(dirty.MARK_BUCKETS_AFTER_TIME, instant_of(bucket_of(now_us)), ROLES)
    return int(answer.rpartition(" ")[2])


async def mark_under_path(connection: WriteConnection, path: str, since_us: int) -> int:
    """Mark every bucket of an equipment and all below it, as after a calendar change."""
    answer = await connection.execute(dirty.MARK_BUCKETS_UNDER_PATH, path, instant_of(since_us))
    return int(answer.rpartition(" ")[2])


async def delete_old_revisions(pool: DriverPool, now_us: int, *, retention_days: int) -> int:
    """Delete old revisions; return how many rows."""
    before_us = now_us - retention_days * 96 * BUCKET_US
    before = instant_of(before_us)
    await pool.execute(statements.DELETE_OLD_PIECE_REVISIONS, before)
    answer = await pool.execute(statements.DELETE_OLD_REVISIONS, before)
    return int(answer.rpartition(" ")[2])
