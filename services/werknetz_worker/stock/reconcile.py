"""Reconciles dirty stock: a material in a warehouse from the first changed day on (R15).

Earlier days stay as they are: the balances at the start of the day are the checkpoint, so the cost
does not grow with history. One worker at a time; a mark is deleted only if it is unchanged since it
was read.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.runtime.log import get_logger
from werknetz.store import dirty, locks
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.stock import facts, findings, rows
from werknetz_worker.stock.subject import ReconciledStock, StockSubject, reconcile_subject
from werknetz_worker.watermarks import WatermarkPublisher

SUBJECTS_MAX: Final = 1_000  # of one transaction
STOCK_WATERMARK: Final = "#stock"
"""The watermark of all warehouses: no path of an equipment has this form."""

_LOCK: Final = 0x53544F43  # "STOC"
_log: Final = get_logger("worker.stock")


async def reconcile_dirty_stock(
    pool: DriverPool,
    watermarks: WatermarkPublisher,
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
            count = await _reconcile_batch(connection, at_us)
        if not count:
            break
        done += count
        await watermarks.increment_names([STOCK_WATERMARK])
    return done


async def mark_after_time(pool: DriverPool, now: datetime) -> int:
    """Mark stock that time alone has changed; return how many marks are new."""
    answer = await pool.execute(dirty.MARK_STOCK_AFTER_TIME, now)
    return int(answer.rpartition(" ")[2])


async def _reconcile_batch(connection: WriteConnection, now_us: int) -> int:
    async with connection.transaction():
        if not await connection.fetchval(locks.TRY_LOCK, _LOCK):
            return 0
        # Read the marks first: a later change marks again.
        marked = await connection.fetch(dirty.DIRTY_STOCK, SUBJECTS_MAX)
        if not marked:
            return 0
        marks = {(row["warehouse_id"], row["material_id"]): row["marks"] for row in marked}
        refused = await _reconcile(connection, marked, now_us)
        for statement, keys in (
            (dirty.DELETE_STOCK_MARKS, [*marks.keys() - refused]),
            (dirty.DEFER_STOCK, [*refused]),
        ):
            await connection.execute(
                statement,
                [key[0] for key in keys],
                [key[1] for key in keys],
                [marks[key] for key in keys],
            )
        return len(marked) - len(refused)


async def _reconcile(
    connection: WriteConnection, dirty: Sequence[asyncpg.Record], now_us: int
) -> set[tuple[int, int]]:
    """Reconcile the subjects; return those that failed."""
    done: list[tuple[StockSubject, ReconciledStock]] = []
    refused: set[tuple[int, int]] = set()
    for subject in await facts.load_subjects(connection, dirty, instant_of(now_us)):
        try:
            done.append((subject, reconcile_subject(subject, now_us)))
        except Exception:  # noqa: BLE001 - one failure must not stop the others
            _log.exception("stock cannot be reconciled", place=subject.code, of=subject.number)
            refused.add((subject.warehouse_id, subject.material_id))
    await rows.replace_rows(connection, done)
    await findings.replace_findings(connection, done)
    return refused
