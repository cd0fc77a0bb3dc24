"""Loads the facts of dirty relations as `kpi.supply` needs them, many relations at once.

Only current revisions are loaded: a deleted event counts as never sent, a revised one as sent in
its last form.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import asyncpg

from werknetz.domain.bucket import microseconds_of
from werknetz.kpi.supply.facts import (
    CallOffEntry,
    ReceiptLine,
    RelationFacts,
    ScheduleGroup,
    ShipmentLine,
)
from werknetz.store.relations import relation_facts as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.supply import lost


@dataclass(frozen=True, slots=True)
class RelationSubject:
    """One relation with what its rows need beside the facts."""

    id: int
    supplier_id: int
    material_id: int
    site_id: int | None
    zone: ZoneInfo
    relation: RelationFacts


@dataclass(slots=True)
class _RelationLines:
    entries: list[CallOffEntry] = field(default_factory=list)
    shipments: list[ShipmentLine] = field(default_factory=list)
    receipts: list[ReceiptLine] = field(default_factory=list)
    connectors: set[str] = field(default_factory=set)


async def load_relations(
    connection: WriteConnection, relation_ids: Sequence[int]
) -> list[RelationSubject]:
    """Return the existing relations in the order of their ids."""
    lines = {relation_id: _RelationLines() for relation_id in relation_ids}
    for row in await connection.fetch(statements.CALL_OFF_ENTRIES, relation_ids):
        if (entry := _entry(row)) is not None:
            lines[row["relation_id"]].entries.append(entry)
        lines[row["relation_id"]].connectors.add(row["connector_id"])
    for row in await connection.fetch(statements.SHIPMENT_LINES, relation_ids):
        if (line := _shipment(row)) is not None:
            lines[row["relation_id"]].shipments.append(line)
        lines[row["relation_id"]].connectors.add(row["connector_id"])
    for row in await connection.fetch(statements.RECEIPT_LINES, relation_ids):
        if (receipt := _receipt(row)) is not None:
            lines[row["relation_id"]].receipts.append(receipt)
        lines[row["relation_id"]].connectors.add(row["connector_id"])
    connectors = {name for relation_lines in lines.values() for name in relation_lines.connectors}
    spans = await lost.load_loss_spans(connection, sorted(connectors))
    return [
        RelationSubject(
            row["id"],
            row["supplier_id"],
            row["material_id"],
            row["site_id"],
            ZoneInfo(row["zone"]),
            RelationFacts(
                supplier=row["supplier"],
                material=row["material"],
                entries=tuple(lines[row["id"]].entries),
                shipments=tuple(lines[row["id"]].shipments),
                receipts=tuple(lines[row["id"]].receipts),
                lost_spans=_spans(lines[row["id"]].connectors, spans),
            ),
        )
        for row in sorted(
            await connection.fetch(statements.RELATIONS, relation_ids), key=lambda r: r["id"]
        )
    ]


def _spans(
    connectors: Iterable[str], spans: dict[str, list[tuple[int, int]]]
) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(span for name in connectors for span in spans.get(name, ())))


def _entry(row: asyncpg.Record) -> CallOffEntry | None:
    """Return an entry; None without a finite quantity, which is a finding elsewhere.

    A call-off without a quantity calls nothing off: it replaces what was called off before.
    """
    quantity = 0.0 if row["quantity"] is None else row["base_quantity"]
    if not _counts(quantity):
        return None
    factor = _factor(row)
    return CallOffEntry(
        event_id=row["event_id"],
        document=row["document"],
        issued_us=microseconds_of(row["issued_at"]),
        known_us=microseconds_of(row["first_known"]),
        quantity=quantity,
        due_from_us=_us(row["due_from"]),
        due_until_us=_us(row["due_until"]),
        group=_group(row),
        line=row["line"] or "",
        place=row["point_of_use"] or "",
        message=row["message"],
        commitment=row["commitment"],
        due_kind=row["due_kind"],
        replaces=row["replaces"],
        cumulative_quantity=_times(row["cumulative_quantity"], factor),
        cumulative_received=_times(row["cumulative_received"], factor),
        cumulative_since_us=_us(row["cumulative_since"]),
        last_receipt=row["last_receipt"],
        last_receipt_us=_us(row["last_receipt_at"]),
    )


def _shipment(row: asyncpg.Record) -> ShipmentLine | None:
    if not _counts(row["base_quantity"]):
        return None
    return ShipmentLine(
        event_id=row["event_id"],
        document=row["document"],
        announced_us=microseconds_of(row["announced_at"]),
        known_us=microseconds_of(row["first_known"]),
        quantity=row["base_quantity"],
        group=_group(row),
        line=row["line"] or "",
        message=row["message"],
        shipment=row["shipment"],
        delivery_note=row["delivery_note"],
        despatched_us=_us(row["despatched_at"]),
        arrives_us=_us(row["arrives_at"]),
        handling_unit=row["handling_unit"],
        batch=row["batch"],
        cumulative_quantity=_times(row["cumulative_quantity"], _factor(row)),
    )


def _receipt(row: asyncpg.Record) -> ReceiptLine | None:
    if not _counts(row["accepted_quantity"]):
        return None
    return ReceiptLine(
        event_id=row["event_id"],
        document=row["document"],
        received_us=microseconds_of(row["received_at"]),
        known_us=microseconds_of(row["first_known"]),
        quantity=row["accepted_quantity"],
        rejected=row["rejected_quantity"] if _counts(row["rejected_quantity"]) else 0.0,
        group=_group(row),
        line=row["line"] or "",
        message=row["message"],
        shipment=row["shipment"],
        delivery_note=row["delivery_note"],
        batch=row["batch"],
        discrepancy=row["discrepancy"],
    )


def _counts(quantity: float | None) -> bool:
    """Return whether a quantity can be summed; NaN and infinity cannot."""
    return quantity is not None and math.isfinite(quantity)


def _group(row: asyncpg.Record) -> ScheduleGroup:
    return ScheduleGroup(row["order_number"] or "", row["order_line"] or "")


def _factor(row: asyncpg.Record) -> float:
    """Return the base units in one unit of the message; its cumulatives use the same unit."""
    factor = float(row["base_quantity"] / row["quantity"]) if row["quantity"] else 1.0
    return factor if math.isfinite(factor) else 1.0


def _times(value: float | None, factor: float) -> float | None:
    """Return a stated quantity in the base unit; None if it is no finite number."""
    if value is None:
        return None
    base = value * factor
    return base if math.isfinite(base) else None


def _us(at: datetime | None) -> int | None:
    return None if at is None else microseconds_of(at)
