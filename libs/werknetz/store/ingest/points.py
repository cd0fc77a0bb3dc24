"""Statements that give equipment, signals and points their numbers. All are safe to repeat."""

from typing import Final

# One statement a level, from the enterprise down, so that the parent exists.
ADD_EQUIPMENT: Final = """
INSERT INTO equipment (path, level, name, parent_id)
SELECT new.path, new.level, new.name, coalesce(former.equipment_id, parent.id)
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS new (path, level, name, parent)
LEFT JOIN equipment parent ON parent.path = new.parent
LEFT JOIN former_paths former ON former.path = new.parent
ORDER BY new.path
ON CONFLICT (path) DO NOTHING"""

SET_TIME_ZONES: Final = """
UPDATE equipment SET time_zone = new.zone
FROM unnest($1::text[], $2::text[]) AS new (path, zone)
WHERE equipment.path = new.path AND equipment.time_zone IS DISTINCT FROM new.zone"""

# A source may use a path from before a rename or a move: it means the present equipment.
EQUIPMENT_IDS: Final = """
SELECT n.path, coalesce(f.equipment_id, e.id) AS id FROM unnest($1::text[]) AS n (path)
LEFT JOIN equipment e ON e.path = n.path LEFT JOIN former_paths f ON f.path = n.path
WHERE coalesce(f.equipment_id, e.id) IS NOT NULL"""

ADD_SIGNALS: Final = """
INSERT INTO signals (key, equipment_id, connector_id, name, role, unit, datatype, source, mapping,
    counter_reset, counter_modulus, counter_kind, counter_interpolate, counter_max_increment,
    counter_max_speed, carrier)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::text[], $8::text[], $9::text[], $10::text[], $11::float8[], $12::text[], $13::bool[],
    $14::float8[], $15::float8[], $16::text[]) AS new (key)
ORDER BY new.key
ON CONFLICT (key) DO UPDATE SET equipment_id = excluded.equipment_id,
    connector_id = excluded.connector_id, name = excluded.name, role = excluded.role,
    unit = excluded.unit, datatype = excluded.datatype, source = excluded.source,
    mapping = excluded.mapping, counter_reset = excluded.counter_reset,
    counter_modulus = excluded.counter_modulus, counter_kind = excluded.counter_kind,
    counter_interpolate = excluded.counter_interpolate,
    counter_max_increment = excluded.counter_max_increment,
    counter_max_speed = excluded.counter_max_speed, carrier = excluded.carrier
RETURNING key, id"""

ADD_POINTS: Final = """
INSERT INTO points (spool, number, signal_id, mapping_id)
SELECT $1, new.number, new.signal_id, new.mapping_id
FROM unnest($2::int[], $3::int[], $4::int[]) AS new (number, signal_id, mapping_id)
ORDER BY new.number
ON CONFLICT (spool, number) DO UPDATE SET signal_id = excluded.signal_id,
    mapping_id = excluded.mapping_id"""

POINTS_OF_SPOOL: Final = """
SELECT points.number, signals.id, signals.equipment_id, signals.role, points.mapping_id
FROM points JOIN signals ON signals.id = points.signal_id WHERE points.spool = $1"""

# The versions of a name: those with a document first, then the newest.
MAPPING_IDS: Final = """
SELECT DISTINCT ON (name, version) name || '@' || version AS label, id FROM mapping_versions
WHERE name || '@' || version = ANY($1::text[])
ORDER BY name, version, (digest = ''), id DESC"""

ADD_UNKNOWN_MAPPING: Final = """
INSERT INTO mapping_versions (name, version, digest, document) VALUES ($1, $2, '', '')
ON CONFLICT (name, version, digest) DO UPDATE SET name = excluded.name RETURNING id"""

# A stub without a document is filled in, so that points that refer to it keep their version.
ADD_MAPPING: Final = """
WITH filled AS (
    UPDATE mapping_versions SET digest = $3, document = $4
    WHERE name = $1 AND version = $2 AND digest = '' AND NOT EXISTS (
        SELECT FROM mapping_versions WHERE name = $1 AND version = $2 AND digest = $3)
    RETURNING id),
added AS (
    INSERT INTO mapping_versions (name, version, digest, document)
    SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT FROM filled)
    ON CONFLICT (name, version, digest) DO UPDATE SET name = excluded.name RETURNING id)
SELECT id FROM filled UNION ALL SELECT id FROM added"""

SET_MAPPING_OF_CONNECTOR: Final = """
UPDATE connectors SET mapping_id = $2 WHERE id = $1 AND mapping_id IS DISTINCT FROM $2"""

DESIRED_MAPPINGS: Final = """
SELECT c.id AS connector, active.name, active.version, active.digest, active.document
FROM connectors c JOIN mapping_versions used ON used.id = c.mapping_id
JOIN mapping_versions active ON active.name = used.name AND active.state = 'active'
WHERE c.id = ANY($1::text[]) ORDER BY c.id"""
