"""Statements about machines: states now, since when, silent connectors, reasons from people."""

from typing import Final

# The machines whose last interval has one of the categories $4 and ends at $3 or later. $1:
# equipment, as `array_literal`; $2: no interval that began earlier is the last.
OPEN_INTERVALS: Final = """
SELECT m.id, p.state, p.code, p.start_at
FROM unnest($1::text::int[]) AS m (id)
CROSS JOIN LATERAL (SELECT * FROM state_pieces WHERE equipment_id = m.id AND start_at >= $2
    ORDER BY start_at DESC LIMIT 1) AS p
WHERE p.end_at >= $3 AND p.category = ANY($4::text[])"""

# Since when a machine is in its state, at most since $4; $1 to $3: machines, states, starts.
STATES_SINCE: Final = """
SELECT m.id, coalesce((SELECT end_at FROM state_pieces p WHERE p.equipment_id = m.id
    AND p.state <> m.state AND p.start_at < m.start_at AND p.start_at >= $4
    ORDER BY p.start_at DESC LIMIT 1), $4) AS since
FROM unnest($1::int[], $2::smallint[], $3::timestamptz[]) AS m (id, state, start_at)"""

# The last interval of each machine, and since when it is in its state: null, longer than since $3.
# $1: equipment, as `array_literal`; $2: no interval that began earlier is the last.
STATES_NOW: Final = """
SELECT m.id, p.state, p.category, p.code, p.order_number, (SELECT end_at FROM state_pieces q
    WHERE q.equipment_id = m.id AND q.state <> p.state AND q.start_at < p.start_at
    AND q.start_at >= $3 ORDER BY q.start_at DESC LIMIT 1) AS since
FROM unnest($1::text::int[]) AS m (id)
CROSS JOIN LATERAL (SELECT * FROM state_pieces WHERE equipment_id = m.id AND start_at >= $2
    ORDER BY start_at DESC LIMIT 1) AS p"""

# $1: equipment, as `array_literal`.
SILENT_CONNECTORS: Final = """
SELECT DISTINCT s.equipment_id, o.connector_id
FROM outages o JOIN signals s ON s.connector_id = o.connector_id
WHERE o.end_at IS NULL AND s.equipment_id IN (SELECT unnest($1::text::int[]))"""

ENTERED_REASONS: Final = """
SELECT DISTINCT equipment_id, reason FROM state_entries
WHERE equipment_id = ANY($1::int[]) AND known_to IS NULL AND reason IS NOT NULL"""
