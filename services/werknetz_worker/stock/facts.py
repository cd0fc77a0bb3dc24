"""Loads the facts of dirty stock, many subjects at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.domain.shift import local_day, local_us
from werknetz.kpi.stock.ledger import LedgerMovement, OpeningBalance, StockCount
from werknetz.kpi.stock.level import StockOutPeriod
from werknetz.store.inventory import stock_facts as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.stock.subject import StockSubject

Key = tuple[int, int]


async def load_subjects(
    connection: WriteConnection, dirty: Sequence[asyncpg.Record], now: datetime
) -> list[StockSubject]:
    """Return the subjects of the marks, each from the start of its first changed day on."""
    changed = {(row["warehouse_id"], row["material_id"]): row["from_at"] for row in dirty}
    places = await connection.fetch(
        statements.SUBJECTS, [k[0] for k in changed], [k[1] for k in changed]
    )
    subjects = {
        (row["warehouse_id"], row["material_id"]): _subject(
            row, min(changed[row["warehouse_id"], row["material_id"]], now)
        )
        for row in places
    }
    keys = [*subjects]
    columns: list[list[Any]] = [
        [key[0] for key in keys],
        [key[1] for key in keys],
        [instant_of(subjects[key].since_us) for key in keys],
    ]
    owners: dict[int, StockSubject] = {}
    for row in await connection.fetch(statements.STOCK_ITEMS, *columns):
        subject = subjects[row["warehouse_id"], row["material_id"]]
        owners[row["id"]] = subject
        counted_by = row["counted_by"]
        subject.openings[row["id"]] = OpeningBalance(row["balance"] or 0.0, counted_by is not None)
        if counted_by is not None:
            subject.counted_by[row["id"]] = counted_by
        if row["is_moved"]:
            subject.items_with_movements.add(row["id"])
    await _load_entries(connection, owners)
    for row in await connection.fetch(statements.OPEN_STOCK_OUTS, *columns):
        subjects[row["warehouse_id"], row["material_id"]].open_out = StockOutPeriod(
            microseconds_of(row["start_at"]), None, row["start_event_id"]
        )
    return list(subjects.values())


async def _load_entries(connection: WriteConnection, owners: dict[int, StockSubject]) -> None:
    items = [*owners]
    since = [instant_of(owners[item].since_us) for item in items]
    for row in await connection.fetch(statements.STOCK_COUNTS, items, since):
        owners[row[0]].counts.setdefault(row[0], []).append(
            StockCount(microseconds_of(row[1]), row[2], row[3], row[4], microseconds_of(row[5]))
        )
    for row in await connection.fetch(statements.STOCK_MOVEMENTS, items, since):
        owners[row[0]].moves.setdefault(row[0], []).append(
            LedgerMovement(microseconds_of(row[1]), row[2], row[3], row[4])
        )


def _subject(row: asyncpg.Record, changed: datetime) -> StockSubject:
    zone = ZoneInfo(row["zone"])
    try:
        first = local_day(microseconds_of(changed), zone)
        since_us = local_us(first, 0, zone)
    except (OverflowError, ValueError):  # at the ends of time
        first, since_us = changed.date() + timedelta(days=1), microseconds_of(changed)
    return StockSubject(
        row["warehouse_id"], row["material_id"], zone, since_us, first,
        site_id=row["site_id"], number=row["number"], code=row["code"],
    )  # fmt: skip
