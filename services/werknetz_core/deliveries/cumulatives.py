"""Cumulative quantities: demanded, received and in transit since the zero date, by relation."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.store.supply import cumulatives, materials, partners, supply_relations
from werknetz_core.access import supply_scope
from werknetz_core.access.supply_scope import MATERIAL, SITE, SUPPLIER
from werknetz_core.context.app_context import Reading, Viewer
from werknetz_core.context.collection import paged
from werknetz_core.deliveries.schemas import CumulativeView
from werknetz_core.http import pagination
from werknetz_core.http.list_params import Asked
from werknetz_core.http.sorting import Key, Kind, Sorting

router = APIRouter(tags=["supply"])
_SORTING: Final = Sorting(
    "supplier",
    tie=Key(cumulatives.c.relation_id, Kind.NUMBER),
    keys={
        "supplier": Key(partners.c.key),
        "material": Key(materials.c.number),
        "as_of": Key(cumulatives.c.as_of, Kind.TIME),
    },
)


@router.get("/cumulatives")
async def list_cumulatives(
    *,
    request: Request,
    reading: Reading,
    principal: Viewer,
    supplier: supply_scope.Suppliers = [],  # noqa: B006 - FastAPI copies
    material: supply_scope.Materials = [],  # noqa: B006 - as above
    site: supply_scope.Sites = [],  # noqa: B006 - as above
    different: Annotated[
        bool | None, Query(description="true: only where messages say another sum than ours.")
    ] = None,
    asked: Asked,
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
            await supply_scope.chosen(
                SUPPLIER, supplier, supply_relations.c.supplier_id, reading, principal
            ),
            await supply_scope.chosen(
                MATERIAL, material, supply_relations.c.material_id, reading, principal
            ),
            await supply_scope.chosen(SITE, site, supply_relations.c.site_id, reading, principal),
        )
    )
    if different is not None:
        query = query.where(differs if different else ~differs)
    return await paged(request, reading, asked, query, _SORTING, CumulativeView)
