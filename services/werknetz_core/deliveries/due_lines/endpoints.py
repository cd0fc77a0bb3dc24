"""Due lines: what was to be delivered when, by the version in force, and what was delivered."""

from typing import Annotated, Final, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.store.tables.supply import due_lines, materials, partners, supply_relations
from werknetz_core.access import supply_scope
from werknetz_core.access.require import MayRead
from werknetz_core.access.supply_filters import RelationFiltersDep
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.collection import query_page, time_condition
from werknetz_core.deliveries.due_lines.schemas import DueLineView
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["supply"])
_D: Final = due_lines.c
_DELAY: Final = sa.cast(sa.func.coalesce(_D.delay_s, 0), sa.BigInteger)
_SORTING: Final = Sorting(
    "due_from",
    tie=SortKey(_D.id, SortType.NUMBER),
    keys={
        "due_from": SortKey(_D.due_from, SortType.TIME),
        "due_until": SortKey(_D.due_until, SortType.TIME),
        "supplier": SortKey(partners.c.key),
        "material": SortKey(materials.c.number),
        "delay_s": SortKey(_DELAY, SortType.NUMBER),
    },
)


@router.get("/due_lines")
async def list_due_lines(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    filters: RelationFiltersDep,
    state: Annotated[list[Literal["open", "measured"]], Query(description="Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    late: Annotated[
        bool | None, Query(description="true: only lines that are overdue or were late.")
    ] = None,
    start: str | None = None,
    end: str | None = None,
    params: ListParamsDep,
) -> pagination.Page[DueLineView]:
    """List due lines; with a start, those due in the span.

    Sort: due_from, due_until, supplier, material, delay_s (not late: 0).
    """
    now = sa.literal(instant_of(context.now_us()), _D.window_until.type)
    overdue = sa.and_(_D.open_quantity > 0, _D.window_until <= now)
    is_late = sa.or_(overdue, sa.func.coalesce(_D.delay_s, 0) > 0)
    joined = due_lines.join(supply_scope.RELATIONS, supply_relations.c.id == _D.relation_id)
    query = (
        sa.select(due_lines, *supply_scope.RELATION_NAMES, is_late.label("late"))
        .select_from(joined)
        .where(
            supply_scope.relation_visible(principal, _D.relation_id),
            await filters.condition(session, principal),
            time_condition(context, _D.due_from, start, end),
        )
    )
    if state:
        query = query.where(_D.state.in_(state))
    if late is not None:
        query = query.where(is_late if late else ~is_late)
    return await query_page(request, session, params, query, _SORTING, DueLineView)
