"""Statements over roll-ups of elements: reading sums of windows, and computing them from marks.

`domain.rollup` says what the grains are. Hours of machines are written by a trigger on `elements`.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from werknetz.store.tables import ELEMENT_COLUMNS

_COLUMNS: Final = ", ".join(ELEMENT_COLUMNS)
_SUMS: Final = ", ".join(f"sum(x.{name}) AS {name}" for name in ELEMENT_COLUMNS)
_TARGET: Final = f"""
INSERT INTO element_sums (equipment_id, grain, start_at, provisional, computed_at, {_COLUMNS})"""

# Time zones of the days that are rolled up, then marks, which are of whole buckets. $1: equipment
# of queries; $2: it and all below it, as `array_literal`; $3, $4: the span.
ROLLUP_STATES: Final = """
SELECT equipment_id, zone, NULL::bigint AS from_us, NULL::bigint AS to_us FROM rollup_zones
WHERE equipment_id = ANY($1::int[])
UNION ALL
SELECT m.equipment_id, NULL, date_part('epoch', m.from_at)::bigint * 1000000,
    date_part('epoch', m.to_at)::bigint * 1000000
FROM rollup_marks m
WHERE m.equipment_id IN (SELECT unnest($2::text::int[])) AND m.from_at < $4 AND m.to_at > $3"""

# $1 to $7: number of the window, number of the query, equipment, grain, start and end of each
# piece, and whether it is summed over all equipment of the query. `{names}` and `{sums}` are
# replaced. The sums of a piece are made before those of a window, so that each piece is one range
# of an index, however many there are.
_PIECE_SUMS: Final = """
SELECT p.n, bool_or(x.provisional) AS provisional, max(x.computed_at) AS computed_at, {sums}
FROM unnest($1::int[], $2::int[], $3::int[], $4::int2[], $5::timestamptz[], $6::timestamptz[],
    $7::bool[]) AS p (n, query, equipment_id, grain, start_at, end_at, is_stale)
{members}
CROSS JOIN LATERAL (
    SELECT bool_or(y.provisional) AS provisional, max(y.computed_at) AS computed_at, {inner}
    FROM (
        SELECT s.provisional, s.computed_at, {names} FROM element_sums s
        WHERE p.grain > 0 AND s.equipment_id = {id} AND s.grain = p.grain
            AND s.start_at >= p.start_at AND s.start_at < p.end_at
        UNION ALL
        SELECT e.provisional, e.computed_at, {names} FROM elements e
        WHERE p.grain = 0 AND e.equipment_id = {id}
            AND e.bucket_at >= p.start_at AND e.bucket_at < p.end_at) AS y
    HAVING count(*) > 0) AS x
GROUP BY p.n"""

# $8, $9: number of each query with stale pieces, and each of its equipment.
_MEMBERS: Final = """
LEFT JOIN unnest($8::int[], $9::int[]) AS m (query, id) ON p.is_stale AND m.query = p.query"""


@lru_cache(maxsize=256)
def piece_sums(names: frozenset[str], *, with_stale: bool) -> str:
    """Return the statement that sums these elements over the pieces of windows."""
    ordered = sorted(names)  # equal sets give the same prepared statement
    return _PIECE_SUMS.format(
        sums=_list(f"sum(x.{name}) AS {name}" for name in ordered),
        inner=_list(f"sum(y.{name}) AS {name}" for name in ordered),
        names=_list(ordered),
        members=_MEMBERS if with_stale else "",
        id="coalesce(m.id, p.equipment_id)" if with_stale else "p.equipment_id",
    )


# $1 to $5: number of the first window, equipment, grain, start and end of each run of windows.
_RUN_ROWS: Final = """
SELECT r.n, date_part('epoch', x.start_at)::bigint AS start_s, x.provisional, x.computed_at, {outer}
FROM unnest($1::int[], $2::int[], $3::int2[], $4::timestamptz[], $5::timestamptz[])
    AS r (n, equipment_id, grain, start_at, end_at)
CROSS JOIN LATERAL (
    SELECT s.start_at, s.provisional, s.computed_at, {names} FROM element_sums s
    WHERE r.grain > 0 AND s.equipment_id = r.equipment_id AND s.grain = r.grain
        AND s.start_at >= r.start_at AND s.start_at < r.end_at
    UNION ALL
    SELECT e.bucket_at, e.provisional, e.computed_at, {names} FROM elements e
    WHERE r.grain = 0 AND e.equipment_id = r.equipment_id
        AND e.bucket_at >= r.start_at AND e.bucket_at < r.end_at) AS x"""


@lru_cache(maxsize=256)
def run_rows(names: frozenset[str]) -> str:
    """Return the statement that reads these elements of windows that are one stored sum each."""
    ordered = sorted(names)
    return _RUN_ROWS.format(names=_list(ordered), outer=_list(f"x.{name}" for name in ordered))


# $1: equipment; $2, $3: the windows; $4: by what was known then.
_SUMS_AS_OF: Final = """
SELECT w.n, x.* FROM unnest($2::timestamptz[], $3::timestamptz[])
    WITH ORDINALITY AS w (start_at, end_at, n)
CROSS JOIN LATERAL (
    SELECT bool_or(y.provisional) AS provisional, max(y.computed_at) AS computed_at, {sums}
    FROM (
        SELECT provisional, computed_at, {names} FROM elements
        WHERE equipment_id = ANY($1::int[])
            AND bucket_at >= w.start_at AND bucket_at < w.end_at
            AND computed_at <= $4
        UNION ALL
        SELECT (elements ->> 'provisional')::bool, known_from, {stored} FROM element_revisions
        WHERE equipment_id = ANY($1::int[])
            AND bucket_at >= w.start_at AND bucket_at < w.end_at
            AND known_from <= $4 AND known_to > $4) AS y
    HAVING count(*) > 0) AS x"""


@lru_cache(maxsize=256)
def bucket_sums_as_of(names: frozenset[str]) -> str:
    """Return the statement that sums these elements as they were known at an instant.

    A revision that is older than an element has 0 of it.
    """
    ordered = sorted(names)
    return _SUMS_AS_OF.format(
        sums=_list(f"sum(y.{name}) AS {name}" for name in ordered),
        names=_list(ordered),
        stored=_list(f"coalesce((elements ->> '{name}')::float8, 0)" for name in ordered),
    )


def _list(items: Iterable[str]) -> str:
    return ", ".join(items)


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
