"""Statements over API keys. Only the hash of a key is stored."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from werknetz.store.tables.access import api_keys

# `prefix` is public and identifies the row; the caller compares the hash.
FIND_KEY: Final = """
SELECT id, hash, name, role, scopes, plants,
    (extract(epoch FROM expires_at) * 1000000)::bigint AS expires_us,
    former_hash, (extract(epoch FROM former_valid_until) * 1000000)::bigint AS former_valid_us,
    last_used_at IS NULL OR last_used_at <= now() - interval '1 minute' AS is_use_due
FROM api_keys WHERE prefix = $1 AND revoked_at IS NULL"""

# Many requests may use a key at once: one of them writes, and none waits for another.
MARK_USED: Final = """
UPDATE api_keys SET last_used_at = now()
WHERE id = (SELECT id FROM api_keys WHERE id = $1
    AND (last_used_at IS NULL OR last_used_at <= now() - interval '1 minute')
    FOR NO KEY UPDATE SKIP LOCKED)"""

INSERT_KEY: Final = """
INSERT INTO api_keys (prefix, hash, name, role, scopes, plants, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""

LIST_KEYS: Final = """
SELECT prefix, name, role, scopes, plants, created_at, expires_at, revoked_at, last_used_at,
    rotated_at, former_valid_until
FROM api_keys ORDER BY prefix"""

LOCK_KEY: Final = """
SELECT name, expires_at, former_valid_until, now() AS now FROM api_keys
WHERE prefix = $1 AND revoked_at IS NULL FOR UPDATE"""

# $1: prefix; $2: hash of the new key; $3: until when the former one is valid; $4: expiry.
ROTATE_KEY: Final = """
UPDATE api_keys SET hash = $2, former_hash = hash, former_valid_until = $3, rotated_at = now(),
    expires_at = $4
WHERE prefix = $1 AND revoked_at IS NULL"""

REVOKE_KEY: Final = """
UPDATE api_keys SET revoked_at = now() WHERE prefix = $1 AND revoked_at IS NULL
RETURNING name, role, scopes, plants, expires_at"""

# What the API shows of a key.
_HIDDEN: Final = {"id", "hash", "former_hash"}
PUBLIC_COLUMNS: Final = [column for column in api_keys.c if column.name not in _HIDDEN]


def insert_key(
    prefix: str,
    key_hash: bytes,
    *,
    name: str,
    role: str | None,
    scopes: Sequence[str],
    plants: Sequence[str] | None,
    expires_at: datetime | None,
) -> sa.Executable:
    values = {
        "prefix": prefix,
        "hash": key_hash,
        "name": name,
        "role": role,
        "scopes": list(scopes),
        "plants": None if plants is None else list(plants),
        "expires_at": expires_at,
    }
    return sa.insert(api_keys).values(values).returning(*PUBLIC_COLUMNS)


def revoke_key(prefix: str) -> sa.Executable:
    return (
        sa.update(api_keys)
        .where(api_keys.c.prefix == prefix, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=sa.func.now())
        .returning(*PUBLIC_COLUMNS)
    )


def find_valid_key(prefix: str) -> sa.Select[Any]:
    """Return the statement for a key that is not revoked; it locks the row."""
    query = sa.select(*PUBLIC_COLUMNS).with_for_update()
    return query.where(api_keys.c.prefix == prefix, api_keys.c.revoked_at.is_(None))


def rotate_key(
    prefix: str, key_hash: bytes, *, former_valid_until: datetime, expires_at: datetime | None
) -> sa.Executable:
    """Return the statement that gives a key a new secret; the former one is valid until then."""
    return (
        sa.update(api_keys)
        .where(api_keys.c.prefix == prefix, api_keys.c.revoked_at.is_(None))
        .values(
            hash=key_hash,
            former_hash=api_keys.c.hash,
            former_valid_until=former_valid_until,
            rotated_at=sa.func.now(),
            expires_at=expires_at,
        )
        .returning(*PUBLIC_COLUMNS)
    )
