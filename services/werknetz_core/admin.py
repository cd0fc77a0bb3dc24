"""Work directly in the database: wait for it, API keys, admins, shift calendars."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import asyncpg
import sqlalchemy as sa

from werknetz.domain.bucket import microseconds_of
from werknetz.domain.shift import Calendar
from werknetz.runtime.command import operator_name
from werknetz.store.access.caller import all_plants, give_plants
from werknetz.store.access.rows_key import RowsKey
from werknetz.store.api_keys import INSERT_KEY, LIST_KEYS, LOCK_KEY, REVOKE_KEY, ROTATE_KEY
from werknetz.store.calendars import LOCK_CALENDARS
from werknetz.store.database_url import DatabaseTlsRefused, open_connection
from werknetz.store.queries.equipment import EQUIPMENT_ID, PLANT_PATHS
from werknetz.store.session import Database, PoolOptions
from werknetz.store.shop_floor.audit import ADD_AUDIT_ENTRY
from werknetz_core.access.keys import Principal, generate_key
from werknetz_core.access.permissions import KeyRole, KeyScope, rights_of
from werknetz_core.access.principal import check_key_name
from werknetz_core.calendars.changes import StoredCalendars
from werknetz_core.calendars.versions import parse_change, plan_change, store_change
from werknetz_core.context.time_spec import format_local
from werknetz_core.http.problem import Problem
from werknetz_core.users.first_admin import create_first_admin
from werknetz_core.users.first_admin import recover_user as recover

T = TypeVar("T")


class Unchanged:
    """A value that a command leaves as it is."""


UNCHANGED: Final = Unchanged()
Member = TypeVar("Member", bound=StrEnum)
CONNECT_S: Final = 5.0
_RETRY_S: Final = 1.0
_MESSAGE_EVERY_S: Final = 10.0
_PLANTS_LISTED: Final = 20
_WEEK_US: Final = 7 * 86_400_000_000
_STATEMENT_S: Final = 60.0


class AdminError(Exception):
    """The command cannot be carried out; `remedy` says what the operator can do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


async def wait_for_database(url: str, *, wait_s: float, show: Callable[[str], None]) -> None:
    """Return once PostgreSQL answers; report the wait. `wait_s` 0: no limit."""
    started, shown_at = time.monotonic(), float("-inf")
    while True:
        try:
            connection = await open_connection(url, timeout=CONNECT_S)
            await connection.close(timeout=CONNECT_S)
        except DatabaseTlsRefused as error:  # waiting would not change it
            raise AdminError(error.refusal.what, error.refusal.remedy) from error
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError) as error:
            waited_s = time.monotonic() - started
            if wait_s and waited_s >= wait_s:
                raise AdminError(
                    f"PostgreSQL at {_host_of(url)} did not answer for {waited_s:.0f} s",
                    "start it, or correct WERKNETZ_DATABASE_URL",
                ) from error
            if time.monotonic() - shown_at >= _MESSAGE_EVERY_S:
                shown_at = time.monotonic()
                reason = str(error) or type(error).__name__
                show(f"waiting for PostgreSQL at {_host_of(url)} ({reason})")
            await asyncio.sleep(_RETRY_S)
        else:
            return


async def create_key(
    url: str,
    name: str,
    *,
    role: str | None,
    scopes: Sequence[str] = (),
    plants: Sequence[str] | None,
    expires_at: datetime | None,
) -> str:
    """Create a key with a role, scopes or both; with neither, the role viewer."""
    try:
        check_key_name(name)
    except ValueError as error:
        raise AdminError(f"{name!r} is no name of a key: {error}", "choose another") from error
    of_person = None if role is None else _member_of(KeyRole, role, "role")
    of_program = [_member_of(KeyScope, scope, "scope") for scope in scopes]
    stored_role, stored_scopes = rights_of(of_person, of_program)
    key = generate_key()
    async with _Connection(url) as connection:
        for plant in plants or ():
            await _equipment_id(connection, plant)
        plant_list = list(plants) if plants is not None else None
        async with connection.transaction():
            await connection.execute(
                INSERT_KEY, key.prefix, key.hash, name, stored_role, stored_scopes, plant_list,
                expires_at,
            )  # fmt: skip
            after = {
                "name": name, "role": stored_role, "scopes": stored_scopes, "plants": plant_list,
                "expires_at": None if expires_at is None else expires_at.isoformat(),
            }  # fmt: skip
            await connection.execute(
                ADD_AUDIT_ENTRY, "created", "key", key.prefix, None, json.dumps(after)
            )
    return key.key


def _member_of(kind: type[Member], text: str, word: str) -> Member:
    try:
        return kind(text.lower())
    except ValueError as error:
        raise AdminError(f"there is no {word} {text!r}", f"one of {', '.join(kind)}") from error


async def list_keys(url: str) -> Sequence[Mapping[str, Any]]:
    async with _Connection(url) as connection:
        rows = await connection.fetch(LIST_KEYS)
    return [dict(row) for row in rows]


