"""Statements behind the forecast of stock: current stock, planned demand, open deliveries."""

from typing import Final

WAREHOUSES: Final = """
SELECT w.id, w.key, w.site_id, e.id AS plant_id, e.path
FROM warehouses w LEFT JOIN sites s ON s.id = w.site_id
LEFT JOIN equipment e ON e.id = coalesce(w.equipment_id, s.equipment_id) ORDER BY w.id"""

CURRENT_STOCK: Final = """
SELECT warehouse_id, material_id, sum(balance) AS balance, bool_or(counted) AS counted
FROM stock_items WHERE $1::int[] IS NULL OR material_id = ANY($1) GROUP BY 1, 2"""

LINE_DEMANDS: Final = """
SELECT l.equipment_id, e.path, l.warehouse_id, l.material_id,
    l.quantity_per_item * l.items_per_hour AS per_hour, l.minimum_quantity AS minimum,
    nullif(l.valid_from, '-infinity') AS valid_from, nullif(l.valid_to, 'infinity') AS valid_to
FROM line_materials l JOIN equipment e ON e.id = l.equipment_id
WHERE ($1::int[] IS NULL OR l.material_id = ANY($1))
    AND l.valid_from < $3 AND (l.valid_to IS NULL OR l.valid_to > $2)
ORDER BY l.id"""

RELATIONS: Final = """
SELECT r.id, r.material_id, r.site_id, s.equipment_id AS plant_id
FROM supply_relations r LEFT JOIN sites s ON s.id = r.site_id
WHERE $1::int[] IS NULL OR r.material_id = ANY($1)"""

_OF_MATERIALS: Final = """AND ($1::int[] IS NULL OR relation_id IN (
    SELECT id FROM supply_relations WHERE material_id = ANY($1)))"""

OPEN_DUE_LINES: Final = f"""
SELECT relation_id, id, due_from, greatest(due_until, window_until), open_quantity FROM due_lines
WHERE open_quantity > 0 AND due_from < $2::timestamptz {_OF_MATERIALS}"""  # noqa: S608 - made of constants
OPEN_DUE_LINE_COLUMNS: Final = {
    "relation": "int4", "id": "int8", "due": "timestamptz", "until": "timestamptz",
    "quantity": "float8",
}  # fmt: skip

IN_TRANSIT: Final = f"""
SELECT relation_id, arrives_at, open_quantity FROM transit_lines
WHERE open_quantity > 0 AND arrives_at IS NOT NULL {_OF_MATERIALS}"""  # noqa: S608 - as above
IN_TRANSIT_COLUMNS: Final = {
    "relation": "int4", "arrives": "timestamptz", "quantity": "float8",
}  # fmt: skip

OPEN_DUE_LINES_OF_RELATIONS: Final = """
SELECT d.relation_id, d.id, d.document, d.due_from, d.quantity, d.open_quantity, d.event_ids,
    greatest(d.due_until, d.window_until) AS until, p.key AS supplier, p.name AS supplier_name
FROM due_lines d JOIN supply_relations r ON r.id = d.relation_id
JOIN partners p ON p.id = r.supplier_id LEFT JOIN sites s ON s.id = r.site_id
WHERE d.open_quantity > 0 AND d.relation_id = ANY($1) AND d.due_from <= $2
    AND ($3::int[] IS NULL OR s.equipment_id = ANY($3))
ORDER BY d.relation_id, d.due_from, d.id"""

ACKNOWLEDGEMENTS: Final = """
SELECT DISTINCT ON (a.warehouse_id, a.material_id) a.id, a.warehouse_id, a.material_id, a.short_at,
    a.equipment_ids, a.until_at, a.comment, a.acknowledged_by, a.acknowledged_at
FROM unnest($1::int[], $2::int[]) AS p (warehouse_id, material_id)
JOIN shortage_acknowledgements a USING (warehouse_id, material_id)
WHERE a.withdrawn_at IS NULL ORDER BY a.warehouse_id, a.material_id, a.id DESC"""

# One more, or one withdrawn, changes it.
LAST_ACKNOWLEDGED: Final = "SELECT max(id), max(withdrawn_at) FROM shortage_acknowledgements"

IN_TRANSIT_OF_RELATIONS: Final = """
SELECT t.relation_id, t.event_id, t.document, t.arrives_at, t.quantity, t.open_quantity,
    s.despatched_at
FROM transit_lines t JOIN supply_relations r ON r.id = t.relation_id
LEFT JOIN shipments s ON s.supplier_id = r.supplier_id AND s.document = t.document
WHERE t.open_quantity > 0 AND t.relation_id = ANY($1) AND t.arrives_at >= $2
ORDER BY t.relation_id, t.arrives_at, t.event_id"""
