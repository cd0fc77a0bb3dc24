"""Keys in the database, for the API and for `werknetz keys`: only the hash is ever written."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from werknetz.store.access import api_keys
from werknetz.store.tables import equipment
from werknetz_core.access.keys import GeneratedKey

SHOWN = [column for column in api_keys.c if column.name not in {"id", "hash"}]


def insert_of(
    key: GeneratedKey,
    name: str,
    role: str,
    plants: Sequence[str] | None,
    expires_at: datetime | None,
) -> sa.Executable:
    return (
        sa.insert(api_keys)
        .values(
            prefix=key.prefix,
            hash=key.hash,
            name=name,
            role=role,
            plants=None if plants is None else list(plants),
            expires_at=expires_at,
        )
        .returning(*SHOWN)
    )


def revocation_of(prefix: str) -> sa.Executable:
    return (
        sa.update(api_keys)
        .where(api_keys.c.prefix == prefix, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=sa.func.now())
        .returning(*SHOWN)
    )


def plants_known(plants: Sequence[str]) -> sa.Select[tuple[str]]:
    return sa.select(equipment.c.path).where(equipment.c.path.in_(plants))
