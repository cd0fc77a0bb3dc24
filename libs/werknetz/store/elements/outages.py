"""Statements over the heartbeats of connectors and their outages."""

from typing import Final

from werknetz.store.elements.state_gaps import HAS_SOURCE_TIME
from werknetz.store.gaps import DELIVERS_SIGNAL

HEARTBEAT_SIGNALS: Final = """
SELECT s.id, s.connector_id FROM signals s WHERE s.role = 'heartbeat' ORDER BY s.connector_id"""

LAST_HEARTBEAT_READ: Final = "SELECT last_at FROM heartbeats WHERE connector_id = $1"

LAST_HEARTBEAT_SAMPLE: Final = (
    "SELECT max(at) FROM samples WHERE signal_id = $1 AND at >= $2 AND at <= $3"
)

SET_LAST_HEARTBEAT: Final = """
INSERT INTO heartbeats AS old (connector_id, last_at) VALUES ($1, $2)
ON CONFLICT (connector_id) DO UPDATE SET last_at = excluded.last_at, seen_at = clock_timestamp()
WHERE old.last_at < excluded.last_at"""

HEARTBEAT_GAPS: Final = """
SELECT before, at FROM (
    SELECT at, lag(at) OVER (ORDER BY at) AS before FROM samples
    WHERE signal_id = $1 AND at >= $2 AND at <= $3) AS beats
WHERE at - before > $4::bigint * interval '1 microsecond' ORDER BY at"""

OPEN_OUTAGE: Final = """
INSERT INTO outages (connector_id, start_at)
SELECT connector_id, last_at FROM heartbeats
WHERE connector_id = $1 AND seen_at < clock_timestamp() - $2::float8 * interval '1 s'
ON CONFLICT DO NOTHING RETURNING start_at"""

DELETE_OUTAGES: Final = """
DELETE FROM outages WHERE connector_id = $1
    AND (start_at = ANY($3) OR (end_at IS NULL AND start_at < $2)) RETURNING start_at"""

UPSERT_CLOSED_OUTAGE: Final = """
INSERT INTO outages (connector_id, start_at, end_at) VALUES ($1, $2, $3)
ON CONFLICT (connector_id, start_at)
DO UPDATE SET end_at = excluded.end_at, changed_at = clock_timestamp()"""

OUTAGES_WITH_HEARTBEATS: Final = """
SELECT o.start_at, o.end_at FROM outages o
WHERE o.connector_id = $2 AND o.end_at IS NOT NULL
    AND o.changed_at > clock_timestamp() - $3::interval
    AND EXISTS (SELECT FROM samples
        WHERE signal_id = $1 AND at > o.start_at AND at < o.end_at)"""

MARK_BACKFILLED_OUTAGES: Final = f"""
UPDATE outages o SET backfilled = true, changed_at = clock_timestamp()
WHERE o.connector_id = $1 AND NOT o.backfilled AND o.end_at IS NOT NULL
    AND o.changed_at > clock_timestamp() - $2::interval
    AND EXISTS (
        SELECT FROM signals s CROSS JOIN LATERAL (
            SELECT FROM samples WHERE signal_id = s.id
                AND at > o.start_at + $3::bigint * interval '1 microsecond'
                AND at < o.end_at - interval '1 s' AND {HAS_SOURCE_TIME} LIMIT 1) AS inside
        WHERE s.role <> 'heartbeat' AND {DELIVERS_SIGNAL.format(connector="$1")})
RETURNING start_at, end_at"""  # noqa: S608 - made of constants

OPEN_OUTAGES: Final = """
SELECT start_at FROM outages WHERE connector_id = $1 AND end_at IS NULL
    AND start_at > clock_timestamp() - interval '1 day'"""

# The first sample after a gap may be an old one, sent again: then the gap starts long before.
CHANGED_GAPS: Final = """
SELECT connector_id, signal_keys, array_agg(DISTINCT start_at) FROM (
    SELECT connector_id, signal_keys, start_at FROM gaps
    WHERE changed_at > clock_timestamp() - interval '5 minutes'
    ORDER BY changed_at DESC LIMIT 1000) AS recent
GROUP BY connector_id, signal_keys"""
