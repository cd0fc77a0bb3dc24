"""Equipment by path, with its states, stops and production counts."""

from typing import Annotated, Final, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.domain.path import LEVELS
from werknetz.store.session import ReadSession
from werknetz.store.tables import equipment
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayChangeEquipment, MayRead
from werknetz_core.context.app_context import AppContext, ContextDep, ReadSessionDep
from werknetz_core.context.collection import load_page, page_response
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.polling import Revision
from werknetz_core.context.time_spec import parse_instant, parse_span
from werknetz_core.context.windows import GRANULARITIES, time_context_of
from werknetz_core.equipment import changes, counts, intervals
from werknetz_core.equipment.schemas import (
    CountsView,
    EquipmentChange,
    EquipmentView,
    StatesPage,
)
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep, OutputDep, document_response
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["equipment"])
Level = Literal["enterprise", "plant", "area", "line", "machine"]
Start = Annotated[str, Query(description="RFC 3339, epoch ms, -8h, now, shift:current, …")]
_MOVED: Final = changes.moved_columns(equipment)
_SORTING: Final = Sorting(
    "path",
    tie=SortKey(equipment.c.path),
    keys={
        "path": SortKey(equipment.c.path),
        "name": SortKey(equipment.c.name),
        "valid_from": SortKey(equipment.c.valid_from, SortType.TIME),
    },
)
End = Annotated[
    str | None, Query(description="As start. Default: now, or end of the named period.")
]
AsOf = Annotated[
    str | None, Query(description="By what was known at this time. Default: what is known now.")
]


@router.get("/equipment")
async def list_equipment(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    params: ListParamsDep,
    level: Annotated[list[Level], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - FastAPI copies
    kind: Annotated[list[Level], Query(description="Alias of level.")] = [],  # noqa: B006 - as above
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - as above
    depth: Annotated[int | None, Query(ge=0, le=len(LEVELS))] = None,
) -> pagination.Page[EquipmentView]:
    """List equipment by path; `depth` is the number of levels below `under`.

    Sort: path, name, valid_from.
    """
    query = sa.select(equipment, *_MOVED).where(
        await equipment_scope.equipment_condition(under, context, principal)
    )
    if levels := {*level, *kind}:
        query = query.where(equipment.c.level.in_(levels))
    if depth is not None:
        query = query.where(_depth_condition(under, depth))
    rows, next_cursor = await load_page(session, params, query, _SORTING)
    tree = await context.tree.current()
    items = [
        EquipmentView.model_validate(
            {
                **row,
                "time_zone": _time_zone_of(tree, row),
                "moved_from": row["moved_from_path"],
                "moved_to": row["moved_to_path"],
            }
        )
        for row in rows
    ]
    return page_response(request, params, items, EquipmentView, next_cursor=next_cursor)


@router.get("/equipment/{path:path}/states", response_model=StatesPage)
async def list_states(
    path: str,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    params: ListParamsDep,
    start: Start = "-24h",
    end: End = None,
    as_of: AsOf = None,
) -> Response:
    """List the states of the machines; an open interval has `end: null`.

    Sort: start, duration_s.
    """
    return await intervals.interval_response(
        request, context, principal, [path], start, end, as_of=as_of, params=params
    )


@router.get("/equipment/{path:path}/counts", response_model=CountsView)
async def show_counts(
    *,
    path: str,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    start: Start = "-24h",
    end: End = None,
    granularity: Annotated[
        str, Query(description=f"{GRANULARITIES}; a shorter one is taken as 15m.")
    ] = "hour",
    tz: str | None = None,
    as_of: AsOf = None,
    output: OutputDep,
) -> Response:
    """Sum production counts by window: produced, good, scrap, rework.

    CSV and NDJSON have the windows alone, with a column for the reported share of each count.
    """
    node = await context.tree.find_node(path, principal)
    time = time_context_of(context, await context.tree.current(), node, tz)
    span = parse_span(start, end, time)
    as_of_us = None if as_of is None else parse_instant(as_of, "as_of", time)
    revision = await Revision.of(request, context, [node.path])
    if revision.is_known:
        return revision.not_modified()
    content = await counts.load_counts(context, principal, node, span, granularity, time, as_of_us)
    response = document_response(request, output, content, counts.table_of, revision.headers)
    return revision.complete(request, response)


@router.get("/equipment/{path:path}")
async def show_equipment(
    path: str, context: ContextDep, session: ReadSessionDep, principal: MayRead
) -> EquipmentView:
    """Show one equipment."""
    return await _view_of(path, context, session, principal)


@router.patch("/equipment/{path:path}")
async def change_equipment(
    path: str, body: EquipmentChange, context: ContextDep, principal: MayChangeEquipment
) -> EquipmentView:
    """Change the name, rename, move, retire or put back in service, with all below it.

    The history stays where it was: a move or a retirement changes roll-ups for the time after it
    only. Sources may go on to use a former path. Every change is in the audit log.
    """
    after = await changes.change_equipment(path, body, context, principal)
    async with context.database.read_session() as session:
        return await _view_of(after, context, session, principal)


async def _view_of(
    path: str, context: AppContext, session: ReadSession, principal: Principal
) -> EquipmentView:
    node = await context.tree.find_node(path, principal)
    query = sa.select(equipment, *_MOVED).where(equipment.c.id == node.id)
    row = (await session.execute(query)).one()
    return EquipmentView(
        path=row.path,
        level=row.level,
        name=row.name,
        time_zone=node.time_zone,
        language=row.language,
        clock=row.clock,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        moved_from=row.moved_from_path,
        moved_to=row.moved_to_path,
    )


def _time_zone_of(tree: EquipmentTree, row: sa.RowMapping) -> str | None:
    """Return the own or inherited time zone; that of the row if the snapshot is older."""
    node = tree.nodes.get(row["path"])
    time_zone: str | None = node.time_zone if node is not None else row["time_zone"]
    return time_zone


def _depth_condition(under: list[str], depth: int) -> sa.ColumnElement[bool]:
    slashes = sa.func.length(equipment.c.path) - sa.func.length(
        sa.func.replace(equipment.c.path, "/", "")
    )
    if not under:
        return slashes <= depth
    return sa.or_(
        *(
            sa.and_(
                equipment_scope.path_within(equipment.c.path, [root]),
                slashes <= root.count("/") + depth,
            )
            for root in under
        )
    )
