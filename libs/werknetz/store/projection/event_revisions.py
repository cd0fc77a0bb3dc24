"""Statements that read business events with their revisions."""

from typing import Final

CURRENT_EVENTS: Final = """
SELECT event_id, kind, connector_id, revision, at, stored_at,
    withdrawn_at IS NOT NULL AS is_withdrawn, body::text AS body FROM business_events
WHERE event_id = ANY($1::uuid[])"""

# Without those that were never in force, and those of an event that version 0.1 had deleted.
EARLIER_REVISIONS: Final = """
SELECT event_id, revision, at, known_from, known_to, withdrawal_reason IS NOT NULL AS is_withdrawn,
    body::text AS body
FROM business_event_revisions
WHERE event_id = ANY($1::uuid[]) AND revision > 0 AND known_from < known_to
ORDER BY event_id, revision"""
