"""Accounts directly in the database: the first admin, and a way back in."""

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from werknetz.runtime.log import get_logger
from werknetz.store.access.caller import SchemaOutdated, all_plants
from werknetz.store.access.rows_key import RowsKey
from werknetz.store.accounts.users import HAS_ADMIN_KEY, HAS_USERS
from werknetz.store.locks import LOCK_OF
from werknetz.store.session import Database, PoolOptions, WriteSession
from werknetz_core.access.permissions import KeyRole
from werknetz_core.access.principal import Principal
from werknetz_core.accounts.hashing import PasswordHasher
from werknetz_core.accounts.password_change import INITIAL_VALID, generate_initial_password
from werknetz_core.users import changes

FIRST_ADMIN: Final = "admin"
_LOCK: Final = 0x41444D49  # "ADMI": of two first starts at once, one makes the admin
_STATEMENT_S: Final = 60.0
_log: Final = get_logger("core.accounts")
_OPERATOR: Final = Principal("database", KeyRole.ADMIN, None)


async def needs_first_admin(session: WriteSession) -> bool:
    """Return whether nobody could create a user: there is neither a user nor an admin's key."""
    has_users = (await session.execute(HAS_USERS)).scalar_one()
    return not has_users and not (await session.execute(HAS_ADMIN_KEY)).scalar_one()


async def create_first_admin(
    database: Database, now_us: int, name: str = FIRST_ADMIN, *, only_if_needed: bool = True
) -> str | None:
    """Create an admin for all plants; return the password, which the first sign-in replaces.

    None: there is a user or an admin's key already. Raises Problem where the name is taken.
    """
    password = generate_initial_password()
    hashed = await PasswordHasher().hash(password)
    values = {
        "name": name, "display_name": None, "email": None, "role": KeyRole.ADMIN, "plants": None,
    }  # fmt: skip
    with all_plants():
        async with database.write_session() as session:
            await session.execute(sa.text(LOCK_OF), {"kind": _LOCK, "id": 0})
            if only_if_needed and not await needs_first_admin(session):
                return None
            await changes.create_user(session, _OPERATOR, values, hashed, now_us)
    return password


async def recover_user(database: Database, name: str, now_us: int, *, totp: bool) -> str:
    """Enable a user, give a new password, and unlock; `totp`: remove the second factor, too.

    Return the password, which the first sign-in replaces. Raises Problem.
    """
    password = generate_initial_password()
    hashed = await PasswordHasher().hash(password)
    with all_plants():
        async with database.write_session() as session:
            row = await changes.lock_user(session, name)
            await changes.change_user(session, _OPERATOR, row, {"disabled_at": None}, now_us)
            await changes.reset_password(session, _OPERATOR, row, hashed, now_us)
            if totp:
                await changes.remove_totp(session, _OPERATOR, row)
    return password


async def offer_first_admin(
    url: str,
    now_us: int,
    show: Callable[[str], None],
    *,
    is_terminal: bool,
    rows_key: RowsKey | None = None,
) -> None:
    """At the start of the API: create the first admin, and show the password once.

    Where the output is no terminal, it may be stored in a log for ever: then it shows how to
    create one instead.
    """
    options = PoolOptions(
        "werknetz-first-admin", 1, _STATEMENT_S, follows_caller=True, rows_key=rows_key
    )
    database = Database(url, options)
    try:
        if is_terminal:
            password = await create_first_admin(database, now_us)
            if password is not None:
                show(text_of_password(FIRST_ADMIN, password))
            return
        async with database.write_session() as session:
            if await needs_first_admin(session):
                show(
                    "There is no admin yet. Create one in a terminal: `werknetz users first-admin`."
                )
    except (sa.exc.DBAPIError, SchemaOutdated) as error:
        # For example tables that are missing: the API answers and says so.
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        _log.warning("first admin not checked", error=type(cause).__name__)
    finally:
        await database.close()


def text_of_password(name: str, password: str) -> str:
    return (
        f"User {name!r}, password {password} (shown once; valid for {INITIAL_VALID.days} days). "
        "The first sign-in replaces it."
    )
