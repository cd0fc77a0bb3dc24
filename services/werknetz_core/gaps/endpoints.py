"""Gaps: what was lost before it was accepted, with its cause."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.store.tables import connectors, gaps
from werknetz_core.access import equipment_scope
from werknetz_core.context.app_context import Core, Reading, Viewer
from werknetz_core.context.time_spec import Clockwork, span_of, zone_of
from werknetz_core.gaps.schemas import GapView
from werknetz_core.http import pagination, sorting
from werknetz_core.http.list_params import Asked, columns_of, given
from werknetz_core.http.sorting import Key, Kind, Sorting

router = APIRouter(tags=["quality"])
_SORTING: Final = Sorting(
    "-start",
    tie=Key(gaps.c.gap_id, Kind.UUID),
    keys={
        "start": Key(gaps.c.start_at, Kind.TIME),
        "cause": Key(gaps.c.cause),
        "connector_id": Key(gaps.c.connector_id),
    },
)


@router.get("/gaps")
async def list_gaps(
    *,
    request: Request,
    core: Core,
    reading: Reading,
    principal: Viewer,
    connector: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    cause: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    start: str | None = None,
    end: str | None = None,
    asked: Asked,
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
        span = span_of(start, end, Clockwork(core.now_us(), zone_of(None, "UTC")))
        query = query.where(
            gaps.c.start_at < instant_of(span.end_us),
            sa.or_(gaps.c.end_at.is_(None), gaps.c.end_at > instant_of(span.start_us)),
        )
    query, place = _SORTING.page(query, asked)
    rows, next_cursor = sorting.cut(
        (await reading.execute(query)).mappings().all(), place, asked.limit
    )
    items = [GapView(**row) for row in rows]
    return given(request, asked, items, columns_of(GapView), next_cursor=next_cursor)  # type: ignore[return-value] # a ready answer of that form
