"""Stock as of any moment, also as it was known then: the last count, and what moved after it."""

from datetime import datetime
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.kpi.stock.ledger import NOTHING
from werknetz.store.levels import STOCK_AT
from werknetz.store.stock import locations, stock_items, warehouses
from werknetz.store.supply import materials
from werknetz_core.access import supply_scope
from werknetz_core.access.supply_scope import MATERIAL, WAREHOUSE
from werknetz_core.context.app_context import Core, Reading, Viewer
from werknetz_core.context.collection import utc
from werknetz_core.context.time_spec import moment_of, text_of
from werknetz_core.http import pagination, sorting
from werknetz_core.http.list_params import Asked, columns_of, given
from werknetz_core.http.sorting import Key, Kind, Sorting
from werknetz_core.warehouses.schemas import StockLevelView

router = APIRouter(tags=["stock"])
_I: Final = stock_items.c
_SORTING: Final = Sorting(
    "warehouse",
    tie=Key(_I.id, Kind.NUMBER),
    keys={
        "warehouse": Key(warehouses.c.key),
        "material": Key(materials.c.number),
        "location": Key(sa.func.coalesce(locations.c.code, "")),
    },
)
_ITEMS: Final = sa.select(
    _I.id, warehouses.c.key.label("warehouse"), locations.c.code.label("location"),
    materials.c.number.label("material"), materials.c.description, materials.c.unit,
    materials.c.unit_cost, materials.c.currency,
).select_from(
    stock_items.join(warehouses, warehouses.c.id == _I.warehouse_id)
    .join(materials, materials.c.id == _I.material_id)
    .outerjoin(locations, locations.c.id == _I.location_id)
)  # fmt: skip


class StockLevelsView(pagination.Page[StockLevelView]):
    at: str
    known_at: str | None  # null: as it is known now


@router.get("/stock_levels")
async def list_stock_levels(
    *,
    request: Request,
    core: Core,
    reading: Reading,
    principal: Viewer,
    warehouse: supply_scope.Warehouses = [],  # noqa: B006 - FastAPI copies
    material: supply_scope.Materials = [],  # noqa: B006 - as above
    at: Annotated[str | None, Query(description="As of when; none: now.")] = None,
    known_at: Annotated[
        str | None, Query(description="With what was known when; none: what is known now.")
    ] = None,
    asked: Asked,
) -> StockLevelsView:
    """List what lies where. Sort: warehouse, material, location (none: first)."""
    query = _ITEMS.where(
        supply_scope.warehouse_visible(principal, _I.warehouse_id),
        await supply_scope.chosen(WAREHOUSE, warehouse, _I.warehouse_id, reading, principal),
        await supply_scope.chosen(MATERIAL, material, _I.material_id, reading, principal),
    )
    at_us = moment_of(at, "at", utc(core))
    known = None if known_at is None else moment_of(known_at, "known_at", utc(core))
    query, place = _SORTING.page(query, asked)
    rows, next_cursor = sorting.cut(
        (await reading.execute(query)).mappings().all(), place, asked.limit
    )
    # Only what is shown is computed: a page costs the same however large the warehouse.
    parameters = {
        "items": [row["id"] for row in rows],
        "at": instant_of(at_us),
        "known_at": None if known is None else instant_of(known),
    }
    levels = {
        level["stock_item_id"]: level
        for level in (await reading.execute(STOCK_AT, parameters)).mappings()
    }
    return given(
        request, asked, [_view(row, levels.get(row["id"])) for row in rows],
        columns_of(StockLevelView), next_cursor=next_cursor,
        envelope={
            "next_cursor": next_cursor, "at": text_of(at_us),
            "known_at": None if known is None else text_of(known),
        },
    )  # type: ignore[return-value] # fmt: skip # a ready answer of that form


def _view(row: sa.RowMapping, level: sa.RowMapping | None) -> StockLevelView:
    quantity: float | None = None if level is None else level["quantity"]
    if quantity is not None and abs(quantity) < NOTHING:
        quantity = 0.0
    moments: tuple[datetime | None, datetime | None] = (
        (None, None) if level is None else (level["counted_at"], level["moved_at"])
    )
    cost: Any = row["unit_cost"]
    return StockLevelView(
        **row,
        quantity=quantity,
        value=None if quantity is None or cost is None else quantity * cost,
        counted_at=moments[0],
        moved_at=moments[1],
    )
