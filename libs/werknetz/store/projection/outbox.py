"""Statements over the outbox of changed events."""

from typing import Final

TAKE_CHANGES: Final = """
DELETE FROM events_to_project WHERE change IN (
    SELECT change FROM events_to_project ORDER BY change LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING event_id"""

# Every row is found by a key. Plans made while a table was small would otherwise scan it for each
# row of an initial load, which is ten times slower.
USE_INDEXES: Final = "SET LOCAL enable_seqscan = off"
