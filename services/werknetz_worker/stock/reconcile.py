"""Reconciles dirty stock: a material in a warehouse from the first changed day on (R15).

Earlier days stay as they are: the balances at the start of the day are the checkpoint, so the cost
does not grow with history. Any number of workers run side by side, each on other shards of stock; a
mark is deleted only if it is unchanged since it was read.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.store import dirty, locks
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.failures import (
    Retries,
    Subject,
    run_all_isolated,
    separate_unfinished,
)
from werknetz_worker.stock import facts, findings, rows
from werknetz_worker.stock.subject import reconcile_subject
from werknetz_worker.watermarks import WatermarkPublisher

SUBJECTS_MAX: Final = 1_000  # of one transaction
ENOUGH: Final = 250
"""Marks for which one transaction is worth its effort: further shards are left to others."""
STOCK_WATERMARK: Final = "#stock"
"""The watermark of all warehouses: no path of an equipment has this form."""

_LOCK: Final = 0x53544F43  # "STOC"


async def reconcile_dirty_stock(
    pool: DriverPool,
    watermarks: WatermarkPublisher,
    *,
    now_us: int | None = None,
    seconds_max: float = 8.0,
    retries: Retries | None = None,
) -> int:
    """Reconcile until nothing is dirty or the time is up; return how many subjects were.

    Stock that cannot be reconciled waits; the rest goes on.
    """
    retries = Retries() if retries is None else retries
    await separate_unfinished(
        pool,
        retries,
        lambda subject: pool.execute(
            dirty.DEFER_ONE_STOCK, subject.warehouse_id, subject.material_id
        ),
    )
    deadline = time.monotonic() + seconds_max
    done = 0
    while time.monotonic() < deadline:
        at_us = time.time_ns() // 1000 if now_us is None else now_us
        async with pool.acquire() as connection:
            outcome = await _reconcile_batch(connection, at_us, retries)
        if not outcome.subjects:
            break
        done += outcome.done
        await watermarks.increment_names([STOCK_WATERMARK])
    return done


async def mark_after_time(pool: DriverPool, now: datetime) -> int:
    """Mark stock that time alone has changed; return how many marks are new."""
    answer = await pool.execute(dirty.MARK_STOCK_AFTER_TIME, now)
    return int(answer.rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class StockOutcome:
    """The result of one transaction."""

    subjects: int = 0
    done: int = 0


async def _reconcile_batch(
    connection: WriteConnection, now_us: int, retries: Retries
) -> StockOutcome:
    async with connection.transaction():
        shards = await lock_shards(connection)
        if not shards:
            return StockOutcome()
        # Read the marks first: a later change marks again.
        marked = _select_batch(
            await connection.fetch(dirty.DIRTY_STOCK, shards, SUBJECTS_MAX), retries
        )
        rows_by_key = {(row["warehouse_id"], row["material_id"]): row for row in marked}
        refused = await run_all_isolated(
            connection,
            retries,
            {key: _subject_of(*key) for key in rows_by_key},
            lambda keys: _reconcile(connection, [rows_by_key[key] for key in keys], now_us),
        )
        for statement, keys in (
            (dirty.DELETE_STOCK_MARKS, [*rows_by_key.keys() - refused]),
            (dirty.DEFER_STOCK, [*refused]),
        ):
            await connection.execute(
                statement,
                [key[0] for key in keys],
                [key[1] for key in keys],
                [rows_by_key[key]["marks"] for key in keys],
            )
        return StockOutcome(len(rows_by_key), len(rows_by_key) - len(refused))


async def lock_shards(connection: WriteConnection) -> list[int]:
    """Lock shards with marks that no other worker has, until there are enough marks."""
    locked: list[int] = []
    marks = 0
    for shard, count in await connection.fetch(dirty.DIRTY_STOCK_SHARDS):
        if marks >= ENOUGH:
            break
        if await connection.fetchval(locks.TRY_LOCK_OF, _LOCK, shard):
            locked.append(shard)
            marks += count
    return locked


def _subject_of(warehouse_id: int, material_id: int) -> Subject:
    return Subject(
        "stock",
        f"{warehouse_id}/{material_id}",
        warehouse_id=warehouse_id,
        material_id=material_id,
    )


def _select_batch(marked: Sequence[asyncpg.Record], retries: Retries) -> list[asyncpg.Record]:
    """Return the stock of one transaction; what took too long with others has one to itself."""
    batch: list[asyncpg.Record] = []
    for row in marked:
        is_alone = not retries.may_share(_subject_of(row["warehouse_id"], row["material_id"]))
        if batch and is_alone:
            break
        batch.append(row)
        if is_alone:
            break
    return batch


async def _reconcile(
    connection: WriteConnection, dirty: Sequence[asyncpg.Record], now_us: int
) -> None:
    done = [
        (subject, reconcile_subject(subject, now_us))
        for subject in await facts.load_subjects(connection, dirty, instant_of(now_us))
    ]
    await rows.replace_rows(connection, done)
    await findings.replace_findings(connection, done)
