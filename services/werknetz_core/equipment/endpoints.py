"""Equipment by path, with what happened there: states, stops, counts."""

from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.domain.path import LEVELS
from werknetz.store.tables import equipment
from werknetz_core.api import page, scope
from werknetz_core.api.answer import answer
from werknetz_core.api.platform import Core, Reading, Viewer
from werknetz_core.api.time import span_of
from werknetz_core.api.window import clockwork
from werknetz_core.equipment import counts, intervals
from werknetz_core.equipment.schemas import CountsView, EquipmentView, StateView, StopView

router = APIRouter(tags=["equipment"])
Level = Literal["enterprise", "plant", "area", "line", "machine"]
Start = Annotated[str, Query(description="RFC 3339, epoch ms, -8h, now, shift:current, …")]
End = Annotated[str | None, Query(description="As start; none: now, or the end of what is named.")]


@router.get("/equipment")
async def list_equipment(
    *,
    request: Request,
    response: Response,
    core: Core,
    reading: Reading,
    principal: Viewer,
    level: Annotated[list[Level], Query(description="Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    kind: Annotated[list[Level], Query(description="The same as level.")] = [],  # noqa: B006 - as above
    under: scope.Under = [],  # noqa: B006 - as above
    depth: Annotated[int | None, Query(ge=0, le=len(LEVELS))] = None,
    limit: page.Limit = 100,
    cursor: page.Cursor = None,
) -> page.Page[EquipmentView]:
    """List equipment in order of path; `depth` counts levels below `under`."""
    condition = await scope.asked(under, core, principal)
    query = sa.select(equipment).where(condition).order_by(equipment.c.path).limit(limit + 1)
    if levels := {*level, *kind}:
        query = query.where(equipment.c.level.in_(levels))
    if depth is not None:
        query = query.where(_not_deeper(under, depth))
    if after := page.decode(cursor, str):
        query = query.where(equipment.c.path > after[0])
    rows, more = page.cut((await reading.execute(query)).all(), limit)
    tree = await core.tree.current()
    items = [
        EquipmentView(
            path=row.path,
            level=row.level,
            name=row.name,
            time_zone=tree.nodes[row.path].time_zone if row.path in tree.nodes else row.time_zone,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in rows
    ]
    next_cursor = page.encode(rows[-1].path) if more else None
    page.link(request, response, next_cursor)
    return page.Page(items=items, next_cursor=next_cursor)


@router.get("/stops")
async def list_stops(
    *,
    request: Request,
    core: Core,
    principal: Viewer,
    under: scope.Under,
    start: Start = "-24h",
    end: End = None,
    min_s: Annotated[float, Query(ge=0, description="Only stops of at least so long.")] = 0,
    limit: page.Limit = 100,
    cursor: page.Cursor = None,
) -> page.Page[StopView]:
    """List the stops of all machines below, in order of time."""
    return await intervals.listed(  # type: ignore[return-value] # a ready answer of that form
        request, core, principal, under, start, end, stops_of=min_s, limit=limit, cursor=cursor
    )


@router.get("/equipment/{path:path}/stops")
async def list_stops_of(
    *,
    path: str,
    request: Request,
    core: Core,
    principal: Viewer,
    start: Start = "-24h",
    end: End = None,
    min_s: Annotated[float, Query(ge=0, description="Only stops of at least so long.")] = 0,
    limit: page.Limit = 100,
    cursor: page.Cursor = None,
) -> page.Page[StopView]:
    """List the stops of the equipment and everything below it: time lost while an order ran."""
    return await intervals.listed(  # type: ignore[return-value] # a ready answer of that form
        request, core, principal, [path], start, end, stops_of=min_s, limit=limit, cursor=cursor
    )


@router.get("/equipment/{path:path}/states")
async def list_states(
    path: str,
    request: Request,
    core: Core,
    principal: Viewer,
    start: Start = "-24h",
    end: End = None,
    limit: page.Limit = 100,
    cursor: page.Cursor = None,
) -> page.Page[StateView]:
    """List what the machines were doing; an interval that goes on has `end: null`."""
    return await intervals.listed(  # type: ignore[return-value] # a ready answer of that form
        request, core, principal, [path], start, end, stops_of=None, limit=limit, cursor=cursor
    )


@router.get("/equipment/{path:path}/counts", response_model=CountsView)
async def counts_of(
    path: str,
    core: Core,
    principal: Viewer,
    start: Start = "-24h",
    end: End = None,
    granularity: str = "hour",
    tz: str | None = None,
) -> Response:
    """Sum what was produced: good, scrap, rework, by window."""
    node = await core.tree.find(path, principal)
    clock = clockwork(core, await core.tree.current(), node, tz)
    span = span_of(start, end, clock)
    return answer(await counts.summed(core, node, span, granularity, clock))


@router.get("/equipment/{path:path}")
async def show_equipment(
    path: str, core: Core, reading: Reading, principal: Viewer
) -> EquipmentView:
    """Show one equipment."""
    node = await core.tree.find(path, principal)
    row = (await reading.execute(sa.select(equipment).where(equipment.c.id == node.id))).one()
    return EquipmentView(
        path=row.path,
        level=row.level,
        name=row.name,
        time_zone=node.time_zone,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def _not_deeper(under: list[str], depth: int) -> sa.ColumnElement[bool]:
    slashes = sa.func.length(equipment.c.path) - sa.func.length(
        sa.func.replace(equipment.c.path, "/", "")
    )
    if not under:
        return slashes <= depth
    return sa.or_(
        *(
            sa.and_(scope.within(equipment.c.path, [at]), slashes <= at.count("/") + depth)
            for at in under
        )
    )
