"""Statements that replace the fact rows of events. `{table}` and `{subject}` are names of ours."""

from typing import Final

EVENTS_WITH_ROWS: Final = """
SELECT DISTINCT event_id FROM {table} WHERE event_id = ANY($1::uuid[])"""

# A deleted event that is sent again starts with revision 1 again: its earlier rows keep their
# validity under a negative revision.
RENUMBER_CLOSED_ROWS: Final = """
UPDATE {table} old SET revision = least(0, (
    SELECT min(revision) FROM {table} o WHERE o.event_id = old.event_id)) - old.revision
FROM unnest($1::uuid[], $2::timestamptz[]) AS n (event_id, known_from)
WHERE old.event_id = n.event_id AND old.revision > 0 AND old.known_to <= n.known_from"""

DELETE_FACT_ROWS: Final = """
DELETE FROM {table} WHERE event_id = ANY($1::uuid[]) AND revision > 0 RETURNING {subject}, at"""

CLOSE_FACT_ROWS: Final = """
UPDATE {table} SET known_to = clock_timestamp()
WHERE event_id = ANY($1::uuid[]) AND known_to IS NULL RETURNING {subject}, at"""
