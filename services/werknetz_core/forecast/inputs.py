"""What a look ahead is computed from: stock of now, needs, what is due and what is on its way.

One statement each, whatever is asked for.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

import asyncpg

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.kpi.stock.supply_caused import StockPlace
from werknetz_core.forecast.columns import Table, table

Connection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Materials: TypeAlias = Sequence[int] | None  # None: all

WAREHOUSES: Final = """
SELECT w.id, w.key, w.site_id, e.id AS plant_id, e.path
FROM warehouses w LEFT JOIN sites s ON s.id = w.site_id
LEFT JOIN equipment e ON e.id = coalesce(w.equipment_id, s.equipment_id) ORDER BY w.id"""
_STOCK: Final = """
SELECT warehouse_id, material_id, sum(balance) AS balance, bool_or(counted) AS counted
FROM stock_items WHERE $1::int[] IS NULL OR material_id = ANY($1) GROUP BY 1, 2"""
_NEEDS: Final = """
SELECT l.equipment_id, e.path, l.warehouse_id, l.material_id,
    l.quantity_per_item * l.items_per_hour AS per_hour, l.minimum_quantity AS minimum,
    nullif(l.valid_from, '-infinity') AS valid_from, nullif(l.valid_to, 'infinity') AS valid_to
FROM line_materials l JOIN equipment e ON e.id = l.equipment_id
WHERE ($1::int[] IS NULL OR l.material_id = ANY($1))
    AND l.valid_from < $3 AND (l.valid_to IS NULL OR l.valid_to > $2)
ORDER BY l.id"""
_RELATIONS: Final = """
SELECT r.id, r.material_id, r.site_id, s.equipment_id AS plant_id
FROM supply_relations r LEFT JOIN sites s ON s.id = r.site_id
WHERE $1::int[] IS NULL OR r.material_id = ANY($1)"""
_OF: Final = """AND ($1::int[] IS NULL OR relation_id IN (
    SELECT id FROM supply_relations WHERE material_id = ANY($1)))"""
_DUE: Final = f"""
SELECT relation_id, id, due_from, greatest(due_until, window_until), open_quantity FROM due_lines
WHERE open_quantity > 0 AND due_from < $2::timestamptz {_OF}"""  # noqa: S608 - made of constants
_TRANSIT: Final = f"""
SELECT relation_id, arrives_at, open_quantity FROM transit_lines
WHERE open_quantity > 0 AND arrives_at IS NOT NULL {_OF}"""  # noqa: S608 - as above
_DUE_COLUMNS: Final = {
    "relation": "int4", "id": "int8", "due": "timestamptz", "until": "timestamptz",
    "quantity": "float8",
}  # fmt: skip
_TRANSIT_COLUMNS: Final = {"relation": "int4", "arrives": "timestamptz", "quantity": "float8"}


@dataclass(frozen=True, slots=True)
class Warehouse:
    id: int
    key: str
    site_id: int | None
    plant_id: int | None
    path: str | None  # of the plant


@dataclass(frozen=True, slots=True)
class Need:
    """What a line or machine takes from a place in an hour of planned time."""

    equipment_id: int
    path: str
    place: StockPlace
    per_hour: float
    minimum: float
    from_us: int | None  # None: always
    to_us: int | None


class Relation(NamedTuple):
    id: int
    material_id: int
    site_id: int | None
    plant_id: int | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """`due` and `transit`: structured arrays, see their columns above."""

    warehouses: Mapping[int, Warehouse]
    stock: Mapping[StockPlace, tuple[float, bool]]  # and whether it was ever counted
    needs: Sequence[Need]
    relations: Sequence[Relation]
    due: Table
    transit: Table


async def load(
    connection: Connection, now_us: int, until_us: int, materials: Materials = None
) -> Loaded:
    until = instant_of(until_us)
    stock = await connection.fetch(_STOCK, materials)
    relations = await connection.fetch(_RELATIONS, materials)
    due = await table(connection, _DUE, materials, until, columns=_DUE_COLUMNS)
    await asyncio.sleep(0)  # other requests are waiting
    transit = await table(connection, _TRANSIT, materials, columns=_TRANSIT_COLUMNS)
    return Loaded(
        await warehouses(connection),
        {(row[0], row[1]): (row[2], row[3]) for row in stock},
        await needs(connection, now_us, until_us, materials),
        [Relation._make(row) for row in relations],
        due,
        transit,
    )


async def warehouses(connection: Connection) -> dict[int, Warehouse]:
    rows = await connection.fetch(WAREHOUSES)
    return {row["id"]: Warehouse(*row) for row in rows}


async def needs(
    connection: Connection, start_us: int, end_us: int, materials: Materials = None
) -> list[Need]:
    """Return what takes how much at some time of a window."""
    rows = await connection.fetch(_NEEDS, materials, instant_of(start_us), instant_of(end_us))
    return [
        Need(
            row["equipment_id"], row["path"], (row["warehouse_id"], row["material_id"]),
            row["per_hour"], row["minimum"], _us(row["valid_from"]), _us(row["valid_to"]),
        )
        for row in rows
    ]  # fmt: skip


def _us(at: datetime | None) -> int | None:
    return None if at is None else microseconds_of(at)
