"""Statements over the outbox of changed events."""

from typing import Final

TAKE_CHANGES: Final = """
DELETE FROM events_to_project WHERE change IN (
    SELECT change FROM events_to_project ORDER BY change LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING event_id"""

# Every row is found by a key. A table that was small when this session first looked, or first
# checked a foreign key, would else be read whole for each row of a first load: ten times slower.
USE_INDEXES: Final = "SET LOCAL enable_seqscan = off"
