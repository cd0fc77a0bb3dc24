"""Statements that read what the elements of a machine are computed from."""

from typing import Final

PATH_OF_MACHINE: Final = "SELECT path FROM equipment WHERE id = $1"

PATHS_OF_MACHINES: Final = """
SELECT path FROM equipment e
WHERE NOT EXISTS (SELECT FROM equipment child WHERE child.parent_id = e.id)"""

SIGNALS_OF_MACHINE: Final = """
SELECT id, role, counter_reset, counter_modulus, counter_kind FROM signals
WHERE equipment_id = $1 AND role = ANY($2) ORDER BY id"""

# The nearest first, and of one equipment the newest first.
CALENDARS_OF_PATH: Final = """
SELECT c.valid_from, c.document, c.id
FROM shift_calendars c JOIN equipment e ON e.id = c.equipment_id
WHERE $1 = e.path OR starts_with($1, e.path || '/')
ORDER BY length(e.path) DESC, c.valid_from DESC"""

# Of two samples at one instant the later row is the later sample.
SAMPLES_IN_RANGE: Final = """
SELECT signal_id,
    array_agg((date_part('epoch', at) * 1e6)::bigint ORDER BY at, ctid) AS at,
    array_agg(value ORDER BY at, ctid) AS value,
    array_agg(status ORDER BY at, ctid) AS status,
    CASE WHEN signal_id = ANY($4) THEN array_agg(text ORDER BY at, ctid) END AS text
FROM samples WHERE signal_id = ANY($1) AND at >= $2 AND at < $3 GROUP BY signal_id"""

LAST_SAMPLES_BEFORE: Final = """
SELECT s.id, x.value, x.status, x.text FROM unnest($1::int[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT value, status, text FROM samples
    WHERE signal_id = s.id AND at < $2 AND (status >= 0 OR s.id = $3)
    ORDER BY at DESC LIMIT 1) AS x"""
