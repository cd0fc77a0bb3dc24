"""Shift reports: one page about a shift, to be signed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from werknetz_core.access.require import MayRead, MaySignReports
from werknetz_core.context.app_context import ContextDep, WriteSessionDep
from werknetz_core.context.polling import (
    PRODUCTS_WATERMARK,
    Revision,
    refuse_unknown_parameters,
)
from werknetz_core.context.time_spec import parse_span
from werknetz_core.context.windows import time_context_of
from werknetz_core.http.responses import json_response
from werknetz_core.idempotency.route import OnceRoute
from werknetz_core.limits.reading import reading, reads_of_machines
from werknetz_core.shift_reports import signing
from werknetz_core.shift_reports.report import build_report
from werknetz_core.shift_reports.schemas import (
    NewSignature,
    ShiftReportView,
    SignatureView,
    SignatureWithdrawal,
)

router = APIRouter(tags=["shift_reports"], route_class=OnceRoute)


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


@router.post("/shift_reports/{path:path}:sign", status_code=201, response_model=SignatureView)
async def sign_shift_report(
    path: str,
    body: NewSignature,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MaySignReports,
) -> Response:
    """Sign the report of a period that is over, as you have read it: send its `digest`.

    Several people may sign. 409 if the report is not what you read any more.
    """
    node = await context.tree.find_node(path, principal)
    signature = await signing.sign_report(body, node, context, session, principal)
    return json_response(signature, status=201)


@router.post("/shift_reports/{path:path}:withdraw_signature", status_code=204)
async def withdraw_signature(
    path: str,
    body: SignatureWithdrawal,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MaySignReports,
) -> None:
    """Withdraw a signature of your own; the report shows that it was there."""
    node = await context.tree.find_node(path, principal)
    await signing.withdraw_signature(body, node, session, principal)
