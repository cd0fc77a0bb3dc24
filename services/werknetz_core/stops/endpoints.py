"""Stops: listed whole, one by id, with the answer's ETag."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayEnterStops, MayRead
from werknetz_core.context.app_context import AppContext, ContextDep, WriteSessionDep
from werknetz_core.context.polling import Revision, refuse_unknown_parameters
from werknetz_core.context.time_spec import format_utc, parse_instant, parse_span
from werknetz_core.context.windows import time_context_of
from werknetz_core.http.list_params import ListParams, ListParamsDep, columns_of, list_response
from werknetz_core.http.responses import json_response
from werknetz_core.idempotency.route import OnceRoute
from werknetz_core.limits.reading import reading, reads_of_machines
from werknetz_core.reasons.loading import check_reason_filter, load_reasons
from werknetz_core.stops import changes
from werknetz_core.stops.lookup import find_stop
from werknetz_core.stops.pages import StopHistory, is_by_start, page_of
from werknetz_core.stops.schemas import (
    Classification,
    NewStop,
    StateName,
    StopChangesView,
    StopChangeView,
    StopMerge,
    StopsClassification,
    StopsPage,
    StopSplit,
    StopUndo,
    StopView,
)
from werknetz_core.stops.views import StopFilter, stop_item, totals_of

router = APIRouter(tags=["stops"], route_class=OnceRoute)
STRICT: Final = [Depends(refuse_unknown_parameters)]
Start = Annotated[str, Query(description="RFC 3339, epoch ms, -8h, now, shift:current, …")]
End = Annotated[
    str | None, Query(description="As start. Default: now, or end of the named period.")
]


async def read_stop_filter(
    min_s: Annotated[
        float, Query(ge=0, description="Only stops of at least this whole duration.")
    ] = 0,
    state: Annotated[
        list[StateName],
        Query(description="Repeated: any of them. Default: all but setup and maintenance."),
    ] = [],  # noqa: B006 - FastAPI copies
    reason: Annotated[list[str], Query(description="Code of a reason. Repeated: any.")] = [],  # noqa: B006 - as above
    classified: Annotated[bool | None, Query(description="false: those without a reason.")] = None,
    open: Annotated[bool | None, Query(description="true: those that go on.")] = None,  # noqa: A002 - name of the parameter
    minor: Annotated[bool | None, Query(description="false: without minor stops.")] = None,
) -> StopFilter:
    return StopFilter(min_s, state, reason, classified, open, minor)


AsOf = Annotated[
    str | None, Query(description="By what was known at this time. Default: what is known now.")
]
StopFilterDep = Annotated[StopFilter, Depends(read_stop_filter)]
Totals = Annotated[
    bool,
    Query(description="false: none, so that the first page costs a page and not the span."),
]


@router.get("/stops", response_model=StopsPage, dependencies=STRICT)
async def list_stops(
    *,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    under: equipment_scope.EquipmentFilter,
    start: Start = "-24h",
    end: End = None,
    as_of: AsOf = None,
    stop_filter: StopFilterDep,
    params: ListParamsDep,
    totals: Totals = True,
) -> Response:
    """List the stops of all machines below the equipment that overlap the span, each as a whole.

    Sort: start, duration_s, lost_s.
    """
    return await _stops_response(
        request, context, principal, under, (start, end, as_of), stop_filter, params, totals
    )


@router.get("/equipment/{path:path}/stops", response_model=StopsPage, dependencies=STRICT)
async def list_stops_of(
    *,
    path: str,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    start: Start = "-24h",
    end: End = None,
    as_of: AsOf = None,
    stop_filter: StopFilterDep,
    params: ListParamsDep,
    totals: Totals = True,
) -> Response:
    """List the stops of the equipment and all below it that overlap the span, each as a whole.

    Sort: start, duration_s, lost_s.
    """
    return await _stops_response(
        request, context, principal, [path], (start, end, as_of), stop_filter, params, totals
    )


@router.get("/stops/{stop_id}", response_model=StopView)
async def show_stop(stop_id: str, context: ContextDep, principal: MayRead) -> Response:
    """Show one stop. Its version is in the ETag, too, for `If-Match`."""
    item = await find_stop(context, stop_id, principal)
    return json_response(stop_item(item), {"ETag": f'"{item.stop.version}"'})


async def _stops_response(
    request: Request,
    context: AppContext,
    principal: Principal,
    under: Sequence[str],
    times: tuple[str, str | None, str | None],
    stop_filter: StopFilter,
    params: ListParams,
    with_totals: bool,
) -> Response:
    nodes = [await context.tree.find_node(path, principal) for path in under]
    tree = await context.tree.current()
    time = time_context_of(context, tree, nodes[0], None)
    span = parse_span(*times[:2], time)
    as_of_us = None if times[2] is None else parse_instant(times[2], "as_of", time)
    revision = await Revision.of(request, context, [node.path for node in nodes])
    if revision.is_known:
        return revision.not_modified()
    if stop_filter.reasons:
        reasons = await load_reasons(context.database)
        check_reason_filter(reasons, stop_filter.reasons, principal)
    ids = sorted({number for node in nodes for number in tree.ids_below[node.path]})
    history = StopHistory(context, ids, span, stop_filter, as_of_us)
    totals: dict[str, object] | None = None
    if is_by_start(params) and (params.cursor is not None or not with_totals):
        page, next_cursor = await history.load_page(params)
    else:
        reads = await reads_of_machines(context, len(ids), *history.read_us, stops=True)
        async with reading(context, principal, reads) as context_of_reads:
            matching = await replace(history, context=context_of_reads).load_all()
        page, next_cursor = page_of(matching, params)
        totals = totals_of(matching)
    envelope = {
        "next_cursor": next_cursor,
        "start": format_utc(span.start_us),
        "end": format_utc(span.end_us),
        "no_data": not page and params.cursor is None,
        "totals": totals,
    }
    items = [stop_item(item, span) for item in page]
    response = list_response(
        request, params, items, columns_of(StopView), next_cursor=next_cursor, envelope=envelope,
        headers=revision.headers,
    )  # fmt: skip
    return revision.complete(request, response)


@router.post("/stops", status_code=201, response_model=StopChangeView)
async def enter_stop(
    body: NewStop, context: ContextDep, session: WriteSessionDep, principal: MayEnterStops
) -> Response:
    """Enter a stop that the machine did not report. KPIs follow within seconds."""
    changed = await changes.enter_stop(body, context, session, principal)
    return json_response(await changes.change_view(context, session, changed), status=201)


@router.post("/stops:merge", response_model=StopChangeView)
async def merge_stops(
    body: StopMerge, context: ContextDep, session: WriteSessionDep, principal: MayEnterStops
) -> Response:
    """Make adjacent stops of one machine one stop."""
    changed = await changes.merge_stops(body, context, session, principal)
    return json_response(await changes.change_view(context, session, changed))


@router.post("/stops:classify", response_model=StopChangesView)
async def classify_stops(
    body: StopsClassification,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayEnterStops,
) -> Response:
    """Give several stops one reason, state or comment: all of them, or none if one is refused."""
    changed = await changes.classify_stops(body, context, session, principal)
    views = [await changes.change_view(context, session, span) for span in changed]
    return json_response({"changes": views})


@router.post("/stops/{stop_id}:classify", response_model=StopChangeView)
async def classify_stop(
    stop_id: str,
    body: Classification,
    request: Request,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayEnterStops,
) -> Response:
    """Give a stop a reason, a state, a comment; also again. KPIs follow within seconds.

    A `comment` without `reason` and `state` leaves both as they are, also those of a code.
    Send the `version` of the stop as you saw it (or `If-Match`): 409 if another person was faster.
    """
    body.version = changes.expected_version(request, body.version)
    changed = await changes.classify_stop(stop_id, body, context, session, principal)
    return json_response(await changes.change_view(context, session, changed))


@router.post("/stops/{stop_id}:split", response_model=StopChangeView)
async def split_stop(
    stop_id: str,
    body: StopSplit,
    request: Request,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayEnterStops,
) -> Response:
    """Split a stop at an instant inside it."""
    body.version = changes.expected_version(request, body.version)
    changed = await changes.split_stop(stop_id, body, context, session, principal)
    return json_response(await changes.change_view(context, session, changed))


@router.post("/stops/{stop_id}:undo", response_model=StopChangeView)
async def undo_stop(
    stop_id: str,
    body: StopUndo,
    request: Request,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayEnterStops,
) -> Response:
    """Undo the last change of a stop; the change before it can be undone next."""
    body.version = changes.expected_version(request, body.version)
    changed = await changes.undo_stop(stop_id, body, context, session, principal)
    return json_response(await changes.change_view(context, session, changed))
