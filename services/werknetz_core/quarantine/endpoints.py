"""Quarantine: what could not be understood, with raw bytes and reason. Raw needs an engineer."""

import base64
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.store.tables import connectors, quarantine
from werknetz_core.api import page, scope
from werknetz_core.api.platform import Engineer, Reading, Viewer
from werknetz_core.api.problem import Problem
from werknetz_core.quarantine.schemas import QuarantineDetailView, QuarantineView

router = APIRouter(tags=["quality"])
_HEAD = [column for column in quarantine.c if column.name not in {"raw", "spool_id", "seq"}]


@router.get("/quarantine")
async def list_quarantine(
    request: Request,
    response: Response,
    reading: Reading,
    principal: Viewer,
    connector: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    state: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    limit: page.Limit = 100,
    cursor: page.Cursor = None,
) -> page.Page[QuarantineView]:
    """List quarantine, newest first, without the raw bytes."""
    query = (
        sa.select(*_HEAD)
        .join(connectors, connectors.c.id == quarantine.c.connector_id)
        .where(scope.connector_visible(principal))
        .order_by(quarantine.c.id.desc())
        .limit(limit + 1)
    )
    if connector:
        query = query.where(quarantine.c.connector_id.in_(connector))
    if state:
        query = query.where(quarantine.c.state.in_(state))
    if after := page.decode(cursor, int):
        query = query.where(quarantine.c.id < after[0])
    rows, more = page.cut((await reading.execute(query)).mappings().all(), limit)
    next_cursor = page.encode(rows[-1]["id"]) if more else None
    page.link(request, response, next_cursor)
    return page.Page(items=[QuarantineView(**row) for row in rows], next_cursor=next_cursor)


@router.get("/quarantine/{number}")
async def show_quarantine(
    number: int, reading: Reading, principal: Engineer
) -> QuarantineDetailView:
    """Show one entry with the raw bytes in base64."""
    query = (
        sa.select(quarantine)
        .join(connectors, connectors.c.id == quarantine.c.connector_id)
        .where(
            quarantine.c.id == min(max(number, 0), 2**63 - 1), scope.connector_visible(principal)
        )
    )
    row = (await reading.execute(query)).mappings().first()
    if row is None:
        raise Problem(
            404,
            "unknown_quarantine",
            f"There is no quarantine entry {number} that this key may see.",
            "GET /api/v1/quarantine lists them.",
        )
    raw = bytes(row["raw"])
    told = {name: row[name] for name in QuarantineView.model_fields}
    return QuarantineDetailView(
        **told,
        raw_base64=base64.b64encode(raw).decode(),
        raw_complete=len(raw) == row["size"],
        spool_id=str(row["spool_id"]),
        seq=row["seq"],
    )
