"""Production orders: one item for each machine that works on the order."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.store.tables import equipment, orders
from werknetz.store.tables.stock import operations
from werknetz.store.tables.supply import materials
from werknetz_core.access import equipment_scope
from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.collection import query_page
from werknetz_core.context.overlap import overlap_condition
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.orders.schemas import OrderView

router = APIRouter(tags=["orders"])
# Unique, because a path contains no space.
_TIE: Final = SortKey(equipment.c.path + " " + orders.c.order_number)
_NOT_STARTED: Final = sa.literal(instant_of(0), orders.c.started_at.type)
_SORTING: Final = Sorting(
    "equipment",
    tie=_TIE,
    keys={
        "equipment": SortKey(equipment.c.path),
        "order_number": SortKey(orders.c.order_number),
        "started_at": SortKey(sa.func.coalesce(orders.c.started_at, _NOT_STARTED), SortType.TIME),
    },
)

# What the MES says about an order holds where nothing else names it.
_OPERATIONS: Final = (
    sa.select(materials.c.number)
    .join(operations, operations.c.material_id == materials.c.id)
    .where(
        operations.c.order_number == orders.c.order_number,
        operations.c.equipment_id == orders.c.equipment_id,
    )
    .order_by(operations.c.operation)
    .limit(1)
    .scalar_subquery()
)
_PRODUCT: Final = sa.func.coalesce(orders.c.material, _OPERATIONS).label("material")
_COLUMNS: Final = [column for column in orders.c if column is not orders.c.material]


@router.get("/orders")
async def list_orders(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    order_number: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    start: str | None = None,
    end: str | None = None,
    params: ListParamsDep,
) -> pagination.Page[OrderView]:
    """List orders by machine and number; with a start, those that ran in the span.

    Sort: equipment, order_number, started_at (not started: first).
    """
    query = (
        sa.select(*_COLUMNS, _PRODUCT, equipment.c.path.label("equipment"))
        .join(equipment, equipment.c.id == orders.c.equipment_id)
        .where(
            await equipment_scope.equipment_condition(under, context, principal),
            overlap_condition(context, orders.c.started_at, orders.c.ended_at, start, end),
        )
    )
    if order_number:
        query = query.where(orders.c.order_number.in_(order_number))
    return await query_page(request, session, params, query, _SORTING, OrderView)
