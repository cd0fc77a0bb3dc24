"""Statements that record of which relations, warehouses and machines a connector delivers facts."""

from typing import Final

_INSERT: Final = (
    "INSERT INTO connector_subjects (connector_id, relation_id, warehouse_id, equipment_id)"
    " SELECT DISTINCT b.connector_id, f.relation_id, f.warehouse_id, f.equipment_id"
    " FROM business_events b JOIN ({facts}) f USING (event_id)"
    " WHERE b.event_id = ANY($1::uuid[])"
    " AND num_nonnulls(f.relation_id, f.warehouse_id, f.equipment_id) > 0"
    " ON CONFLICT DO NOTHING"
)
_OF_RELATION: Final = """
SELECT event_id, relation_id, NULL::int AS warehouse_id, NULL::int AS equipment_id
FROM {table} WHERE event_id = ANY($1::uuid[])"""
_OF_RECEIPT: Final = """
SELECT event_id, NULL::int AS relation_id, warehouse_id, NULL::int AS equipment_id
FROM receipt_lines WHERE event_id = ANY($1::uuid[])"""
_OF_STOCK: Final = """
SELECT t.event_id, NULL::int AS relation_id, i.warehouse_id, NULL::int AS equipment_id
FROM {table} t JOIN stock_items i ON i.id = t.stock_item_id WHERE t.event_id = ANY($1::uuid[])"""
_OF_EQUIPMENT: Final = """
SELECT event_id, NULL::int AS relation_id, NULL::int AS warehouse_id, equipment_id
FROM {table} WHERE event_id = ANY($1::uuid[])"""
_OF_JOB: Final = """
SELECT unnest(event_ids) AS event_id, NULL::int AS relation_id, NULL::int AS warehouse_id,
    equipment_id
FROM job_runs WHERE event_ids && $1::uuid[]"""

_REPORT: Final = _OF_EQUIPMENT.format(table="machine_reports")
_FACTS_OF_KIND: Final = {
    "delivery_called_off": (_OF_RELATION.format(table="call_off_entries"),),
    "shipment_announced": (_OF_RELATION.format(table="shipment_lines"),),
    "goods_received": (
        _OF_RELATION.format(table="receipt_lines"),
        _OF_RECEIPT,
        _OF_STOCK.format(table="stock_movements"),
    ),
    "stock_counted": (_OF_STOCK.format(table="stock_counts"),),
    "stock_moved": (_OF_STOCK.format(table="stock_movements"),),
    "material_consumed": (
        _OF_EQUIPMENT.format(table="consumptions"),
        _OF_STOCK.format(table="stock_movements"),
    ),
    "quality_inspected": (_OF_EQUIPMENT.format(table="inspections"), _REPORT),
    "state_changed": (_REPORT,),
    "attendance_recorded": (_REPORT,),
    "job_started": (_OF_JOB,),
    "job_finished": (_OF_JOB,),
}
ADD_OF_KIND: Final = {
    kind: _INSERT.format(facts=" UNION ALL ".join(facts)) for kind, facts in _FACTS_OF_KIND.items()
}
"""By kind of event. $1: events of this kind, projected before."""
