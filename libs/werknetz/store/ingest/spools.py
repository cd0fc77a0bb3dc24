"""Statements over connectors, spools and incarnations: the watermark and its fencing.

A writer locks the row of the connector first, then that of the spool. So two writers cannot
deadlock, and live rows and backfill of a connector never race.
"""

from typing import Final

LOCK_CONNECTOR: Final = "SELECT epoch FROM connectors WHERE id = $1 FOR NO KEY UPDATE"

ADD_CONNECTOR: Final = "INSERT INTO connectors (id) VALUES ($1) ON CONFLICT (id) DO NOTHING"

SET_EPOCH: Final = "UPDATE connectors SET epoch = $2 WHERE id = $1 AND epoch < $2"

# Null if there is none, or if its row was restored: another transaction inserted it.
INCARNATION_IN_PLACE: Final = """
SELECT CASE WHEN xmin::text::bigint = transaction_id THEN incarnation END AS incarnation
FROM incarnations ORDER BY number DESC LIMIT 1"""

LOCK_SPOOL: Final = f"""
SELECT id, connector_id, last_seq, last_hash, ({INCARNATION_IN_PLACE}) AS incarnation
FROM spools WHERE spool_id = $1 FOR UPDATE"""  # noqa: S608 - our own statement

# All in one statement: `connectors` and `epochs` are what was locked of the connectors, before the
# spools. A row that appears meanwhile is not seen.
LOCK_SPOOLS: Final = f"""
WITH locked AS MATERIALIZED (
    SELECT id, epoch FROM connectors WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE),
connector AS MATERIALIZED (
    SELECT array_agg(id) AS ids, array_agg(epoch) AS epochs FROM locked)
SELECT s.spool_id, s.id, s.connector_id, s.last_seq, s.last_hash,
    (SELECT ids FROM connector) AS connectors, (SELECT epochs FROM connector) AS epochs,
    ({INCARNATION_IN_PLACE}) AS incarnation
FROM spools s WHERE (SELECT ids FROM connector) IS NOT NULL AND s.spool_id = ANY($2::uuid[])
ORDER BY s.spool_id FOR UPDATE OF s"""  # noqa: S608 - our own statement

ADD_SPOOL: Final = """
INSERT INTO spools (spool_id, connector_id, lane, last_hash) VALUES ($1, $2, $3, $4)
ON CONFLICT (spool_id) DO NOTHING"""

ADVANCE_WATERMARK: Final = """
UPDATE spools SET last_seq = $2, last_hash = $3, sample_count = sample_count + $4,
    quarantine_count = quarantine_count + $5, updated_at = clock_timestamp()
WHERE id = $1"""

SET_LAST_APPLIED: Final = "UPDATE connectors SET last_applied_at = clock_timestamp() WHERE id = $1"

SET_ALARM: Final = "UPDATE connectors SET alarm = $2 WHERE id = $1 AND alarm IS DISTINCT FROM $2"

CURRENT_INCARNATION: Final = """
SELECT incarnation, system_identifier, timeline, database_oid, transaction_id,
    xmin::text::bigint AS inserted_by
FROM incarnations ORDER BY number DESC LIMIT 1"""

# pg_control_checkpoint has the timeline of the last checkpoint. Right after a promotion the name
# of the current WAL file is newer; there is none during recovery.
SERVER_IDENTITY: Final = """
SELECT (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
    CASE WHEN pg_is_in_recovery() THEN NULL
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS timeline,
    (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database_oid"""

ADD_INCARNATION: Final = """
INSERT INTO incarnations (incarnation, system_identifier, timeline, database_oid, transaction_id)
VALUES ($1, $2, $3, $4, pg_current_xact_id()::xid::text::bigint)"""

LOCK_INCARNATIONS: Final = "LOCK TABLE incarnations IN SHARE ROW EXCLUSIVE MODE"

# Waits for every transaction that has read the incarnation, and stops further ones.
LOCK_CONNECTORS: Final = "LOCK TABLE connectors IN EXCLUSIVE MODE"
