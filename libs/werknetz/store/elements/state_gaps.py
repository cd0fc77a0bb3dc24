"""Statements that find the data gaps of one machine's state, and when its state is known again."""

from typing import Final

from werknetz.domain.status import OVERFLOW, UNCERTAIN_TIME
from werknetz.store.gaps import DELIVERS_SIGNAL

GAPS_MAX: Final = 10_000

_OPCUA: Final = "nsu="  # how its addresses begin; its connector omits repeated values

OVERFLOW_CAUSE: Final = "queue_overflow"

# False where our own clock set the time: such a sample does not show when something happened.
HAS_SOURCE_TIME: Final = f"(status & -65536) <> {UNCERTAIN_TIME & 0xFFFF_0000}"

# A gap that ended before the last sample of the state before the range, at $2, has no effect any
# more. Nor has the outage of a connector that was replaced by another one of the same state.
_CANDIDATES: Final = f"""
WITH owners AS MATERIALIZED (
    SELECT c.id FROM connectors c JOIN signals s ON s.id = $1
    WHERE {DELIVERS_SIGNAL.format(connector="c.id")}),
all_gaps AS (
    SELECT start_at, end_at, cause, backfilled, signal_keys <> '{{}}' AS listed,
        connector_id
    FROM gaps JOIN owners ON owners.id = connector_id
    WHERE start_at < $3::timestamptz AND (signal_keys = '{{}}'
        OR (SELECT key FROM signals WHERE id = $1) = ANY(signal_keys))
    UNION ALL
    SELECT start_at, end_at, 'heartbeat', backfilled, false, connector_id
    FROM outages JOIN owners ON owners.id = connector_id
    WHERE start_at < $3::timestamptz AND (end_at IS NOT NULL OR NOT EXISTS (
        SELECT FROM heartbeats other JOIN owners ON owners.id = other.connector_id
        WHERE other.connector_id <> outages.connector_id
            AND other.last_at > outages.start_at + interval '1 minute'))),
candidates AS (
    SELECT * FROM all_gaps
    WHERE end_at IS NULL OR end_at > coalesce($2::timestamptz, '-infinity'))"""  # noqa: S608 - made of constants

# Without a look at samples, of which every day would be planned for: usually there is no gap.
HAS_DATA_GAPS: Final = f"{_CANDIDATES} SELECT EXISTS (SELECT FROM candidates)"  # noqa: S608

DATA_GAPS_OF_STATE: Final = f"""{_CANDIDATES}
SELECT *, CASE WHEN cause = '{OVERFLOW_CAUSE}' AND NOT listed THEN (
    SELECT max(at) FROM samples WHERE signal_id = $1 AND (status & {OVERFLOW}) = {OVERFLOW}
        AND at >= start_at - interval '2 s' AND at <= coalesce(end_at, $3) + interval '2 s')
    END AS overflown_at,
    start_at <= interval '5 s' + (
        SELECT min(at) FROM samples JOIN signals h ON h.id = signal_id
        WHERE h.role = 'heartbeat' AND h.connector_id = candidates.connector_id) AS is_first,
    (SELECT starts_with(source, '{_OPCUA}') FROM signals WHERE id = $1) AS omits_repeats
FROM candidates ORDER BY start_at DESC LIMIT {GAPS_MAX}"""  # noqa: S608 - made of constants

STATE_SAMPLES_AROUND_GAPS: Final = """
SELECT before.at, before.samples, before.confirmed_until, after.at, at_end.at
FROM unnest($2::timestamptz[], $3::timestamptz[]) AS gap (start_at, end_at)
LEFT JOIN LATERAL (
    SELECT at, count(*) AS samples, max(server_at) AS confirmed_until FROM samples
    WHERE signal_id = $1 AND at = (
        SELECT at FROM samples WHERE signal_id = $1 AND at <= gap.start_at
        ORDER BY at DESC LIMIT 1) GROUP BY at) AS before ON true
LEFT JOIN LATERAL (
    SELECT at FROM samples WHERE signal_id = $1 AND at > gap.start_at
    ORDER BY at LIMIT 1) AS after ON true
LEFT JOIN LATERAL (
    SELECT at FROM samples WHERE signal_id = $1 AND at > gap.start_at AND at >= gap.end_at
    ORDER BY at LIMIT 1) AS at_end ON true"""

BACKFILLED_GAPS: Final = f"""
SELECT gap.number
FROM unnest($2::timestamptz[], $3::timestamptz[], $4::bool[]) WITH ORDINALITY
    AS gap (start_at, end_at, one_sample_suffices, number)
WHERE EXISTS (
    SELECT FROM signals s
    CROSS JOIN LATERAL (
        SELECT at FROM samples WHERE signal_id = s.id AND at > gap.start_at AND at < gap.end_at
            AND {HAS_SOURCE_TIME} ORDER BY at LIMIT 1) AS first
    CROSS JOIN LATERAL (
        SELECT at FROM samples WHERE signal_id = s.id AND at > gap.start_at AND at < gap.end_at
            AND {HAS_SOURCE_TIME} ORDER BY at DESC LIMIT 1) AS final
    WHERE s.equipment_id = $1 AND (gap.one_sample_suffices OR first.at < final.at))"""  # noqa: S608 - made of constants
