"""Gaps: what was lost before it was accepted, with its cause."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.store.tables import connectors, gaps
from werknetz_core.access import equipment_scope
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, Viewer
from werknetz_core.context.time_spec import TimeContext, parse_span, parse_zone
from werknetz_core.gaps.schemas import GapView
from werknetz_core.http import pagination, sorting
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
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


@router.get("/gaps")
async def list_gaps(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
    connector: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    cause: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    start: str | None = None,
    end: str | None = None,
    params: ListParamsDep,
) -> pagination.Page[GapView]:
    """List gap records, newest first; with a start, those that touch the span.

    Sort: start, cause, connector_id.
    """
    query = (
        sa.select(gaps, gaps.c.start_at.label("start"), gaps.c.end_at.label("end"))
        .join(connectors, connectors.c.id == gaps.c.connector_id)
        .where(equipment_scope.connector_visible(principal))
    )
    if connector:
        query = query.where(gaps.c.connector_id.in_(connector))
    if cause:
        query = query.where(gaps.c.cause.in_(cause))
    if start is not None:
        span = parse_span(start, end, TimeContext(context.now_us(), parse_zone(None, "UTC")))
        query = query.where(
            gaps.c.start_at < instant_of(span.end_us),
            sa.or_(gaps.c.end_at.is_(None), gaps.c.end_at > instant_of(span.start_us)),
        )
    query, place = _SORTING.page_query(query, params)
    rows, next_cursor = sorting.paginate(
        (await session.execute(query)).mappings().all(), place, params.limit
    )
    items = [GapView(**row) for row in rows]
    return list_response(request, params, items, columns_of(GapView), next_cursor=next_cursor)  # type: ignore[return-value] # a ready answer of that form