async def rotate_key(
    url: str,
    prefix: str,
    *,
    overlap: timedelta,
    expires_at: datetime | Unchanged | None = UNCHANGED,
) -> tuple[str, str, datetime]:
    """Give a key a new secret; return its name, the new key, and when the former one ends."""
    key = generate_key(prefix)
    async with _Connection(url) as connection, connection.transaction():
        before = await connection.fetchrow(LOCK_KEY, prefix)
        if before is None:
            raise AdminError(
                f"there is no valid key with the prefix {prefix!r}", "`werknetz keys list`"
            )
        expires = before["expires_at"] if isinstance(expires_at, Unchanged) else expires_at
        if expires is not None and expires <= before["now"]:
            raise AdminError(f"the key {prefix!r} has expired", "add --expires 365d")
        until: datetime = before["now"] + overlap
        await connection.execute(ROTATE_KEY, prefix, key.hash, until, expires)
        after = {"expires_at": expires, "former_valid_until": until}
        documents = (
            json.dumps(
                {"name": before["name"], **{name: row[name] for name in after}},
                default=datetime.isoformat,
            )
            for row in (before, after)
        )
        await connection.execute(ADD_AUDIT_ENTRY, "rotated", "key", prefix, *documents)
    return before["name"], key.key, until


async def revoke_key(url: str, prefix: str) -> str | None:
    """Revoke a key; return its name, None if no valid key has the prefix."""
    async with _Connection(url) as connection, connection.transaction():
        row = await connection.fetchrow(REVOKE_KEY, prefix)
        if row is None:
            return None
        before = json.dumps(dict(row), default=datetime.isoformat)
        await connection.execute(ADD_AUDIT_ENTRY, "revoked", "key", prefix, before, None)
        name: str = row["name"]
        return name


async def create_admin(url: str, name: str) -> str:
    """Create an admin for all plants; return the password, which the first sign-in replaces."""
    async with _open_database(url) as database:
        try:
            password = await create_first_admin(database, _now_us(), name, only_if_needed=False)
        except Problem as problem:
            raise AdminError(problem.detail, "`werknetz users recover NAME`") from problem
    assert password is not None  # noqa: S101 - it is created whatever there is
    return password


async def recover_user(url: str, name: str, *, totp: bool) -> str:
    """Let a user in again; return a password, which the first sign-in replaces."""
    async with _open_database(url) as database:
        try:
            return await recover(database, name, _now_us(), totp=totp)
        except Problem as problem:
            remedy = "`werknetz users list`, or `werknetz users first-admin NAME` creates an admin"
            raise AdminError(problem.detail, remedy) from problem


def _now_us() -> int:
    return microseconds_of(datetime.now(UTC))


async def set_calendar(
    url: str, path: str, document: Mapping[str, Any], valid_from: datetime | None
) -> list[str]:
    """Store the calendar, mark what it changes to be computed again; return its next shifts."""
    async with _Connection(url) as connection:
        await _equipment_id(connection, path)
    since = valid_from.astimezone(UTC) if valid_from else datetime(1970, 1, 1, tzinfo=UTC)
    now_us = _now_us()
    operator = Principal("database", KeyRole.ADMIN, None)
    async with _open_database(url) as database, database.write_session() as session:
        await session.execute(sa.text(LOCK_CALENDARS))
        stored = await StoredCalendars.load(session)
        change = parse_change(stored, path, document, microseconds_of(since), now_us)
        try:
            planned = await plan_change(session, stored, change)
        except Problem as problem:
            raise AdminError(problem.detail, problem.hint) from problem
        await store_change(session, stored, planned, operator, "set in the database")
    shifts = planned.history.shifts_between(now_us, now_us + _WEEK_US)
    zone = Calendar.parse_stored(document).zone
    return [f"{shift.name} {format_local(shift.start_us, zone)}" for shift in shifts[:3]]


@asynccontextmanager
async def _open_database(url: str) -> AsyncIterator[Database]:
    key = RowsKey.from_environment()
    options = PoolOptions(operator_name(), 1, _STATEMENT_S, follows_caller=True, rows_key=key)
    database = Database(url, options)
    try:
        with all_plants():
            yield database
    finally:
        await database.close()


class _Connection:
    """One connection for one command."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None

    async def __aenter__(self) -> asyncpg.Connection:
        self._connection = await open_connection(
            self._url, timeout=CONNECT_S, command_timeout=60,
            server_settings={"application_name": operator_name()},
        )  # fmt: skip
        try:  # whoever runs the command works for all plants, also with the user of the API
            with all_plants():
                await give_plants(self._connection, {}, RowsKey.from_environment())
        except BaseException:
            await self.__aexit__()
            raise
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        if self._connection is not None:
            await self._connection.close(timeout=CONNECT_S)


async def _equipment_id(connection: asyncpg.Connection, path: str) -> int:
    equipment_id: int | None = await connection.fetchval(EQUIPMENT_ID, path)
    if equipment_id is None:
        rows = await connection.fetch(PLANT_PATHS, _PLANTS_LISTED)
        plants = ", ".join(row["path"] for row in rows) or "none yet: connect a source first"
        raise AdminError(f"there is no equipment {path!r}", f"plants are: {plants}")
    return equipment_id


def _host_of(url: str) -> str:
    """Return host and port, without user and password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'the local socket'}:{parts.port or 5432}"
