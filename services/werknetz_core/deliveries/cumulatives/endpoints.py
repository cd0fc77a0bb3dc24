"""Cumulative quantities: demanded, received and in transit since the zero date, by relation."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.store.supply import cumulatives, materials, partners, supply_relations
from werknetz_core.access import supply_scope
from werknetz_core.access.supply_scope import MATERIAL, SITE, SUPPLIER
from werknetz_core.context.app_context import ReadSessionDep, Viewer
from werknetz_core.context.collection import query_page
from werknetz_core.deliveries.cumulatives.schemas import CumulativeView
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["supply"])
_SORTING: Final = Sorting(
    "supplier",
    tie=SortKey(cumulatives.c.relation_id, SortType.NUMBER),
    keys={
        "supplier": SortKey(partners.c.key),
        "material": SortKey(materials.c.number),
        "as_of": SortKey(cumulatives.c.as_of, SortType.TIME),
    },
)


@router.get("/cumulatives")
async def list_cumulatives(
    *,
    request: Request,
    session: ReadSessionDep,
    principal: Viewer,
    supplier: supply_scope.SupplierFilter = [],  # noqa: B006 - FastAPI copies
    material: supply_scope.MaterialFilter = [],  # noqa: B006 - as above
    site: supply_scope.SiteFilter = [],  # noqa: B006 - as above
    different: Annotated[
        bool | None, Query(description="true: only where messages say another sum than ours.")
    ] = None,
    params: ListParamsDep,
) -> pagination.Page[CumulativeView]:
    """List cumulative quantities of each relation. Sort: supplier, material, as_of."""
    c = cumulatives.c
    differs = sa.or_(
        sa.func.coalesce(c.received_difference, 0) != 0,
        sa.func.coalesce(c.delivered_difference, 0) != 0,
    )
    query = (
        sa.select(cumulatives, *supply_scope.RELATION_NAMES)
        .select_from(
            cumulatives.join(supply_scope.RELATIONS, supply_relations.c.id == c.relation_id)
        )
        .where(
            supply_scope.relation_visible(principal, c.relation_id),
            await supply_scope.name_condition(
                SUPPLIER, supplier, supply_relations.c.supplier_id, session, principal
            ),
            await supply_scope.name_condition(
                MATERIAL, material, supply_relations.c.material_id, session, principal
            ),
            await supply_scope.name_condition(
                SITE, site, supply_relations.c.site_id, session, principal
            ),
        )
    )
    if different is not None:
        query = query.where(differs if different else ~differs)
    return await query_page(request, session, params, query, _SORTING, CumulativeView)
