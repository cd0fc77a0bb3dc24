"""The plants of whoever a database connection works for; row-level security reads them.

PostgreSQL shows the API's role only rows of the plants in the setting `werknetz.plants`, which
counts with a signature of the API alone; without it, no row is visible. A request sets the plants
of its key once; each connection that it takes is given them before its first statement. The
connection remembers them, so that the next caller with the same plants costs no round trip.
"""

import json
import time
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Self

import asyncpg

from werknetz.store.access.rows_key import RowsKey, RowsKeyRefused

ALL_PLANTS: Final = "*"
NO_PLANT: Final = ""
BEGIN_SESSION: Final = """
SELECT begin_caller_session() AS number, extract(epoch FROM clock_timestamp())::bigint AS now_s"""
STATE_PLANTS: Final = "SELECT state_caller($1, false)"
# The owner of the tables is not restricted and signs nothing.
SET_PLANTS: Final = "SELECT set_config('werknetz.plants', $1, false)"
# Views with the names of tables that the API may only read through them.
SEARCH_PATH: Final = "werknetz_api, public"
SIGNED_S: Final = 3600  # how long a signature is valid: longer than any transaction
RENEW_S: Final = 600
_REMEMBERED: Final = "werknetz.caller"  # in the pool's notes about a connection
_plants: Final[ContextVar[str]] = ContextVar("werknetz_plants", default=NO_PLANT)


def setting_of(plants: Sequence[str] | None) -> str:
    """Return the plants as they are signed, for paths of plants; None: all plants."""
    return ALL_PLANTS if plants is None else json.dumps(sorted(plants))


def set_caller_plants(plants: Sequence[str] | None) -> None:
    """State whose rows the rest of this task may see; None: those of all plants."""
    _plants.set(setting_of(plants))


def sees_all_plants() -> bool:
    """Return whether connections that are taken now see the rows of all plants."""
    return _plants.get() == ALL_PLANTS


@contextmanager
def no_caller() -> Iterator[None]:
    """Show no plant's row until a caller is stated; afterwards as before."""
    token = _plants.set(NO_PLANT)
    try:
        yield
    finally:
        _plants.reset(token)


@contextmanager
def all_plants() -> Iterator[None]:
    """Show the rows of all plants to connections that are taken within: work for no caller."""
    token = _plants.set(ALL_PLANTS)
    try:
        yield
    finally:
        _plants.reset(token)


class SchemaOutdated(asyncpg.UndefinedTableError):
    """The database is not migrated as this program needs it; `werknetz migrate` mends it."""


@dataclass(slots=True)
class CallerSession:
    """What signs the plants of one connection, and what they are."""

    key: RowsKey | None
    number: int | None  # None: the owner's, which needs no signature
    clock_s: float  # what PostgreSQL's clock is ahead of the monotonic one
    serial: int = 1
    plants: str | None = None  # None: not known; they are stated again
    renew_at_s: float = 0

    @classmethod
    async def begin(cls, connection: asyncpg.Connection, key: RowsKey | None) -> Self:
        """Ask for the number of the connection; raise RowsKeyRefused where a key is missing."""
        try:
            row = await connection.fetchrow(BEGIN_SESSION)
        except asyncpg.UndefinedFunctionError as error:
            raise SchemaOutdated("the schema of the database is older, or missing") from error
        assert row is not None  # noqa: S101 - a SELECT without FROM has one row
        if row["number"] is not None and key is None:
            raise RowsKeyRefused.without_key()
        return cls(key, row["number"], row["now_s"] - time.monotonic())

    def next_value(self, plants: str) -> str:
        """Return the value of the setting; each has a higher serial number than the one before."""
        if self.number is None or self.key is None:
            return plants
        self.serial += 1
        end_s = int(time.monotonic() + self.clock_s) + SIGNED_S
        return self.key.sign(self.number, self.serial, end_s, plants)

    async def state(self, connection: asyncpg.Connection, plants: str) -> None:
        """Give the connection plants, outside a transaction; raise RowsKeyRefused.

        What it has is forgotten first: after an error it is set again, and nobody inherits it.
        """
        now_s = time.monotonic()
        if self.plants == plants and now_s < self.renew_at_s:
            return
        self.plants = None
        value = self.next_value(plants)
        try:
            await connection.execute(SET_PLANTS if self.number is None else STATE_PLANTS, value)
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            raise RowsKeyRefused.unknown_key() from error
        self.plants, self.renew_at_s = plants, now_s + RENEW_S


async def give_plants(
    connection: asyncpg.Connection, remembered: MutableMapping[Any, Any], key: RowsKey | None
) -> None:
    """Give a connection, outside a transaction, the plants of the caller; raise RowsKeyRefused.

    A refusal of a connection that was used before is tried again with a new session: PostgreSQL's
    clock may have been set since it began.
    """
    session: CallerSession | None = remembered.get(_REMEMBERED)
    if session is not None:
        with suppress(RowsKeyRefused):
            await session.state(connection, _plants.get())
            return
    session = remembered[_REMEMBERED] = await CallerSession.begin(connection, key)
    await session.state(connection, _plants.get())


@contextmanager
def forgets_refused(remembered: MutableMapping[Any, Any]) -> Iterator[None]:
    """Let the connection state its plants again after an error that does not accept them.

    So it is where all that was signed before has ended: whoever takes the connection next signs
    with the key of today, and does not wait until the plants are renewed.
    """
    try:
        yield
    except Exception as error:
        if _is_refusal(error):
            remembered.pop(_REMEMBERED, None)
        raise


def _is_refusal(error: BaseException | None) -> bool:
    """Whether it is PostgreSQL's refusal, or is caused by it: SQLAlchemy wraps it twice."""
    while error is not None and not isinstance(
        error, asyncpg.InvalidAuthorizationSpecificationError
    ):
        error = error.__cause__
    return error is not None
