"""Production orders, one entry a machine that worked on it."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.store.tables import equipment, orders
from werknetz_core.access import equipment_scope
from werknetz_core.context.app_context import Core, Reading, Viewer
from werknetz_core.context.time_spec import Clockwork, span_of, zone_of
from werknetz_core.http import pagination, sorting
from werknetz_core.http.list_params import Asked, columns_of, given
from werknetz_core.http.sorting import Key, Kind, Sorting
from werknetz_core.orders.schemas import OrderView

router = APIRouter(tags=["orders"])
# The tie is one text that no two rows share; a path has no space.
_ROW: Final = Key(equipment.c.path + " " + orders.c.order_number)
_NEVER: Final = sa.literal(instant_of(0), orders.c.started_at.type)
_SORTING: Final = Sorting(
    "equipment",
    tie=_ROW,
    keys={
        "equipment": Key(equipment.c.path),
        "order_number": Key(orders.c.order_number),
        "started_at": Key(sa.func.coalesce(orders.c.started_at, _NEVER), Kind.TIME),
    },
)


@router.get("/orders")
async def list_orders(
    *,
    request: Request,
    core: Core,
    reading: Reading,
    principal: Viewer,
    under: equipment_scope.Under = [],  # noqa: B006 - FastAPI copies
    order_number: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    start: str | None = None,
    end: str | None = None,
    asked: Asked,
) -> pagination.Page[OrderView]:
    """List orders by machine and number; with a start, those that ran in the span.

    Sort: equipment, order_number, started_at (not started: first).
    """
    query = (
        sa.select(orders, equipment.c.path.label("equipment"))
        .join(equipment, equipment.c.id == orders.c.equipment_id)
        .where(await equipment_scope.asked(under, core, principal))
    )
    if order_number:
        query = query.where(orders.c.order_number.in_(order_number))
    if start is not None:
        span = span_of(start, end, Clockwork(core.now_us(), zone_of(None, "UTC")))
        query = query.where(
            orders.c.started_at < instant_of(span.end_us),
            sa.or_(orders.c.ended_at.is_(None), orders.c.ended_at > instant_of(span.start_us)),
        )
    query, place = _SORTING.page(query, asked)
    rows, next_cursor = sorting.cut(
        (await reading.execute(query)).mappings().all(), place, asked.limit
    )
    items = [OrderView(**row) for row in rows]
    return given(request, asked, items, columns_of(OrderView), next_cursor=next_cursor)  # type: ignore[return-value] # a ready answer of that form
