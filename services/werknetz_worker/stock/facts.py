"""What is known of dirty stock: a few statements for many subjects at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.domain.shift import local_day, local_us
from werknetz.kpi.stock.ledger import StockCount, StockMove, OpeningBalance
from werknetz.kpi.stock.level import StockOutPeriod
from werknetz.store.session import WriteConnection
from werknetz_worker.stock.subject import Subject

_PLACES: Final = """
SELECT n.warehouse_id, n.material_id, coalesce(e.time_zone, s.time_zone, 'UTC') AS zone,
    w.site_id, w.code, m.number
FROM unnest($1::int[], $2::int[]) AS n (warehouse_id, material_id)
JOIN warehouses w ON w.id = n.warehouse_id JOIN materials m ON m.id = n.material_id
LEFT JOIN equipment e ON e.id = w.equipment_id
LEFT JOIN sites p ON p.id = w.site_id LEFT JOIN equipment s ON s.id = p.equipment_id"""
_ITEMS: Final = """
SELECT i.id, i.warehouse_id, i.material_id, last.balance, (
    SELECT b.event_id FROM stock_balances b
    WHERE b.stock_item_id = i.id AND b.kind = 'count' AND b.at < n.since
    ORDER BY b.at DESC, b.position DESC LIMIT 1) AS counted_by,
    EXISTS (SELECT FROM stock_movements m
        WHERE m.stock_item_id = i.id AND m.known_to IS NULL) AS is_moved
FROM unnest($1::int[], $2::int[], $3::timestamptz[]) AS n (warehouse_id, material_id, since)
JOIN stock_items i ON i.warehouse_id = n.warehouse_id AND i.material_id = n.material_id
LEFT JOIN LATERAL (
    SELECT b.balance, b.at FROM stock_balances b WHERE b.stock_item_id = i.id AND b.at < n.since
    ORDER BY b.at DESC, b.position DESC LIMIT 1) AS last ON true"""
_COUNTS: Final = """
SELECT c.stock_item_id, c.at, c.base_quantity, c.event_id, coalesce(c.document, '') AS document,
    c.known_from
FROM unnest($1::int[], $2::timestamptz[]) AS n (item, since)
JOIN stock_counts c ON c.stock_item_id = n.item AND c.at >= n.since
WHERE c.known_to IS NULL AND c.base_quantity IS NOT NULL"""
_MOVES: Final = """
SELECT m.stock_item_id, m.at, m.base_quantity, m.event_id, m.leg
FROM unnest($1::int[], $2::timestamptz[]) AS n (item, since)
JOIN stock_movements m ON m.stock_item_id = n.item AND m.at >= n.since
JOIN stock_items i ON i.id = n.item JOIN warehouses w ON w.id = i.warehouse_id
WHERE m.known_to IS NULL AND m.base_quantity IS NOT NULL AND m.kind = ANY(w.moved_by)"""
_OUTS: Final = """
SELECT o.warehouse_id, o.material_id, o.start_at, o.start_event_id
FROM unnest($1::int[], $2::int[], $3::timestamptz[]) AS n (warehouse_id, material_id, since)
JOIN stock_outs o ON o.warehouse_id = n.warehouse_id AND o.material_id = n.material_id
WHERE o.start_at < n.since AND (o.end_at IS NULL OR o.end_at >= n.since)"""

Key = tuple[int, int]


async def load(
    connection: WriteConnection, dirty: Sequence[asyncpg.Record], now: datetime
) -> list[Subject]:
    """Return the subjects of the marks, each from the start of its first changed day on."""
    changed = {(row["warehouse_id"], row["material_id"]): row["from_at"] for row in dirty}
    places = await connection.fetch(_PLACES, [k[0] for k in changed], [k[1] for k in changed])
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
    owners: dict[int, Subject] = {}
    for row in await connection.fetch(_ITEMS, *columns):
        subject = subjects[row["warehouse_id"], row["material_id"]]
        owners[row["id"]] = subject
        counted_by = row["counted_by"]
        subject.openings[row["id"]] = OpeningBalance(row["balance"] or 0.0, counted_by is not None)
        if counted_by is not None:
            subject.counted_by[row["id"]] = counted_by
        if row["is_moved"]:
            subject.moved.add(row["id"])
    await _entries(connection, owners)
    for row in await connection.fetch(_OUTS, *columns):
        subjects[row["warehouse_id"], row["material_id"]].open_out = StockOutPeriod(
            microseconds_of(row["start_at"]), None, row["start_event_id"]
        )
    return list(subjects.values())


async def _entries(connection: WriteConnection, owners: dict[int, Subject]) -> None:
    items = [*owners]
    since = [instant_of(owners[item].since_us) for item in items]
    for row in await connection.fetch(_COUNTS, items, since):
        owners[row[0]].counts.setdefault(row[0], []).append(
            StockCount(microseconds_of(row[1]), row[2], row[3], row[4], microseconds_of(row[5]))
        )
    for row in await connection.fetch(_MOVES, items, since):
        owners[row[0]].moves.setdefault(row[0], []).append(
            StockMove(microseconds_of(row[1]), row[2], row[3], row[4])
        )


def _subject(row: asyncpg.Record, changed: datetime) -> Subject:
    zone = ZoneInfo(row["zone"])
    try:
        first = local_day(microseconds_of(changed), zone)
        since_us = local_us(first, 0, zone)
    except (OverflowError, ValueError):  # the first or the last days that there are
        first, since_us = changed.date() + timedelta(days=1), microseconds_of(changed)
    return Subject(
        row["warehouse_id"], row["material_id"], zone, since_us, first,
        site_id=row["site_id"], number=row["number"], code=row["code"],
    )  # fmt: skip
