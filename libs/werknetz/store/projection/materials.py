"""Statements over material numbers, units and consumption."""

from typing import Final

FIND_MATERIAL_NUMBERS: Final = """
SELECT kind, partner_id, number, material_id FROM material_numbers WHERE number = ANY($1::text[])"""

ADD_MATERIAL_NUMBERS: Final = """
INSERT INTO material_numbers (material_id, partner_id, kind, number)
SELECT * FROM unnest($1::int[], $2::int[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING"""

FIND_MATERIAL_UNITS: Final = """
SELECT m.id, m.unit, u.unit, u.factor, shard_of_material(m.number) FROM materials m
LEFT JOIN material_units u ON u.material_id = m.id WHERE m.id = ANY($1::int[])"""

SET_BASE_UNITS: Final = """
UPDATE materials m SET unit = n.unit FROM unnest($1::int[], $2::text[]) AS n (id, unit)
WHERE m.id = n.id AND m.unit IS NULL"""

FIND_CONSUMPTION_WAREHOUSES: Final = """
SELECT DISTINCT ON (l.equipment_id, l.material_id) l.equipment_id, l.material_id, l.warehouse_id
FROM line_materials l WHERE l.material_id = ANY($1::int[])
ORDER BY l.equipment_id, l.material_id, l.valid_from DESC"""

EQUIPMENT_PATHS: Final = "SELECT id, path FROM equipment WHERE id = ANY($1::int[])"
