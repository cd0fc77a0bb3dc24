"""Stock levels at any time, also as it was known at another: the last count and later movements."""

from typing import Final

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response

from werknetz.kpi.stock.ledger import NEGLIGIBLE
from werknetz.store.inventory.stock_levels import STOCK_AT
from werknetz.store.tables.stock import locations, stock_items, warehouses
from werknetz.store.tables.supply import materials
from werknetz_core.access import supply_scope
from werknetz_core.access.require import MayRead
from werknetz_core.access.supply_filters import StockFiltersDep
from werknetz_core.context.app_context import ReadSessionDep
from werknetz_core.context.as_of import AsOfDep
from werknetz_core.context.collection import load_page
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.warehouses.stock_levels.schemas import StockLevelListView, StockLevelView

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


@router.get("/stock_levels", response_model=StockLevelListView)
async def list_stock_levels(
    *,
    request: Request,
    session: ReadSessionDep,
    principal: MayRead,
    filters: StockFiltersDep,
    as_of: AsOfDep,
    params: ListParamsDep,
) -> Response:
    """List the stock at each location. Sort: warehouse, material, location (none: first)."""
    query = _ITEMS.where(
        supply_scope.warehouse_visible(principal, _I.warehouse_id),
        await filters.condition(session, principal),
    )
    rows, next_cursor = await load_page(session, params, query, _SORTING)
    # Only the items of the page: its cost does not grow with the warehouse.
    parameters = {"items": [row["id"] for row in rows], **as_of.query_parameters()}
    levels = {
        level["stock_item_id"]: level
        for level in (await session.execute(STOCK_AT, parameters)).mappings()
    }
    return list_response(
        request, params, [_view(row, levels.get(row["id"])) for row in rows],
        columns_of(StockLevelView), next_cursor=next_cursor,
        envelope={"next_cursor": next_cursor, **as_of.fields()},
    )  # fmt: skip


def _view(item: sa.RowMapping, level: sa.RowMapping | None) -> StockLevelView:
    quantity: float | None = None if level is None else level["quantity"]
    if quantity is not None and abs(quantity) < NEGLIGIBLE:
        quantity = 0.0
    unit_cost: float | None = item["unit_cost"]
    return StockLevelView(
        **item,
        quantity=quantity,
        value=None if quantity is None or unit_cost is None else quantity * unit_cost,
        counted_at=None if level is None else level["counted_at"],
        moved_at=None if level is None else level["moved_at"],
    )
