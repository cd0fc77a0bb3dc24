"""The connections of a process to PostgreSQL, and what may be done with each: read or write.

A `ReadSession` takes no INSERT, UPDATE or DELETE: the type checker refuses them, and PostgreSQL
refuses what is hidden in a text, because the transaction is read-only. Statements that are built
with SQLAlchemy go through a session; statements in plain SQL go through a driver connection, from
asyncpg's own pool: it lends one in a third of the time.

Each pool has half of the connections. So a request that holds a session always gets a driver
connection, too, and requests cannot wait for each other for ever.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NewType, Protocol, TypeAlias, TypeVar, TypeVarTuple, overload

import asyncpg
import sqlalchemy as sa
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from werknetz.store.access.caller import SEARCH_PATH, forgets_refused, give_plants
from werknetz.store.access.rows_key import RowsKey
from werknetz.store.database_url import open_connection, sqlalchemy_url

CONNECT_S: Final = 5.0

Columns = TypeVarTuple("Columns")
Scalar = TypeVar("Scalar")
Parameters: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
WriteConnection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
"""A driver connection that may write."""

WriteSession = NewType("WriteSession", AsyncConnection)
"""One transaction that may read and write; committed where it ends without an error."""


class ReadSession(Protocol):
    """One read-only transaction. A `WriteSession` is one, too."""

    @overload
    async def execute(
        self,
        statement: sa.Select[*Columns] | sa.CompoundSelect[*Columns],
        parameters: Parameters = None,
    ) -> sa.CursorResult[*Columns]: ...
    @overload
    async def execute(
        self, statement: sa.Select[Any] | sa.TextClause, parameters: Parameters = None
    ) -> sa.CursorResult[*tuple[Any, ...]]: ...

    async def scalar(self, statement: sa.Select[Scalar]) -> Scalar | None: ...

    async def scalars(self, statement: sa.Select[Scalar]) -> sa.ScalarResult[Scalar]: ...


class ReadConnection(Protocol):
    """A driver connection for statements that only read."""

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]: ...
    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None: ...
    async def fetchval(self, query: str, *args: object) -> Any: ...


class DriverPool(Protocol):
    """What lends driver connections: `Database`, or a pool of asyncpg."""

    def acquire(self) -> AbstractAsyncContextManager[Any, Any]: ...
    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]: ...
    async def fetchval(self, query: str, *args: object) -> Any: ...
    async def execute(self, query: str, *args: object) -> str: ...


@dataclass(frozen=True, slots=True)
class PoolOptions:
    application_name: str
    sessions_max: int  # as many driver connections are possible beside them
    statement_timeout_s: float
    follows_caller: bool = False  # its connections see the rows of the caller's plants only
    rows_key: RowsKey | None = None  # signs these plants; the owner of the tables needs none


class Database:
    """The pool of one process. Connects on first use; a lost connection is replaced."""

    def __init__(self, url: str, options: PoolOptions) -> None:
        self._is_closed = False
        self._follows_caller = options.follows_caller
        self._rows_key = options.rows_key
        self._sessions = asyncio.Semaphore(options.sessions_max)
        self._open: Final = partial(open_connection, url, **_connect_options(options))
        self._drivers_max: Final = options.sessions_max
        self._drivers: asyncpg.Pool | None = None  # made on first use: it belongs to a loop
        self._engine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=options.sessions_max,
            max_overflow=0,
            pool_timeout=CONNECT_S,
            pool_use_lifo=True,
            hide_parameters=True,  # they may be secrets: not in errors, so not in logs
            async_creator=self._open,
        )
        # Cheaper than `pool_pre_ping`, which costs a round trip each time.
        sa.event.listen(self._engine.sync_engine, "checkout", _replace_closed)

    @asynccontextmanager
    async def read_session(self) -> AsyncIterator[ReadSession]:
        async with self._session_slot(), self._connect() as connection:
            with forgets_refused(await self._notes_of(connection)):
                await connection.execution_options(postgresql_readonly=True)
                yield connection

    @asynccontextmanager
    async def write_session(self) -> AsyncIterator[WriteSession]:
        async with self._session_slot(), self._connect() as connection:
            with forgets_refused(await self._notes_of(connection)):
                async with connection.begin():
                    yield WriteSession(connection)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.Connection]:
        """Lend a driver connection outside a transaction."""
        pool = await self._driver_pool()
        # Where one is idle, nothing is waited for, and a timer would cost as much as the rest.
        async with pool.acquire(timeout=None if pool.get_idle_size() else CONNECT_S) as lent:
            connection: Any = lent  # a proxy of a `_NotedConnection`
            if self._follows_caller:
                await give_plants(connection, connection.notes, self._rows_key)
            with forgets_refused(connection.notes):
                yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[ReadConnection]:
        """Lend a driver connection that sees one state of the database, read-only."""
        async with (
            self.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        async with self.acquire() as connection:
            return await connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        async with self.acquire() as connection:
            return await connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        async with self.acquire() as connection:
            return await connection.fetchval(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        """Run one statement that writes; return PostgreSQL's command tag."""
        async with self.acquire() as connection:
            return await connection.execute(query, *args)

    async def close(self) -> None:
        """Close the connections, within a bound: a server that hangs must not hold us up."""
        self._is_closed = True
        drivers, self._drivers = self._drivers, None
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._engine.dispose()
                if drivers is not None:
                    await drivers.close()
        except TimeoutError:
            await self._engine.dispose(close=False)
            if drivers is not None:
                drivers.terminate()

    async def _driver_pool(self) -> asyncpg.Pool:
        if self._is_closed:
            raise asyncpg.InterfaceError("the pool is closed")
        if self._drivers is None:  # nothing waits here: it connects when a connection is taken
            connect: Any = self._open_driver
            self._drivers = await asyncpg.create_pool(
                min_size=0,
                max_size=self._drivers_max,
                max_inactive_connection_lifetime=0,
                connect=connect,
                init=_decode_json,
                connection_class=_NotedConnection,
                reset=_leave_as_it_is,
            )
        return self._drivers

    async def _open_driver(self, _dsn: str | None, **options: Any) -> asyncpg.Connection:
        return await self._open(**options)

    def _connect(self) -> AsyncConnection:
        if self._is_closed:
            raise asyncpg.InterfaceError("the pool is closed")
        return self._engine.connect()

    async def _notes_of(self, connection: AsyncConnection) -> MutableMapping[Any, Any]:
        """Give a connection, outside a transaction, the caller's plants; return the notes of it."""
        fairy = await connection.get_raw_connection()
        driver: asyncpg.Connection | None = fairy.driver_connection
        if driver is None:
            raise asyncpg.InterfaceError("the connection was closed while it was taken")
        if self._follows_caller:
            await give_plants(driver, fairy.info, self._rows_key)
        return fairy.info

    @asynccontextmanager
    async def _session_slot(self) -> AsyncIterator[None]:
        async with asyncio.timeout(CONNECT_S):
            await self._sessions.acquire()
        try:
            yield
        finally:
            self._sessions.release()


