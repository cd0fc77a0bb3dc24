"""Quarantine: what could not be understood, with raw bytes and reason. Raw needs an engineer."""

import base64
from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.store.tables import connectors, quarantine
from werknetz_core.api import order, page, scope
from werknetz_core.api.listing import Asked, columns_of, given
from werknetz_core.api.order import Key, Kind, Sorting
from werknetz_core.api.platform import Engineer, Reading, Viewer
from werknetz_core.api.problem import Problem
from werknetz_core.quarantine.schemas import QuarantineDetailView, QuarantineView

router = APIRouter(tags=["quality"])
_SORTING: Final = Sorting(
    "-id",
    tie=Key(quarantine.c.id, Kind.NUMBER),
    keys={
        "id": Key(quarantine.c.id, Kind.NUMBER),
        "at": Key(quarantine.c.at, Kind.TIME),
        "stored_at": Key(quarantine.c.stored_at, Kind.TIME),
        "size": Key(quarantine.c.size, Kind.NUMBER),
    },
)
_HEAD = [column for column in quarantine.c if column.name not in {"raw", "spool_id", "seq"}]


@router.get("/quarantine")
async def list_quarantine(
    request: Request,
    reading: Reading,
    principal: Viewer,
    connector: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    state: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    *,
    asked: Asked,
) -> page.Page[QuarantineView]:
    """List quarantine, newest first, without the raw bytes. Sort: id, at, stored_at, size."""
    query = (
        sa.select(*_HEAD)
        .join(connectors, connectors.c.id == quarantine.c.connector_id)
        .where(scope.connector_visible(principal))
    )
    if connector:
        query = query.where(quarantine.c.connector_id.in_(connector))
    if state:
        query = query.where(quarantine.c.state.in_(state))
    query, place = _SORTING.page(query, asked)
    rows, next_cursor = order.cut(
        (await reading.execute(query)).mappings().all(), place, asked.limit
    )
    items = [QuarantineView(**row) for row in rows]
    return given(request, asked, items, columns_of(QuarantineView), next_cursor=next_cursor)  # type: ignore[return-value] # a ready answer of that form


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
