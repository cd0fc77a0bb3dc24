"""Rejects a PostgreSQL that may lose committed data (R9), and detects restore and failover.

With a synchronous standby (`synchronous_standby_names`) COMMIT returns only when the standby has
flushed, for every value of synchronous_commit from `on` upwards; so an ack after COMMIT is right
with and without one. It is for duplicates, too: their transaction locks rows, which writes WAL, so
its COMMIT waits for what a crash of the primary made visible before the standby had it. `local` and
`off` are refused: an acked batch could be missing after failover.
"""

from collections.abc import Sequence
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


class OtherIncarnation(RuntimeError):
    """The database was restored under an open connection, or another writer noticed a restore."""

    def __init__(self, former: UUID, current: UUID | None) -> None:
        now = current or "a restored one"
        super().__init__(f"the database's incarnation was {former} and is {now}: connect again")


async def check_durability(connection: "Connection") -> None:
    """Raise `UnsafeDatabase` or `DatabaseNotReady`; return when commits are durable."""
    tables = await connection.fetchrow(durability_statements.HAS_TABLES)
    samples, catch_all, foreign_keys = tables or (False, False, False)
    if not samples:
        raise DatabaseNotReady("there is no table `samples`: run `werknetz migrate`")
    if not catch_all:
        raise DatabaseNotReady("there is no partition `samples_catch_all`: create it as DEFAULT")
    if not foreign_keys:
        raise DatabaseNotReady("table `points` has no foreign key: a restore has not finished")
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

    A restore to a moment ends on another timeline; another cluster has another system identifier,
    and a copied database another oid. A dump put back into the same database inserts the row by
    another transaction than the one that it names; VACUUM FULL and CLUSTER leave that as it is.
    """
    async with connection.transaction():
        await connection.execute(statements.LOCK_INCARNATIONS)
        server = await connection.fetchrow(statements.SERVER_IDENTITY)
        current = await connection.fetchrow(statements.CURRENT_INCARNATION)
        if server is None or server["timeline"] is None:
            raise DatabaseNotReady("this is a standby: the writer needs the primary")
        changed = [name for name in server.keys() if current and current[name] != server[name]]  # noqa: SIM118  a record iterates over its values
        if current is not None and current["transaction_id"] != current["inserted_by"]:
            changed.append("transaction_id")
        if current is not None and not changed:
            return UUID(str(current["incarnation"]))
        return await _add_incarnation(connection, server, changed)


async def check_incarnation(connection: "Connection", incarnation: UUID) -> None:
    """Raise `OtherIncarnation` unless it is that of the database now."""
    current = await connection.fetchval(statements.INCARNATION_IN_PLACE)
    if current != incarnation:
        raise OtherIncarnation(incarnation, current)


async def begin_incarnation(connection: "Connection", former: UUID) -> None:
    """Begin a new incarnation, if `former` is still the current one."""
    async with connection.transaction():
        await connection.execute(statements.LOCK_INCARNATIONS)
        server = await connection.fetchrow(statements.SERVER_IDENTITY)
        current = await connection.fetchrow(statements.CURRENT_INCARNATION)
        if server is not None and current is not None and current["incarnation"] == former:
            await _add_incarnation(connection, server, ["a lease that was granted"])


async def _add_incarnation(
    connection: "Connection", server: asyncpg.Record, changed: Sequence[str]
) -> UUID:
    new = uuid4()
    await connection.execute(statements.LOCK_CONNECTORS)
    identity = (server["system_identifier"], server["timeline"], server["database_oid"])
    await connection.execute(statements.ADD_INCARNATION, new, *identity)
    _log.warning(
        "new database incarnation (restore or failover)",
        incarnation=str(new),
        timeline=server["timeline"],
        changed=list(changed),
    )
    return new