class _NotedConnection(asyncpg.Connection):
    """A connection of the pool with notes about it, as SQLAlchemy's pool has them."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.notes: dict[Any, Any] = {}


async def _decode_json(connection: Any) -> None:
    """Read JSON as what it stands for and write it as text, as SQLAlchemy's connections do."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, encoder=str, decoder=json.loads, schema="pg_catalog", format="text"
        )


async def _leave_as_it_is(connection: Any) -> None:
    """Spare the round trip of asyncpg's reset: no statement changes settings of its connection."""


async def connection_of(session: WriteSession) -> ReadConnection:
    """Return the driver connection of a transaction that has begun to write.

    What is read there has the changes of the transaction so far.
    """
    driver: asyncpg.Connection | None = (await session.get_raw_connection()).driver_connection
    if driver is None or not driver.is_in_transaction():
        raise asyncpg.InterfaceError("the connection is in no transaction")
    return driver


def _connect_options(options: PoolOptions) -> dict[str, Any]:
    settings = {
        "statement_timeout": str(int(options.statement_timeout_s * 1000)),
        "application_name": options.application_name,
        "jit": "off",  # compiling a sum of 29 columns takes longer than the sum
    }
    if options.follows_caller:
        settings["search_path"] = SEARCH_PATH
    return {
        "timeout": CONNECT_S,
        "command_timeout": options.statement_timeout_s + 1,
        "server_settings": settings,
    }


def _replace_closed(
    connection: Any, _entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """Make the pool connect again where PostgreSQL has closed the connection meanwhile."""
    if connection.driver_connection.is_closed():
        raise sa.exc.DisconnectionError
