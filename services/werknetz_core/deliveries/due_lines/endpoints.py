"""Due lines: what was to be delivered when, by the version that counts, and what came of it."""

from typing import Annotated, Final, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.store.supply import due_lines, materials, partners, supply_relations
from werknetz_core.access import supply_scope
from werknetz_core.access.supply_scope import MATERIAL, SITE, SUPPLIER
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, Viewer
from werknetz_core.context.collection import query_page, time_condition
from werknetz_core.deliveries.due_lines.schemas import DueLineView
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["supply"])
_DELAY: Final = sa.cast(sa.func.coalesce(due_lines.c.delay_s, 0), sa.BigInteger)
_SORTING: Final = Sorting(
    "due_from",
    tie=SortKey(due_lines.c.id, SortType.NUMBER),
    keys={
        "due_from": SortKey(due_lines.c.due_from, SortType.TIME),
        "due_until": SortKey(due_lines.c.due_until, SortType.TIME),
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
    principal: Viewer,
    supplier: supply_scope.SupplierFilter = [],  # noqa: B006 - FastAPI copies
    material: supply_scope.MaterialFilter = [],  # noqa: B006 - as above
    site: supply_scope.SiteFilter = [],  # noqa: B006 - as above
    state: Annotated[list[Literal["open", "measured"]], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    late: Annotated[
        bool | None, Query(description="true: only what is overdue or came too late.")
    ] = None,
    start: str | None = None,
    end: str | None = None,
    params: ListParamsDep,
) -> pagination.Page[DueLineView]:
    """List due lines; with a start, those due in the span.

    Sort: due_from, due_until, supplier, material, delay_s (not late: 0).
    """
    d = due_lines.c
    now = sa.literal(instant_of(context.now_us()), d.window_until.type)
    overdue = sa.and_(d.open_quantity > 0, d.window_until <= now)
    is_late = sa.or_(overdue, sa.func.coalesce(d.delay_s, 0) > 0)
    query = (
        sa.select(due_lines, *supply_scope.RELATION_NAMES, is_late.label("late"))
        .select_from(due_lines.join(supply_scope.RELATIONS, supply_relations.c.id == d.relation_id))
        .where(
            supply_scope.relation_visible(principal, d.relation_id),
            await supply_scope.name_condition(
                SUPPLIER, supplier, supply_relations.c.supplier_id, session, principal
            ),
            await supply_scope.name_condition(
                MATERIAL, material, supply_relations.c.material_id, session, principal
            ),
            await supply_scope.name_condition(
                SITE, site, supply_relations.c.site_id, session, principal
            ),
            time_condition(context, d.due_from, start, end),
        )
    )
    if state:
        query = query.where(d.state.in_(state))
    if late is not None:
        query = query.where(is_late if late else ~is_late)
    return await query_page(request, session, params, query, _SORTING, DueLineView)
