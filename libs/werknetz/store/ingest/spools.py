"""Statements over connectors, spools and incarnations: the watermark and who may move it.

Whoever writes locks the connector's row first, then the spool's; so two writers never wait for
each other in a circle, and live rows and backfill of a connector never race.
"""

from typing import Final

LOCK_CONNECTOR: Final = "SELECT epoch FROM connectors WHERE id = $1 FOR NO KEY UPDATE"

ADD_CONNECTOR: Final = "INSERT INTO connectors (id) VALUES ($1) ON CONFLICT (id) DO NOTHING"

SET_EPOCH: Final = "UPDATE connectors SET epoch = $2 WHERE id = $1 AND epoch < $2"

CLEAR_ALARM: Final = "UPDATE connectors SET alarm = NULL WHERE id = $1 AND alarm IS NOT NULL"

LOCK_SPOOL: Final = """
SELECT id, connector_id, last_seq, last_hash FROM spools WHERE spool_id = $1 FOR UPDATE"""

ADD_SPOOL: Final = """
INSERT INTO spools (spool_id, connector_id, lane, last_hash) VALUES ($1, $2, $3, $4)
ON CONFLICT (spool_id) DO NOTHING"""

ADVANCE: Final = """
UPDATE spools SET last_seq = $2, last_hash = $3, sample_count = sample_count + $4,
    quarantine_count = quarantine_count + $5, updated_at = clock_timestamp()
WHERE id = $1"""

APPLIED: Final = "UPDATE connectors SET last_applied_at = clock_timestamp() WHERE id = $1"

ALARM: Final = "UPDATE connectors SET alarm = $2 WHERE id = $1 AND alarm IS DISTINCT FROM $2"

INCARNATION: Final = """
SELECT incarnation, system_identifier, timeline FROM incarnations ORDER BY number DESC LIMIT 1"""

# pg_control_checkpoint says the timeline of the last checkpoint; right after a promotion the
# name of the WAL file in work knows better, and there is none while in recovery.
SERVER_IDENTITY: Final = """
SELECT (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
    CASE WHEN pg_is_in_recovery() THEN NULL
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS timeline
"""

ADD_INCARNATION: Final = """
INSERT INTO incarnations (incarnation, system_identifier, timeline) VALUES ($1, $2, $3)"""

LOCK_INCARNATIONS: Final = "LOCK TABLE incarnations IN SHARE ROW EXCLUSIVE MODE"
