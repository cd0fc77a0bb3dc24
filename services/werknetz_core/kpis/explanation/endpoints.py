"""Explanation of one KPI value, from the formula down to the samples."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.polling import content_response
from werknetz_core.http.responses import UNCHANGED
from werknetz_core.kpis.explanation.explain import explain
from werknetz_core.kpis.explanation.schemas import ExplanationView
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.values.schemas import KpiQueryBody

router = APIRouter(tags=["kpis"])


@router.get(
    "/kpi_values/explain",
    response_model=ExplanationView,
    responses=UNCHANGED,
)
async def explain_kpi_value(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    equipment: Annotated[str | None, Query(description="Equipment path, of any level.")] = None,
    order: Annotated[
        str | None, Query(description="Instead: a production order, or plant:number.")
    ] = None,
    kpi: Annotated[str, Query(description="Name of a KPI, see /api/v1/kpis.")],
    start: Annotated[
        str | None, Query(description="Default: -24h; of an order, its own start.")
    ] = None,
    end: str | None = None,
    tz: str | None = None,
    divisor: str = "fe+1",
    as_of: Annotated[
        str | None, Query(description="By what was known at this time. Default: what is known now.")
    ] = None,
) -> Response:
    """Explain one value: formula, elements, machines, states, samples, gaps, mapping versions."""
    body = KpiQueryBody(
        equipment=[] if equipment is None else [equipment],
        order=[] if order is None else [order],
        kpi=[kpi], start=start, end=end, tz=tz, divisor=divisor, as_of=as_of,
    )  # fmt: skip
    query = KpiQuery.from_body(body, await context.kpis.with_names(body.kpi))
    return await content_response(request, lambda: explain(query, context, session, principal))
