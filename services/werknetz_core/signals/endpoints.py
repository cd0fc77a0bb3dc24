"""Signals and their samples: raw, aggregated by window, or reduced for a chart."""

from typing import Annotated, Any, Final, cast

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.store.tables import signals
from werknetz_core.access import equipment_scope
from werknetz_core.access.require import MayChangeEquipment, MayRead
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.collection import load_page, page_response, query_page
from werknetz_core.http import pagination
from werknetz_core.http.list_params import (
    LargeListParamsDep,
    ListParamsDep,
    list_response,
)
from werknetz_core.http.responses import with_content_etag
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.limits.reading import reading
from werknetz_core.limits.weight import Reads
from werknetz_core.signals import lifetimes, lookup, samples
from werknetz_core.signals.latest import NO_SAMPLE, ROWS_PER_SIGNAL, load_latest
from werknetz_core.signals.lookup import SIGNALS, load_signal, load_signals
from werknetz_core.signals.schemas import (
    LatestSignalView,
    SamplesView,
    SeveralSamplesView,
    SignalLifetimeChange,
    SignalView,
)
from werknetz_core.signals.several import SIGNALS_MAX, several_response

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
    id: Annotated[list[int], Query(description="Repeated: any of them.")] = [],  # noqa: A002, B006 - the name of the query parameter, which FastAPI copies
    q: Annotated[str, Query(max_length=200, description=lookup.WORDS_DESCRIPTION)] = "",
    latest: Annotated[
        bool, Query(description="true: also the newest sample of each, up to now.")
    ] = False,
) -> pagination.Page[LatestSignalView | SignalView]:
    """List signals by id; with `latest=true`, each with its newest sample.

    Sort: id, key, name, role. Poll `latest=true` with If-None-Match: 304 while nothing changes.
    """
    query: sa.Select[Any] = SIGNALS
    if under or principal.plants is not None:
        query = query.where(await equipment_scope.equipment_condition(under, context, principal))
    if role:
        query = query.where(signals.c.role.in_(role))
    if connector:
        query = query.where(signals.c.connector_id.in_(connector))
    if key is not None:
        query = query.where(signals.c.key == key)
    if id:
        query = query.where(signals.c.id.in_(lookup.valid_ids(id)))
    query = query.where(*lookup.word_conditions(q))
    if not latest:
        return await query_page(request, session, params, query, _SORTING, SignalView)
    rows, next_cursor = await load_page(session, params, query, _SORTING)
    ids = [row["id"] for row in rows]
    async with reading(context, principal, Reads(len(ids) * ROWS_PER_SIGNAL)) as own:
        samples_of = await load_latest(own.database, own, ids)
    items = [LatestSignalView(**row, **samples_of.get(row["id"], NO_SAMPLE)) for row in rows]
    response = page_response(request, params, items, LatestSignalView, next_cursor=next_cursor)
    tagged = with_content_etag(request, cast("Response", response))
    return cast("pagination.Page[LatestSignalView | SignalView]", tagged)


@router.get("/signals/{signal_id}")
async def show_signal(signal_id: int, session: ReadSessionDep, principal: MayRead) -> SignalView:
    """Show one signal."""
    return await load_signal(signal_id, session, principal)


@router.patch("/signals/{signal_id}")
async def change_signal(
    signal_id: int,
    body: SignalLifetimeChange,
    session: WriteSessionDep,
    principal: MayChangeEquipment,
) -> SignalView:
    """Change when a signal is in force: of several of one role, the one that began last counts."""
    await load_signal(signal_id, session, principal)
    await lifetimes.change_lifetime(session, signal_id, body, principal)
    return await load_signal(signal_id, session, principal)


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
        str | None, Query(description="raw, 10s, 1m, 5m, 1h, shift, 1d, 1w, 1mo …, none")
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
        signal = await load_signal(signal_id, session, principal)
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


@router.get("/samples", response_model=SeveralSamplesView)
async def list_samples_of_signals(
    *,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    params: LargeListParamsDep,
    signal: Annotated[
        list[str],
        Query(
            min_length=1,
            max_length=SIGNALS_MAX,
            description="Id or key of a signal. Repeated: each.",
        ),
    ],
    start: str = "-1h",
    end: str | None = None,
    granularity: Annotated[
        str | None, Query(description="raw, 10s, 1m, 5m, 1h, shift, 1d, 1w, 1mo …, none")
    ] = None,
    max_points: Annotated[int | None, Query(ge=1, le=10_000)] = None,
    aggregates: Annotated[
        list[str], Query(description=f"Aggregates of windows: {', '.join(samples.AGGREGATES)}.")
    ] = [],  # noqa: B006 - FastAPI copies
    tz: str | None = None,
) -> Response:
    """List samples of several signals; `limit` counts for each. Sort: at, -at.

    Named times and windows are those of each signal's plant. CSV and NDJSON have a row for each
    sample, with the key of its signal first.
    """
    async with context.database.read_session() as session:
        views = await load_signals(signal, session, principal)
    query = samples.SampleQuery(
        start, end, granularity, max_points, tz, samples.parse_aggregates(aggregates), params
    )
    return await several_response(request, context, views, query, principal)
