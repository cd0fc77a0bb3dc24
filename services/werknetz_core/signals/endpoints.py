"""Signals and their samples: raw, aggregated by window, or reduced for a chart."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.store.tables import equipment, signals
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayChangeEquipment, MayRead
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.collection import query_page
from werknetz_core.http import pagination
from werknetz_core.http.list_params import (
    LargeListParamsDep,
    ListParamsDep,
    list_response,
)
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.signals import lifetimes, samples
from werknetz_core.signals.schemas import SamplesView, SignalLifetimeChange, SignalView

router = APIRouter(tags=["signals"])
_SORTING: Final = Sorting(
    "id",
    tie=SortKey(signals.c.id, SortType.NUMBER),
    keys={
        "id": SortKey(signals.c.id, SortType.NUMBER),
        "key": SortKey(signals.c.key),
        "name": SortKey(signals.c.name),
        "role": SortKey(signals.c.role),
    },
)
_SIGNALS: Final = sa.select(signals, equipment.c.path.label("equipment")).select_from(
    signals.outerjoin(equipment, equipment.c.id == signals.c.equipment_id)
)


@router.get("/signals")
async def list_signals(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    params: ListParamsDep,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    role: Annotated[list[str], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - as above
    connector: Annotated[list[str], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - as above
    key: str | None = None,
) -> pagination.Page[SignalView]:
    """List signals by id. Sort: id, key, name, role."""
    query = _SIGNALS
    if under or principal.plants is not None:
        query = query.where(await equipment_scope.equipment_condition(under, context, principal))
    if role:
        query = query.where(signals.c.role.in_(role))
    if connector:
        query = query.where(signals.c.connector_id.in_(connector))
    if key is not None:
        query = query.where(signals.c.key == key)
    return await query_page(request, session, params, query, _SORTING, SignalView)


@router.get("/signals/{signal_id}")
async def show_signal(signal_id: int, session: ReadSessionDep, principal: MayRead) -> SignalView:
    """Show one signal."""
    return await _load_signal(signal_id, session, principal)


@router.patch("/signals/{signal_id}")
async def change_signal(
    signal_id: int,
    body: SignalLifetimeChange,
    session: WriteSessionDep,
    principal: MayChangeEquipment,
) -> SignalView:
    """Change when a signal is in force: of several of one role, the one that began last counts."""
    await _load_signal(signal_id, session, principal)
    await lifetimes.change_lifetime(session, signal_id, body, principal)
    return await _load_signal(signal_id, session, principal)


@router.get("/signals/{signal_id}/samples", response_model=SamplesView)
async def list_samples(
    *,
    signal_id: int,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    params: LargeListParamsDep,
    start: str = "-1h",
    end: str | None = None,
    granularity: Annotated[
        str | None, Query(description="raw, 10s, 1m, 5m, 1h, shift, 1d, 1w, 1mo …")
    ] = None,
    max_points: Annotated[int | None, Query(ge=1, le=10_000)] = None,
    aggregates: Annotated[
        list[str], Query(description=f"Aggregates of windows: {', '.join(samples.AGGREGATES)}.")
    ] = [],  # noqa: B006 - FastAPI copies
    tz: str | None = None,
) -> Response:
    """List samples; with `max_points`, as windows with min, avg and max. Sort: at, -at."""
    # Not for the whole request: one that waits for its turn holds no connection.
    async with context.database.read_session() as session:
        signal = await _load_signal(signal_id, session, principal)
    query = samples.SampleQuery(
        start, end, granularity, max_points, tz, samples.parse_aggregates(aggregates), params
    )
    page = await samples.load_samples(context, signal, query, principal)
    return list_response(
        request,
        params,
        page.items,
        page.fields,
        next_cursor=page.next_cursor,
        envelope=page.envelope,
    )


async def _load_signal(signal_id: int, session: ReadSessionDep, principal: Principal) -> SignalView:
    if 0 < signal_id < 2**31:
        row = (await session.execute(_SIGNALS.where(signals.c.id == signal_id))).mappings().first()
        if row is not None:
            if row["equipment"] is None:
                principal.require_all_plants()
            else:
                principal.require_equipment(row["equipment"])
            return SignalView(**row)
    raise Problem(
        404,
        "unknown_signal",
        f"There is no signal {signal_id}.",
        "GET /api/v1/signals?under=… lists them with their ids.",
    )
