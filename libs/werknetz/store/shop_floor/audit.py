"""Statements over the audit log for commands that work in the database itself."""

from typing import Final

BY_DATABASE: Final = "database"
"""Who made a change with access to the database instead of an API key."""

# $1: action; $2, $3: subject and its id; $4, $5: before and after as JSON.
ADD_AUDIT_ENTRY: Final = f"""
INSERT INTO audit_log (by, action, subject, subject_id, before, after)
VALUES ('{BY_DATABASE}', $1, $2, $3, $4::jsonb, $5::jsonb)"""  # noqa: S608 - made of constants
