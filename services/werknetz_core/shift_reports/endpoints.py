"""Shift reports: one page about a shift, to be signed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import ContextDep
from werknetz_core.context.polling import (
    PRODUCTS_WATERMARK,
    Revision,
    refuse_unknown_parameters,
)
from werknetz_core.context.time_spec import parse_span
from werknetz_core.context.windows import time_context_of
from werknetz_core.http.responses import json_response
from werknetz_core.limits.reading import reading, reads_of_machines
from werknetz_core.shift_reports.report import build_report
from werknetz_core.shift_reports.schemas import ShiftReportView

router = APIRouter(tags=["shift_reports"])


@router.get(
    "/shift_reports/{path:path}",
    response_model=ShiftReportView,
    dependencies=[Depends(refuse_unknown_parameters)],
)
async def show_shift_report(
    path: str,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    start: Annotated[
        str, Query(description="shift:previous, shift:current or any other form of time.")
    ] = "shift:previous",
    end: str | None = None,
    tz: str | None = None,
) -> Response:
    """Report a shift of an equipment: target, actual, orders, stops, scrap, notes.

    Without a shift calendar, send `start` and `end`.
    """
    node = await context.tree.find_node(path, principal)
    time = time_context_of(context, await context.tree.current(), node, tz)
    span = parse_span(start, end, time)
    revision = await Revision.of(request, context, [node.path, PRODUCTS_WATERMARK])
    if revision.is_known:
        return revision.not_modified()
    machines = len((await context.tree.current()).ids_below[node.path])
    reads = await reads_of_machines(context, machines, span.start_us, span.end_us, stops=True)
    async with reading(context, principal, reads) as context_of_reads:
        document = await build_report(context_of_reads, node, span, time, principal)
    return revision.complete(request, json_response(document, revision.headers))
