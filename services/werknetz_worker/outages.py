"""Follows the heartbeats of connectors: holes in them are outages, and hide states of machines.

Beats are looked at once, and again only where an outage is recent: one that was late closes its
hole, and samples from inside it show that the source had kept what happened.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from werknetz.kpi.data_gaps import HEARTBEAT_GAP_US, HEARTBEAT_US
from werknetz.store import dirty, locks
from werknetz.store.elements import outages as statements
from werknetz.store.session import DriverPool, WriteConnection

SILENT_S: Final = 60.0
"""A beat may be so long on its way before its connector counts as silent."""
AGAIN: Final = timedelta(hours=1)  # how long after a change an outage is looked at again
FIRST_LOOK: Final = timedelta(days=31)  # how far back the first look at a heartbeat goes
_LOCK: Final = 0x42454154  # "BEAT": one worker at a connector


async def watch(pool: DriverPool, now: datetime, *, again: timedelta = AGAIN) -> int:
    """Bring outages up to date and mark what they change; return how many changed."""
    changed = 0
    for signal_id, connector in await pool.fetch(statements.HEARTBEAT_SIGNALS):
        async with pool.acquire() as connection, connection.transaction():
            if await connection.fetchval(locks.TRY_LOCK_OF, _LOCK, signal_id):
                heartbeat = _Heartbeat(connection, signal_id, connector, now)
                changed += await heartbeat.follow(again)
    for connector, keys, starts in await pool.fetch(statements.CHANGED_GAPS):
        await pool.execute(dirty.MARK_BUCKETS_AT_GAP_EDGES, connector, keys, starts)
    return changed


class _Heartbeat:
    """One connector's heartbeat in one transaction."""

    def __init__(
        self, connection: WriteConnection, signal_id: int, connector: str, now: datetime
    ) -> None:
        self._connection = connection
        self._signal_id = signal_id
        self._connector = connector
        self._now = now
        self._edges: list[datetime] = []  # of what changed

    async def follow(self, again: timedelta) -> int:
        await self._look_on()
        await self._look_again(again)
        changed = len(self._edges)
        goes_on = [
            row[0] for row in await self._connection.fetch(statements.OPEN_OUTAGES, self._connector)
        ]
        if edges := sorted({*self._edges, *goes_on}):
            await self._connection.execute(
                dirty.MARK_BUCKETS_AT_GAP_EDGES, self._connector, [], edges
            )
        return changed

    async def _look_on(self) -> None:
        """Look at the beats that are new; none for too long: an outage goes on."""
        connection, connector = self._connection, self._connector
        looked = await connection.fetchval(statements.LAST_HEARTBEAT_READ, connector)
        since = looked or self._now - FIRST_LOOK
        last = await connection.fetchval(
            statements.LAST_HEARTBEAT_SAMPLE, self._signal_id, since, self._now
        )
        if last is None:
            return
        if looked is None or last > looked:
            await connection.execute(statements.SET_LAST_HEARTBEAT, connector, last)
            await self._write(since, last, [])
        elif start := await connection.fetchval(statements.OPEN_OUTAGE, connector, SILENT_S):
            self._edges.append(start)

    async def _look_again(self, again: timedelta) -> None:
        connection, connector = self._connection, self._connector
        for start, end in await connection.fetch(
            statements.OUTAGES_WITH_HEARTBEATS, self._signal_id, connector, again
        ):
            await self._write(start, end, [start])
        for start, end in await connection.fetch(
            statements.MARK_BACKFILLED_OUTAGES, connector, again, HEARTBEAT_US + 1_000_000
        ):
            self._edges += [start, end]

    async def _write(self, start: datetime, end: datetime, wrong: Sequence[datetime]) -> None:
        """Write the holes between the two beats; drop what is none any more."""
        dropped = await self._connection.fetch(
            statements.DELETE_OUTAGES, self._connector, end, wrong
        )
        holes = await self._connection.fetch(
            statements.HEARTBEAT_GAPS, self._signal_id, start, end, HEARTBEAT_GAP_US
        )
        for before, at in holes:
            await self._connection.execute(
                statements.UPSERT_CLOSED_OUTAGE, self._connector, before, at
            )
            self._edges += [before, at]
        self._edges += [row[0] for row in dropped]
