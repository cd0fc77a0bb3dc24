"""Deliveries that would have prevented a stock-out but were late, with their messages."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.store.queries.supply_caused import LATE_DUE_LINES, RECEIPT_LINES, SHIPMENT_LINES
from werknetz.store.session import ReadConnection


@dataclass(frozen=True, slots=True)
class LateDelivery:
    """A due line that was late for a stock-out. `delay_s`: until its delivery, or until now."""

    supplier: str
    supplier_name: str
    call_off: str
    due_from: datetime
    due_until: datetime
    quantity: float
    open_quantity: float
    delay_s: float
    fulfilled_at: datetime | None
    event_ids: tuple[UUID, ...]
    shipments: list[dict[str, Any]] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)


async def load_late_deliveries(
    connection: ReadConnection, stock_out_ids: Sequence[int], now_us: int
) -> dict[int, list[LateDelivery]]:
    """Return the late due lines by stock-out, the earliest due first."""
    now = instant_of(now_us)
    rows = await connection.fetch(LATE_DUE_LINES, stock_out_ids, now)
    shipments = await _load_by_event(connection, SHIPMENT_LINES, rows, "shipment_ids")
    receipts = await _load_by_event(connection, RECEIPT_LINES, rows, "receipt_ids")
    deliveries: dict[int, list[LateDelivery]] = defaultdict(list)
    for row in rows:
        end = row["fulfilled_at"] or now
        deliveries[row["stock_out_id"]].append(
            LateDelivery(
                row["supplier"], row["supplier_name"], row["call_off"], row["due_from"],
                row["due_until"], row["quantity"], row["open_quantity"],
                max(0.0, (end - row["due_until"]).total_seconds()), row["fulfilled_at"],
                tuple(row["event_ids"]),
                [_shipment_of(shipments[i]) for i in row["shipment_ids"] if i in shipments],
                [_receipt_of(receipts[i]) for i in row["receipt_ids"] if i in receipts],
            )
        )  # fmt: skip
    return deliveries


async def _load_by_event(
    connection: ReadConnection, statement: str, rows: Sequence[asyncpg.Record], id_column: str
) -> dict[UUID, asyncpg.Record]:
    ids = {event_id for row in rows for event_id in row[id_column]}
    ordered = sorted(ids, key=lambda event_id: event_id.bytes)
    return {row["event_id"]: row for row in await connection.fetch(statement, ordered)}


def _shipment_of(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "document": row["document"],
        "delivery_note": row["delivery_note"],
        "announced_at": row["announced_at"],
        "despatched_at": row["despatched_at"],
        "arrives_at": row["arrives_at"],
        "quantity": row["base_quantity"],
        "event_id": row["event_id"],
    }


def _receipt_of(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "document": row["document"],
        "delivery_note": row["delivery_note"],
        "received_at": row["received_at"],
        "quantity": row["accepted_quantity"],
        "event_id": row["event_id"],
    }
