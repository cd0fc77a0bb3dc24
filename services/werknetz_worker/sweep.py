"""Finds what nobody marked: buckets that time alone changes, and machines that fell silent."""

from typing import Final

from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.machine import ROLES
from werknetz_worker.retention import DROPPED_BEFORE

# For every machine that has elements: the bucket after its last, up to now, and those that
# were computed before they had settled.
_SWEEP: Final = """
INSERT INTO dirty_buckets (equipment_id, bucket_at)
SELECT found.equipment_id, found.bucket_at FROM (
    SELECT e.equipment_id, e.bucket_at FROM elements e
    WHERE e.provisional AND e.bucket_at >= $1::timestamptz - interval '2 days'
    UNION
    SELECT m.id, next.bucket_at FROM equipment m
    CROSS JOIN LATERAL (
        SELECT e.bucket_at, e.provisional FROM elements e
        WHERE e.equipment_id = m.id AND e.bucket_at <= $1
        ORDER BY e.bucket_at DESC LIMIT 1) AS last
    CROSS JOIN LATERAL (
        VALUES (last.bucket_at), (least(last.bucket_at + interval '15 minutes', $1))
    ) AS next (bucket_at)
    WHERE last.bucket_at > $1::timestamptz - interval '400 days'
        AND (next.bucket_at > last.bucket_at OR last.provisional)
        AND EXISTS (SELECT FROM signals s WHERE s.equipment_id = m.id AND s.role = ANY($2))
) AS found
ORDER BY 1, 2
ON CONFLICT DO NOTHING"""

# What lies in dropped days stays as it was computed.
_AGAIN: Final = f"""
INSERT INTO dirty_buckets AS old (equipment_id, bucket_at)
SELECT e.equipment_id, e.bucket_at FROM elements e JOIN equipment m ON m.id = e.equipment_id
WHERE (m.path = $1 OR starts_with(m.path, $1 || '/')) AND e.bucket_at >= $2
    AND e.bucket_at >= coalesce(({DROPPED_BEFORE}), '-infinity')
ORDER BY 1, 2
ON CONFLICT (equipment_id, bucket_at)
DO UPDATE SET marks = old.marks + 1, marked_at = clock_timestamp()"""  # noqa: S608 - made of constants

_FORGET: Final = "DELETE FROM element_revisions WHERE known_to < $1"


async def sweep(pool: DriverPool, now_us: int) -> int:
    """Mark what time has made dirty; return how many marks are new."""
    answer = await pool.execute(_SWEEP, instant_of(bucket_of(now_us)), ROLES)
    return int(answer.rpartition(" ")[2])


async def mark_again(connection: WriteConnection, path: str, since_us: int) -> int:
    """Mark every bucket of an equipment and all below it, as after a change of its calendar."""
    answer = await connection.execute(_AGAIN, path, instant_of(since_us))
    return int(answer.rpartition(" ")[2])


async def forget_revisions(pool: DriverPool, now_us: int, *, kept_days: int) -> int:
    """Delete what was known before, once it is old; return how many rows."""
    before_us = now_us - kept_days * 96 * BUCKET_US
    answer = await pool.execute(_FORGET, instant_of(before_us))
    return int(answer.rpartition(" ")[2])
