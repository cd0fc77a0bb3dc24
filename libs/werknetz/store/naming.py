"""Statements that give equipment, signals and points their numbers. All are safe to repeat."""

from typing import Final

# One statement a level, from the enterprise down, so that the parent is there.
ADD_EQUIPMENT: Final = """
INSERT INTO equipment (path, level, name, parent_id)
SELECT new.path, new.level, new.name, parent.id
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS new (path, level, name, parent)
LEFT JOIN equipment parent ON parent.path = new.parent
ORDER BY new.path
ON CONFLICT (path) DO NOTHING"""

SET_TIME_ZONES: Final = """
UPDATE equipment SET time_zone = given.zone
FROM unnest($1::text[], $2::text[]) AS given (path, zone)
WHERE equipment.path = given.path AND equipment.time_zone IS DISTINCT FROM given.zone"""

EQUIPMENT_IDS: Final = "SELECT path, id FROM equipment WHERE path = ANY($1::text[])"

ADD_SIGNALS: Final = """
INSERT INTO signals (key, equipment_id, connector_id, name, role, unit, datatype, source, mapping,
    counter_reset, counter_modulus, counter_kind)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::text[], $8::text[], $9::text[], $10::text[], $11::float8[], $12::text[]) AS new (key)
ORDER BY new.key
ON CONFLICT (key) DO UPDATE SET equipment_id = excluded.equipment_id,
    connector_id = excluded.connector_id, name = excluded.name, role = excluded.role,
    unit = excluded.unit, datatype = excluded.datatype, source = excluded.source,
    mapping = excluded.mapping, counter_reset = excluded.counter_reset,
    counter_modulus = excluded.counter_modulus, counter_kind = excluded.counter_kind
RETURNING key, id"""

ADD_POINTS: Final = """
INSERT INTO points (spool, number, signal_id)
SELECT $1, new.number, new.signal_id
FROM unnest($2::int[], $3::int[]) AS new (number, signal_id) ORDER BY new.number
ON CONFLICT (spool, number) DO UPDATE SET signal_id = excluded.signal_id"""

POINTS: Final = """
SELECT points.number, signals.id, signals.equipment_id, signals.role
FROM points JOIN signals ON signals.id = points.signal_id WHERE points.spool = $1"""
