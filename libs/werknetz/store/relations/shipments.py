"""Statements that derive shipments and their handling units."""

from typing import Final

# Run before the rows of the relations are replaced: documents with their old and new lines.
DOCUMENTS_OF_RELATIONS: Final = """
SELECT s.supplier_id, s.document FROM shipment_lines s
WHERE s.supplier_id IS NOT NULL AND s.relation_id = ANY($1)
UNION
SELECT s.supplier_id, s.document FROM transit_lines t
JOIN shipment_lines s ON s.event_id = t.event_id
WHERE s.supplier_id IS NOT NULL AND t.relation_id = ANY($1)"""

_DOCUMENTS: Final = "(SELECT * FROM unnest($1::int[], $2::text[]) AS w (supplier_id, document))"

DELETE_SHIPMENTS_WITHOUT_LINES: Final = f"""
DELETE FROM shipments h USING {_DOCUMENTS} AS w
WHERE h.supplier_id = w.supplier_id AND h.document = w.document AND NOT EXISTS (
    SELECT FROM shipment_lines s WHERE s.supplier_id = h.supplier_id
        AND s.document = h.document AND s.known_to IS NULL)"""  # noqa: S608 - made of constants

UPSERT_SHIPMENTS: Final = f"""
INSERT INTO shipments AS old (supplier_id, document, delivery_note, site_id, announced_at,
    despatched_at, arrives_at, received_at, carrier, state, line_count)
SELECT s.supplier_id, s.document, min(s.delivery_note), min(r.site_id), min(s.announced_at),
    min(s.despatched_at), max(s.arrives_at),
    CASE WHEN bool_and(t.open_quantity <= 0) THEN max(t.received_at) END, min(s.carrier),
    CASE WHEN bool_and(t.open_quantity <= 0) THEN 'received'
        WHEN bool_or(t.received_quantity > 0) THEN 'partly_received'
        WHEN max(s.arrives_at) < $3 THEN 'overdue'
        WHEN coalesce(min(s.despatched_at), min(s.announced_at)) > $3 THEN 'announced'
        ELSE 'in_transit' END,
    count(*)
FROM {_DOCUMENTS} AS w
JOIN shipment_lines s ON s.supplier_id = w.supplier_id AND s.document = w.document
    AND s.known_to IS NULL
LEFT JOIN supply_relations r ON r.id = s.relation_id
LEFT JOIN transit_lines t ON t.event_id = s.event_id
GROUP BY s.supplier_id, s.document ORDER BY 1, 2
ON CONFLICT (supplier_id, document) DO UPDATE SET delivery_note = excluded.delivery_note,
    site_id = excluded.site_id, announced_at = excluded.announced_at,
    despatched_at = excluded.despatched_at, arrives_at = excluded.arrives_at,
    received_at = excluded.received_at, carrier = excluded.carrier, state = excluded.state,
    line_count = excluded.line_count
WHERE (old.delivery_note, old.site_id, old.announced_at, old.despatched_at, old.arrives_at,
        old.received_at, old.carrier, old.state, old.line_count)
    IS DISTINCT FROM (excluded.delivery_note, excluded.site_id, excluded.announced_at,
        excluded.despatched_at, excluded.arrives_at, excluded.received_at, excluded.carrier,
        excluded.state, excluded.line_count)"""  # noqa: S608 - made of constants

FIND_SHIPMENTS: Final = f"""
SELECT h.id FROM shipments h JOIN {_DOCUMENTS} AS w
    ON h.supplier_id = w.supplier_id AND h.document = w.document"""  # noqa: S608 - made of constants

DELETE_HANDLING_UNITS: Final = "DELETE FROM handling_units WHERE shipment_id = ANY($1)"

# The label of the innermost unit first, then the units around it.
INSERT_HANDLING_UNITS: Final = """
INSERT INTO handling_units (shipment_id, label, parent_label, package_type)
SELECT DISTINCT ON (h.id, u.label) h.id, u.label, nullif(u.parent, u.label), u.package_type
FROM shipments h
JOIN shipment_lines s ON s.supplier_id = h.supplier_id AND s.document = h.document
    AND s.known_to IS NULL
CROSS JOIN LATERAL (
    SELECT chain.label, s.packed_in[chain.n] AS parent,
        CASE WHEN chain.n = 1 THEN s.package_type END AS package_type
    FROM unnest(array_prepend(s.handling_unit, s.packed_in)) WITH ORDINALITY AS chain (label, n)
    UNION ALL
    SELECT label, s.packed_in[1], s.package_type FROM unnest(s.handling_units) AS label
) AS u
WHERE h.id = ANY($1) AND u.label IS NOT NULL
ORDER BY h.id, u.label, u.parent NULLS LAST, u.package_type NULLS LAST"""
