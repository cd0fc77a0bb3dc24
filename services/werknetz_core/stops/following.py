"""Lets what a person entered about a stop that goes on grow with the stop, until it ends.

A background task of the API; any number of processes may run it at the same time.
"""

import asyncio
from typing import Final

import asyncpg
import sqlalchemy as sa

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.kpi.stops.timeline import follow_boundaries
from werknetz.runtime.log import get_logger
from werknetz.store.access.caller import all_plants
from werknetz.store.session import Database, WriteSession
from werknetz.store.shop_floor import entries as statements
from werknetz.store.tables import state_entries
from werknetz_core.stops.entries import lock_machine, mark_span
from werknetz_core.stops.loading import entry_of, load_pieces_between

EVERY_S: Final = 5.0
_ENTRIES_MAX: Final = 500
_AHEAD_US: Final = 400 * 86_400_000_000
_DATABASE_AWAY: Final = (
    OSError, TimeoutError, asyncpg.InterfaceError, sa.exc.InterfaceError, sa.exc.OperationalError,
)  # fmt: skip
_log: Final = get_logger("core.stops")


async def run(database: Database) -> None:
    """Follow open stops until cancelled."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await follow_open_stops(database)
        except (
            OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError,
            sa.exc.SQLAlchemyError,
        ) as error:  # fmt: skip
            _log.warning("open stops not followed", error=type(error).__name__, reason=str(error))


async def follow_open_stops(database: Database) -> int:
    """Move the ends of entries about open stops to where these are now; return how many moved."""
    with all_plants():
        return await _follow_all(database)


async def _follow_all(database: Database) -> int:
    async with database.read_session() as session:
        rows = (await session.execute(statements.open_entries(_ENTRIES_MAX))).mappings().all()
    moved = 0
    for row in rows:
        try:
            async with database.write_session() as transaction:
                await lock_machine(transaction, row["equipment_id"])
                moved += await _follow(transaction, database, row["id"])
        except _DATABASE_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - one stop must not stop the others
            _log.error("open stop cannot be followed", entry=row["id"], reason=str(error))
    return moved


async def _follow(session: WriteSession, database: Database, entry_id: int) -> bool:
    e = state_entries.c
    query = sa.select(state_entries).where(e.id == entry_id, e.is_open, e.known_to.is_(None))
    row = (await session.execute(query)).mappings().first()
    if row is None:
        return False
    entry = entry_of(row)
    pieces = await load_pieces_between(
        database, row["equipment_id"], entry.end_us, entry.end_us + _AHEAD_US
    )
    after = await session.execute(
        statements.entries_between(
            row["equipment_id"], row["end_at"], instant_of(entry.end_us + _AHEAD_US)
        )
    )
    others = [entry_of(other) for other in after.mappings().all() if other["id"] != entry_id]
    end_us = follow_boundaries(pieces, [entry, *others])[0].end_us
    last_us = max((piece.end_us for piece in pieces), default=entry.end_us)
    # As long as nothing else is computed after it, the stop goes on.
    is_open = end_us >= last_us and not (others and others[0].start_us <= end_us)
    if end_us == entry.end_us and is_open:
        return False
    await session.execute(
        sa.update(state_entries)
        .where(e.id == entry_id)
        .values(end_at=instant_of(end_us), is_open=is_open)
    )
    if end_us > entry.end_us:
        await mark_span(session, row["equipment_id"], microseconds_of(row["end_at"]), end_us)
    return end_us > entry.end_us
