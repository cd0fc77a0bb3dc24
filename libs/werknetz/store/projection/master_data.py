"""Statements that look up and add partners, sites, warehouses, materials and stock items."""

from typing import Final

FIND_BY_NAME: Final = {
    "partners": "SELECT value, partner_id FROM partner_identities WHERE value = ANY($1::text[])",
    "sites": "SELECT value, site_id FROM site_identities WHERE value = ANY($1::text[])",
    "warehouses": "SELECT code, id FROM warehouses WHERE code = ANY($1::text[])",
    "materials": "SELECT number, id FROM materials WHERE number = ANY($1::text[])",
}

ADD_BY_NAME: Final = {
    "partners": """
WITH added AS (
    INSERT INTO partners (key, name, roles) SELECT k, v, '{supplier}'
    FROM unnest($1::text[], $2::text[]) AS n (k, v) ON CONFLICT (key) DO NOTHING
    RETURNING id, name)
INSERT INTO partner_identities (value, partner_id) SELECT name, id FROM added
ON CONFLICT (value) DO NOTHING""",
    "sites": """
WITH added AS (
    INSERT INTO sites (key, name) SELECT k, v FROM unnest($1::text[], $2::text[]) AS n (k, v)
    ON CONFLICT (key) DO NOTHING RETURNING id, name)
INSERT INTO site_identities (value, site_id) SELECT name, id FROM added
ON CONFLICT (value) DO NOTHING""",
    "warehouses": """
INSERT INTO warehouses (key, name, code) SELECT k, v, v
FROM unnest($1::text[], $2::text[]) AS n (k, v) ON CONFLICT DO NOTHING""",
    "materials": """
INSERT INTO materials (number) SELECT v FROM unnest($1::text[], $2::text[]) AS n (k, v)
ON CONFLICT DO NOTHING""",
}

FIND_KEYS: Final = {
    "partners": "SELECT key FROM partners WHERE key = ANY($1::text[])",
    "sites": "SELECT key FROM sites WHERE key = ANY($1::text[])",
    "warehouses": "SELECT key FROM warehouses WHERE key = ANY($1::text[])",
}

WITHOUT_DESCRIPTION: Final = """
SELECT id FROM materials WHERE id = ANY($1::int[]) AND description = ''"""

SET_DESCRIPTIONS: Final = """
UPDATE materials m SET description = n.description
FROM unnest($1::int[], $2::text[]) AS n (id, description)
WHERE m.id = n.id AND m.description = ''"""

FIND_LOCATIONS: Final = """
SELECT warehouse_id, code, id FROM locations
WHERE (warehouse_id, code) IN (SELECT * FROM unnest($1::int[], $2::text[]))"""

ADD_LOCATIONS: Final = """
INSERT INTO locations (warehouse_id, code) SELECT * FROM unnest($1::int[], $2::text[])
ON CONFLICT DO NOTHING"""

FIND_STOCK_ITEMS: Final = """
SELECT i.warehouse_id, i.location_id, i.material_id, i.id FROM stock_items i
JOIN unnest($1::int[], $2::int[], $3::int[]) AS n (warehouse_id, location_id, material_id)
    ON i.warehouse_id = n.warehouse_id AND i.material_id = n.material_id
    AND i.location_id IS NOT DISTINCT FROM n.location_id"""

ADD_STOCK_ITEMS: Final = """
INSERT INTO stock_items (warehouse_id, location_id, material_id)
SELECT * FROM unnest($1::int[], $2::int[], $3::int[]) ON CONFLICT DO NOTHING"""

FIND_EQUIPMENT: Final = """
SELECT n.path, coalesce(e.id, f.equipment_id) FROM unnest($1::text[]) AS n (path)
LEFT JOIN equipment e ON e.path = n.path LEFT JOIN former_paths f ON f.path = n.path
WHERE coalesce(e.id, f.equipment_id) IS NOT NULL"""
