"""Rejects a PostgreSQL that may lose committed data (R9), and detects restore and failover.

With a synchronous standby (`synchronous_standby_names`) COMMIT returns only when the standby has
flushed, for every value of synchronous_commit from `on` upwards; so an ack after COMMIT is right
with and without one. `local` and `off` are refused: an acked batch could be missing after failover.
"""

from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import asyncpg

from werknetz.runtime.log import get_logger
from werknetz.store.ingest import durability as durability_statements
from werknetz.store.ingest import spools as statements

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

_log = get_logger("ingest.durability")
_SAFE: Final = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "remote_apply", "remote_write"},
}


class UnsafeDatabase(RuntimeError):
    """Committed data could be lost. The text names the setting to change."""


class DatabaseNotReady(RuntimeError):
    """The tables are not there yet; the migration has to run first."""


async def check_durability(connection: "Connection") -> None:
    """Raise `UnsafeDatabase` or `DatabaseNotReady`; return when commits are durable."""
    samples, catch_all = await connection.fetchrow(durability_statements.HAS_TABLES) or (
        False,
        False,
    )
    if not samples:
        raise DatabaseNotReady("there is no table `samples`: run `werknetz migrate`")
    if not catch_all:
        raise DatabaseNotReady("there is no partition `samples_catch_all`: create it as DEFAULT")
    rows = await connection.fetch(durability_statements.DURABILITY_SETTINGS, list(_SAFE))
    settings = {row["name"]: row["setting"] for row in rows}
    wrong = [
        f"{name} is {settings.get(name)}, must be on"
        for name, safe in _SAFE.items()
        if settings.get(name) not in safe
    ]
    if settings.get("synchronous_commit") == "remote_write" and settings.get(
        "synchronous_standby_names"
    ):
        wrong.append("synchronous_commit is remote_write: the standby would not have flushed")
    wrong += [
        f"table {row['relname']} is UNLOGGED: ALTER TABLE {row['relname']} SET LOGGED"
        for row in await connection.fetch(durability_statements.UNLOGGED_TABLES)
    ]
    if wrong:
        raise UnsafeDatabase(
            "PostgreSQL could lose committed data that the connectors have already "
            "deleted. " + "; ".join(wrong)
        )


async def load_incarnation(connection: "Connection") -> UUID:
    """Return the incarnation of the database; a restore or a promotion starts a new one.

    A restore to a moment ends on another timeline; one into a new cluster, from a dump, has
    another system identifier.
    """
    async with connection.transaction():
        await connection.execute(statements.LOCK_INCARNATIONS)
        server = await connection.fetchrow(statements.SERVER_IDENTITY)
        current = await connection.fetchrow(statements.CURRENT_INCARNATION)
        if server is None or server["timeline"] is None:
            raise DatabaseNotReady("this is a standby: the writer needs the primary")
        identity = (server["system_identifier"], server["timeline"])
        if current is not None and (current["system_identifier"], current["timeline"]) == identity:
            return UUID(str(current["incarnation"]))
        new = uuid4()
        await connection.execute(statements.ADD_INCARNATION, new, *identity)
    _log.warning(
        "new database incarnation (restore or failover)", incarnation=str(new), timeline=identity[1]
    )
    return new
