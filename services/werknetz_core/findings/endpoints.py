"""Findings: contradictory messages, impossible counts, and what cannot be computed.

None stops processing.
"""

from typing import Annotated, Final, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.store.tables.equipment import equipment
from werknetz.store.tables.findings import findings
from werknetz.store.tables.stock import locations, stock_items, warehouses
from werknetz.store.tables.supply import materials, partners, sites, supply_relations
from werknetz.texts.language import current_language
from werknetz.texts.sentence import write_text
from werknetz.texts.stored import restore_sentence
from werknetz_core.access import supply_scope
from werknetz_core.access.equipment_scope import EquipmentFilter, path_visible, path_within
from werknetz_core.access.require import MayRead
from werknetz_core.access.supply_scope import MATERIAL, SUPPLIER, WAREHOUSE
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.collection import load_page, page_response, time_condition
from werknetz_core.findings.messages import finding_text
from werknetz_core.findings.schemas import FindingView
from werknetz_core.http import pagination
from werknetz_core.http.links import message_views_of
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["supply"])
FindingKind = Literal[
    "receipt_without_shipment", "shipment_without_call_off", "over_delivery",
    "cumulative_step_back", "cumulative_difference", "stock_below_zero", "stock_difference",
    "unit_mismatch", "ambiguous_material", "outdated_call_off", "quantity_difference",
    "duplicate_document", "unknown_place", "unprojectable_event", "counter_jump",
    "counter_start_value", "counter_below_zero", "not_computed",
    "unusable_report", "signal_conflict", "quantity_not_reported", "run_time_not_known",
    "cycle_too_easy", "energy_factor_missing",
]  # fmt: skip
_F: Final = findings.c
_SORTING: Final = Sorting(
    "-at",
    tie=SortKey(_F.id, SortType.NUMBER),
    keys={
        "at": SortKey(_F.at, SortType.TIME),
        "first_seen_at": SortKey(_F.first_seen_at, SortType.TIME),
        "kind": SortKey(_F.kind),
        "supplier": SortKey(sa.func.coalesce(partners.c.key, "")),
    },
)
_QUERY: Final = sa.select(
    findings, partners.c.key.label("supplier"), materials.c.number.label("material"),
    sites.c.key.label("site"), supply_relations.c.dock, warehouses.c.key.label("warehouse"),
    locations.c.code.label("location"), equipment.c.path.label("equipment"),
).select_from(
    findings.outerjoin(supply_relations, supply_relations.c.id == _F.relation_id)
    .outerjoin(partners, partners.c.id == _F.supplier_id)
    .outerjoin(materials, materials.c.id == _F.material_id)
    .outerjoin(sites, sites.c.id == sa.func.coalesce(_F.site_id, supply_relations.c.site_id))
    .outerjoin(stock_items, stock_items.c.id == _F.stock_item_id)
    .outerjoin(locations, locations.c.id == stock_items.c.location_id)
    .outerjoin(warehouses, warehouses.c.id == _F.warehouse_id)
    .outerjoin(equipment, equipment.c.id == _F.equipment_id)
)  # fmt: skip


@router.get("/findings")
async def list_findings(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    kind: Annotated[list[FindingKind], Query(description="Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    supplier: supply_scope.SupplierFilter = [],  # noqa: B006 - as above
    material: supply_scope.MaterialFilter = [],  # noqa: B006 - as above
    warehouse: supply_scope.WarehouseFilter = [],  # noqa: B006 - as above
    under: EquipmentFilter = [],  # noqa: B006 - as above
    open: Annotated[  # noqa: A002 - the name of the query parameter
        bool | None, Query(description="true: only open findings; false: only cleared ones.")
    ] = None,
    start: str | None = None,
    end: str | None = None,
    params: ListParamsDep,
) -> pagination.Page[FindingView]:
    """List findings with links to their messages, newest first; with a start, those of the span.

    `under`: only those of machines. Those of supply and stock concern no equipment.
    Sort: at, first_seen_at, kind, supplier (none: first).
    """
    query = _QUERY.where(
        sa.or_(
            supply_scope.relation_visible(principal, _F.relation_id),
            supply_scope.site_visible(principal, _F.site_id),
            supply_scope.warehouse_visible(principal, _F.warehouse_id),
            _F.equipment_id.is_not(None) & path_visible(equipment.c.path, principal),
        ),
        await supply_scope.name_condition(SUPPLIER, supplier, _F.supplier_id, session, principal),
        await supply_scope.name_condition(MATERIAL, material, _F.material_id, session, principal),
        await supply_scope.name_condition(
            WAREHOUSE, warehouse, _F.warehouse_id, session, principal
        ),
        time_condition(context, _F.at, start, end),
    )
    if under:
        nodes = [await context.tree.find_node(path, principal) for path in under]
        query = query.where(path_within(equipment.c.path, [node.path for node in nodes]))
    if kind:
        query = query.where(_F.kind.in_(kind))
    if open is not None:
        query = query.where(_F.cleared_at.is_(None) if open else _F.cleared_at.is_not(None))
    rows, next_cursor = await load_page(session, params, query, _SORTING)
    items = [_to_view(row) for row in rows]
    return page_response(request, params, items, FindingView, next_cursor=next_cursor)


def _to_view(row: sa.RowMapping) -> FindingView:
    text = finding_text(dict(row), current_language())
    detail = restore_sentence(row["detail"], row["sentence"])
    return FindingView(
        **{**row, "detail": write_text(detail)},
        text=text,
        messages=message_views_of(row["event_ids"]),
    )
