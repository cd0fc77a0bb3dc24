"""KPI values of equipment, suppliers and warehouses for any period. Made to be polled."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext, ContextDep, Viewer
from werknetz_core.http.etag import CACHE_CONTROL, etag_matches
from werknetz_core.http.list_params import DEFAULT_LIST_PARAMS, VARY, columns_of, list_response
from werknetz_core.http.problem import Problem
from werknetz_core.http.responses import json_response, not_modified
from werknetz_core.kpis.query import KpiQuery, parameter_documents
from werknetz_core.kpis.values import compute
from werknetz_core.kpis.values.schemas import (
    KpiResultListView,
    KpiQueryBody,
    KpiQueryListBody,
    KpiValueListView,
    KpiValueView,
)

router = APIRouter(tags=["kpis"])
_OPENAPI: Final[dict[str, Any]] = {"parameters": parameter_documents()}


@router.get(
    "/kpi_values",
    response_model=KpiValueListView,
    openapi_extra=_OPENAPI,
    responses={304: {"description": "Not changed since the ETag of If-None-Match"}},
)
async def kpi_values(request: Request, context: ContextDep, principal: Viewer) -> Response:
    """Compute KPI values; unchanged ones are 304 without a query."""
    query = KpiQuery.read(request.query_params, request.headers.get("accept"))
    targets = await compute.find_targets(query, context, principal)
    tag = await compute.compute_etag(query, targets, context)
    if tag is not None and etag_matches(request.headers.get("if-none-match"), tag):
        return not_modified(tag, CACHE_CONTROL)
    content = await compute.compute(query, targets, context)
    # The tag was read before the rows: a change in between makes the next poll compute again.
    headers = {"ETag": tag, "Cache-Control": CACHE_CONTROL} if tag else {}
    if query.list_params is DEFAULT_LIST_PARAMS:
        return json_response(content, headers | {"Vary": VARY})
    items = sort_values(content.pop("items"), query.list_params.sort)
    names = columns_of(KpiValueView)
    return list_response(
        request, query.list_params, items, names, envelope=content, headers=headers
    )


@router.post("/kpi_values:query", response_model=KpiResultListView)
async def query_kpi_values(
    params: KpiQueryListBody, context: ContextDep, principal: Viewer
) -> Response:
    """Answer many questions in their order, with a problem for each that cannot be answered."""
    return json_response(
        {"results": [await _result(one, context, principal) for one in params.queries]}
    )


async def _result(
    given: KpiQueryBody, context: AppContext, principal: Principal
) -> dict[str, object]:
    try:
        query = KpiQuery.of(given)
        targets = await compute.find_targets(query, context, principal)
        return {"answer": await compute.compute(query, targets, context), "problem": None}
    except Problem as problem:
        return {"answer": None, "problem": problem.to_document("", "/api/v1/kpi_values:query")}


def sort_values(items: object, sort: str | None) -> list[dict[str, Any]]:
    """Return the values in the order that was asked for; what has none comes last."""
    assert isinstance(items, list)  # noqa: S101 - narrows what `compute` returns
    if sort is None:
        return items
    name = sort.removeprefix("-")
    known = [item for item in items if item.get(name) is not None]
    known.sort(key=lambda item: _sort_value(item, name), reverse=sort.startswith("-"))
    return known + [item for item in items if item.get(name) is None]


def _sort_value(item: dict[str, Any], name: str) -> Any:
    # Texts of two zones, or of both sides of a time change, do not sort by time.
    return datetime.fromisoformat(item[name]) if name == "start" else item[name]
