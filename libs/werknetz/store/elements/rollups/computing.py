"""Statements that compute roll-ups of elements where marks say that they are old."""

from typing import Final

from werknetz.store.tables import ELEMENT_COLUMNS

_COLUMNS: Final = ", ".join(ELEMENT_COLUMNS)
_SUMS: Final = ", ".join(f"sum(x.{name}) AS {name}" for name in ELEMENT_COLUMNS)
_TARGET: Final = f"""
INSERT INTO element_sums (equipment_id, grain, start_at, provisional, computed_at, {_COLUMNS})"""

TREE: Final = "SELECT id, parent_id, time_zone, path FROM equipment ORDER BY id"
ZONES: Final = "SELECT equipment_id, zone FROM rollup_zones"
SET_ZONES: Final = """
INSERT INTO rollup_zones (equipment_id, zone) SELECT * FROM unnest($1::int[], $2::text[])
ON CONFLICT (equipment_id) DO UPDATE SET zone = excluded.zone"""
DELETE_DAYS: Final = "DELETE FROM element_sums WHERE equipment_id = ANY($1::int[]) AND grain = 5"

# A mark for each day that the equipment has roll-ups of. $1: equipment.
MARK_ALL_DAYS: Final = """
INSERT INTO rollup_marks (equipment_id, from_at, to_at)
SELECT DISTINCT equipment_id, day.at, day.at + interval '1 day' FROM element_sums s
CROSS JOIN LATERAL date_bin('1 day', s.start_at, timestamptz 'epoch') AS day (at)
WHERE equipment_id = ANY($1::int[]) AND grain IN (1, 4)"""

# The newest first, of all equipment: what lies above them is then summed once for all. $2: marks
# that could not be computed and are not due again.
TAKE_MARKS: Final = """
SELECT id, equipment_id, (extract(epoch FROM from_at) * 1e6)::bigint AS from_us,
    (extract(epoch FROM to_at) * 1e6)::bigint AS to_us
FROM rollup_marks WHERE id <> ALL($2::bigint[]) ORDER BY to_at DESC, id LIMIT $1"""

# A mark of another equipment instead; none where it has the same already. $1: mark; $2: equipment.
MOVE_MARK: Final = """
WITH moved AS (DELETE FROM rollup_marks WHERE id = $1 RETURNING from_at, to_at)
INSERT INTO rollup_marks (equipment_id, from_at, to_at)
SELECT $2, m.from_at, m.to_at FROM moved m
WHERE NOT EXISTS (SELECT FROM rollup_marks o
    WHERE o.equipment_id = $2 AND o.from_at <= m.from_at AND o.to_at >= m.to_at)
RETURNING id"""
DELETE_MARKS: Final = "DELETE FROM rollup_marks WHERE id = ANY($1::bigint[])"

# The transaction reads a range of each equipment, never a whole table; and compiling its sums takes
# longer than the sums.
USE_INDEXES: Final = """
SELECT set_config(name, 'off', true)
FROM unnest(ARRAY['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'jit']) AS name"""

# $1: equipment; $2: grain; $3, $4: spans to replace.
DELETE_SUMS: Final = """
DELETE FROM element_sums s USING unnest($1::int[], $3::timestamptz[], $4::timestamptz[])
    AS p (equipment_id, start_at, end_at)
WHERE s.equipment_id = p.equipment_id AND s.grain = $2
    AND s.start_at >= p.start_at AND s.start_at < p.end_at"""

# $1: a parent; $2: what it consists of; $3: whether that is only its own buckets; $4, $5: a span.
INSERT_TREE_BUCKETS: Final = f"""{_TARGET}
SELECT p.parent, 3, x.start_at, bool_or(x.provisional), max(x.computed_at), {_SUMS}
FROM unnest($1::int[], $2::int[], $3::bool[], $4::timestamptz[], $5::timestamptz[])
    AS p (parent, part, is_own, start_at, end_at)
CROSS JOIN LATERAL (
    SELECT e.bucket_at AS start_at, e.provisional, e.computed_at, {_COLUMNS} FROM elements e
    WHERE p.is_own AND e.equipment_id = p.part
        AND e.bucket_at >= p.start_at AND e.bucket_at < p.end_at
    UNION ALL
    SELECT s.start_at, s.provisional, s.computed_at, {_COLUMNS} FROM element_sums s
    WHERE NOT p.is_own AND s.equipment_id = p.part AND s.grain = 3
        AND s.start_at >= p.start_at AND s.start_at < p.end_at) AS x
GROUP BY p.parent, x.start_at"""  # noqa: S608 - our own names

# $1: equipment; $2, $3: the hours.
INSERT_TREE_HOURS: Final = f"""{_TARGET}
SELECT p.id, 4, x.hour_at, x.provisional, x.computed_at, {_COLUMNS}
FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS p (id, start_at, end_at)
CROSS JOIN LATERAL (
    SELECT date_bin('1 hour', x.start_at, timestamptz 'epoch') AS hour_at,
        bool_or(x.provisional) AS provisional, max(x.computed_at) AS computed_at, {_SUMS}
    FROM element_sums x WHERE x.equipment_id = p.id AND x.grain = 3
        AND x.start_at >= p.start_at AND x.start_at < p.end_at
    GROUP BY 1) AS x"""  # noqa: S608 - our own names

# $1: equipment; $2: whether it has others below; $3, $4: the days.
INSERT_DAYS: Final = f"""{_TARGET}
SELECT p.id, 5, p.start_at, x.provisional, x.computed_at, {_COLUMNS}
FROM unnest($1::int[], $2::bool[], $3::timestamptz[], $4::timestamptz[])
    AS p (id, is_parent, start_at, end_at)
CROSS JOIN LATERAL (
    SELECT bool_or(x.provisional) AS provisional, max(x.computed_at) AS computed_at, {_SUMS}
    FROM (
        SELECT provisional, computed_at, {_COLUMNS} FROM elements
        WHERE NOT p.is_parent AND equipment_id = p.id
            AND bucket_at >= p.start_at AND bucket_at < p.end_at
        UNION ALL
        SELECT provisional, computed_at, {_COLUMNS} FROM element_sums
        WHERE p.is_parent AND equipment_id = p.id AND grain = 3
            AND start_at >= p.start_at AND start_at < p.end_at) AS x
    HAVING count(*) > 0) AS x"""  # noqa: S608 - our own names
