"""Statements that find and add supply relations."""

from typing import Final

FIND_RELATIONS: Final = """
SELECT r.supplier_id, r.material_id, r.site_id, r.dock, r.id FROM supply_relations r
JOIN unnest($1::int[], $2::int[], $3::int[], $4::text[]) AS n (supplier, material, site, dock)
    ON r.supplier_id = n.supplier AND r.material_id = n.material
    AND r.site_id IS NOT DISTINCT FROM n.site AND r.dock = n.dock"""

ADD_RELATIONS: Final = """
INSERT INTO supply_relations (supplier_id, material_id, site_id, dock)
SELECT * FROM unnest($1::int[], $2::int[], $3::int[], $4::text[]) ON CONFLICT DO NOTHING"""

FIND_CALLED_OFF_RELATIONS: Final = """
SELECT r.supplier_id, r.material_id, r.site_id, r.dock, r.id FROM supply_relations r
JOIN unnest($1::int[], $2::int[]) AS n (supplier, material)
    ON r.supplier_id = n.supplier AND r.material_id = n.material
WHERE EXISTS (
    SELECT FROM call_off_entries c WHERE c.relation_id = r.id AND c.known_to IS NULL)"""

FIND_RELATIONS_WITHOUT_CALL_OFF: Final = """
SELECT id FROM unnest($1::int[]) AS n (id) WHERE NOT EXISTS (
    SELECT FROM call_off_entries c WHERE c.relation_id = n.id AND c.known_to IS NULL)"""

REPROJECT_SIBLINGS: Final = """
INSERT INTO events_to_project (event_id)
SELECT DISTINCT f.event_id FROM supply_relations new
JOIN supply_relations r ON r.supplier_id = new.supplier_id AND r.material_id = new.material_id
CROSS JOIN LATERAL (
    SELECT event_id FROM shipment_lines WHERE relation_id = r.id AND known_to IS NULL
    UNION ALL
    SELECT event_id FROM receipt_lines WHERE relation_id = r.id AND known_to IS NULL) AS f
WHERE new.id = ANY($1::int[])"""

FIND_RELATIONS_BY_DELIVERY_NOTE: Final = """
SELECT s.note, r.material_id, min(r.id), count(DISTINCT r.id) FROM (
    SELECT delivery_note AS note, relation_id FROM shipment_lines
    WHERE delivery_note = ANY($1::text[]) AND known_to IS NULL
    UNION
    SELECT document, relation_id FROM shipment_lines
    WHERE document = ANY($1::text[]) AND known_to IS NULL) AS s
JOIN supply_relations r ON r.id = s.relation_id GROUP BY s.note, r.material_id"""

REPROJECT_RECEIPTS: Final = """
INSERT INTO events_to_project (event_id)
SELECT DISTINCT event_id FROM receipt_lines
WHERE supplier_id IS NULL AND known_to IS NULL AND event_id <> ALL($2::uuid[])
    AND (delivery_note = ANY($1::text[]) OR shipment = ANY($1::text[]))"""
