"""Stock as of any moment, also as it was known then: the last count, and what moved after it."""

from datetime import datetime
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.kpi.stock.ledger import NEGLIGIBLE
from werknetz.store.levels import STOCK_AT
from werknetz.store.stock import locations, stock_items, warehouses
from werknetz.store.supply import materials
from werknetz_core.access import supply_scope
from werknetz_core.access.supply_scope import MATERIAL, WAREHOUSE
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, Viewer
from werknetz_core.context.collection import utc_time_context
from werknetz_core.context.time_spec import format_utc, parse_instant
from werknetz_core.http import pagination, sorting
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.warehouses.stock_levels.schemas import StockLevelView

router = APIRouter(tags=["stock"])
_I: Final = stock_items.c
_SORTING: Final = Sorting(
    "warehouse",
    tie=SortKey(_I.id, SortType.NUMBER),
    keys={
        "warehouse": SortKey(warehouses.c.key),
        "material": SortKey(materials.c.number),
        "location": SortKey(sa.func.coalesce(locations.c.code, "")),
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
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
    warehouse: supply_scope.WarehouseFilter = [],  # noqa: B006 - FastAPI copies
    material: supply_scope.MaterialFilter = [],  # noqa: B006 - as above
    at: Annotated[str | None, Query(description="As of when; none: now.")] = None,
    known_at: Annotated[
        str | None, Query(description="With what was known when; none: what is known now.")
    ] = None,
    params: ListParamsDep,
) -> StockLevelsView:
    """List what lies where. Sort: warehouse, material, location (none: first)."""
    query = _ITEMS.where(
        supply_scope.warehouse_visible(principal, _I.warehouse_id),
        await supply_scope.name_condition(
            WAREHOUSE, warehouse, _I.warehouse_id, session, principal
        ),
        await supply_scope.name_condition(MATERIAL, material, _I.material_id, session, principal),
    )
    at_us = parse_instant(at, "at", utc_time_context(context))
    known = (
        None if known_at is None else parse_instant(known_at, "known_at", utc_time_context(context))
    )
    query, place = _SORTING.page_query(query, params)
    rows, next_cursor = sorting.paginate(
        (await session.execute(query)).mappings().all(), place, params.limit
    )
    # Only what is shown is computed: a page costs the same however large the warehouse.
    parameters = {
        "items": [row["id"] for row in rows],
        "at": instant_of(at_us),
        "known_at": None if known is None else instant_of(known),
    }
    levels = {
        level["stock_item_id"]: level
        for level in (await session.execute(STOCK_AT, parameters)).mappings()
    }
    return list_response(
        request, params, [_view(row, levels.get(row["id"])) for row in rows],
        columns_of(StockLevelView), next_cursor=next_cursor,
        envelope={
            "next_cursor": next_cursor, "at": format_utc(at_us),
            "known_at": None if known is None else format_utc(known),
        },
    )  # type: ignore[return-value] # fmt: skip # a ready answer of that form


def _view(row: sa.RowMapping, level: sa.RowMapping | None) -> StockLevelView:
    quantity: float | None = None if level is None else level["quantity"]
    if quantity is not None and abs(quantity) < NEGLIGIBLE:
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
