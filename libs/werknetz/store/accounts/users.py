"""Statements over people. Passwords, codes and secrets are never among the public columns."""

from typing import Any, Final

import sqlalchemy as sa

from werknetz.store.tables.access import users

PUBLIC_COLUMNS: Final = (
    users.c.name, users.c.display_name, users.c.email, users.c.role, users.c.plants,
    users.c.issuer, users.c.created_at, users.c.disabled_at, users.c.last_signed_in_at,
    users.c.password_changed_at, users.c.password_valid_until,
    users.c.password_hash.is_not(None).label("has_password"),
    users.c.totp_confirmed_at.is_not(None).label("has_totp"),
)  # fmt: skip

# Locked, so that of two changes at once neither removes the last admin.
OTHER_ADMINS: Final = sa.text("""
SELECT id FROM users WHERE role = 'admin' AND plants IS NULL AND disabled_at IS NULL
    AND (password_hash IS NOT NULL OR issuer IS NOT NULL) ORDER BY id FOR UPDATE""")

HAS_ADMIN_KEY: Final = sa.text("""
SELECT EXISTS (SELECT FROM api_keys WHERE (role = 'admin' OR 'admin' = ANY (scopes))
    AND plants IS NULL AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))""")

HAS_USERS: Final = sa.text("SELECT EXISTS (SELECT FROM users)")


def of_name(name: str, lowered: str) -> sa.ColumnElement[bool]:
    return sa.or_(users.c.name == name, sa.func.lower(users.c.name) == lowered)


def find_user(name: str, lowered: str) -> sa.Select[Any]:
    """Return the statement for the whole row of a user, locked; the exact name first."""
    return (
        sa.select(users)
        .where(of_name(name, lowered))
        .order_by((users.c.name == name).desc())
        .limit(1)
        .with_for_update()
    )


def insert_user(values: dict[str, Any]) -> sa.Executable:
    return sa.insert(users).values(values).returning(users.c.id, *PUBLIC_COLUMNS)


def update_user(user_id: int, values: dict[str, Any]) -> sa.Executable:
    return sa.update(users).where(users.c.id == user_id).values(values).returning(*PUBLIC_COLUMNS)


def delete_user(user_id: int) -> sa.Executable:
    return sa.delete(users).where(users.c.id == user_id)
