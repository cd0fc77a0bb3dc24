"""Statements that read business events with their revisions."""

from typing import Final

CURRENT_EVENTS: Final = """
SELECT event_id, kind, revision, at, stored_at, body::text AS body FROM business_events
WHERE event_id = ANY($1::uuid[])"""

EARLIER_REVISIONS: Final = """
SELECT event_id, revision, at, known_from, known_to, body::text AS body
FROM business_event_revisions WHERE event_id = ANY($1::uuid[]) ORDER BY event_id, revision"""
