"""Receipts: goods received at our docks, line by line, in their current version."""

from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.store.tables.stock import warehouses
from werknetz.store.tables.supply import materials, partners, receipt_lines, sites, supply_relations
from werknetz_core.access import supply_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayRead
from werknetz_core.access.supply_filters import RelationFiltersDep
from werknetz_core.access.supply_scope import WAREHOUSE
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.collection import query_page, time_condition
from werknetz_core.deliveries.receipts.schemas import ReceiptView
from werknetz_core.http import pagination
from werknetz_core.http.links import EVENTS_PATH
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["supply"])
_R: Final = receipt_lines.c
_SORTING: Final = Sorting(
    "-received_at",
    tie=SortKey(_R.event_id, SortType.UUID),
    keys={
        "received_at": SortKey(_R.received_at, SortType.TIME),
        "document": SortKey(_R.document),
        "supplier": SortKey(sa.func.coalesce(partners.c.key, "")),
        "material": SortKey(sa.func.coalesce(materials.c.number, "")),
    },
)
_JOINED: Final = (
    receipt_lines.outerjoin(partners, partners.c.id == _R.supplier_id)
    .outerjoin(supply_relations, supply_relations.c.id == _R.relation_id)
    .outerjoin(materials, materials.c.id == supply_relations.c.material_id)
    .outerjoin(sites, sites.c.id == supply_relations.c.site_id)
    .outerjoin(warehouses, warehouses.c.id == _R.warehouse_id)
)


@router.get("/receipts")
async def list_receipts(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    filters: RelationFiltersDep,
    warehouse: supply_scope.WarehouseFilter = [],  # noqa: B006 - FastAPI copies
    delivery_note: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    start: str | None = None,
    end: str | None = None,
    params: ListParamsDep,
) -> pagination.Page[ReceiptView]:
    """List receipts, newest first; with a start, those of the span.

    Sort: received_at, document, supplier, material (unknown: first).
    """
    query = _receipts_query(principal).where(
        await filters.condition(session, principal, supplier_id=_R.supplier_id),
        await supply_scope.name_condition(
            WAREHOUSE, warehouse, _R.warehouse_id, session, principal
        ),
        time_condition(context, _R.received_at, start, end),
    )
    if delivery_note:
        query = query.where(_R.delivery_note.in_(delivery_note))
    return await query_page(request, session, params, query, _SORTING, ReceiptView)


def _receipts_query(principal: Principal) -> sa.Select[Any]:
    """Select the current receipts that the key may see: by their site or their warehouse."""
    return (
        sa.select(
            receipt_lines,
            partners.c.key.label("supplier"),
            materials.c.number.label("material"),
            sites.c.key.label("site"),
            supply_relations.c.dock,
            warehouses.c.key.label("warehouse"),
            (f"{EVENTS_PATH}/" + sa.cast(_R.event_id, sa.Text)).label("event"),
        )
        .select_from(_JOINED)
        .where(
            _R.known_to.is_(None),
            sa.or_(
                supply_scope.relation_visible(principal, _R.relation_id),
                supply_scope.warehouse_visible(principal, _R.warehouse_id),
            ),
        )
    )
