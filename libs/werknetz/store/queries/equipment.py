"""Reads equipment, its shift calendars, its production counts and its states."""

from typing import Final

EQUIPMENT: Final = (
    "SELECT id, path, level, name, time_zone, language, clock FROM equipment ORDER BY path"
)
CALENDARS: Final = """
SELECT q.path, c.id, c.valid_from, c.document::text AS document
FROM shift_calendars c JOIN equipment q ON q.id = c.equipment_id
ORDER BY q.path, c.valid_from"""
EQUIPMENT_ID: Final = "SELECT id FROM equipment WHERE path = $1"
FIRST_BUCKET: Final = "SELECT min(bucket_at) FROM elements"
PLANT_PATHS: Final = "SELECT path FROM equipment WHERE level = 'plant' ORDER BY path LIMIT $1"

# Where data begin in [$2, $3), or a little before: former pieces are found by their bucket.
FIRST_PIECE_FROM: Final = """
SELECT min(p.at) FROM unnest($1::int[]) AS m (id) CROSS JOIN LATERAL (
    (SELECT start_at AS at FROM state_pieces
     WHERE equipment_id = m.id AND start_at >= $2 AND start_at < $3 ORDER BY start_at LIMIT 1)
    UNION ALL
    (SELECT min(bucket_at) FROM state_piece_revisions
     WHERE equipment_id = m.id AND bucket_at > $2::timestamptz - interval '15 minutes'
        AND bucket_at < $3)) AS p"""
# Where the last piece in [$2, $3) starts, or a little after.
LAST_PIECE_BEFORE: Final = """
SELECT max(p.at) FROM unnest($1::int[]) AS m (id) CROSS JOIN LATERAL (
    (SELECT start_at AS at FROM state_pieces
     WHERE equipment_id = m.id AND start_at >= $2 AND start_at < $3
     ORDER BY start_at DESC LIMIT 1)
    UNION ALL
    (SELECT max(bucket_at) + interval '15 minutes' FROM state_piece_revisions
     WHERE equipment_id = m.id AND bucket_at >= $2 AND bucket_at < $3)) AS p"""

# Adjacent pieces with the same state are one interval. The piece before the span is read, too,
# so that an interval has the same start wherever the span begins. A piece is in one bucket, so the
# day before the span has it for certain.
_STATE_INTERVALS: Final = """
WITH pieces AS (
    SELECT p.*, lag(end_at) OVER w = start_at AND lag(state) OVER w = state
           AND lag(category) OVER w = category
           AND lag(code) OVER w IS NOT DISTINCT FROM code
           AND lag(order_number) OVER w IS NOT DISTINCT FROM order_number AS same
    FROM (
        SELECT {piece} FROM state_pieces s
        WHERE equipment_id = ANY($1::int[]) AND start_at < $3 AND end_at > $2
            AND start_at > $2::timestamptz - interval '1 day'
            AND ($6::timestamptz IS NULL OR {is_known} AND NOT EXISTS (
                SELECT FROM state_piece_revisions r WHERE r.equipment_id = s.equipment_id
                    AND r.bucket_at = {bucket} AND r.known_to > $6))
        UNION ALL
        SELECT {piece} FROM state_piece_revisions s
        WHERE equipment_id = ANY($1::int[]) AND start_at < $3 AND end_at > $2
            AND bucket_at > $2::timestamptz - interval '1 day' AND bucket_at < $3 AND {is_known}
            AND known_to = (
                SELECT min(r.known_to) FROM state_piece_revisions r
                WHERE r.equipment_id = s.equipment_id AND r.bucket_at = s.bucket_at
                    AND r.known_to > $6)) AS p
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
       i.known_to = (SELECT l.end_at FROM state_pieces l WHERE l.equipment_id = i.equipment_id
                     ORDER BY l.start_at DESC LIMIT 1) AND i.known_to >= $4 AS is_open,
       {key} AS key, {tie} AS tie
FROM intervals i JOIN equipment q ON q.id = i.equipment_id
{after}
ORDER BY {key} {direction}, {tie} {direction} LIMIT $5"""
# Sort values in microseconds.
STATE_SORT_KEYS: Final = {
    "start": "(extract(epoch FROM i.start_at) * 1000000)::bigint",
    "duration_s": "(extract(epoch FROM i.end_at - i.start_at) * 1000000)::bigint",
}
_BUCKET: Final = "date_bin('15 minutes', s.start_at, timestamptz 'epoch')"
# A bucket that was computed later, and not before, was not known at $6.
_IS_KNOWN: Final = f"""NOT EXISTS (
                SELECT FROM elements e WHERE e.equipment_id = s.equipment_id
                    AND e.bucket_at = {_BUCKET} AND e.computed_at > $6 AND NOT EXISTS (
                        SELECT FROM element_revisions r WHERE r.equipment_id = e.equipment_id
                            AND r.bucket_at = e.bucket_at AND r.known_from <= $6))"""  # noqa: S608 - constants
_PIECE: Final = "equipment_id, start_at, end_at, state, category, code, order_number"
_STATE_TIE: Final = (
    "to_char(i.equipment_id, 'FM0000000000') || to_char(i.start_at, 'YYYYMMDDHH24MISSUS')"
)


def state_intervals_query(sort_key: str, *, descending: bool, has_cursor: bool) -> str:
    """Return the query of a page of state intervals.

    Parameters: equipment ids, start, end, time from which an interval counts as open, limit, by
    what was known when or null; with a cursor: sort value and tie-breaker of the last interval.
    Columns `key` and `tie` are those of the next cursor.
    """
    key = STATE_SORT_KEYS[sort_key]
    operator, direction = ("<", "DESC") if descending else (">", "ASC")
    after = f"WHERE ({key}, {_STATE_TIE}) {operator} ($7, $8)" if has_cursor else ""
    return _STATE_INTERVALS.format(
        key=key,
        tie=_STATE_TIE,
        direction=direction,
        after=after,
        piece=_PIECE,
        bucket=_BUCKET,
        is_known=_IS_KNOWN,
    )
