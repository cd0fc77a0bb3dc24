"""Statements behind supply-caused downtime: starved time, materials, stock-outs, deliveries."""

from typing import Final

# Pieces end at buckets of 15 minutes: none that began earlier reaches into the span.
STARVED_PIECES: Final = """
SELECT equipment_id, start_at, end_at, state FROM state_pieces
WHERE equipment_id = ANY($1) AND state IN (6, 7)
    AND start_at >= $2::timestamptz - interval '15 minutes' AND start_at < $3 AND end_at > $2
ORDER BY equipment_id, start_at"""

# A state without an end lasts until the next event of the equipment.
REPORTED_STARVATION: Final = """
SELECT id, at, until_us FROM (
    SELECT q.id, b.at, b.body->>'state' AS state, coalesce(
        (b.body->>'until_us')::bigint,
        (extract(epoch FROM lead(b.at) OVER (PARTITION BY q.id ORDER BY b.at)) * 1000000)::bigint
    ) AS until_us
    FROM business_events b JOIN equipment q ON q.path = b.body->>'equipment'
    WHERE b.kind = 'state_changed' AND b.withdrawn_at IS NULL AND q.id = ANY($1)
        AND b.at >= $2::timestamptz - interval '1 day' AND b.at < $3) AS reported
WHERE state = 'starved'"""

CONSUMED_MATERIALS: Final = """
SELECT l.id, l.equipment_id, l.material_id, l.warehouse_id, l.quantity_per_item,
    m.number, m.description, w.key AS warehouse
FROM line_materials l JOIN materials m ON m.id = l.material_id
JOIN warehouses w ON w.id = l.warehouse_id
WHERE l.equipment_id = ANY($1) AND l.valid_from < $3 AND (l.valid_to IS NULL OR l.valid_to > $2)"""

STOCK_OUTS: Final = """
SELECT o.id, o.warehouse_id, o.material_id, o.start_at, o.end_at, o.start_event_id, o.end_event_id
FROM unnest($1::int[], $2::int[]) AS n (warehouse_id, material_id)
JOIN stock_outs o USING (warehouse_id, material_id)
WHERE o.start_at < $4 AND (o.end_at IS NULL OR o.end_at > $3)"""

FIRST_COUNTS: Final = """
SELECT i.warehouse_id, i.material_id, min(first.at)
FROM unnest($1::int[], $2::int[]) AS n (warehouse_id, material_id)
JOIN stock_items i USING (warehouse_id, material_id)
CROSS JOIN LATERAL (
    SELECT at FROM stock_balances b WHERE b.stock_item_id = i.id AND b.kind = 'count'
    ORDER BY at LIMIT 1) AS first
WHERE i.counted GROUP BY 1, 2"""

CONNECTORS_OF_STOCK: Final = """
SELECT DISTINCT i.warehouse_id, e.connector_id
FROM unnest($1::int[], $2::int[]) AS n (warehouse_id, material_id)
JOIN stock_items i USING (warehouse_id, material_id)
CROSS JOIN LATERAL (
    SELECT event_id FROM stock_balances b WHERE b.stock_item_id = i.id AND b.at < $3
    ORDER BY at DESC, position DESC LIMIT 1) AS last
JOIN business_events e ON e.event_id = last.event_id"""

# Counts that differ from the balance, in the window and the first after it, with the count before.
COUNT_DIFFERENCES: Final = """
SELECT i.warehouse_id, i.material_id, before.at AS since, counted.at AS until
FROM unnest($1::int[], $2::int[]) AS n (warehouse_id, material_id)
JOIN stock_items i USING (warehouse_id, material_id)
CROSS JOIN LATERAL (
    SELECT b.at, b.difference FROM stock_balances b
    WHERE b.stock_item_id = i.id AND b.kind = 'count' AND b.at >= $3 AND b.at < $4
    UNION ALL
    (SELECT b.at, b.difference FROM stock_balances b
    WHERE b.stock_item_id = i.id AND b.kind = 'count' AND b.at >= $4
    ORDER BY b.at, b.position LIMIT 1)) AS counted
CROSS JOIN LATERAL (
    SELECT b.at FROM stock_balances b
    WHERE b.stock_item_id = i.id AND b.kind = 'count' AND b.at < counted.at
    ORDER BY b.at DESC LIMIT 1) AS before
WHERE abs(counted.difference) > 1e-9"""

LINE_RATES: Final = """
SELECT DISTINCT ON (equipment_id) equipment_id, currency, per_hour FROM line_rates
WHERE equipment_id = ANY($1) AND valid_from <= $2 ORDER BY equipment_id, valid_from DESC"""

# Due before the stock-out ended, and not delivered in full when it began. A relation without a
# site may be for any plant.
LATE_DUE_LINES: Final = """
SELECT o.id AS stock_out_id, p.key AS supplier, p.name AS supplier_name, d.document AS call_off,
    d.due_from, d.due_until, d.quantity, d.open_quantity, d.delay_s, d.first_received_at,
    d.fulfilled_at, d.event_ids, d.receipt_ids, d.shipment_ids, r.dock,
    least(coalesce(o.end_at, $2), $2) AS until_at
FROM stock_outs o JOIN warehouses w ON w.id = o.warehouse_id
LEFT JOIN sites ws ON ws.id = w.site_id
JOIN supply_relations r ON r.material_id = o.material_id
JOIN partners p ON p.id = r.supplier_id
LEFT JOIN sites s ON s.id = r.site_id
JOIN due_lines d ON d.relation_id = r.id
WHERE o.id = ANY($1) AND (s.equipment_id IS NULL
        OR s.equipment_id = coalesce(w.equipment_id, ws.equipment_id) OR s.id = w.site_id)
    AND d.due_until < least(coalesce(o.end_at, $2), $2)
    AND (d.fulfilled_at IS NULL OR d.fulfilled_at > o.start_at)
ORDER BY o.id, d.due_until, d.id"""

SHIPMENT_LINES: Final = """
SELECT event_id, document, delivery_note, announced_at, despatched_at, arrives_at, base_quantity
FROM shipment_lines WHERE event_id = ANY($1) AND known_to IS NULL"""

RECEIPT_LINES: Final = """
SELECT event_id, document, delivery_note, received_at, accepted_quantity
FROM receipt_lines WHERE event_id = ANY($1) AND known_to IS NULL"""
