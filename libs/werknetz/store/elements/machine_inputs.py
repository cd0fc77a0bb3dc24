"""Statements that read what the elements of a machine are computed from."""

from typing import Final

from werknetz.store.queries.sample_order import IN_ORDER, IN_REVERSE_ORDER

# Since when it is there, if it was moved to its path; until when it is in service.
MACHINE: Final = """
SELECT path, CASE WHEN moved_from IS NOT NULL THEN valid_from END AS since, valid_to AS until
FROM equipment WHERE id = $1"""

PATHS_OF_MACHINES: Final = """
SELECT path FROM equipment e
WHERE NOT EXISTS (SELECT FROM equipment child WHERE child.parent_id = e.id)"""

# A machine that was moved has its signals at its present place.
SIGNALS_OF_MACHINE: Final = """
WITH RECURSIVE places AS (
    SELECT id, moved_to FROM equipment WHERE id = $1
    UNION SELECT e.id, e.moved_to FROM equipment e JOIN places p ON e.id = p.moved_to)
SELECT s.id, s.role, s.counter_reset, s.counter_modulus, s.counter_kind, s.counter_interpolate,
    s.counter_max_increment, s.counter_max_speed, s.name, s.connector_id,
    (date_part('epoch', s.valid_from) * 1e6)::bigint AS valid_from_us,
    (date_part('epoch', s.valid_to) * 1e6)::bigint AS valid_to_us, s.carrier, s.unit
FROM places p JOIN signals s ON s.equipment_id = p.id WHERE s.role = ANY($2) ORDER BY s.id"""

# The nearest first, and of one equipment the newest first.
CALENDARS_OF_PATH: Final = """
SELECT c.valid_from, c.document, c.id
FROM shift_calendars c JOIN equipment e ON e.id = c.equipment_id
WHERE $1 = e.path OR starts_with($1, e.path || '/')
ORDER BY length(e.path) DESC, c.valid_from DESC"""

# Read as binary columns: no value is null. The hash of a text stands for the text.
SAMPLES_IN_RANGE: Final = f"""
SELECT signal_id, at,
    coalesce(value, 'NaN'), status, CASE WHEN signal_id = ANY($4) AND text IS NOT NULL
        THEN hashtextextended(text, 0) ELSE 0 END
FROM samples WHERE signal_id = ANY($1) AND at >= $2 AND at < $3
ORDER BY signal_id, at, {IN_ORDER}"""  # noqa: S608 - made of constants

TEXTS_IN_RANGE: Final = """
SELECT DISTINCT text, hashtextextended(text, 0) AS hash FROM samples
WHERE signal_id = ANY($1) AND at >= $2 AND at < $3 AND text IS NOT NULL"""

# $4: signals whose value must be a finite number; NaN is greater than infinity.
LAST_SAMPLES_BEFORE: Final = f"""
SELECT s.id, x.at, x.value, x.status, x.text FROM unnest($1::int[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT at, value, status, text FROM samples
    WHERE signal_id = s.id AND at < $2 AND (status >= 0 OR s.id = $3)
        AND (s.id <> ALL($4::int[]) OR (value > '-Infinity' AND value < 'Infinity'))
    ORDER BY at DESC, {IN_REVERSE_ORDER} LIMIT 1) AS x"""  # noqa: S608 - made of constants

# The first sample of each signal at or after an instant that a counter can count with.
NEXT_SAMPLES_AFTER: Final = f"""
SELECT s.id, (date_part('epoch', x.at) * 1e6)::bigint AS at, x.value, x.status
FROM unnest($1::int[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT at, value, status FROM samples
    WHERE signal_id = s.id AND at >= $2 AND status >= 0
        AND value > '-Infinity' AND value < 'Infinity'
    ORDER BY at, {IN_ORDER} LIMIT 1) AS x"""  # noqa: S608 - made of constants

FIRST_SAMPLES: Final = """
SELECT s.id, x.at FROM unnest($1::int[]) AS s (id)
CROSS JOIN LATERAL (SELECT at FROM samples WHERE signal_id = s.id ORDER BY at LIMIT 1) AS x"""

# $1: path of a machine. Thresholds of stops and start-ups, of the machine and what is above it.
STOP_THRESHOLDS_OF_PATH: Final = """
SELECT q.path, (date_part('epoch', t.valid_from) * 1e6)::bigint, t.minor_stop_s, t.start_up_s,
    t.start_up_items, t.start_up_after_stop_s
FROM stop_thresholds t JOIN equipment q ON q.id = t.equipment_id
WHERE t.known_to IS NULL AND ($1 = q.path OR starts_with($1, q.path || '/'))"""

# $1: path of a machine. The reasons that its codes stand for, of the nearest equipment.
REASONS_OF_CODES: Final = """
SELECT DISTINCT ON (c.state_code) c.state_code, r.category, r.state, r.counts_against_availability
FROM reason_codes c JOIN equipment q ON q.id = c.equipment_id
JOIN LATERAL (
    SELECT r.* FROM reasons r LEFT JOIN equipment p ON p.id = r.equipment_id
    WHERE r.code = c.reason AND r.kind = 'stop'
        AND (p.id IS NULL OR $1 = p.path OR starts_with($1, p.path || '/'))
    ORDER BY p.id NULLS LAST LIMIT 1) AS r ON true
WHERE c.kind = 'stop' AND c.known_to IS NULL
    AND ($1 = q.path OR starts_with($1, q.path || '/'))
ORDER BY c.state_code, length(q.path) DESC"""
