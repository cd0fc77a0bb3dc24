"""Changes of accounts by an admin, each audited; the last admin stays."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from werknetz.domain.bucket import instant_of
from werknetz.store.accounts import users as statements
from werknetz.store.session import WriteSession
from werknetz.texts.sentence import Sentence
from werknetz_core.access.permissions import KeyRole
from werknetz_core.access.principal import Principal
from werknetz_core.accounts.lock_out import unlock_account
from werknetz_core.accounts.names import lowered_name
from werknetz_core.accounts.password_change import INITIAL_VALID
from werknetz_core.accounts.second_factor import NO_TOTP
from werknetz_core.audit.record import record_change
from werknetz_core.http.problem import Problem
from werknetz_core.sessions.opening import end_sessions_of_user

AUDITED: Final = ("display_name", "email", "role", "plants", "disabled_at")
_ENDS_SESSIONS: Final = ("role", "plants", "disabled_at")


async def lock_user(session: WriteSession, name: str) -> sa.RowMapping:
    """Return the row of a user, locked; raise 404."""
    query = statements.find_user(name, lowered_name(name))
    row: sa.RowMapping | None = (await session.execute(query)).mappings().first()
    if row is None:
        raise unknown_user(name)
    return row


def unknown_user(name: str) -> Problem:
    return Problem(
        404,
        "unknown_user",
        Sentence("accounts.unknown_user", name=name),
        Sentence("accounts.list_users"),
    )


async def create_user(
    session: WriteSession, by: Principal, values: Mapping[str, Any], password_hash: str, now_us: int
) -> sa.RowMapping:
    """Create an account with a password that the first sign-in replaces; raise 409."""
    name = values["name"]
    existing = (await session.execute(statements.find_user(name, lowered_name(name)))).first()
    if existing is not None:
        raise Problem(
            409,
            "user_exists",
            Sentence("accounts.user_exists", name=name),
            Sentence("accounts.choose_name"),
        )
    insert = statements.insert_user({**values, **initial_password(password_hash, now_us)})
    row = (await session.execute(insert)).mappings().one()
    await record_change(session, by, "created", ("user", name), after=_audit_fields(row))
    return row


def initial_password(password_hash: str, now_us: int) -> dict[str, Any]:
    """Return the columns of a password that an admin made."""
    now = instant_of(now_us)
    return {
        "password_hash": password_hash, "password_changed_at": now,
        "password_valid_until": now + INITIAL_VALID,
    }  # fmt: skip


async def change_user(
    session: WriteSession, by: Principal, row: sa.RowMapping, values: Mapping[str, Any], now_us: int
) -> sa.RowMapping:
    """Change an account; end its sessions where it may do or see something else."""
    if not values:
        return await _public(session, row)
    if _is_admin(row) and not _is_admin({**row, **values}):
        await _require_another_admin(session, row)
    update = statements.update_user(row["id"], dict(values))
    changed = (await session.execute(update)).mappings().one()
    before, after = _audit_fields(row), _audit_fields(changed)
    if before == after:
        return changed
    ended = 0
    if any(row[name] != changed[name] for name in _ENDS_SESSIONS):
        ended = await end_sessions_of_user(session, row["id"], now_us)
    await record_change(
        session, by, "changed", ("user", row["name"]),
        before=before, after=after | {"ended_sessions": ended},
    )  # fmt: skip
    return changed


async def _public(session: WriteSession, row: sa.RowMapping) -> sa.RowMapping:
    query = sa.select(*statements.PUBLIC_COLUMNS).where(
        statements.of_name(row["name"], row["name"])
    )
    return (await session.execute(query)).mappings().one()


async def reset_password(
    session: WriteSession, by: Principal, row: sa.RowMapping, password_hash: str, now_us: int
) -> sa.RowMapping:
    """Store a password that the first sign-in replaces; end the sessions, forget failures."""
    if row["issuer"] is not None:
        raise Problem(
            409,
            "no_password",
            Sentence("accounts.signs_in_at_provider", name=row["name"]),
            Sentence("accounts.set_password_there"),
        )
    update = statements.update_user(row["id"], initial_password(password_hash, now_us))
    changed = (await session.execute(update)).mappings().one()
    ended = await end_sessions_of_user(session, row["id"], now_us)
    await unlock_account(session, row["name"])
    after = {
        "ended_sessions": ended, "valid_until": _text_of(changed["password_valid_until"]),
    }  # fmt: skip
    await record_change(session, by, "reset", ("password", row["name"]), after=after)
    return changed


async def remove_totp(session: WriteSession, by: Principal, row: sa.RowMapping) -> sa.RowMapping:
    """Remove the second factor, for example where the phone is lost."""
    changed = (
        (await session.execute(statements.update_user(row["id"], dict(NO_TOTP)))).mappings().one()
    )
    await record_change(session, by, "deleted", ("totp", row["name"]))
    return changed


async def unlock(session: WriteSession, by: Principal, row: sa.RowMapping) -> None:
    """Forget failed sign-ins, so that the person need not wait."""
    await unlock_account(session, row["name"])
    await record_change(session, by, "unlocked", ("user", row["name"]))


async def delete_user(session: WriteSession, by: Principal, row: sa.RowMapping) -> None:
    """Delete an account with its sessions; what the person changed keeps the name."""
    if _is_admin(row):
        await _require_another_admin(session, row)
    await session.execute(statements.delete_user(row["id"]))
    await record_change(session, by, "deleted", ("user", row["name"]), before=_audit_fields(row))


def _is_admin(row: Mapping[str, Any] | sa.RowMapping) -> bool:
    """Return whether the account may change everything, and somebody can sign in to it."""
    return row["role"] == KeyRole.ADMIN and row["plants"] is None and row["disabled_at"] is None


async def _require_another_admin(session: WriteSession, row: sa.RowMapping) -> None:
    admins = (await session.execute(statements.OTHER_ADMINS)).scalars().all()
    if set(admins) - {row["id"]}:
        return
    if (await session.execute(statements.HAS_ADMIN_KEY)).scalar_one():
        return
    raise Problem(
        409,
        "last_admin",
        Sentence("accounts.last_admin", name=row["name"]),
        Sentence("accounts.make_another_admin"),
    )


def _audit_fields(row: Mapping[str, Any] | sa.RowMapping) -> dict[str, Any]:
    values = {name: row[name] for name in AUDITED}
    return {
        name: _text_of(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _text_of(at: datetime) -> str:
    return at.isoformat()
