"""Gaps: what was lost before it was accepted, with its cause."""

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.store.tables import connectors, gaps
from werknetz_core.api import page, scope
from werknetz_core.api.platform import Core, Reading, Viewer
from werknetz_core.api.problem import wrong_parameter
from werknetz_core.api.time import Clockwork, span_of, zone_of
from werknetz_core.gaps.schemas import GapView

router = APIRouter(tags=["quality"])


@router.get("/gaps")
async def list_gaps(
    *,
    request: Request,
    response: Response,
    core: Core,
    reading: Reading,
    principal: Viewer,
    connector: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    cause: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    start: str | None = None,
    end: str | None = None,
    limit: page.Limit = 100,
    cursor: page.Cursor = None,
) -> page.Page[GapView]:
    """List gap records, newest first; with a start, those that touch the span."""
    query = (
        sa.select(gaps, gaps.c.start_at.label("start"), gaps.c.end_at.label("end"))
        .join(connectors, connectors.c.id == gaps.c.connector_id)
        .where(scope.connector_visible(principal))
        .order_by(gaps.c.start_at.desc(), gaps.c.gap_id.desc())
        .limit(limit + 1)
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
    if after := page.decode(cursor, int, str):
        query = query.where(
            sa.tuple_(gaps.c.start_at, gaps.c.gap_id)
            < sa.tuple_(instant_of(int(after[0])), _uuid(str(after[1])))
        )
    rows, more = page.cut((await reading.execute(query)).mappings().all(), limit)
    last = rows[-1] if more else None
    next_cursor = (
        page.encode(microseconds_of(last["start_at"]), str(last["gap_id"])) if last else None
    )
    page.link(request, response, next_cursor)
    return page.Page(items=[GapView(**row) for row in rows], next_cursor=next_cursor)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise wrong_parameter(
            "cursor", "This cursor was not given by this route.", "Send none for the first page."
        ) from error
