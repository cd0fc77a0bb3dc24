"""The writer's connection to PostgreSQL: opened, checked, and replaced after every error.

The state of a connection after an error is unknown; a new one costs milliseconds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg

from werknetz.runtime.log import get_logger, mask_passwords
from werknetz.store.database_url import asyncpg_url, open_connection
from werknetz_core.ingest import durability
from werknetz_core.ingest.durability import DatabaseNotReady, OtherIncarnation
from werknetz_core.ingest.partitions import PartitionMaker

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

CONNECT_TIMEOUT_S: Final = 10.0
COMMAND_TIMEOUT_S: Final = 300.0  # waits for a slow PostgreSQL, gives up on a dead one
LOG_EVERY_S: Final = 10.0
CHECK_INCARNATION_EVERY_S: Final = 1.0
_TRY_EVERY_S: Final = 0.5
_SETTINGS: Final = {
    "application_name": "werknetz ingest",
    "timezone": "UTC",
    # A writer that is suspended in a transaction must not block the others for ever.
    "idle_in_transaction_session_timeout": "30000",
    "lock_timeout": "5000",  # as long as one locked connector may delay the others
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_log = get_logger("ingest.session")

RETRYABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # of a connection that broke while it was being set up
    DatabaseNotReady,
    OtherIncarnation,
)
"""Errors that are logged and retried."""


class WriterConnection:
    """One connection at a time, and the incarnation of its database."""

    def __init__(self, url: str, partitions: PartitionMaker, on_new: Callable[[], None]) -> None:
        """`on_new` is called for each new connection: caches may be outdated."""
        self._url = asyncpg_url(url)
        self._partitions = partitions
        self._on_new = on_new
        self._connection: Connection | None = None
        self._incarnation: UUID | None = None
        self._checked_at = 0.0

    @property
    def incarnation(self) -> UUID:
        if self._incarnation is None:
            raise RuntimeError("the incarnation is known once connected")
        return self._incarnation

    async def get(self, pause: Callable[[float], Awaitable[bool]]) -> "Connection | None":
        """Return a working connection, however long it takes; None when `pause` returns True.

        Raises `UnsafeDatabase`, which waiting does not change.
        """
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        logged_at = -LOG_EVERY_S
        while True:
            try:
                return await self._open()
            except RETRYABLE as error:
                if monotonic() - logged_at >= LOG_EVERY_S:
                    logged_at = monotonic()
                    _log.warning(
                        "waiting for PostgreSQL",
                        url=mask_passwords(self._url),
                        error=f"{type(error).__name__}: {error}",
                    )
            if await pause(_TRY_EVERY_S):
                return None

    async def check_incarnation(self, connection: "Connection") -> None:
        """Raise `OtherIncarnation` at most a second after a restore, also without deliveries.

        Otherwise repeated acks would assure the edges of what is no longer stored.
        """
        if monotonic() - self._checked_at >= CHECK_INCARNATION_EVERY_S:
            await durability.check_incarnation(connection, self.incarnation)
            self._checked_at = monotonic()

    async def drop(self) -> None:
        """Close the connection without waiting for a server that may not answer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
            await asyncio.sleep(0)

    async def _open(self) -> "Connection":
        await self.drop()
        connection: Connection = await open_connection(
            self._url,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=COMMAND_TIMEOUT_S,
            server_settings=_SETTINGS,
        )
        try:
            await durability.check_durability(connection)
            self._incarnation = await durability.load_incarnation(connection)
            self._on_new()
            await self._partitions.make_ahead(connection)
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection
        self._checked_at = monotonic()
        _log.info("connected to PostgreSQL", incarnation=str(self._incarnation))
        return connection
