"""Shipments: what was announced, how it is packed, where it is, and what of it has come."""

from collections import defaultdict
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.store.session import ReadSession
from werknetz.store.supply import (
    handling_units,
    materials,
    partners,
    receipt_lines,
    shipment_lines,
    shipments,
    sites,
    supply_relations,
    transit_lines,
)
from werknetz_core.access import supply_scope
from werknetz_core.access.supply_scope import MATERIAL, SITE, SUPPLIER
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, Viewer
from werknetz_core.context.collection import query_page, time_condition
from werknetz_core.deliveries.shipments.packing import tree_of
from werknetz_core.deliveries.shipments.schemas import (
    ShipmentDetailView,
    ShipmentLineView,
    ShipmentReceiptView,
    ShipmentView,
)
from werknetz_core.http import pagination
from werknetz_core.http.links import event_link
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["supply"])
INT_MAX: Final = 2**31 - 1
_S: Final = shipments.c
_SORTING: Final = Sorting(
    "-announced_at",
    tie=SortKey(_S.id, SortType.NUMBER),
    keys={
        "announced_at": SortKey(_S.announced_at, SortType.TIME),
        "arrives_at": SortKey(sa.func.coalesce(_S.arrives_at, _S.announced_at), SortType.TIME),
        "document": SortKey(_S.document),
        "supplier": SortKey(partners.c.key),
    },
)
_SHOWN: Final = sa.select(
    shipments, partners.c.key.label("supplier"), sites.c.key.label("site")
).select_from(
    shipments.join(partners, partners.c.id == _S.supplier_id).outerjoin(
        sites, sites.c.id == _S.site_id
    )
)


@router.get("/shipments")
async def list_shipments(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
    supplier: supply_scope.SupplierFilter = [],  # noqa: B006 - FastAPI copies
    material: supply_scope.MaterialFilter = [],  # noqa: B006 - as above
    site: supply_scope.SiteFilter = [],  # noqa: B006 - as above
    state: Annotated[
        list[Literal["announced", "in_transit", "overdue", "partly_received", "received"]],
        Query(description="Repeated: any."),
    ] = [],  # noqa: B006 - as above
    start: str | None = None,
    end: str | None = None,
    params: ListParamsDep,
) -> pagination.Page[ShipmentView]:
    """List shipments, newest first; with a start, those announced in the span.

    Sort: announced_at, arrives_at (not said: when it was announced), document, supplier.
    """
    query = _SHOWN.where(
        supply_scope.site_visible(principal, _S.site_id),
        await supply_scope.name_condition(SUPPLIER, supplier, _S.supplier_id, session, principal),
        await supply_scope.name_condition(SITE, site, _S.site_id, session, principal),
        time_condition(context, _S.announced_at, start, end),
    )
    if state:
        query = query.where(_S.state.in_(state))
    if material:
        ids = await supply_scope.resolve_ids(MATERIAL, material, session, principal)
        holding = (
            sa.select(shipment_lines.c.supplier_id, shipment_lines.c.document)
            .join(supply_relations, supply_relations.c.id == shipment_lines.c.relation_id)
            .where(supply_relations.c.material_id.in_(ids), shipment_lines.c.known_to.is_(None))
        )
        query = query.where(sa.tuple_(_S.supplier_id, _S.document).in_(holding))
    return await query_page(request, session, params, query, _SORTING, ShipmentView)


@router.get("/shipments/{number}")
async def show_shipment(
    number: int, session: ReadSessionDep, principal: Viewer
) -> ShipmentDetailView:
    """Show a shipment: its lines with their receipts, and how it is packed, as a tree."""
    query = _SHOWN.where(
        _S.id == min(max(number, 0), INT_MAX), supply_scope.site_visible(principal, _S.site_id)
    )
    row = (await session.execute(query)).mappings().first()
    if row is None:
        raise Problem(
            404, "unknown_shipment", f"There is no shipment {number} that this key may see.",
            "GET /api/v1/shipments lists them.",
        )  # fmt: skip
    told = (await session.execute(_lines_of(row))).mappings().all()
    units = (
        await session.execute(
            sa.select(handling_units)
            .where(handling_units.c.shipment_id == row["id"])
            .order_by(handling_units.c.label)
        )
    ).mappings().all()  # fmt: skip
    packed: dict[str, list[UUID]] = defaultdict(list)
    for line in told:
        spread = line["handling_units"] or [line["handling_unit"]]
        for label in filter(None, spread):
            packed[label].append(line["event_id"])
    receipts = await _receipts(session, {i for line in told for i in line["receipt_ids"] or ()})
    return ShipmentDetailView(
        **row,
        lines=[_line(line, receipts) for line in told],
        handling_units=tree_of(units, packed),
    )


def _lines_of(row: sa.RowMapping) -> sa.Select[Any]:
    line = shipment_lines.c
    joined = (
        shipment_lines.outerjoin(supply_relations, supply_relations.c.id == line.relation_id)
        .outerjoin(materials, materials.c.id == supply_relations.c.material_id)
        .outerjoin(transit_lines, transit_lines.c.event_id == line.event_id)
    )
    transit = transit_lines.c
    return (
        sa.select(
            shipment_lines,
            materials.c.number.label("material"),
            supply_relations.c.dock,
            transit.received_quantity,
            transit.open_quantity,
            transit.receipt_ids,
        )
        .select_from(joined)
        .where(
            line.supplier_id == row["supplier_id"],
            line.document == row["document"],
            line.known_to.is_(None),
        )
        .order_by(line.line, line.event_id)
    )


async def _receipts(session: ReadSession, event_ids: set[UUID]) -> dict[UUID, ShipmentReceiptView]:
    if not event_ids:
        return {}
    query = sa.select(receipt_lines).where(
        receipt_lines.c.event_id.in_(event_ids), receipt_lines.c.known_to.is_(None)
    )
    return {
        row["event_id"]: ShipmentReceiptView(**row, event=event_link(row["event_id"]))
        for row in (await session.execute(query)).mappings()
    }


def _line(row: sa.RowMapping, receipts: dict[UUID, ShipmentReceiptView]) -> ShipmentLineView:
    came = sorted(
        (receipts[i] for i in row["receipt_ids"] or () if i in receipts),
        key=lambda receipt: (receipt.received_at, receipt.event_id),
    )
    return ShipmentLineView(**row, event=event_link(row["event_id"]), receipts=came)
