"""Statements that read what a supply relation is reconciled from."""

from typing import Final

RELATIONS: Final = """
SELECT r.id, r.supplier_id, r.material_id, r.site_id, p.name AS supplier, m.number AS material,
    coalesce(e.time_zone, 'UTC') AS zone
FROM supply_relations r JOIN partners p ON p.id = r.supplier_id
JOIN materials m ON m.id = r.material_id
LEFT JOIN sites s ON s.id = r.site_id LEFT JOIN equipment e ON e.id = s.equipment_id
WHERE r.id = ANY($1)"""

# `message`: the message or document by which duplicates are found; empty for a row of a table,
# which is a message of its own. `first_known`: when the first revision arrived, which decides
# whether a call-off was outdated on arrival.
_FACTS: Final = """
SELECT f.*, b.connector_id, encode(coalesce(b.raw_hash, b.group_key, ''), 'hex') AS message,
    CASE WHEN b.revision = 1 THEN b.stored_at ELSE least((
        SELECT min(r.known_from) FROM business_event_revisions r
        WHERE r.event_id = b.event_id AND r.revision > 0), b.stored_at) END AS first_known
FROM {table} f JOIN business_events b ON b.event_id = f.event_id
WHERE f.relation_id = ANY($1) AND f.known_to IS NULL"""

CALL_OFF_ENTRIES: Final = _FACTS.format(table="call_off_entries")

SHIPMENT_LINES: Final = _FACTS.format(table="shipment_lines")

RECEIPT_LINES: Final = _FACTS.format(table="receipt_lines")

SUPPLY_POLICIES: Final = """
SELECT id, supplier_id, version, valid_from, document FROM supply_policies
WHERE supplier_id IS NULL OR supplier_id = ANY($1) ORDER BY valid_from, version"""
