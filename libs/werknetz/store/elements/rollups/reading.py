"""Statements that sum elements over windows: from roll-ups, where they are current.

Numbers are parameters as texts of arrays, `array_literal`, and instants as numbers of buckets: the
driver encodes a text at once, and PostgreSQL then plans the statement once instead of each time,
because it does not know how many there are: they come out of a MATERIALIZED table.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

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

_AT: Final = "timestamptz 'epoch' + {name} * interval '15 minutes'"
_START: Final = _AT.format(name="p.first")
_END: Final = _AT.format(name="p.last")

# $1 to $7: number of the window, number of the query, equipment, grain, first bucket and the one
# after the last of each piece, and whether it is summed over all equipment of the query. The sums
# of a piece are made before those of a window, so that each piece is one range of an index,
# however many there are.
_PIECES: Final = f"""
a AS MATERIALIZED (
    SELECT $1::text::int[] AS n, $2::text::int[] AS query, $3::text::int[] AS equipment_id,
        $4::text::int2[] AS grain, $5::text::int[] AS first, $6::text::int[] AS last,
        $7::text::bool[] AS is_stale),
p AS NOT MATERIALIZED (
    SELECT p.n, p.query, p.equipment_id, p.grain, {_START} AS start_at, {_END} AS end_at, p.is_stale
    FROM a, unnest(a.n, a.query, a.equipment_id, a.grain, a.first, a.last, a.is_stale)
        AS p (n, query, equipment_id, grain, first, last, is_stale))"""  # noqa: S608
_PIECE_SUMS: Final = """
WITH {tables}
SELECT p.n, {state}bool_or(x.provisional) AS provisional, max(x.computed_at) AS computed_at, {sums}
FROM {pieces}
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

# $8, $9: number of each query with stale pieces, and its equipment as the text of an array.
_MEMBERS_TABLE: Final = """,
b AS MATERIALIZED (SELECT $8::text::int[] AS query, $9::text::text[] AS ids),
q AS MATERIALIZED (
    SELECT q.query, q.ids::int[] AS ids FROM b, unnest(b.query, b.ids) AS q (query, ids))"""
# Each piece is one search, over all equipment of its query at once. The texts are arrays before
# the join, and this is not `coalesce`: PostgreSQL does not count these among what is leakproof, so
# under row-level security it would look at the rows of all equipment instead of using the index.
_STALE_PIECES: Final = """(
    SELECT p.n, p.grain, p.start_at, p.end_at,
        CASE WHEN p.is_stale THEN q.ids ELSE ARRAY[p.equipment_id] END AS ids
    FROM p LEFT JOIN q ON q.query = p.query) AS p"""

# $8 to $12: number, equipment, all equipment as a text, first bucket and the one after the last of
# each query.
_QUERIES: Final = f""",
b AS MATERIALIZED (
    SELECT $8::text::int[] AS query, $9::text::int[] AS equipment_id, $10::text::text[] AS ids,
        $11::text::int[] AS first, $12::text::int[] AS last),
q AS MATERIALIZED (
    SELECT p.query, p.equipment_id, p.ids::int[] AS ids, {_START} AS start_at, {_END} AS end_at
    FROM b, unnest(b.query, b.equipment_id, b.ids, b.first, b.last)
        AS p (query, equipment_id, ids, first, last))"""  # noqa: S608

# What roll-ups can be used for, as a text: the zone, and the buckets that are marked.
_STATES: Final = """
UNION ALL
SELECT q.query,
    coalesce((SELECT zone FROM rollup_zones z WHERE z.equipment_id = q.equipment_id), '')
    || coalesce((
        SELECT range_agg(int4range(floor(date_part('epoch', r.from_at) / 900)::int,
            ceil(date_part('epoch', r.to_at) / 900)::int))::text
        FROM rollup_marks r WHERE r.equipment_id = ANY(q.ids)
            AND r.from_at < q.end_at AND r.to_at > q.start_at), '{{}}'),
    NULL, NULL, {nulls}
FROM q"""


@lru_cache(maxsize=256)
def piece_sums(names: frozenset[str], *, with_stale: bool) -> str:
    """Return the statement that sums these elements over the pieces of windows."""
    return _piece_sums(names, _MEMBERS_TABLE if with_stale else "", with_stale=with_stale)


@lru_cache(maxsize=256)
def piece_sums_with_states(names: frozenset[str]) -> str:
    """Return the statement that sums these elements, and what roll-ups can be used for.

    Rows of `state` have the number of a query, the others that of a window.
    """
    sums = _piece_sums(names, _QUERIES, "NULL AS state, ", with_stale=True)
    return sums + _STATES.format(nulls=_list("NULL" for _ in names))


def _piece_sums(names: frozenset[str], tables: str, state: str = "", *, with_stale: bool) -> str:
    ordered = sorted(names)  # equal sets give the same prepared statement
    return _PIECE_SUMS.format(
        tables=_PIECES + tables,
        state=state,
        sums=_list(f"sum(x.{name}) AS {name}" for name in ordered),
        inner=_list(f"sum(y.{name}) AS {name}" for name in ordered),
        names=_list(ordered),
        pieces=_STALE_PIECES if with_stale else "p",
        id="ANY(p.ids)" if with_stale else "p.equipment_id",
    )


# $1 to $5: number of the first window, equipment, grain, first bucket and the one after the last
# of each run of windows.
_RUN_ROWS: Final = f"""
WITH a AS MATERIALIZED (
    SELECT $1::text::int[] AS n, $2::text::int[] AS equipment_id, $3::text::int2[] AS grain,
        $4::text::int[] AS first, $5::text::int[] AS last),
r AS NOT MATERIALIZED (
    SELECT p.n, p.equipment_id, p.grain, {_START} AS start_at, {_END} AS end_at
    FROM a, unnest(a.n, a.equipment_id, a.grain, a.first, a.last)
        AS p (n, equipment_id, grain, first, last))
SELECT r.n, date_part('epoch', x.start_at)::bigint AS start_s, x.provisional, x.computed_at,
    {{outer}}
FROM r
CROSS JOIN LATERAL (
    SELECT s.start_at, s.provisional, s.computed_at, {{names}} FROM element_sums s
    WHERE r.grain > 0 AND s.equipment_id = r.equipment_id AND s.grain = r.grain
        AND s.start_at >= r.start_at AND s.start_at < r.end_at
    UNION ALL
    SELECT e.bucket_at, e.provisional, e.computed_at, {{names}} FROM elements e
    WHERE r.grain = 0 AND e.equipment_id = r.equipment_id
        AND e.bucket_at >= r.start_at AND e.bucket_at < r.end_at) AS x"""  # noqa: S608


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

    An element is null where a revision is older than the element: nobody recorded it.
    """
    ordered = sorted(names)
    return _SUMS_AS_OF.format(
        sums=_list(
            f"CASE WHEN count(y.{name}) = count(*) THEN sum(y.{name}) END AS {name}"
            for name in ordered
        ),
        names=_list(ordered),
        stored=_list(f"(elements ->> '{name}')::float8" for name in ordered),
    )


def _list(items: Iterable[str]) -> str:
    return ", ".join(items)
