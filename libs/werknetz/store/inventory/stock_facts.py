"""Statements that read what stock is reconciled from."""

from typing import Final

SUBJECTS: Final = """
SELECT n.warehouse_id, n.material_id, coalesce(e.time_zone, s.time_zone, 'UTC') AS zone,
    w.site_id, w.code, m.number
FROM unnest($1::int[], $2::int[]) AS n (warehouse_id, material_id)
JOIN warehouses w ON w.id = n.warehouse_id JOIN materials m ON m.id = n.material_id
LEFT JOIN equipment e ON e.id = w.equipment_id
LEFT JOIN sites p ON p.id = w.site_id LEFT JOIN equipment s ON s.id = p.equipment_id"""

STOCK_ITEMS: Final = """
SELECT i.id, i.warehouse_id, i.material_id, last.balance, (
    SELECT b.event_id FROM stock_balances b
    WHERE b.stock_item_id = i.id AND b.kind = 'count' AND b.at < n.since
    ORDER BY b.at DESC, b.position DESC LIMIT 1) AS counted_by,
    EXISTS (SELECT FROM stock_movements m
        WHERE m.stock_item_id = i.id AND m.known_to IS NULL) AS is_moved
FROM unnest($1::int[], $2::int[], $3::timestamptz[]) AS n (warehouse_id, material_id, since)
JOIN stock_items i ON i.warehouse_id = n.warehouse_id AND i.material_id = n.material_id
LEFT JOIN LATERAL (
    SELECT b.balance, b.at FROM stock_balances b WHERE b.stock_item_id = i.id AND b.at < n.since
    ORDER BY b.at DESC, b.position DESC LIMIT 1) AS last ON true"""

# Quantities that are no finite numbers do not count; NaN is greater than infinity.
STOCK_COUNTS: Final = """
SELECT c.stock_item_id, c.at, c.base_quantity, c.event_id, coalesce(c.document, '') AS document,
    c.known_from
FROM unnest($1::int[], $2::timestamptz[]) AS n (item, since)
JOIN stock_counts c ON c.stock_item_id = n.item AND c.at >= n.since
WHERE c.known_to IS NULL
    AND c.base_quantity > '-Infinity' AND c.base_quantity < 'Infinity'"""

STOCK_MOVEMENTS: Final = """
SELECT m.stock_item_id, m.at, m.base_quantity, m.event_id, m.leg
FROM unnest($1::int[], $2::timestamptz[]) AS n (item, since)
JOIN stock_movements m ON m.stock_item_id = n.item AND m.at >= n.since
JOIN stock_items i ON i.id = n.item JOIN warehouses w ON w.id = i.warehouse_id
WHERE m.known_to IS NULL AND m.kind = ANY(w.moved_by)
    AND m.base_quantity > '-Infinity' AND m.base_quantity < 'Infinity'"""

OPEN_STOCK_OUTS: Final = """
SELECT o.warehouse_id, o.material_id, o.start_at, o.start_event_id
FROM unnest($1::int[], $2::int[], $3::timestamptz[]) AS n (warehouse_id, material_id, since)
JOIN stock_outs o ON o.warehouse_id = n.warehouse_id AND o.material_id = n.material_id
WHERE o.start_at < n.since AND (o.end_at IS NULL OR o.end_at >= n.since)"""
