"""Production orders, one entry a machine that worked on it."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.store.tables import equipment, orders
from werknetz_core.access import equipment_scope
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, Viewer
from werknetz_core.context.time_spec import TimeContext, parse_span, parse_zone
from werknetz_core.http import pagination, sorting
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.orders.schemas import OrderView

router = APIRouter(tags=["orders"])
# The tie is one text that no two rows share; a path has no space.
_ROW: Final = SortKey(equipment.c.path + " " + orders.c.order_number)
_NEVER: Final = sa.literal(instant_of(0), orders.c.started_at.type)
_SORTING: Final = Sorting(
    "equipment",
    tie=_ROW,
    keys={
        "equipment": SortKey(equipment.c.path),
        "order_number": SortKey(orders.c.order_number),
        "started_at": SortKey(sa.func.coalesce(orders.c.started_at, _NEVER), SortType.TIME),
    },
)


@router.get("/orders")
async def list_orders(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
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
        sa.select(orders, equipment.c.path.label("equipment"))
        .join(equipment, equipment.c.id == orders.c.equipment_id)
        .where(await equipment_scope.equipment_condition(under, context, principal))
    )
    if order_number:
        query = query.where(orders.c.order_number.in_(order_number))
    if start is not None:
        span = parse_span(start, end, TimeContext(context.now_us(), parse_zone(None, "UTC")))
        query = query.where(
            orders.c.started_at < instant_of(span.end_us),
            sa.or_(orders.c.ended_at.is_(None), orders.c.ended_at > instant_of(span.start_us)),
        )
    query, place = _SORTING.page_query(query, params)
    rows, next_cursor = sorting.paginate(
        (await session.execute(query)).mappings().all(), place, params.limit
    )
    items = [OrderView(**row) for row in rows]
    return list_response(request, params, items, columns_of(OrderView), next_cursor=next_cursor)  # type: ignore[return-value] # a ready answer of that form
