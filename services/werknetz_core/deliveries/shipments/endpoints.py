"""Shipments: what was announced, how it is packed, and what has been received."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Annotated, Final, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.store.queries.shipments import (
    handling_units_query,
    shipment_lines_query,
    shipments_with_query,
)
from werknetz.store.session import ReadSession
from werknetz.store.tables.supply import (
    partners,
    receipt_lines,
    shipments,
    sites,
)
from werknetz.texts.sentence import Sentence
from werknetz_core.access import supply_scope
from werknetz_core.access.require import MayRead
from werknetz_core.access.supply_filters import RelationFiltersDep
from werknetz_core.access.supply_scope import MATERIAL
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.collection import query_page, time_condition
from werknetz_core.deliveries.shipments.packing import handling_unit_tree
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
_QUERY: Final = sa.select(
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
    principal: MayRead,
    filters: RelationFiltersDep,
    state: Annotated[
        list[Literal["announced", "in_transit", "overdue", "partly_received", "received"]],
        Query(description="Repeated: any."),
    ] = [],  # noqa: B006 - FastAPI copies
    start: str | None = None,
    end: str | None = None,
    params: ListParamsDep,
) -> pagination.Page[ShipmentView]:
    """List shipments, newest first; with a start, those announced in the span.

    Sort: announced_at, arrives_at (if unknown: announced_at), document, supplier.
    """
    query = _QUERY.where(
        supply_scope.site_visible(principal, _S.site_id),
        await filters.condition(
            session, principal, supplier_id=_S.supplier_id, site_id=_S.site_id, material_id=None
        ),
        time_condition(context, _S.announced_at, start, end),
    )
    if state:
        query = query.where(_S.state.in_(state))
    if filters.material:
        ids = await supply_scope.resolve_ids(MATERIAL, filters.material, session, principal)
        query = query.where(sa.tuple_(_S.supplier_id, _S.document).in_(shipments_with_query(ids)))
    return await query_page(request, session, params, query, _SORTING, ShipmentView)


@router.get("/shipments/{number}")
async def show_shipment(
    number: int, session: ReadSessionDep, principal: MayRead
) -> ShipmentDetailView:
    """Show a shipment: its lines with their receipts, and its handling units as a tree."""
    query = _QUERY.where(
        _S.id == min(max(number, 0), INT_MAX), supply_scope.site_visible(principal, _S.site_id)
    )
    shipment = (await session.execute(query)).mappings().first()
    if shipment is None:
        raise Problem(
            404, "unknown_shipment", Sentence("supply.unknown_shipment", number=number),
            Sentence("supply.list_shipments"),
        )  # fmt: skip
    lines = (await session.execute(shipment_lines_query(shipment))).mappings().all()
    units = (await session.execute(handling_units_query(shipment["id"]))).mappings().all()
    lines_by_label: dict[str, list[UUID]] = defaultdict(list)
    for line in lines:
        labels = line["handling_units"] or [line["handling_unit"]]
        for label in filter(None, labels):
            lines_by_label[label].append(line["event_id"])
    receipt_ids = {event_id for line in lines for event_id in line["receipt_ids"] or ()}
    receipts = await _load_receipts(session, receipt_ids)
    return ShipmentDetailView(
        **shipment,
        lines=[_line_view(line, receipts) for line in lines],
        handling_units=handling_unit_tree(units, lines_by_label),
    )


async def _load_receipts(
    session: ReadSession, event_ids: set[UUID]
) -> dict[UUID, ShipmentReceiptView]:
    if not event_ids:
        return {}
    query = sa.select(receipt_lines).where(
        receipt_lines.c.event_id.in_(event_ids), receipt_lines.c.known_to.is_(None)
    )
    return {
        row["event_id"]: ShipmentReceiptView(**row, event=event_link(row["event_id"]))
        for row in (await session.execute(query)).mappings()
    }


def _line_view(
    line: sa.RowMapping, receipts: Mapping[UUID, ShipmentReceiptView]
) -> ShipmentLineView:
    of_line = [receipts[i] for i in line["receipt_ids"] or () if i in receipts]
    of_line.sort(key=lambda receipt: (receipt.received_at, receipt.event_id))
    return ShipmentLineView(**line, event=event_link(line["event_id"]), receipts=of_line)
