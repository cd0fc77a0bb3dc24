"""Reads what stops are made of: state pieces around a span, entries of people, thresholds."""

from typing import Final

from werknetz.store.shop_floor.known import known_at

PIECES_MAX: Final = 200_000
LOOK_AROUND_DAYS: Final = 400
"""A stop is followed beyond the queried span for at most this long."""

# The pieces in which a machine did not produce, from the start of the first stop in the span to
# the end of the last, however far they reach beyond it. States 0 and 1: unknown, producing.
STOP_PIECES: Final = f"""
SELECT m.id, p.start_at, p.end_at, p.state, p.category, p.code, p.order_number
FROM unnest($1::int[]) AS m (id)
CROSS JOIN LATERAL (SELECT
    coalesce((SELECT end_at FROM state_pieces WHERE equipment_id = m.id AND state IN (0, 1)
        AND start_at < $2 AND start_at > $2 - interval '{LOOK_AROUND_DAYS} days'
        ORDER BY start_at DESC LIMIT 1), $2 - interval '{LOOK_AROUND_DAYS} days') AS start_at,
    coalesce((SELECT start_at FROM state_pieces WHERE equipment_id = m.id AND state IN (0, 1)
        AND start_at >= $3 AND start_at < $3 + interval '{LOOK_AROUND_DAYS} days'
        ORDER BY start_at LIMIT 1), $3 + interval '{LOOK_AROUND_DAYS} days') AS end_at) AS around
JOIN state_pieces p ON p.equipment_id = m.id AND p.state NOT IN (0, 1)
    AND p.start_at >= around.start_at AND p.start_at < around.end_at
ORDER BY m.id, p.start_at LIMIT {PIECES_MAX + 1}"""  # noqa: S608 - made of constants

# $2, $3: from and to of each machine; $4: as of, or null. An entry about a stop that goes on grows
# with it: as of an instant it ended there.
ENTRIES_OF_MACHINES: Final = f"""
SELECT e.id, e.equipment_id, e.start_at,
    least(e.end_at, coalesce($4::timestamptz, 'infinity')) AS end_at,
    e.state, e.reason, e.is_planned, e.comment, e.entered_by,
    e.change_id, e.follows_start, e.follows_end, e.reported_state, e.reported_code
FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS m (id, start_at, end_at)
JOIN state_entries e ON e.equipment_id = m.id AND {known_at("e", "$4")}
    AND e.end_at > m.start_at AND e.start_at < m.end_at
    AND e.start_at < coalesce($4::timestamptz, 'infinity')
ORDER BY e.equipment_id, e.start_at"""  # noqa: S608 - made of constants

# When each machine's pieces end: a stop up to there goes on.
LAST_PIECES: Final = """
SELECT m.id, (SELECT max(end_at) FROM state_pieces WHERE equipment_id = m.id) AS end_at
FROM unnest($1::int[]) AS m (id)"""

PIECES_BETWEEN: Final = """
SELECT start_at, end_at, state, category, code, order_number FROM state_pieces
WHERE equipment_id = $1 AND end_at >= $2 AND start_at >= $2 - interval '15 minutes'
    AND start_at <= $3 ORDER BY start_at"""

# Thresholds of equipment and of what is above it, by path; the newest first. $1: as of; null: now.
STOP_THRESHOLDS: Final = f"""
SELECT q.path, t.valid_from, t.minor_stop_s FROM stop_thresholds t
JOIN equipment q ON q.id = t.equipment_id AND {known_at("t", "$1")}
ORDER BY q.path, t.valid_from DESC"""  # noqa: S608 - made of constants

# $1: as of; null: now.
REASON_CODES: Final = f"""
SELECT q.path, c.state_code, c.reason FROM reason_codes c
JOIN equipment q ON q.id = c.equipment_id AND {known_at("c", "$1")} AND c.kind = 'stop'
ORDER BY q.path, c.state_code"""  # noqa: S608 - made of constants

# The reasons of codes with which scrap is reported.
SCRAP_CODES: Final = """
SELECT q.path, c.state_code, c.reason FROM reason_codes c
JOIN equipment q ON q.id = c.equipment_id
WHERE c.kind = 'scrap' AND c.known_to IS NULL"""

# Differs after every change by a person, also where two commit in another order than they began.
LAST_CHANGES: Final = """
SELECT coalesce(max(id), 0), coalesce(sum(id), 0)::bigint
FROM (SELECT id FROM audit_log ORDER BY id DESC LIMIT 50) AS newest"""
