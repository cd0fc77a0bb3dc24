"""Statements over API keys. Only the hash of a key is stored."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from werknetz.store.tables.access import api_keys

# `prefix` is public and identifies the row; the caller compares the hash.
FIND_KEY: Final = """
SELECT id, hash, name, role, plants,
    (extract(epoch FROM expires_at) * 1000000)::bigint AS expires_us
FROM api_keys WHERE prefix = $1 AND revoked_at IS NULL"""

INSERT_KEY: Final = """
INSERT INTO api_keys (prefix, hash, name, role, plants, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)"""

LIST_KEYS: Final = """
SELECT prefix, name, role, plants, created_at, expires_at, revoked_at FROM api_keys
ORDER BY prefix"""

REVOKE_KEY: Final = """
UPDATE api_keys SET revoked_at = now() WHERE prefix = $1 AND revoked_at IS NULL
RETURNING name"""

# What the API shows of a key.
PUBLIC_COLUMNS: Final = [column for column in api_keys.c if column.name not in {"id", "hash"}]


def insert_key(
    prefix: str,
    key_hash: bytes,
    *,
    name: str,
    role: str,
    plants: Sequence[str] | None,
    expires_at: datetime | None,
) -> sa.Executable:
    values = {
        "prefix": prefix,
        "hash": key_hash,
        "name": name,
        "role": role,
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
