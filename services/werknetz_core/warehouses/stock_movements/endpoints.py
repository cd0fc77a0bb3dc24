"""Counts and movements: what the warehouse told, with the balance after each."""

from typing import Annotated, Any, Final, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.store.stock import (
    locations,
    stock_balances,
    stock_counts,
    stock_items,
    stock_movements,
    warehouses,
)
from werknetz.store.supply import materials
from werknetz_core.access import supply_scope
from werknetz_core.access.supply_scope import MATERIAL, WAREHOUSE
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, Viewer
from werknetz_core.context.collection import query_page, time_condition
from werknetz_core.http import pagination
from werknetz_core.http.links import EVENTS_PATH
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.warehouses.stock_movements.schemas import StockMovementView

router = APIRouter(tags=["stock"])
_COUNT: Final = "stock_counted"


def _told() -> sa.Subquery:
    """Counts and movements that are believed now, in one form."""
    c, m = stock_counts.c, stock_movements.c
    same = ("event_id", "at", "stock_item_id", "quantity", "unit", "base_quantity", "document",
            "batch", "status", "known_from")  # fmt: skip
    counts = sa.select(
        *(c[name] for name in same), sa.literal(_COUNT).label("kind"),
        sa.literal(0, sa.SmallInteger).label("leg"), sa.cast(None, sa.Text).label("reason"),
        sa.cast(None, sa.Text).label("order_number"),
    ).where(c.known_to.is_(None))  # fmt: skip
    movements = sa.select(
        *(m[name] for name in same), m.kind, m.leg, m.reason, m.order_number
    ).where(m.known_to.is_(None))
    return sa.union_all(counts, movements).subquery("told")


_TOLD: Final = _told()
_ROW: Final = SortKey(sa.cast(_TOLD.c.event_id, sa.Text) + " " + sa.cast(_TOLD.c.leg, sa.Text))
_SORTING: Final = Sorting(
    "-at",
    tie=_ROW,
    keys={
        "at": SortKey(_TOLD.c.at, SortType.TIME),
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
    principal: Viewer,
    warehouse: supply_scope.WarehouseFilter = [],  # noqa: B006 - FastAPI copies
    material: supply_scope.MaterialFilter = [],  # noqa: B006 - as above
    kind: Annotated[
        list[Literal["stock_counted", "stock_moved", "goods_received", "material_consumed"]],
        Query(description="Repeated: any."),
    ] = [],  # noqa: B006 - as above
    start: str | None = None,
    end: str | None = None,
    params: ListParamsDep,
) -> pagination.Page[StockMovementView]:
    """List counts and movements, newest first; with a start, those of the span.

    Sort: at, warehouse, material.
    """
    item, told = stock_items.c, _TOLD.c
    query = _query().where(
        supply_scope.warehouse_visible(principal, item.warehouse_id),
        await supply_scope.name_condition(
            WAREHOUSE, warehouse, item.warehouse_id, session, principal
        ),
        await supply_scope.name_condition(MATERIAL, material, item.material_id, session, principal),
        time_condition(context, told.at, start, end),
    )
    if kind:
        query = query.where(told.kind.in_(kind))
    return await query_page(request, session, params, query, _SORTING, StockMovementView)


def _query() -> sa.Select[Any]:
    told, item, balance = _TOLD.c, stock_items.c, stock_balances.c
    joined = (
        _TOLD.join(stock_items, item.id == told.stock_item_id)
        .join(warehouses, warehouses.c.id == item.warehouse_id)
        .join(materials, materials.c.id == item.material_id)
        .outerjoin(locations, locations.c.id == item.location_id)
        .outerjoin(
            stock_balances,
            sa.and_(
                balance.stock_item_id == told.stock_item_id,
                balance.at == told.at,
                balance.event_id == told.event_id,
                balance.leg == told.leg,
            ),
        )
    )
    return sa.select(
        _TOLD,
        warehouses.c.key.label("warehouse"),
        locations.c.code.label("location"),
        materials.c.number.label("material"),
        balance.balance,
        balance.difference,
        (f"{EVENTS_PATH}/" + sa.cast(told.event_id, sa.Text)).label("event"),
    ).select_from(joined)
