"""Statements that change shift calendars."""

from typing import Final

# The caller marks the buckets that the calendar changes: `dirty.MARK_BUCKETS_UNDER_PATH`.
SET_CALENDAR: Final = """
INSERT INTO shift_calendars (equipment_id, valid_from, document)
VALUES ($1, $2, $3::jsonb) ON CONFLICT (equipment_id, valid_from)
DO UPDATE SET document = excluded.document"""
