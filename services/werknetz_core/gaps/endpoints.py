"""Gaps: data that was lost before the edge accepted it, with the cause."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request, Response

from werknetz.store.tables import connectors, gaps
from werknetz_core.access import equipment_scope
from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.collection import load_page
from werknetz_core.context.overlap import overlap_condition
from werknetz_core.context.polling import refuse_unknown_parameters
from werknetz_core.gaps.schemas import GapView
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.http.responses import UNCHANGED, with_content_etag
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["quality"])
_SORTING: Final = Sorting(
    "-start",
    tie=SortKey(gaps.c.gap_id, SortType.UUID),
    keys={
        "start": SortKey(gaps.c.start_at, SortType.TIME),
        "cause": SortKey(gaps.c.cause),
        "connector_id": SortKey(gaps.c.connector_id),
    },
)


@router.get(
    "/gaps",
    response_model=pagination.Page[GapView],
    responses=UNCHANGED,
    dependencies=[Depends(refuse_unknown_parameters)],
)
async def list_gaps(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    connector: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    cause: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    start: str | None = None,
    end: str | None = None,
    params: ListParamsDep,
) -> Response:
    """List gap records, newest first; with a start, those that overlap the span.

    Sort: start, cause, connector_id.
    """
    query = (
        sa.select(gaps, gaps.c.start_at.label("start"), gaps.c.end_at.label("end"))
        .join(connectors, connectors.c.id == gaps.c.connector_id)
        .where(
            equipment_scope.connector_visible(principal),
            overlap_condition(context, gaps.c.start_at, gaps.c.end_at, start, end),
        )
    )
    if connector:
        query = query.where(gaps.c.connector_id.in_(connector))
    if cause:
        query = query.where(gaps.c.cause.in_(cause))
    rows, next_cursor = await load_page(session, params, query, _SORTING)
    response = list_response(
        request, params, [GapView(**row) for row in rows], columns_of(GapView),
        next_cursor=next_cursor,
    )  # fmt: skip
    return with_content_etag(request, response)
