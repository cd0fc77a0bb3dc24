"""Production orders, one entry a machine that worked on it."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.domain.bucket import instant_of
from werknetz.store.tables import equipment, orders
from werknetz_core.api import page, scope
from werknetz_core.api.platform import Core, Reading, Viewer
from werknetz_core.api.time import Clockwork, span_of, zone_of
from werknetz_core.orders.schemas import OrderView

router = APIRouter(tags=["orders"])


@router.get("/orders")
async def list_orders(
    *,
    request: Request,
    response: Response,
    core: Core,
    reading: Reading,
    principal: Viewer,
    under: scope.Under = [],  # noqa: B006 - FastAPI copies
    order_number: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    start: str | None = None,
    end: str | None = None,
    limit: page.Limit = 100,
    cursor: page.Cursor = None,
) -> page.Page[OrderView]:
    """List orders by machine and number; with a start, those that ran in the span."""
    query = (
        sa.select(orders, equipment.c.path.label("equipment"))
        .join(equipment, equipment.c.id == orders.c.equipment_id)
        .where(await scope.asked(under, core, principal))
        .order_by(equipment.c.path, orders.c.order_number)
        .limit(limit + 1)
    )
    if order_number:
        query = query.where(orders.c.order_number.in_(order_number))
    if start is not None:
        span = span_of(start, end, Clockwork(core.now_us(), zone_of(None, "UTC")))
        query = query.where(
            orders.c.started_at < instant_of(span.end_us),
            sa.or_(orders.c.ended_at.is_(None), orders.c.ended_at > instant_of(span.start_us)),
        )
    if after := page.decode(cursor, str, str):
        query = query.where(sa.tuple_(equipment.c.path, orders.c.order_number) > sa.tuple_(*after))
    rows, more = page.cut((await reading.execute(query)).mappings().all(), limit)
    next_cursor = page.encode(rows[-1]["equipment"], rows[-1]["order_number"]) if more else None
    page.link(request, response, next_cursor)
    return page.Page(items=[OrderView(**row) for row in rows], next_cursor=next_cursor)
