"""Inputs of the forecast: current stock, planned demand, open due lines, shipments in transit.

One statement each, whatever the request.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.kpi.stock.supply_caused import StockPlace
from werknetz.store.encoding.binary_rows import Rows, fetch_rows
from werknetz.store.queries import forecast as statements
from werknetz.store.session import ReadConnection, WriteConnection

Connection: TypeAlias = WriteConnection  # COPY needs the driver's own connection
MaterialIds: TypeAlias = Sequence[int] | None  # None: all


@dataclass(frozen=True, slots=True)
class Warehouse:
    id: int
    key: str
    site_id: int | None
    plant_id: int | None
    path: str | None  # of the plant


@dataclass(frozen=True, slots=True)
class LineDemand:
    """The material that a line or machine takes from a place, per hour of planned time."""

    equipment_id: int
    path: str
    place: StockPlace
    per_hour: float
    minimum: float
    from_us: int | None  # None: without a start
    to_us: int | None


class Relation(NamedTuple):
    id: int
    material_id: int
    site_id: int | None
    plant_id: int | None


@dataclass(frozen=True, slots=True)
class ForecastInputs:
    """`due_lines` and `in_transit` are structured arrays; `statements` names their columns."""

    warehouses: Mapping[int, Warehouse]
    stock: Mapping[StockPlace, tuple[float, bool]]  # balance; whether it was ever counted
    demands: Sequence[LineDemand]
    relations: Sequence[Relation]
    due_lines: Rows
    in_transit: Rows


async def load_inputs(
    connection: Connection, now_us: int, until_us: int, material_ids: MaterialIds = None
) -> ForecastInputs:
    until = instant_of(until_us)
    stock = await connection.fetch(statements.CURRENT_STOCK, material_ids)
    relations = await connection.fetch(statements.RELATIONS, material_ids)
    due_lines = await fetch_rows(
        connection, statements.OPEN_DUE_LINES, material_ids, until,
        columns=statements.OPEN_DUE_LINE_COLUMNS,
    )  # fmt: skip
    await asyncio.sleep(0)  # let other requests run
    in_transit = await fetch_rows(
        connection, statements.IN_TRANSIT, material_ids, columns=statements.IN_TRANSIT_COLUMNS
    )
    return ForecastInputs(
        await load_warehouses(connection),
        {(row[0], row[1]): (row[2], row[3]) for row in stock},
        await load_line_demands(connection, now_us, until_us, material_ids),
        [Relation._make(row) for row in relations],
        due_lines,
        in_transit,
    )


async def load_warehouses(connection: ReadConnection) -> dict[int, Warehouse]:
    rows = await connection.fetch(statements.WAREHOUSES)
    return {row["id"]: Warehouse(*row) for row in rows}


async def load_line_demands(
    connection: ReadConnection, start_us: int, end_us: int, material_ids: MaterialIds = None
) -> list[LineDemand]:
    """Return the demands that are valid at some time of a window."""
    rows = await connection.fetch(
        statements.LINE_DEMANDS, material_ids, instant_of(start_us), instant_of(end_us)
    )
    return [
        LineDemand(
            row["equipment_id"], row["path"], (row["warehouse_id"], row["material_id"]),
            row["per_hour"], row["minimum"], _to_us(row["valid_from"]), _to_us(row["valid_to"]),
        )
        for row in rows
    ]  # fmt: skip


def _to_us(at: datetime | None) -> int | None:
    return None if at is None else microseconds_of(at)
