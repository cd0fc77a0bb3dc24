"""Signals, and their samples: raw, by granularity, or thinned so that peaks survive."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.store.tables import equipment, signals
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, Viewer
from werknetz_core.http import pagination, sorting
from werknetz_core.http.list_params import (
    LargeListParamsDep,
    ListParamsDep,
    columns_of,
    list_response,
)
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.signals import samples
from werknetz_core.signals.schemas import SamplesView, SignalView

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
_SIGNAL = sa.select(signals, equipment.c.path.label("equipment")).select_from(
    signals.outerjoin(equipment, equipment.c.id == signals.c.equipment_id)
)


@router.get("/signals")
async def list_signals(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
    params: ListParamsDep,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    role: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    connector: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    key: str | None = None,
) -> pagination.Page[SignalView]:
    """List signals in order of their number. Sort: id, key, name, role."""
    query = _SIGNAL
    if under or principal.plants is not None:
        query = query.where(await equipment_scope.equipment_condition(under, context, principal))
    if role:
        query = query.where(signals.c.role.in_(role))
    if connector:
        query = query.where(signals.c.connector_id.in_(connector))
    if key is not None:
        query = query.where(signals.c.key == key)
    query, place = _SORTING.page_query(query, params)
    rows, next_cursor = sorting.paginate(
        (await session.execute(query)).mappings().all(), place, params.limit
    )
    items = [SignalView(**row) for row in rows]
    return list_response(request, params, items, columns_of(SignalView), next_cursor=next_cursor)  # type: ignore[return-value] # a ready answer of that form


@router.get("/signals/{number}")
async def show_signal(number: int, session: ReadSessionDep, principal: Viewer) -> SignalView:
    """Show one signal."""
    return await _find(number, session, principal)


@router.get("/signals/{number}/samples", response_model=SamplesView)
async def list_samples(
    *,
    number: int,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
    params: LargeListParamsDep,
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
) -> Response:
    """Give samples; `max_points` thins them to windows with min, avg and max. Sort: at, -at."""
    signal = await _find(number, session, principal)
    chosen = samples.aggregates_of(aggregates)
    question = samples.Question(start, end, granularity, max_points, tz, chosen, params)
    found = await samples.found(context, signal, question, principal)
    return list_response(
        request, params, found.items, found.names,
        next_cursor=found.next_cursor, envelope=found.envelope,
    )  # fmt: skip


async def _find(number: int, session: ReadSessionDep, principal: Principal) -> SignalView:
    if 0 < number < 2**31:
        row = (await session.execute(_SIGNAL.where(signals.c.id == number))).mappings().first()
        if row is not None:
            if row["equipment"] is None:
                principal.require_all_plants()
            else:
                principal.require_equipment(row["equipment"])
            return SignalView(**row)
    raise Problem(
        404,
        "unknown_signal",
        f"There is no signal {number}.",
        "GET /api/v1/signals?under=… lists them with their numbers.",
    )
