"""Equipment by path, with what happened there: states, stops, counts."""

from typing import Annotated, Final, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.domain.path import LEVELS
from werknetz.store.tables import equipment
from werknetz_core.access import equipment_scope
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, Viewer
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.time_spec import parse_span
from werknetz_core.context.windows import time_context_of
from werknetz_core.equipment import counts, intervals
from werknetz_core.equipment.schemas import CountsView, EquipmentView, StateView, StopView
from werknetz_core.http import pagination, sorting
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.http.responses import json_response
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["equipment"])
Level = Literal["enterprise", "plant", "area", "line", "machine"]
Start = Annotated[str, Query(description="RFC 3339, epoch ms, -8h, now, shift:current, …")]
_SORTING: Final = Sorting(
    "path",
    tie=SortKey(equipment.c.path),
    keys={
        "path": SortKey(equipment.c.path),
        "name": SortKey(equipment.c.name),
        "valid_from": SortKey(equipment.c.valid_from, SortType.TIME),
    },
)
End = Annotated[str | None, Query(description="As start; none: now, or the end of what is named.")]


@router.get("/equipment")
async def list_equipment(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
    params: ListParamsDep,
    level: Annotated[list[Level], Query(description="Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    kind: Annotated[list[Level], Query(description="The same as level.")] = [],  # noqa: B006 - as above
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - as above
    depth: Annotated[int | None, Query(ge=0, le=len(LEVELS))] = None,
) -> pagination.Page[EquipmentView]:
    """List equipment in order of path; `depth` counts levels below `under`.

    Sort: path, name, valid_from.
    """
    query = sa.select(equipment).where(
        await equipment_scope.equipment_condition(under, context, principal)
    )
    if levels := {*level, *kind}:
        query = query.where(equipment.c.level.in_(levels))
    if depth is not None:
        query = query.where(_not_deeper(under, depth))
    query, place = _SORTING.page_query(query, params)
    rows, next_cursor = sorting.paginate(
        (await session.execute(query)).mappings().all(), place, params.limit
    )
    tree = await context.tree.current()
    items = [EquipmentView.model_validate({**row, "time_zone": _zone(tree, row)}) for row in rows]
    return list_response(request, params, items, columns_of(EquipmentView), next_cursor=next_cursor)  # type: ignore[return-value] # a ready answer of that form


@router.get("/stops")
async def list_stops(
    *,
    request: Request,
    context: ContextDep,
    principal: Viewer,
    under: equipment_scope.EquipmentFilter,
    start: Start = "-24h",
    end: End = None,
    min_s: Annotated[float, Query(ge=0, description="Only stops of at least so long.")] = 0,
    params: ListParamsDep,
) -> pagination.Page[StopView]:
    """List the stops of all machines below, in order of time. Sort: start, duration_s."""
    return await intervals.listed(  # type: ignore[return-value] # a ready answer of that form
        request, context, principal, under, start, end, stops_of=min_s, params=params
    )


@router.get("/equipment/{path:path}/stops")
async def list_stops_of(
    *,
    path: str,
    request: Request,
    context: ContextDep,
    principal: Viewer,
    start: Start = "-24h",
    end: End = None,
    min_s: Annotated[float, Query(ge=0, description="Only stops of at least so long.")] = 0,
    params: ListParamsDep,
) -> pagination.Page[StopView]:
    """List the stops of the equipment and everything below it: time lost while an order ran.

    Sort: start, duration_s.
    """
    return await intervals.listed(  # type: ignore[return-value] # a ready answer of that form
        request, context, principal, [path], start, end, stops_of=min_s, params=params
    )


@router.get("/equipment/{path:path}/states")
async def list_states(
    path: str,
    request: Request,
    context: ContextDep,
    principal: Viewer,
    params: ListParamsDep,
    start: Start = "-24h",
    end: End = None,
) -> pagination.Page[StateView]:
    """List what the machines were doing; an interval that goes on has `end: null`.

    Sort: start, duration_s.
    """
    return await intervals.listed(  # type: ignore[return-value] # a ready answer of that form
        request, context, principal, [path], start, end, stops_of=None, params=params
    )


@router.get("/equipment/{path:path}/counts", response_model=CountsView)
async def counts_of(
    path: str,
    context: ContextDep,
    principal: Viewer,
    start: Start = "-24h",
    end: End = None,
    granularity: str = "hour",
    tz: str | None = None,
) -> Response:
    """Sum what was produced: good, scrap, rework, by window."""
    node = await context.tree.find_node(path, principal)
    clock = time_context_of(context, await context.tree.current(), node, tz)
    span = parse_span(start, end, clock)
    return json_response(await counts.summed(context, node, span, granularity, clock))


@router.get("/equipment/{path:path}")
async def show_equipment(
    path: str, context: ContextDep, session: ReadSessionDep, principal: Viewer
) -> EquipmentView:
    """Show one equipment."""
    node = await context.tree.find_node(path, principal)
    row = (await session.execute(sa.select(equipment).where(equipment.c.id == node.id))).one()
    return EquipmentView(
        path=row.path,
        level=row.level,
        name=row.name,
        time_zone=node.time_zone,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def _zone(tree: EquipmentTree, row: sa.RowMapping) -> str | None:
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
                equipment_scope.path_within(equipment.c.path, [at]),
                slashes <= at.count("/") + depth,
            )
            for at in under
        )
    )
