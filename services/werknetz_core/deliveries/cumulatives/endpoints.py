"""Cumulative quantities: demanded, received and in transit since the zero date, by relation."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.store.tables.supply import cumulatives, materials, partners, supply_relations
from werknetz_core.access import supply_scope
from werknetz_core.access.require import MayRead
from werknetz_core.access.supply_filters import RelationFiltersDep
from werknetz_core.context.app_context import ReadSessionDep
from werknetz_core.context.collection import query_page
from werknetz_core.deliveries.cumulatives.schemas import CumulativeView
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["supply"])
_C: Final = cumulatives.c
_SORTING: Final = Sorting(
    "supplier",
    tie=SortKey(_C.relation_id, SortType.NUMBER),
    keys={
        "supplier": SortKey(partners.c.key),
        "material": SortKey(materials.c.number),
        "as_of": SortKey(_C.as_of, SortType.TIME),
    },
)
_DIFFERS: Final = sa.or_(
    sa.func.coalesce(_C.received_difference, 0) != 0,
    sa.func.coalesce(_C.delivered_difference, 0) != 0,
)


@router.get("/cumulatives")
async def list_cumulatives(
    *,
    request: Request,
    session: ReadSessionDep,
    principal: MayRead,
    filters: RelationFiltersDep,
    different: Annotated[
        bool | None, Query(description="true: only where messages state another sum than ours.")
    ] = None,
    params: ListParamsDep,
) -> pagination.Page[CumulativeView]:
    """List the cumulative quantities of each relation. Sort: supplier, material, as_of."""
    joined = cumulatives.join(supply_scope.RELATIONS, supply_relations.c.id == _C.relation_id)
    query = (
        sa.select(cumulatives, *supply_scope.RELATION_NAMES)
        .select_from(joined)
        .where(
            supply_scope.relation_visible(principal, _C.relation_id),
            await filters.condition(session, principal),
        )
    )
    if different is not None:
        query = query.where(_DIFFERS if different else ~_DIFFERS)
    return await query_page(request, session, params, query, _SORTING, CumulativeView)
