"""Statements over sessions of browsers. Only the hash of a token is stored."""

from typing import Any, Final

import sqlalchemy as sa

from werknetz.store.tables.access import api_keys, sessions, users

# $1: hash of the token; $2: now. Columns of the key as in FIND_KEY of `api_keys`.
FIND_SESSION: Final = """
SELECT s.id AS session_id, s.user_id, s.kind, s.method, s.key_hash,
    (extract(epoch FROM s.ends_at) * 1000000)::bigint AS ends_us,
    s.last_used_at <= $2::timestamptz - interval '1 minute' AS is_use_due,
    k.id, coalesce(u.name, k.name) AS name, coalesce(k.scopes, '{}') AS scopes,
    CASE WHEN s.user_id IS NULL THEN k.role ELSE u.role END AS role,
    CASE WHEN s.user_id IS NULL THEN k.plants ELSE u.plants END AS plants,
    k.hash, k.former_hash,
    (extract(epoch FROM k.expires_at) * 1000000)::bigint AS expires_us,
    (extract(epoch FROM k.former_valid_until) * 1000000)::bigint AS former_valid_us
FROM sessions s
LEFT JOIN users u ON u.id = s.user_id
LEFT JOIN api_keys k ON k.id = s.key_id
WHERE s.token_hash = $1 AND s.ends_at > $2 AND u.disabled_at IS NULL AND k.revoked_at IS NULL"""

# $1: id; $2: now; $3: how long an unused session lasts. Of many requests at once one writes.
MARK_SESSION_USED: Final = """
UPDATE sessions
SET last_used_at = $2, ends_at = least($2::timestamptz + $3::interval, latest_end_at)
WHERE id = (SELECT id FROM sessions WHERE id = $1 AND ends_at > $2
    AND last_used_at <= $2::timestamptz - interval '1 minute' FOR NO KEY UPDATE SKIP LOCKED)"""

PURGE_SESSIONS: Final = sa.text("DELETE FROM sessions WHERE ends_at < :before")

# Of the sessions of a person or key, those used least recently make room.
END_SURPLUS_SESSIONS: Final = sa.text("""
UPDATE sessions SET ends_at = :now WHERE id IN (
    SELECT id FROM sessions WHERE ends_at > :now
        AND (user_id = CAST(:user_id AS integer) OR key_id = CAST(:key_id AS integer))
    ORDER BY last_used_at DESC, id DESC OFFSET :sessions_max)""")

SESSION_COLUMNS: Final = (
    sessions.c.id, sessions.c.kind, sessions.c.method, sessions.c.created_at,
    sessions.c.last_used_at, sessions.c.ends_at, sessions.c.address, sessions.c.client,
    users.c.name.label("user"), api_keys.c.prefix.label("key"),
)  # fmt: skip


def insert_session(values: dict[str, Any]) -> sa.Executable:
    return sa.insert(sessions).values(values).returning(sessions.c.id)


def list_sessions(now: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Return the statement for the sessions that have not ended."""
    return (
        sa.select(*SESSION_COLUMNS)
        .select_from(sessions.outerjoin(users).outerjoin(api_keys))
        .where(sessions.c.ends_at > now)
    )


def end_sessions(now: sa.ColumnElement[Any], *conditions: sa.ColumnElement[bool]) -> sa.Executable:
    """Return the statement that ends the sessions for which all conditions hold."""
    return (
        sa.update(sessions)
        .where(sessions.c.ends_at > now, *conditions)
        .values(ends_at=now)
        .returning(sessions.c.id, sessions.c.id_token, sessions.c.token_hash)
    )
