"""Facts of deliveries in a database, as the projector writes them: event, row, mark."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
PLANT = "nordwerk/emden-1"
KINDS = {
    "call_off_entries": "delivery_called_off",
    "shipment_lines": "shipment_announced",
    "receipt_lines": "goods_received",
}
DERIVED = ("call_offs", "due_lines", "transit_lines", "cumulatives", "supply_elements")
VOLATILE_COLUMNS = frozenset({"id", "computed_at", "policy_id", "shipment_id"})
MARK = """INSERT INTO dirty_relations AS old (relation_id) VALUES ($1)
ON CONFLICT (relation_id) DO UPDATE SET marks = old.marks + 1, marked_at = clock_timestamp()"""


def day(number: float) -> datetime:
    return MONDAY + timedelta(days=number)


@dataclass
class Deliveries:
    pool: asyncpg.Pool
    connector: str = "alfa-edi"
    _count: "itertools.count[int]" = field(default_factory=itertools.count)

    async def create_relation(
        self, supplier: str = "alfa", material: str = "4711", *, zone: str = "UTC"
    ) -> int:
        """Return the id of a supply relation to the only site; create it where it is missing."""
        fetch = self.pool.fetchval
        await self.pool.execute(
            "INSERT INTO connectors (id) VALUES ($1) ON CONFLICT DO NOTHING", self.connector
        )
        plant = await fetch(
            "INSERT INTO equipment AS old (path, level, name, time_zone)"
            " VALUES ($1, 'plant', $1, $2)"
            " ON CONFLICT (path) DO UPDATE SET name = old.name RETURNING id",
            PLANT,
            zone,
        )
        site = await fetch(
            "INSERT INTO sites AS old (key, name, equipment_id) VALUES ('emden', 'Emden', $1)"
            " ON CONFLICT (key) DO UPDATE SET name = old.name RETURNING id",
            plant,
        )
        partner = await fetch(
            "INSERT INTO partners AS old (key, name) VALUES ($1, $1)"
            " ON CONFLICT (key) DO UPDATE SET name = old.name RETURNING id",
            supplier,
        )
        part = await fetch(
            "INSERT INTO materials AS old (number, unit) VALUES ($1, 'PCE')"
            " ON CONFLICT (number) DO UPDATE SET unit = old.unit RETURNING id",
            material,
        )
        relation_id: int = await fetch(
            "INSERT INTO supply_relations AS old (supplier_id, material_id, site_id)"
            " VALUES ($1, $2, $3) ON CONFLICT (supplier_id, material_id, site_id, dock)"
            " DO UPDATE SET dock = old.dock RETURNING id",
            partner,
            part,
            site,
        )
        return relation_id

    async def call_off(
        self,
        relation: int,
        document: str,
        issued: float,
        due: dict[float, float],
        *,
        known_on: float | None = None,
        **more: Any,
    ) -> list[UUID]:
        return [
            await self.insert_fact(
                "call_off_entries", relation, day(issued if known_on is None else known_on),
                document=document, issued_at=day(issued), due_from=day(on), due_until=day(on + 1),
                quantity=quantity, base_quantity=quantity, message=f"c-{document}", **more,
            )
            for on, quantity in due.items()
        ]  # fmt: skip

    async def ship(self, relation: int, note: str, on: float, quantity: float, **more: Any) -> UUID:
        fields = {
            "document": f"asn-{note}", "announced_at": day(on), "despatched_at": day(on),
            "arrives_at": day(on + 1), "delivery_note": note, "quantity": quantity,
            "base_quantity": quantity, "message": f"s-{note}", **more,
        }  # fmt: skip
        return await self.insert_fact("shipment_lines", relation, day(on), **fields)

    async def receive(
        self, relation: int, on: float, quantity: float, note: str | None = None, **more: Any
    ) -> UUID:
        fields = {
            "document": f"gr-{note}-{on}", "received_at": day(on), "delivery_note": note,
            "quantity": quantity, "base_quantity": quantity, "accepted_quantity": quantity,
            "message": f"r-{note}-{on}", **more,
        }  # fmt: skip
        return await self.insert_fact("receipt_lines", relation, day(on), **fields)

    async def insert_fact(
        self, table: str, relation: int, known_from: datetime, *, message: str, **columns: Any
    ) -> UUID:
        """Insert an event and its row and mark the relation, in one transaction."""
        event_id = uuid4()
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO business_events (event_id, kind, connector_id, spool_id, seq, source,"
                " at, mapping, raw_hash, body, stored_at)"
                " VALUES ($1, $2, $3, $4, $5, 'x', $6, 'm@1', $7, '{}', $6)",
                event_id,
                KINDS[table],
                self.connector,
                uuid4(),
                next(self._count),
                known_from,
                message.encode(),
            )
            if table != "call_off_entries":
                columns["supplier_id"] = await connection.fetchval(
                    "SELECT supplier_id FROM supply_relations WHERE id = $1", relation
                )
            row = {
                "event_id": event_id, "revision": 1, "known_from": known_from, "at": known_from,
                "relation_id": relation, **columns,
            }  # fmt: skip
            await connection.execute(
                f"INSERT INTO {table} ({', '.join(row)})"
                f" VALUES ({', '.join(f'${n}' for n in range(1, len(row) + 1))})",
                *row.values(),
            )
            await connection.execute(MARK, relation)
        return event_id

    async def delete(self, table: str, event_id: UUID) -> None:
        """Delete an event, as a replay does that no longer contains it."""
        async with self.pool.acquire() as connection, connection.transaction():
            relation = await connection.fetchval(
                f"UPDATE {table} SET known_to = clock_timestamp() WHERE event_id = $1"
                " RETURNING relation_id",
                event_id,
            )
            await connection.execute("DELETE FROM business_events WHERE event_id = $1", event_id)
            await connection.execute(MARK, relation)

    async def mark(self, relation: int) -> None:
        await self.pool.execute(MARK, relation)

    async def load_rows(self, table: str, order: str = "1, 2, 3") -> list[asyncpg.Record]:
        return await self.pool.fetch(f"SELECT * FROM {table} ORDER BY {order}")

    async def load_derived_rows(self) -> dict[str, list[str]]:
        """Return all derived rows, without the columns that differ in each computation."""
        derived: dict[str, list[str]] = {}
        for table in (*DERIVED, "shipments"):
            rows = [
                {k: v for k, v in row.items() if k not in VOLATILE_COLUMNS and not _is_ids(v)}
                for row in await self.load_rows(table)
            ]
            derived[table] = sorted(repr(row) for row in rows)
        findings = await self.pool.fetch(
            "SELECT key, quantity, expected, actual, detail FROM findings"
            " WHERE cleared_at IS NULL ORDER BY key"
        )
        derived["findings"] = [repr(dict(row)) for row in findings]
        return derived

    async def list_finding_kinds(self) -> list[str]:
        """Return the kinds of the open findings."""
        rows = await self.pool.fetch(
            "SELECT kind FROM findings WHERE cleared_at IS NULL ORDER BY 1"
        )
        return [row[0] for row in rows]


def _is_ids(value: object) -> bool:
    return isinstance(value, UUID) or (
        isinstance(value, list) and bool(value) and _is_ids(value[0])
    )
