"""Dirty stock reconciled: a material in a warehouse from the first changed day on (R15).

What lies before that day stays as it is: the balances at its start are the checkpoint, so the cost
does not grow with history. One worker at a time; a mark is removed only where nobody has marked
again since it was read.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.runtime.log import get_logger
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.stock import facts, findings, rows
from werknetz_worker.stock.subject import Reconciled, Subject, compute
from werknetz_worker.watermarks import Watermarks

SUBJECTS_MAX: Final = 1_000  # of one transaction
MARK: Final = "#stock"
"""The watermark of all warehouses: no path of an equipment has this form."""

_LOCK: Final = 0x53544F43  # "STOC"
_log: Final = get_logger("worker.stock")
_DIRTY: Final = """
SELECT warehouse_id, material_id, from_at, marks FROM dirty_stock
WHERE marked_at <= clock_timestamp() ORDER BY marked_at, warehouse_id, material_id LIMIT $1"""
# Skips what the projector has in hand: it marks again, so there is more to do anyway.
_DONE: Final = """
DELETE FROM dirty_stock WHERE (warehouse_id, material_id) IN (
    SELECT d.warehouse_id, d.material_id FROM dirty_stock d
    JOIN unnest($1::int[], $2::int[], $3::bigint[]) AS seen (warehouse_id, material_id, marks)
        USING (warehouse_id, material_id, marks) FOR UPDATE OF d SKIP LOCKED)"""
# One that cannot be reconciled waits, so that the others are not tried again with it each time.
_DEFER: Final = """
UPDATE dirty_stock d SET marked_at = clock_timestamp() + interval '5 minutes'
FROM unnest($1::int[], $2::int[], $3::bigint[]) AS seen (warehouse_id, material_id, marks)
WHERE d.warehouse_id = seen.warehouse_id AND d.material_id = seen.material_id
    AND d.marks = seen.marks"""
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
    pool: DriverPool,
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
        async with pool.acquire() as connection:
            count = await _some(connection, at_us)
        if not count:
            break
        done += count
        await watermarks.grow_marks([MARK])
    return done


async def sweep(pool: DriverPool, now: datetime) -> int:
    """Mark what time alone has changed; return how many marks are new."""
    answer = await pool.execute(_SWEEP, now)
    return int(answer.rpartition(" ")[2])


async def _some(connection: WriteConnection, now_us: int) -> int:
    async with connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
            return 0
        # The marks first: what comes after them is marked again.
        dirty = await connection.fetch(_DIRTY, SUBJECTS_MAX)
        if not dirty:
            return 0
        marks = {(row["warehouse_id"], row["material_id"]): row["marks"] for row in dirty}
        refused = await _reconcile(connection, dirty, now_us)
        for statement, keys in ((_DONE, [*marks.keys() - refused]), (_DEFER, [*refused])):
            await connection.execute(
                statement,
                [key[0] for key in keys],
                [key[1] for key in keys],
                [marks[key] for key in keys],
            )
        return len(dirty) - len(refused)


async def _reconcile(
    connection: WriteConnection, dirty: Sequence[asyncpg.Record], now_us: int
) -> set[tuple[int, int]]:
    """Reconcile the subjects; return those that could not be."""
    done: list[tuple[Subject, Reconciled]] = []
    refused: set[tuple[int, int]] = set()
    for subject in await facts.load(connection, dirty, instant_of(now_us)):
        try:
            done.append((subject, compute(subject, now_us)))
        except Exception:  # noqa: BLE001 - one must not stop the others; its mark and rows stay
            _log.exception("stock cannot be reconciled", place=subject.code, of=subject.number)
            refused.add((subject.warehouse_id, subject.material_id))
    await rows.replace(connection, done)
    await findings.replace(connection, done)
    return refused
