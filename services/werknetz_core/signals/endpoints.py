"""Signals, and their samples: raw, by granularity, or thinned so that peaks survive."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.store.tables import equipment, signals
from werknetz_core.api import page, scope
from werknetz_core.api.answer import answer
from werknetz_core.api.keys import Principal
from werknetz_core.api.platform import Core, Reading, Viewer
from werknetz_core.api.problem import Problem
from werknetz_core.signals import samples
from werknetz_core.signals.schemas import SamplesView, SignalView

router = APIRouter(tags=["signals"])
_SIGNAL = sa.select(signals, equipment.c.path.label("equipment")).select_from(
    signals.outerjoin(equipment, equipment.c.id == signals.c.equipment_id)
)


@router.get("/signals")
async def list_signals(
    *,
    request: Request,
    response: Response,
    core: Core,
    reading: Reading,
    principal: Viewer,
    under: scope.Under = [],  # noqa: B006 - FastAPI copies
    role: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    connector: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    key: str | None = None,
    limit: page.Limit = 100,
    cursor: page.Cursor = None,
) -> page.Page[SignalView]:
    """List signals in order of their number."""
    query = _SIGNAL.order_by(signals.c.id).limit(limit + 1)
    if under or principal.plants is not None:
        query = query.where(await scope.asked(under, core, principal))
    if role:
        query = query.where(signals.c.role.in_(role))
    if connector:
        query = query.where(signals.c.connector_id.in_(connector))
    if key is not None:
        query = query.where(signals.c.key == key)
    if after := page.decode(cursor, int):
        query = query.where(signals.c.id > after[0])
    rows, more = page.cut((await reading.execute(query)).mappings().all(), limit)
    next_cursor = page.encode(rows[-1]["id"]) if more else None
    page.link(request, response, next_cursor)
    return page.Page(items=[SignalView(**row) for row in rows], next_cursor=next_cursor)


@router.get("/signals/{number}")
async def show_signal(number: int, reading: Reading, principal: Viewer) -> SignalView:
    """Show one signal."""
    return await _find(number, reading, principal)


@router.get("/signals/{number}/samples", response_model=SamplesView)
async def list_samples(
    *,
    number: int,
    request: Request,
    core: Core,
    reading: Reading,
    principal: Viewer,
    start: str = "-1h",
    end: str | None = None,
    granularity: Annotated[
        str | None, Query(description="raw, or any of 10s, 1m, 5m, 1h, shift, 1d, 1w, 1mo …")
    ] = None,
    max_points: Annotated[int | None, Query(ge=1, le=10_000)] = None,
    aggregates: Annotated[
        list[str], Query(description=f"Of windows; any of {', '.join(samples.KNOWN)}.")
    ] = [],  # noqa: B006 - FastAPI copies
    tz: str | None = None,
    limit: page.Limit = 1000,
    cursor: page.Cursor = None,
) -> Response:
    """Give samples; `max_points` thins them to windows with min, avg and max."""
    signal = await _find(number, reading, principal)
    chosen = samples.aggregates_of(aggregates)
    asked = samples.Asked(start, end, granularity, max_points, tz, limit, cursor, chosen)
    content = await samples.given(core, signal, asked, principal)
    response = answer(content)
    next_cursor = content["next_cursor"]
    page.link(request, response, next_cursor if isinstance(next_cursor, str) else None)
    return response


async def _find(number: int, reading: Reading, principal: Principal) -> SignalView:
    if 0 < number < 2**31:
        row = (await reading.execute(_SIGNAL.where(signals.c.id == number))).mappings().first()
        if row is not None:
            if row["equipment"] is None:
                principal.demand_all_plants()
            else:
                principal.demand(row["equipment"])
            return SignalView(**row)
    raise Problem(
        404,
        "unknown_signal",
        f"There is no signal {number}.",
        "GET /api/v1/signals?under=… lists them with their numbers.",
    )
