"""KPI values of equipment, suppliers and warehouses for any period. Designed for polling."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import AppContext, ContextDep
from werknetz_core.http.etag import CACHE_CONTROL, etag_matches
from werknetz_core.http.list_params import DEFAULT_LIST_PARAMS, columns_of, list_response
from werknetz_core.http.problem import Problem
from werknetz_core.http.responses import (
    UNCHANGED,
    VARY,
    json_response,
    not_modified,
    with_content_etag,
)
from werknetz_core.kpis.query import KpiQuery, parameter_documents
from werknetz_core.kpis.values import compute
from werknetz_core.kpis.values.compute import KpiPlan
from werknetz_core.kpis.values.schemas import (
    KpiQueryBody,
    KpiQueryListBody,
    KpiResultListView,
    KpiValueListView,
    KpiValueView,
)
from werknetz_core.limits.reading import reading, wide_turn
from werknetz_core.limits.weight import Reads

router = APIRouter(tags=["kpis"])
_QUERIES_OF_A_POLL: Final = 10
_OPENAPI: Final[dict[str, Any]] = {"parameters": parameter_documents()}


@router.get(
    "/kpi_values",
    response_model=KpiValueListView,
    openapi_extra=_OPENAPI,
    responses=UNCHANGED,
)
async def kpi_values(request: Request, context: ContextDep, principal: MayRead) -> Response:
    """Compute KPI values. With If-None-Match, unchanged values give 304 without a query."""
    parameters = request.query_params
    catalogue = await context.kpis.with_names(parameters.getlist("kpi"))
    query = KpiQuery.parse(parameters, request.headers.get("accept"), catalogue)
    targets = await compute.find_targets(query, context, principal)
    etag = await compute.compute_etag(query, targets, context)
    if etag is not None and etag_matches(request.headers.get("if-none-match"), etag):
        return not_modified(etag, CACHE_CONTROL)
    plan = await compute.plan_values(query, targets)
    async with reading(context, principal, await plan.reads(context)) as context_of_reads:
        content = await compute.compute_values(plan, context_of_reads)
    # The ETag was read before the rows: after a change in between, the next poll computes again.
    headers = {"ETag": etag, "Cache-Control": CACHE_CONTROL} if etag else {}
    if query.list_params is DEFAULT_LIST_PARAMS:
        response = json_response(content, headers | {"Vary": VARY})
        return response if etag else with_content_etag(request, response)
    items = sort_values(content.pop("items"), query.list_params.sort)
    names = columns_of(KpiValueView)
    response = list_response(
        request, query.list_params, items, names, envelope=content, headers=headers
    )
    return response if etag else with_content_etag(request, response)


@router.post("/kpi_values:query", response_model=KpiResultListView)
async def query_kpi_values(
    body: KpiQueryListBody, context: ContextDep, principal: MayRead
) -> Response:
    """Compute many queries, in order. A query that fails has a problem instead of values.

    It counts as the sum of its queries, so the whole is refused where they read too much.
    """
    if len(body.queries) > _QUERIES_OF_A_POLL:  # even what they read takes long to find out
        async with wide_turn(context, principal) as wide_context:
            plans, reads = await _plan_all(body, wide_context, principal)
            await context.admission.charge(principal.key_id, reads)
            results = [await _compute_result(plan, wide_context) for plan in plans]
    else:
        plans, reads = await _plan_all(body, context, principal)
        async with reading(context, principal, reads) as context_of_reads:
            results = [await _compute_result(plan, context_of_reads) for plan in plans]
    return json_response({"results": results})


async def _plan_all(
    body: KpiQueryListBody, context: AppContext, principal: Principal
) -> tuple[list[KpiPlan | Problem], Reads]:
    """Return the plan or the problem of each query, and what all of them read."""
    plans = [await _plan_of(query, context, principal) for query in body.queries]
    reads = [await plan.reads(context) for plan in plans if isinstance(plan, KpiPlan)]
    return plans, sum(reads, Reads())


async def _plan_of(
    body: KpiQueryBody, context: AppContext, principal: Principal
) -> KpiPlan | Problem:
    try:
        query = KpiQuery.from_body(body, await context.kpis.with_names(body.kpi))
        targets = await compute.find_targets(query, context, principal)
        return await compute.plan_values(query, targets)
    except Problem as problem:
        return problem


async def _compute_result(plan: KpiPlan | Problem, context: AppContext) -> dict[str, object]:
    try:
        if isinstance(plan, Problem):
            raise plan
        return {"answer": await compute.compute_values(plan, context), "problem": None}
    except Problem as problem:
        return {"answer": None, "problem": problem.to_document("", "/api/v1/kpi_values:query")}


def sort_values(items: object, sort: str | None) -> list[dict[str, Any]]:
    """Return the values in the requested order; items without this field come last."""
    assert isinstance(items, list)  # noqa: S101 - narrows what `compute` returns
    if sort is None:
        return items
    name = sort.removeprefix("-")
    sortable = [item for item in items if item.get(name) is not None]
    sortable.sort(key=lambda item: _sort_value(item, name), reverse=sort.startswith("-"))
    return sortable + [item for item in items if item.get(name) is None]


def _sort_value(item: dict[str, Any], name: str) -> Any:
    # Texts of two zones, or of both sides of a time change, do not sort by time.
    return datetime.fromisoformat(item[name]) if name == "start" else item[name]
