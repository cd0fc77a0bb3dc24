"""Makes the roles of the database and gives them their rights, after each migration.

Without the right to create roles nothing fails: an installation with one user goes on working,
and the operator reads what to run.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import asyncpg

from werknetz.runtime.settings import SettingError, read_env
from werknetz.store.access import roles as statements
from werknetz.store.access.rights import SCHEMAS, DatabaseRole
from werknetz.store.database_url import open_connection
from werknetz_core.admin import CONNECT_S, AdminError
from werknetz_core.rows_keys.store import find_refusal

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

PASSWORD_LENGTH_MIN: Final = 16
_REMEDY: Final = (
    "Give each service a user of its own: `werknetz migrate --login api=FILE`, see "
    "docs/how-to/database-users.md. Only `werknetz migrate` needs the owner."
)
_SUBJECT: Final = "database user"
_KEY_SUBJECT: Final = "rows key"
_UNREACHABLE: Final = (
    OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LoginRole:
    """A user of the database: what it may do is that of its group role."""

    role: DatabaseRole
    name: str
    password: str

    @classmethod
    def from_url(cls, role: DatabaseRole, url: str) -> "LoginRole":
        """Read name and password from the URL with which the service connects."""
        parts = urlsplit(url.strip())
        name, password = unquote(parts.username or ""), unquote(parts.password or "")
        if not name or len(password) < PASSWORD_LENGTH_MIN:
            raise AdminError(
                f"the URL for {role} has no user, or a password below "
                f"{PASSWORD_LENGTH_MIN} characters",
                "write postgresql://USER:PASSWORD@HOST/DATABASE; "
                "`python3 deploy/make_secrets.py` makes one",
            )
        return cls(role, name, password)


def login_from_option(text: str) -> LoginRole:
    """Read SERVICE=FILE, where the file holds the URL with which the service connects."""
    service, _, file = text.partition("=")
    roles = {role.service: role for role in DatabaseRole}
    if service not in roles or not file:
        raise AdminError(f"--login {text!r} is not valid", f"write {' or '.join(roles)}=FILE")
    try:
        url = Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise AdminError(f"--login {service}: {file} cannot be read", "correct the path") from error
    return LoginRole.from_url(roles[service], url)


async def apply_roles(connection: "Connection") -> list[str]:
    """Make missing roles and give each its rights; return what the operator has to run, if any."""
    existing = await _existing_roles(connection)
    missing = [role for role in DatabaseRole if role not in existing]
    if missing and not await connection.fetchval(statements.MAY_MAKE_ROLES):
        return [f"CREATE ROLE {role} NOLOGIN;" for role in missing]
    async with connection.transaction():
        for role in missing:
            await connection.execute(statements.create_role(role))
        await _grant(connection)
    return []


async def make_logins(
    connection: "Connection", logins: Sequence[LoginRole], reader_plants: Sequence[str] | None
) -> None:
    """Make login roles, or give them new passwords; `reader_plants` None: all, of reports."""
    for login in logins:
        present = await connection.fetchrow(statements.FIND_LOGIN, login.name)
        _refuse_other_role(login, present)
        async with connection.transaction():
            try:
                for statement in statements.login_statements(
                    login.name, login.password, login.role, exists=present is not None
                ):
                    await connection.execute(statement)
            except asyncpg.InsufficientPrivilegeError as error:
                raise AdminError(
                    f"the role {login.name!r} cannot be made: {error}",
                    f'run as a superuser: GRANT {login.role} TO "{login.name}"; or give the '
                    "owner of the tables CREATEROLE",
                ) from error
            if login.role is DatabaseRole.GRAFANA:
                plants = None if reader_plants is None else list(reader_plants)
                await connection.execute(statements.SET_READER, login.name, plants)


def _refuse_other_role(login: LoginRole, present: asyncpg.Record | None) -> None:
    """Never change the password or the groups of a role that is not one of ours."""
    if present is None:
        return
    if present["rolsuper"] or present["rolbypassrls"] or set(present["groups"]) != {login.role}:
        raise AdminError(
            f"the role {login.name!r} exists and is no member of {login.role} alone",
            "name another user in the URL: each service has its own",
        )


def check_database_user() -> list[tuple[str, bool, str, str]]:
    """Check for `werknetz doctor` what the database user of WERKNETZ_DATABASE_URL may do.

    Return subject, whether it passes, detail and remedy; nothing without that variable.
    """
    try:
        url = read_env("WERKNETZ_DATABASE_URL")
    except SettingError as error:
        return [(_SUBJECT, False, str(error), "Correct WERKNETZ_DATABASE_URL_FILE.")]
    if url is None:
        return []
    try:
        return asyncio.run(_check_user(url))
    except _UNREACHABLE as error:
        reason = f"not checked: {type(error).__name__}"
        return [(_SUBJECT, False, reason, "Start PostgreSQL, or correct WERKNETZ_DATABASE_URL.")]


def judge_key(refusal: tuple[str, str] | None) -> tuple[str, bool, str, str]:
    """Return the check of the key of an API's user; `refusal`: what is wrong, and the remedy."""
    if refusal is None:
        return (_KEY_SUBJECT, True, "PostgreSQL accepts the key that signs whose rows are seen", "")
    return (_KEY_SUBJECT, False, *refusal)


