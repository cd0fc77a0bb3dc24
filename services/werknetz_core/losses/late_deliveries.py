"""The deliveries that should have kept a stock from running out, with their messages."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz_core.losses.inputs import Connection

# Due before the stock-out ended, and not there in full when it began. Of a relation without a
# site nobody knows that it is for another plant.
_LATE: Final = """
SELECT o.id AS out_id, p.key AS supplier, p.name AS supplier_name, d.document AS call_off,
    d.due_from, d.due_until, d.quantity, d.open_quantity, d.delay_s, d.first_received_at,
    d.fulfilled_at, d.event_ids, d.receipt_ids, d.shipment_ids, r.dock,
    least(coalesce(o.end_at, $2), $2) AS until_at
FROM stock_outs o JOIN warehouses w ON w.id = o.warehouse_id
LEFT JOIN sites ws ON ws.id = w.site_id
JOIN supply_relations r ON r.material_id = o.material_id
JOIN partners p ON p.id = r.supplier_id
LEFT JOIN sites s ON s.id = r.site_id
JOIN due_lines d ON d.relation_id = r.id
WHERE o.id = ANY($1) AND (s.equipment_id IS NULL
        OR s.equipment_id = coalesce(w.equipment_id, ws.equipment_id) OR s.id = w.site_id)
    AND d.due_until < least(coalesce(o.end_at, $2), $2)
    AND (d.fulfilled_at IS NULL OR d.fulfilled_at > o.start_at)
ORDER BY o.id, d.due_until, d.id"""
_SHIPMENTS: Final = """
SELECT event_id, document, delivery_note, announced_at, despatched_at, arrives_at, base_quantity
FROM shipment_lines WHERE event_id = ANY($1) AND known_to IS NULL"""
_RECEIPTS: Final = """
SELECT event_id, document, delivery_note, received_at, accepted_quantity
FROM receipt_lines WHERE event_id = ANY($1) AND known_to IS NULL"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A due line that was late for a stock-out. `delay_s`: up to what is known now."""

    supplier: str
    supplier_name: str
    call_off: str
    due_from: datetime
    due_until: datetime
    quantity: float
    open_quantity: float
    delay_s: float
    fulfilled_at: datetime | None
    events: tuple[UUID, ...]
    shipments: list[dict[str, Any]] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)


async def late_for(
    connection: Connection, outs: Sequence[int], now_us: int
) -> dict[int, list[Delivery]]:
    """Return by stock-out the due lines that were late for it, those due first first."""
    now = instant_of(now_us)
    rows = await connection.fetch(_LATE, outs, now)
    shipments = await _by_event(connection, _SHIPMENTS, rows, "shipment_ids")
    receipts = await _by_event(connection, _RECEIPTS, rows, "receipt_ids")
    found: dict[int, list[Delivery]] = defaultdict(list)
    for row in rows:
        ended = row["fulfilled_at"] or now
        found[row["out_id"]].append(
            Delivery(
                row["supplier"], row["supplier_name"], row["call_off"], row["due_from"],
                row["due_until"], row["quantity"], row["open_quantity"],
                max(0.0, (ended - row["due_until"]).total_seconds()), row["fulfilled_at"],
                tuple(row["event_ids"]),
                [_shipment(shipments[one]) for one in row["shipment_ids"] if one in shipments],
                [_receipt(receipts[one]) for one in row["receipt_ids"] if one in receipts],
            )
        )  # fmt: skip
    return found


async def _by_event(
    connection: Connection, statement: str, rows: Sequence[asyncpg.Record], name: str
) -> dict[UUID, asyncpg.Record]:
    wanted = sorted({one for row in rows for one in row[name]}, key=lambda one: one.bytes)
    return {row["event_id"]: row for row in await connection.fetch(statement, wanted)}


def _shipment(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "document": row["document"],
        "delivery_note": row["delivery_note"],
        "announced_at": row["announced_at"],
        "despatched_at": row["despatched_at"],
        "arrives_at": row["arrives_at"],
        "quantity": row["base_quantity"],
        "event_id": row["event_id"],
    }


def _receipt(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "document": row["document"],
        "delivery_note": row["delivery_note"],
        "received_at": row["received_at"],
        "quantity": row["accepted_quantity"],
        "event_id": row["event_id"],
    }
