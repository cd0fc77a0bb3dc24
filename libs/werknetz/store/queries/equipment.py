"""Reads equipment, its shift calendars, its production counts and its states."""

from typing import Final

EQUIPMENT: Final = "SELECT id, path, level, name, time_zone FROM equipment ORDER BY path"
CALENDARS: Final = """
SELECT q.path, c.id, c.valid_from, c.document::text AS document
FROM shift_calendars c JOIN equipment q ON q.id = c.equipment_id
ORDER BY q.path, c.valid_from"""
EQUIPMENT_ID: Final = "SELECT id FROM equipment WHERE path = $1"
PLANT_PATHS: Final = "SELECT path FROM equipment WHERE level = 'plant' ORDER BY path LIMIT $1"

COUNTS_BY_WINDOW: Final = """
SELECT w.n, sum(e.pq) AS produced, sum(e.gq) AS good, sum(e.sq) AS scrap, sum(e.rq) AS rework,
       sum(e.pq_known_s) AS produced_s, sum(e.gq_known_s) AS good_s, sum(e.sq_known_s) AS scrap_s,
       sum(e.rq_known_s) AS rework_s, sum(e.pot_s + e.off_shift_s) AS calendar_s,
       bool_or(e.provisional) AS provisional
FROM unnest($2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS w(start_at, end_at, n)
JOIN elements e ON e.equipment_id = ANY($1::int[])
    AND e.bucket_at >= w.start_at AND e.bucket_at < w.end_at
GROUP BY w.n ORDER BY w.n"""

# Adjacent pieces with the same state are one interval. The piece before the span is read, too,
# so that an interval has the same start wherever the span begins.
_STATE_INTERVALS: Final = """
WITH pieces AS (
    SELECT p.*, lag(end_at) OVER w = start_at AND lag(state) OVER w = state
           AND lag(category) OVER w = category
           AND lag(code) OVER w IS NOT DISTINCT FROM code
           AND lag(order_number) OVER w IS NOT DISTINCT FROM order_number AS same
    FROM state_pieces p
    WHERE equipment_id = ANY($1::int[]) AND end_at > $2 AND start_at < $3
    WINDOW w AS (PARTITION BY equipment_id ORDER BY start_at)
), numbered AS (
    SELECT *, count(*) FILTER (WHERE same IS NOT TRUE)
              OVER (PARTITION BY equipment_id ORDER BY start_at) AS number
    FROM pieces
), intervals AS (
    SELECT equipment_id, greatest(min(start_at), $2) AS start_at,
           least(max(end_at), $3) AS end_at, max(end_at) AS known_to,
           min(state) AS state, min(category) AS category, min(code) AS code,
           min(order_number) AS order_number
    FROM numbered GROUP BY equipment_id, number
)
SELECT i.*, q.path,
       i.known_to = (SELECT max(l.end_at) FROM state_pieces l
                     WHERE l.equipment_id = i.equipment_id) AND i.known_to >= $4 AS is_open,
       {key} AS key, {tie} AS tie
FROM intervals i JOIN equipment q ON q.id = i.equipment_id
{after}
ORDER BY {key} {direction}, {tie} {direction} LIMIT $5"""
# Sort values in microseconds.
STATE_SORT_KEYS: Final = {
    "start": "(extract(epoch FROM i.start_at) * 1000000)::bigint",
    "duration_s": "(extract(epoch FROM i.end_at - i.start_at) * 1000000)::bigint",
}
_STATE_TIE: Final = (
    "to_char(i.equipment_id, 'FM0000000000') || to_char(i.start_at, 'YYYYMMDDHH24MISSUS')"
)


def state_intervals_query(sort_key: str, *, descending: bool, has_cursor: bool) -> str:
    """Return the query of a page of state intervals.

    Parameters: equipment ids, start, end, time from which an interval counts as open, limit; with
    a cursor: sort value and tie-breaker of the last interval. Columns `key` and `tie` are those
    of the next cursor.
    """
    key = STATE_SORT_KEYS[sort_key]
    operator, direction = ("<", "DESC") if descending else (">", "ASC")
    after = f"WHERE ({key}, {_STATE_TIE}) {operator} ($6, $7)" if has_cursor else ""
    return _STATE_INTERVALS.format(key=key, tie=_STATE_TIE, direction=direction, after=after)
