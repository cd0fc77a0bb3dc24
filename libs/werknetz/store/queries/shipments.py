"""Lines and handling units of shipments."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from werknetz.store.tables.supply import (
    handling_units,
    materials,
    shipment_lines,
    supply_relations,
    transit_lines,
)

_LINE = shipment_lines.c


def shipments_with_query(material_ids: Sequence[int]) -> sa.Select[Any]:
    """Select supplier and document of the shipments that contain one of the materials."""
    return (
        sa.select(_LINE.supplier_id, _LINE.document)
        .join(supply_relations, supply_relations.c.id == _LINE.relation_id)
        .where(supply_relations.c.material_id.in_(material_ids), _LINE.known_to.is_(None))
    )


def shipment_lines_query(shipment: sa.RowMapping) -> sa.Select[Any]:
    """Select the current lines of a shipment, with what of each was received."""
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
        .select_from(
            shipment_lines.outerjoin(supply_relations, supply_relations.c.id == _LINE.relation_id)
            .outerjoin(materials, materials.c.id == supply_relations.c.material_id)
            .outerjoin(transit_lines, transit.event_id == _LINE.event_id)
        )
        .where(
            _LINE.supplier_id == shipment["supplier_id"],
            _LINE.document == shipment["document"],
            _LINE.known_to.is_(None),
        )
        .order_by(_LINE.line, _LINE.event_id)
    )


def handling_units_query(shipment_id: int) -> sa.Select[Any]:
    return (
        sa.select(handling_units)
        .where(handling_units.c.shipment_id == shipment_id)
        .order_by(handling_units.c.label)
    )
