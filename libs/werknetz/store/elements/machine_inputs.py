"""Statements that read what the elements of a machine are computed from."""

from typing import Final

from werknetz.store.queries.sample_order import IN_ORDER, IN_REVERSE_ORDER

PATH_OF_MACHINE: Final = "SELECT path FROM equipment WHERE id = $1"

PATHS_OF_MACHINES: Final = """
SELECT path FROM equipment e
WHERE NOT EXISTS (SELECT FROM equipment child WHERE child.parent_id = e.id)"""

SIGNALS_OF_MACHINE: Final = """
SELECT id, role, counter_reset, counter_modulus, counter_kind, counter_interpolate,
    counter_max_increment, counter_max_speed, name FROM signals
WHERE equipment_id = $1 AND role = ANY($2) ORDER BY id"""

# The nearest first, and of one equipment the newest first.
CALENDARS_OF_PATH: Final = """
SELECT c.valid_from, c.document, c.id
FROM shift_calendars c JOIN equipment e ON e.id = c.equipment_id
WHERE $1 = e.path OR starts_with($1, e.path || '/')
ORDER BY length(e.path) DESC, c.valid_from DESC"""

SAMPLES_IN_RANGE: Final = f"""
SELECT signal_id,
    array_agg((date_part('epoch', at) * 1e6)::bigint ORDER BY at, {IN_ORDER}) AS at,
    array_agg(value ORDER BY at, {IN_ORDER}) AS value,
    array_agg(status ORDER BY at, {IN_ORDER}) AS status,
    CASE WHEN signal_id = ANY($4) THEN array_agg(text ORDER BY at, {IN_ORDER}) END AS text
FROM samples WHERE signal_id = ANY($1) AND at >= $2 AND at < $3 GROUP BY signal_id"""  # noqa: S608 - made of constants

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
