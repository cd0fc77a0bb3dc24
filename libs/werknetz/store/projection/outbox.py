"""Statements over the outbox of changed events, by shards."""

from typing import Final

# What was marked again, without its event at hand. Event that were deleted go with machines.
ASSIGN_SHARDS: Final = """
UPDATE events_to_project p SET shard = coalesce(
    (SELECT shard_of_event(e.kind, e.body) FROM business_events e WHERE e.event_id = p.event_id), 0)
WHERE p.change IN (SELECT change FROM events_to_project WHERE shard IS NULL
    ORDER BY change LIMIT $1 FOR UPDATE SKIP LOCKED)"""

SHARDS: Final = 32
"""Machines have shard 0, materials the others."""

# The shards with changes, the oldest first. $1: up to how many changes of each are counted.
SHARDS_WITH_CHANGES: Final = f"""
SELECT s.shard, w.changes FROM generate_series(0, {SHARDS - 1}) AS s (shard)
CROSS JOIN LATERAL (SELECT count(*) AS changes, min(change) AS first FROM (
    SELECT change FROM events_to_project e WHERE e.shard = s.shard::smallint
    ORDER BY change LIMIT $1) AS few) AS w
WHERE w.changes > 0 ORDER BY w.first"""  # noqa: S608 - made of constants

# $1: shards that are locked; $2: how many.
TAKE_CHANGES: Final = """
DELETE FROM events_to_project WHERE change IN (
    SELECT due.change FROM unnest($1::smallint[]) AS s (shard) CROSS JOIN LATERAL (
        SELECT change FROM events_to_project e WHERE e.shard = s.shard
        ORDER BY change LIMIT $2) AS due
    ORDER BY due.change LIMIT $2)
RETURNING event_id"""

# Events that need a shard that another worker has locked. $2: that shard.
RETURN_CHANGES: Final = """
INSERT INTO events_to_project (event_id, shard)
SELECT * FROM unnest($1::uuid[], $2::smallint[])"""

# Every row is found by a key. Plans made while a table was small would otherwise scan it for each
# row of an initial load, which is ten times slower.
USE_INDEXES: Final = "SET LOCAL enable_seqscan = off"

MASTER_DATA_CHANGES: Final = "SELECT number FROM master_data_changes"
LOCK_SHARED: Final = "SELECT pg_advisory_xact_lock_shared($1)"
LOCK: Final = "SELECT pg_advisory_xact_lock($1)"
"""Waits until the transaction of another that has it ends."""
