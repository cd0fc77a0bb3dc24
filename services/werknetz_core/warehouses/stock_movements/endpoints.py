"""Stock movements: counts and movements of a warehouse, with the balance after each."""

from typing import Annotated, Final, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.store.queries.stock_movements import STOCK_CHANGES, stock_changes_query
from werknetz.store.tables.stock import stock_items, warehouses
from werknetz.store.tables.supply import materials
from werknetz_core.access import supply_scope
from werknetz_core.access.require import MayRead
from werknetz_core.access.supply_filters import StockFiltersDep
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.collection import query_page, time_condition
from werknetz_core.http import pagination
from werknetz_core.http.links import EVENTS_PATH
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.warehouses.stock_movements.schemas import StockMovementView

router = APIRouter(tags=["stock"])
_C: Final = STOCK_CHANGES.c
_EVENT: Final = (f"{EVENTS_PATH}/" + sa.cast(_C.event_id, sa.Text)).label("event")
_SORTING: Final = Sorting(
    "-at",
    tie=SortKey(sa.cast(_C.event_id, sa.Text) + " " + sa.cast(_C.leg, sa.Text)),
    keys={
        "at": SortKey(_C.at, SortType.TIME),
        "warehouse": SortKey(warehouses.c.key),
        "material": SortKey(materials.c.number),
    },
)


@router.get("/stock_movements")
async def list_stock_movements(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    filters: StockFiltersDep,
    kind: Annotated[
        list[Literal["stock_counted", "stock_moved", "goods_received", "material_consumed"]],
        Query(description="Repeated: any."),
    ] = [],  # noqa: B006 - FastAPI copies
    start: str | None = None,
    end: str | None = None,
    params: ListParamsDep,
) -> pagination.Page[StockMovementView]:
    """List counts and movements, newest first; with a start, those of the span.

    Sort: at, warehouse, material.
    """
    query = (
        stock_changes_query()
        .add_columns(_EVENT)
        .where(
            supply_scope.warehouse_visible(principal, stock_items.c.warehouse_id),
            await filters.condition(session, principal),
            time_condition(context, _C.at, start, end),
        )
    )
    if kind:
        query = query.where(_C.kind.in_(kind))
    return await query_page(request, session, params, query, _SORTING, StockMovementView)
