"""Equipment by path, with what happened there: states, stops, counts."""

from typing import Annotated, Final, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.domain.path import LEVELS
from werknetz.store.tables import equipment
from werknetz_core.access import equipment_scope
from werknetz_core.context.app_context import Core, Reading, Viewer
from werknetz_core.context.equipment_tree import Tree
from werknetz_core.context.time_spec import span_of
from werknetz_core.context.windows import clockwork
from werknetz_core.equipment import counts, intervals
from werknetz_core.equipment.schemas import CountsView, EquipmentView, StateView, StopView
from werknetz_core.http import pagination, sorting
from werknetz_core.http.list_params import Asked, columns_of, given
from werknetz_core.http.responses import answer
from werknetz_core.http.sorting import Key, Kind, Sorting

router = APIRouter(tags=["equipment"])
Level = Literal["enterprise", "plant", "area", "line", "machine"]
Start = Annotated[str, Query(description="RFC 3339, epoch ms, -8h, now, shift:current, …")]
_SORTING: Final = Sorting(
    "path",
    tie=Key(equipment.c.path),
    keys={
        "path": Key(equipment.c.path),
        "name": Key(equipment.c.name),
        "valid_from": Key(equipment.c.valid_from, Kind.TIME),
    },
)
End = Annotated[str | None, Query(description="As start; none: now, or the end of what is named.")]


@router.get("/equipment")
async def list_equipment(
    *,
    request: Request,
    core: Core,
    reading: Reading,
    principal: Viewer,
    asked: Asked,
    level: Annotated[list[Level], Query(description="Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    kind: Annotated[list[Level], Query(description="The same as level.")] = [],  # noqa: B006 - as above
    under: equipment_scope.Under = [],  # noqa: B006 - as above
    depth: Annotated[int | None, Query(ge=0, le=len(LEVELS))] = None,
) -> pagination.Page[EquipmentView]:
    """List equipment in order of path; `depth` counts levels below `under`.

    Sort: path, name, valid_from.
    """
    query = sa.select(equipment).where(await equipment_scope.asked(under, core, principal))
    if levels := {*level, *kind}:
        query = query.where(equipment.c.level.in_(levels))
    if depth is not None:
        query = query.where(_not_deeper(under, depth))
    query, place = _SORTING.page(query, asked)
    rows, next_cursor = sorting.cut(
        (await reading.execute(query)).mappings().all(), place, asked.limit
    )
    tree = await core.tree.current()
    items = [EquipmentView.model_validate({**row, "time_zone": _zone(tree, row)}) for row in rows]
    return given(request, asked, items, columns_of(EquipmentView), next_cursor=next_cursor)  # type: ignore[return-value] # a ready answer of that form


@router.get("/stops")
async def list_stops(
    *,
    request: Request,
    core: Core,
    principal: Viewer,
    under: equipment_scope.Under,
    start: Start = "-24h",
    end: End = None,
    min_s: Annotated[float, Query(ge=0, description="Only stops of at least so long.")] = 0,
    asked: Asked,
) -> pagination.Page[StopView]:
    """List the stops of all machines below, in order of time. Sort: start, duration_s."""
    return await intervals.listed(  # type: ignore[return-value] # a ready answer of that form
        request, core, principal, under, start, end, stops_of=min_s, asked=asked
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
    asked: Asked,
) -> pagination.Page[StopView]:
    """List the stops of the equipment and everything below it: time lost while an order ran.

    Sort: start, duration_s.
    """
    return await intervals.listed(  # type: ignore[return-value] # a ready answer of that form
        request, core, principal, [path], start, end, stops_of=min_s, asked=asked
    )


@router.get("/equipment/{path:path}/states")
async def list_states(
    path: str,
    request: Request,
    core: Core,
    principal: Viewer,
    asked: Asked,
    start: Start = "-24h",
    end: End = None,
) -> pagination.Page[StateView]:
    """List what the machines were doing; an interval that goes on has `end: null`.

    Sort: start, duration_s.
    """
    return await intervals.listed(  # type: ignore[return-value] # a ready answer of that form
        request, core, principal, [path], start, end, stops_of=None, asked=asked
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


def _zone(tree: Tree, row: sa.RowMapping) -> str | None:
    """Return the zone that holds for the equipment, as far as the snapshot knows it."""
    node = tree.nodes.get(row["path"])
    found: str | None = node.time_zone if node is not None else row["time_zone"]
    return found


def _not_deeper(under: list[str], depth: int) -> sa.ColumnElement[bool]:
    slashes = sa.func.length(equipment.c.path) - sa.func.length(
        sa.func.replace(equipment.c.path, "/", "")
    )
    if not under:
        return slashes <= depth
    return sa.or_(
        *(
            sa.and_(
                equipment_scope.within(equipment.c.path, [at]), slashes <= at.count("/") + depth
            )
            for at in under
        )
    )
