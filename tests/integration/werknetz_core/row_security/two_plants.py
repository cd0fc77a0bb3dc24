"""A row for each plant in every table, made from the declared columns alone.

A new table is filled without a line here, so a table without a policy shows.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Self
from uuid import UUID, uuid4

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from plumbing.servers import ROWS_KEY
from werknetz.store.access.caller import CallerSession
from werknetz.store.tables import metadata

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
PLANTS = ("nordwerk/emden-1", "nordwerk/zwick-2")
# References without a foreign key.
REFERENCES = {
    "equipment_id": "equipment", "warehouse_id": "warehouses", "material_id": "materials",
    "relation_id": "supply_relations", "signal_id": "signals", "connector_id": "connectors",
    "delivered_by": "connectors",
}  # fmt: skip
# Of several references, or of plants: what belongs to nobody must not decide for a row.
NULL_COLUMNS = {
    ("shift_report_signatures", "withdraws"),
    ("connector_subjects", "relation_id"), ("connector_subjects", "warehouse_id"),
    ("sites", "partner_id"), ("sessions", "key_id"), ("sessions", "key_hash"),
}  # fmt: skip
# Triggers make rows of the others.
VALUES = {("element_sums", "grain"): 99}
_ORDER = ("production_orders", "number")
DOCUMENTS = {"targets": '{{"under": ["{plant}"]}}'}
FOREIGN = "SELECT count(*) FROM annotations WHERE text LIKE '%zwick%'"
SETTING = "SELECT current_setting('werknetz.plants', true)"
REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InsufficientPrivilegeError,
    asyncpg.ObjectNotInPrerequisiteStateError, asyncpg.DataError,
)  # fmt: skip
MADE = frozenset({"audit_head", "audit_seals"})  # by the migrations, and by the trigger


@dataclass
class TwoPlants:
    """Rows that belong to one plant each: of each table, the place of its row by plant."""

    owner: asyncpg.Connection
    machines: dict[str, int] = field(default_factory=dict)
    keys: dict[tuple[str, str], Any] = field(default_factory=dict)
    rows: dict[tuple[str, str], str] = field(default_factory=dict)
    event_ids: dict[str, UUID] = field(default_factory=dict)

    async def fill(self) -> None:
        for plant in PLANTS:
            self.event_ids[plant] = uuid4()
            await self._add_equipment(plant)
            for table in sorted(metadata.sorted_tables, key=_refers_without_key):
                if table.name not in {"equipment", *MADE}:
                    await self._add(table, plant)

    async def _add_equipment(self, plant: str) -> None:
        query = (
            "INSERT INTO equipment (path, level, name, parent_id) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (path) DO UPDATE SET name = excluded.name RETURNING id, ctid::text"
        )
        parent = await self.owner.fetchval(query, plant.partition("/")[0], "enterprise", "n", None)
        at_plant = await self.owner.fetchval(query, plant, "plant", "p", parent)
        row = await self.owner.fetchrow(query, f"{plant}/m", "machine", "m", at_plant)
        self.machines[plant] = row["id"]
        self.keys["equipment", plant] = row["id"]
        self.rows["equipment", plant] = row["ctid"]

    async def _add(self, table: sa.Table, plant: str) -> None:
        values = {
            column.name: self._value(table, column, plant)
            for column in table.columns
            if not column.identity or not column.identity.always
        }
        names = ", ".join(values)
        marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
        row = await self.owner.fetchrow(
            f"INSERT INTO {table.name} ({names}) VALUES ({marks}) RETURNING *, ctid::text AS place",
            *values.values(),
        )
        self.rows[table.name, plant] = row["place"]
        key = next(iter(table.primary_key.columns), None)
        if key is not None:
            self.keys[table.name, plant] = row[key.name]

    def _value(self, table: sa.Table, column: sa.Column[Any], plant: str) -> Any:
        if (table.name, column.name) in NULL_COLUMNS:
            return None
        reference = next(iter(column.foreign_keys), None)
        target = reference.column.table.name if reference else REFERENCES.get(column.name)
        if target is not None and target != table.name:
            return self.keys[target, plant]
        if column.name in {"moved_from", "moved_to"}:
            return None
        if column.name == "equipment":
            return f"{plant}/m"
        return self._plain(table, column, plant)

    def _plain(self, table: sa.Table, column: sa.Column[Any], plant: str) -> Any:
        if column.name == "order_number" or (table.name, column.name) == _ORDER:
            return f"order of {plant}"
        if (table.name, column.name) in VALUES:
            return VALUES[table.name, column.name]
        kind, number = column.type, PLANTS.index(plant) + 1
        if isinstance(kind, pg.UUID):
            return self.event_ids[plant]
        if isinstance(kind, pg.ARRAY):
            return {"event_ids": [self.event_ids[plant]], "plants": [plant]}.get(column.name, [])
        if isinstance(kind, pg.JSONB):
            return DOCUMENTS.get(table.name, "{{}}").format(plant=plant)
        simple: dict[type[Any], Any] = {
            sa.Boolean: False, sa.Integer: number, sa.Double: 1.0, sa.LargeBinary: plant.encode(),
            sa.TIMESTAMP: AT, sa.Date: date(2026, 11, 20),
            sa.Text: f"{table.name} of {plant}",
        }  # fmt: skip
        return next(value for base, value in simple.items() if isinstance(kind, base))


def _refers_without_key(table: sa.Table) -> bool:
    return any(column.name in REFERENCES and not column.foreign_keys for column in table.columns)


@dataclass
class Caller:
    """States plants on a connection of the API's role, as the pool does."""

    connection: asyncpg.Connection
    session: CallerSession

    @classmethod
    async def of(cls, connection: asyncpg.Connection) -> Self:
        return cls(connection, await CallerSession.begin(connection, ROWS_KEY))

    async def see(self, *plants: str) -> None:
        await self.state(json.dumps(plants))

    async def state(self, plants: str) -> None:
        await self.session.state(self.connection, plants)


async def error_of(connection: asyncpg.Connection, statement: str) -> type[Exception] | None:
    """Run a statement and undo it; return the type of its error."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as error:
        return type(error)
    finally:
        await transaction.rollback()
    return None


async def foreign_rows(api: asyncpg.Connection) -> int:
    """Return how many rows of the other plant a connection sees; an error shows none."""
    try:
        async with api.transaction():
            count: int = await api.fetchval(FOREIGN)
    except REFUSED:
        return 0
    return count
