"""The writer's connection to PostgreSQL: waited for, checked, and thrown away after any error.

A connection after an error may hold anything; a new one costs milliseconds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg

from werknetz.runtime.log import get_logger, mask_passwords
from werknetz.store.database_url import asyncpg_url
from werknetz_core.ingest import durability
from werknetz_core.ingest.durability import DatabaseNotReady
from werknetz_core.ingest.partition import Partitions

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

CONNECT_TIMEOUT_S: Final = 10.0
COMMAND_TIMEOUT_S: Final = 300.0  # a slow PostgreSQL is waited for; a dead one is left at last
SAY_EVERY_S: Final = 10.0
_TRY_EVERY_S: Final = 0.5
_SETTINGS: Final = {
    "application_name": "werknetz ingest",
    "timezone": "UTC",
    # A writer that is stopped in a transaction must not hold the others up for ever.
    "idle_in_transaction_session_timeout": "30000",
    "lock_timeout": "20000",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_log = get_logger("ingest.session")

WORLD = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, DatabaseNotReady)
"""What the world does to us: said in the log, and tried again."""


class Session:
    """One connection at a time, and which life of the database it speaks with."""

    def __init__(self, url: str, partitions: Partitions, on_new: Callable[[], None]) -> None:
        """`on_new` is called for each new connection: what was cached may be wrong."""
        self._url = asyncpg_url(url)
        self._partitions = partitions
        self._on_new = on_new
        self._connection: Connection | None = None
        self._incarnation: UUID | None = None

    @property
    def incarnation(self) -> UUID:
        if self._incarnation is None:
            raise RuntimeError("which life of the database it is shows with a connection")
        return self._incarnation

    async def connection(self, pause: Callable[[float], Awaitable[bool]]) -> "Connection | None":
        """Return a connection that works, however long it takes; None when `pause` says stop.

        Raises `UnsafeDatabase`: waiting does not make it safe.
        """
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        said_at = -SAY_EVERY_S
        while True:
            try:
                return await self._open()
            except WORLD as error:
                if monotonic() - said_at >= SAY_EVERY_S:
                    said_at = monotonic()
                    _log.warning(
                        "waiting for PostgreSQL",
                        url=mask_passwords(self._url),
                        error=f"{type(error).__name__}: {error}",
                    )
            if await pause(_TRY_EVERY_S):
                return None

    async def drop(self) -> None:
        """Throw the connection away, without waiting for a server that may not answer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
            await asyncio.sleep(0)

    async def _open(self) -> "Connection":
        await self.drop()
        connection: Connection = await asyncpg.connect(
            self._url,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=COMMAND_TIMEOUT_S,
            server_settings=_SETTINGS,
        )
        try:
            await durability.check(connection)
            self._incarnation = await durability.incarnation(connection)
            self._on_new()
            await self._partitions.make_ahead(connection)
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection
        _log.info("connected to PostgreSQL", incarnation=str(self._incarnation))
        return connection