def judge_position(
    name: str, *, is_superuser: bool, bypasses: bool, is_owner: bool
) -> tuple[str, bool, str, str]:
    """Return the check of one user, by its attributes in `pg_roles`."""
    why = (
        "is a superuser" if is_superuser
        else "has BYPASSRLS" if bypasses
        else "owns the tables" if is_owner
        else None
    )  # fmt: skip
    if why is None:
        return (_SUBJECT, True, f"{name} is restricted by row-level security", "")
    detail = f"{name} {why}: row-level security does not restrict it"
    return (_SUBJECT, False, detail, _REMEDY)


async def _check_user(url: str) -> list[tuple[str, bool, str, str]]:
    connection = await open_connection(url, timeout=CONNECT_S, command_timeout=CONNECT_S)
    try:
        row = await connection.fetchrow(statements.OWN_POSITION)
        checks = [judge_position(**dict(row or {}))]
        if await connection.fetchval(statements.NEEDS_ROWS_KEY):
            checks.append(judge_key(await find_refusal(connection)))
        return checks
    finally:
        await connection.close(timeout=CONNECT_S)


async def _existing_roles(connection: "Connection") -> set[str]:
    rows = await connection.fetch(statements.EXISTING_ROLES, list(DatabaseRole))
    return {row["rolname"] for row in rows}


async def _grant(connection: "Connection") -> None:
    tables = await connection.fetch(statements.TABLES)
    sequences = await connection.fetch(statements.SEQUENCES)
    for role in DatabaseRole:
        await _grant_role(connection, role, {row["name"] for row in tables}, sequences)
    for row in tables:
        if row["relrowsecurity"] and not row["is_open"]:
            await connection.execute(statements.open_to_services(row["name"]))
    database: str | None = await connection.fetchval(statements.OWN_DATABASE)
    if database is not None:
        for statement in statements.temporary_grants(database):
            await connection.execute(statement)


async def _grant_role(
    connection: "Connection",
    role: DatabaseRole,
    tables: set[str],
    sequences: Sequence[asyncpg.Record],
) -> None:
    for schema in SCHEMAS[role]:
        if not await connection.fetchval(statements.MAY_USE_SCHEMA, role, schema):
            await connection.execute(statements.use_schema(role, schema))
    for statement in statements.grant_statements(role, tables):
        await connection.execute(statement)
    for row in sequences:
        for statement in statements.sequence_grants(role, row["name"], row["sequence"]):
            await connection.execute(statement)
