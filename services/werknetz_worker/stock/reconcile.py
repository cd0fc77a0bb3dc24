"""Dirty stock reconciled: a material in a warehouse from the first changed day on (R15).

What lies before that day stays as it is: the balances at its start are the checkpoint, so the cost
does not grow with history. One worker at a time; a mark is removed only where nobody has marked
again since it was read.
"""

import time
from datetime import datetime
from typing import Final

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz_worker.session import Connection
from werknetz_worker.stock import facts, findings, rows
from werknetz_worker.stock.subject import compute
from werknetz_worker.watermarks import Watermarks

SUBJECTS_MAX: Final = 1_000  # of one transaction
MARK: Final = "#stock"
"""The watermark of all warehouses: no path of an equipment has this form."""

_LOCK: Final = 0x53544F43  # "STOC"
_ACQUIRE_S: Final = 10.0
_DIRTY: Final = """
SELECT warehouse_id, material_id, from_at, marks FROM dirty_stock
ORDER BY marked_at, warehouse_id, material_id LIMIT $1"""
# Skips what the projector has in hand: it marks again, so there is more to do anyway.
_DONE: Final = """
DELETE FROM dirty_stock WHERE (warehouse_id, material_id) IN (
    SELECT d.warehouse_id, d.material_id FROM dirty_stock d
    JOIN unnest($1::int[], $2::int[], $3::bigint[]) AS seen (warehouse_id, material_id, marks)
        USING (warehouse_id, material_id, marks) FOR UPDATE OF d SKIP LOCKED)"""
# What the day alone changes: a new day has begun, or a stock-out goes on.
_SWEEP: Final = """
INSERT INTO dirty_stock (warehouse_id, material_id, from_at)
SELECT warehouse_id, material_id, from_at FROM (
    SELECT DISTINCT ON (d.warehouse_id, d.material_id) d.warehouse_id, d.material_id,
        d.day::timestamp AT TIME ZONE coalesce(e.time_zone, s.time_zone, 'UTC') AS from_at,
        d.day, d.computed_at,
        ($1::timestamptz AT TIME ZONE coalesce(e.time_zone, s.time_zone, 'UTC'))::date AS today,
        EXISTS (SELECT FROM stock_outs o WHERE o.warehouse_id = d.warehouse_id
            AND o.material_id = d.material_id AND o.end_at IS NULL) AS is_out
    FROM stock_days d JOIN warehouses w ON w.id = d.warehouse_id
    LEFT JOIN equipment e ON e.id = w.equipment_id
    LEFT JOIN sites p ON p.id = w.site_id LEFT JOIN equipment s ON s.id = p.equipment_id
    WHERE d.day >= $1::date - 400
    ORDER BY d.warehouse_id, d.material_id, d.day DESC) AS last
WHERE day < today OR (is_out AND computed_at < $1 - interval '15 minutes')
ORDER BY 1, 2 ON CONFLICT (warehouse_id, material_id) DO NOTHING"""


async def dirty_stock(
    pool: asyncpg.Pool,
    watermarks: Watermarks,
    *,
    now_us: int | None = None,
    seconds_max: float = 8.0,
) -> int:
    """Reconcile until nothing is dirty or the time is up; return how many subjects were."""
    deadline = time.monotonic() + seconds_max
    done = 0
    while time.monotonic() < deadline:
        at_us = time.time_ns() // 1000 if now_us is None else now_us
        async with pool.acquire(timeout=_ACQUIRE_S) as connection:
            count = await _some(connection, at_us)
        if not count:
            break
        done += count
        await watermarks.grow_marks([MARK])
    return done


async def sweep(pool: asyncpg.Pool, now: datetime) -> int:
    """Mark what time alone has changed; return how many marks are new."""
    answer = await pool.execute(_SWEEP, now)
    return int(answer.rpartition(" ")[2])


async def _some(connection: Connection, now_us: int) -> int:
    async with connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
            return 0
        # The marks first: what comes after them is marked again.
        dirty = await connection.fetch(_DIRTY, SUBJECTS_MAX)
        if not dirty:
            return 0
        subjects = await facts.load(connection, dirty, instant_of(now_us))
        done = [(subject, compute(subject, now_us)) for subject in subjects]
        await rows.replace(connection, done)
        await findings.replace(connection, done)
        await connection.execute(
            _DONE,
            [row["warehouse_id"] for row in dirty],
            [row["material_id"] for row in dirty],
            [row["marks"] for row in dirty],
        )
        return len(dirty)
