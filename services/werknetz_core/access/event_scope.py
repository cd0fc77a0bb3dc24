"""Restricts business events to those of the plants of a key.

An event belongs to the plants of its facts: the site of its supply relation, its warehouse, its
machine. One whose names are not resolved belongs to no plant: keys for all plants alone see it,
unless its connector serves only plants of the key. A raw message may hold more than the event,
such as facts that arrived before or that are in quarantine: it is visible with its connector.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables import (
    business_events,
    call_off_entries,
    connectors,
    consumptions,
    equipment,
    inspections,
    job_runs,
    machine_reports,
    receipt_lines,
    shipment_lines,
    stock_counts,
    stock_items,
    stock_movements,
)
from werknetz_core.access.equipment_scope import connector_visible, path_visible
from werknetz_core.access.keys import Principal
from werknetz_core.access.supply_scope import relation_visible, warehouse_visible

Column = sa.ColumnElement[Any]
_OF_RELATION: Final = {
    "delivery_called_off": call_off_entries,
    "shipment_announced": shipment_lines,
    "goods_received": receipt_lines,
}
_OF_STOCK: Final = {
    "stock_counted": stock_counts,
    "stock_moved": stock_movements,
    "goods_received": stock_movements,
    "material_consumed": stock_movements,
}
_OF_EQUIPMENT: Final = {"material_consumed": consumptions, "quality_inspected": inspections}
_REPORTS: Final = ("state_changed", "attendance_recorded")
_JOBS: Final = ("job_started", "job_finished")


def event_visible(principal: Principal) -> sa.ColumnElement[bool]:
    """Return the condition on `business_events` that a key may see an event as it is now."""
    event = business_events.c
    # A withdrawal is a revision without facts: those of the revision before it count.
    revision = sa.case((event.withdrawn_at.is_(None), event.revision), else_=event.revision - 1)
    return revision_visible(principal, event.event_id, event.kind, revision, event.connector_id)


def revision_visible(
    principal: Principal, event_id: Column, kind: Column, revision: Column, connector_id: Column
) -> sa.ColumnElement[bool]:
    """Return the condition that a key may see one revision of an event."""
    if principal.plants is None:
        return sa.true()
    own = sa.select(1).where(connectors.c.id == connector_id, connector_visible(principal))
    return sa.or_(
        *(
            sa.and_(kind == name, _has_fact(table, event_id, revision, _relation(table, principal)))
            for name, table in _OF_RELATION.items()
        ),
        *(
            sa.and_(kind == name, _has_fact(table, event_id, revision, _stock(table, principal)))
            for name, table in _OF_STOCK.items()
        ),
        *(
            sa.and_(kind == name, _has_fact(table, event_id, revision, _machine(table, principal)))
            for name, table in _OF_EQUIPMENT.items()
        ),
        sa.and_(kind.in_(_REPORTS), _has_report(event_id, principal)),
        sa.and_(kind.in_(_JOBS), _has_job(event_id, principal)),
        sa.exists(own),
    )


def _has_fact(
    table: sa.Table, event_id: Column, revision: Column, is_mine: sa.ColumnElement[bool]
) -> sa.ColumnElement[bool]:
    own = sa.select(1).where(table.c.event_id == event_id, table.c.revision == revision, is_mine)
    return sa.exists(own.select_from(table))


def _relation(table: sa.Table, principal: Principal) -> sa.ColumnElement[bool]:
    mine = relation_visible(principal, table.c.relation_id)
    if table is receipt_lines:
        return sa.or_(mine, warehouse_visible(principal, receipt_lines.c.warehouse_id))
    return mine


def _stock(table: sa.Table, principal: Principal) -> sa.ColumnElement[bool]:
    item = stock_items.alias()
    mine = sa.select(item.c.id).where(warehouse_visible(principal, item.c.warehouse_id))
    return table.c.stock_item_id.in_(mine)


def _machine(table: sa.Table, principal: Principal) -> sa.ColumnElement[bool]:
    machine = equipment.alias()
    mine = sa.select(machine.c.id).where(path_visible(machine.c.path, principal))
    return table.c.equipment_id.in_(mine)


def _has_report(event_id: Column, principal: Principal) -> sa.ColumnElement[bool]:
    table = machine_reports
    own = sa.select(1).where(table.c.event_id == event_id, _machine(table, principal))
    return sa.exists(own.select_from(table))


def _has_job(event_id: Column, principal: Principal) -> sa.ColumnElement[bool]:
    """Runs of jobs are found by their events through an index of arrays."""
    table = job_runs
    of_event = table.c.event_ids.contains(pg.array([event_id]))
    own = sa.select(1).where(of_event, _machine(table, principal))
    return sa.exists(own.select_from(table))
