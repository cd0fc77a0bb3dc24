"""Statements about data loss: gaps and outages of connectors, and the machines that they affect.

A machine is affected by every connector that has ever introduced its state signal: history may
arrive through one connector and live values through another.
"""

from typing import Final

DELIVERS_SIGNAL: Final = """(s.connector_id = {connector} OR EXISTS (
    SELECT FROM points p JOIN spools sp ON sp.id = p.spool
    WHERE p.signal_id = s.id AND sp.connector_id = {connector}))"""

# `first_at` is NULL where nothing has been computed yet: there is nothing to compute again.
AFFECTED_MACHINES: Final = f"""
SELECT s.equipment_id,
    (SELECT min(e.bucket_at) FROM elements e WHERE e.equipment_id = s.equipment_id) AS first_at
FROM signals s
WHERE s.role = 'state' AND s.equipment_id IS NOT NULL AND {DELIVERS_SIGNAL.format(connector="$1")}
    AND (cardinality($2::text[]) = 0 OR s.key = ANY($2))
GROUP BY s.equipment_id"""  # noqa: S608 - made of constants

OPEN_GAP: Final = """
INSERT INTO gaps (gap_id, connector_id, source, signal_keys, start_at, cause, detail, estimate)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (gap_id) DO NOTHING"""

CLOSE_GAP: Final = """
UPDATE gaps SET end_at = $2, estimate = coalesce($3, estimate), backfilled = backfilled OR $4,
    changed_at = clock_timestamp()
WHERE gap_id = $1 RETURNING signal_keys, start_at"""

GAPS_MAX: Final = 10_000

# When messages of a connector may have been lost before they were accepted. An outage counts as
# backfilled when events with times inside it arrived later. The cause of an outage has the value
# of `kpi.data_gaps.HEARTBEAT`.
LOST_MESSAGES: Final = f"""
SELECT connector_id, start_at, end_at, cause FROM gaps
WHERE connector_id = ANY($1) AND NOT backfilled
UNION ALL
SELECT o.connector_id, o.start_at, o.end_at, 'heartbeat' FROM outages o
WHERE o.connector_id = ANY($1) AND NOT o.backfilled AND NOT (o.end_at IS NOT NULL AND EXISTS (
    SELECT FROM business_events b
    WHERE b.connector_id = o.connector_id AND b.at > o.start_at AND b.at < o.end_at))
ORDER BY start_at DESC LIMIT {GAPS_MAX}"""  # noqa: S608 - made of constants
