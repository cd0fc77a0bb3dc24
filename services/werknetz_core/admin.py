"""What an operator does to the database by hand: wait for it, keys, calendars.

Refused: the operator asked for what cannot be; it carries the remedy.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import asyncpg

from werknetz.domain.bucket import microseconds_of
from werknetz.domain.shift import Calendar, shifts_between
from werknetz_core.access.keys import KeyRole, generate_key
from werknetz_core.context.time_spec import format_local

T = TypeVar("T")
CONNECT_S: Final = 5.0
_BETWEEN_S: Final = 1.0
_SAID_EVERY_S: Final = 10.0
_WEEK_US: Final = 7 * 86_400_000_000


class Refused(Exception):
    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


async def wait(url: str, *, wait_s: float, say: Callable[[str], None]) -> None:
    """Return when PostgreSQL answers; say that we wait. 0: wait for ever."""
    began, said_at = time.monotonic(), float("-inf")
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=CONNECT_S)
            await connection.close(timeout=CONNECT_S)
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError) as error:
            waited = time.monotonic() - began
            if wait_s and waited >= wait_s:
                raise Refused(
                    f"PostgreSQL at {_place(url)} did not answer for {waited:.0f} s",
                    "start it, or correct WERKNETZ_DATABASE_URL",
                ) from error
            if time.monotonic() - said_at >= _SAID_EVERY_S:
                said_at = time.monotonic()
                reason = str(error) or type(error).__name__
                say(f"waiting for PostgreSQL at {_place(url)} ({reason})")
            await asyncio.sleep(_BETWEEN_S)
        else:
            return


async def create_key(
    url: str, name: str, *, role: str, plants: Sequence[str] | None, expires_at: datetime | None
) -> str:
    if role.upper() not in KeyRole.__members__:
        raise Refused(f"there is no role {role!r}", f"one of {', '.join(r.label for r in KeyRole)}")
    key = generate_key()
    async with _Connection(url) as connection:
        for plant in plants or ():
            await _equipment(connection, plant)
        await connection.execute(
            "INSERT INTO api_keys (prefix, hash, name, role, plants, expires_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            key.prefix,
            key.hash,
            name,
            role.lower(),
            list(plants) if plants is not None else None,
            expires_at,
        )
    return key.key


async def list_keys(url: str) -> Sequence[Mapping[str, Any]]:
    async with _Connection(url) as connection:
        rows = await connection.fetch(
            "SELECT prefix, name, role, plants, created_at, expires_at, revoked_at"
            " FROM api_keys ORDER BY prefix"
        )
    return [dict(row) for row in rows]


async def revoke_key(url: str, prefix: str) -> str | None:
    """Revoke a key; return its name, None: there was none in force."""
    async with _Connection(url) as connection:
        name: str | None = await connection.fetchval(
            "UPDATE api_keys SET revoked_at = now()"
            " WHERE prefix = $1 AND revoked_at IS NULL RETURNING name",
            prefix,
        )
        return name


async def set_calendar(
    url: str, path: str, document: Mapping[str, Any], valid_from: datetime | None
) -> list[str]:
    """Keep the calendar and mark what it moves as dirty; return the next shifts in words."""
    calendar = Calendar.parse(document)
    since = valid_from.astimezone(UTC) if valid_from else datetime(1970, 1, 1, tzinfo=UTC)
    async with _Connection(url) as connection, connection.transaction():
        number = await _equipment(connection, path)
        await connection.execute(
            "INSERT INTO shift_calendars (equipment_id, valid_from, document)"
            " VALUES ($1, $2, $3::jsonb) ON CONFLICT (equipment_id, valid_from)"
            " DO UPDATE SET document = excluded.document",
            number,
            since,
            json.dumps(document),
        )
        await connection.execute(
            "INSERT INTO dirty_buckets (equipment_id, bucket_at)"
            " SELECT e.equipment_id, e.bucket_at FROM elements e"
            " JOIN equipment q ON q.id = e.equipment_id"
            " WHERE (q.path = $1 OR starts_with(q.path, $1 || '/')) AND e.bucket_at >= $2"
            " ON CONFLICT (equipment_id, bucket_at)"
            " DO UPDATE SET marks = dirty_buckets.marks + 1, marked_at = clock_timestamp()",
            path,
            since,
        )
    now_us = microseconds_of(datetime.now(UTC))
    shifts = shifts_between(calendar, now_us, now_us + _WEEK_US)
    return [f"{shift.name} {format_local(shift.start_us, calendar.zone)}" for shift in shifts[:3]]


class _Connection:
    """One connection for one command."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None

    async def __aenter__(self) -> asyncpg.Connection:
        self._connection = await asyncpg.connect(self._url, timeout=CONNECT_S, command_timeout=60)
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        if self._connection is not None:
            await self._connection.close(timeout=CONNECT_S)


async def _equipment(connection: asyncpg.Connection, path: str) -> int:
    number: int | None = await connection.fetchval("SELECT id FROM equipment WHERE path = $1", path)
    if number is None:
        known = await connection.fetch("SELECT path FROM equipment WHERE level = 'plant' LIMIT 20")
        plants = ", ".join(row["path"] for row in known) or "none yet: connect a source first"
        raise Refused(f"there is no equipment {path!r}", f"plants are: {plants}")
    return number


def _place(url: str) -> str:
    """Return host and port, never the password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'the local socket'}:{parts.port or 5432}"
