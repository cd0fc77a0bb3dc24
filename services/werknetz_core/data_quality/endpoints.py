"""Data quality: how many values are good, uncertain and bad, and what arrives without a rule."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from werknetz.domain.bucket import instant_of
from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.collection import utc_time_context
from werknetz_core.context.polling import polled_response, refuse_unknown_parameters
from werknetz_core.context.time_spec import parse_span
from werknetz_core.data_quality.report import (
    check_span,
    load_quarantined,
    load_unmapped,
    load_values,
    owners_of,
    reads_of_values,
    total_of,
)
from werknetz_core.data_quality.schemas import DataQualityView
from werknetz_core.http.responses import UNCHANGED
from werknetz_core.limits.reading import reading

router = APIRouter(tags=["quality"])


@router.get(
    "/data_quality",
    response_model=DataQualityView,
    responses=UNCHANGED,
    dependencies=[Depends(refuse_unknown_parameters)],
)
async def get_data_quality(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    under: Annotated[
        str | None, Query(description="Equipment path. Default: all plants of the key.")
    ] = None,
    start: Annotated[str, Query(description="RFC 3339, -1h, -7d …: at most 31 days.")] = "-1h",
    end: Annotated[str | None, Query(description="As start. Default: now.")] = None,
) -> Response:
    """Count the stored values of a period by quality, for each plant, and what no rule maps.

    Unmapped tags and quarantined entries are those of now: a repair removes them.
    """
    owners = await owners_of(context, principal, under)
    tree = await context.tree.current()
    span = parse_span(start, end, utc_time_context(context))
    check_span(span)
    quarantined, newest = await load_quarantined(session, principal, under)

    async def compute() -> object:
        reads = await reads_of_values(context, tree, owners, span)
        async with (
            reading(context, principal, reads) as context_of_reads,
            context_of_reads.database.acquire() as connection,
        ):
            plants = await load_values(connection, tree, owners, span)
        unmapped, unmapped_total = await load_unmapped(session, principal, under)
        view = DataQualityView(
            start=instant_of(span.start_us),
            end=instant_of(span.end_us),
            plants=plants,
            total=total_of(plants),
            unmapped=unmapped,
            unmapped_total=unmapped_total,
            quarantined=quarantined,
            no_data=not any(plant.values for plant in plants),
        )
        return view.model_dump()

    sources = [owner.path for owner in owners]
    facts = [sources, quarantined, newest, span.end_us - span.start_us]
    return await polled_response(request, context, sources, facts, compute)
