"""Detects outages of connectors from gaps in their heartbeats; they make machine states unknown.

Each heartbeat is read once, and again while an outage is recent: a late heartbeat closes its gap,
and samples inside it show that the source buffered its values (backfill).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from werknetz.kpi.data_gaps import HEARTBEAT_GAP_US, HEARTBEAT_US
from werknetz.store import dirty, locks
from werknetz.store.elements import outages as statements
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.failures import Retries, Subject, run_isolated

SILENCE_MAX_S: Final = 60.0
"""A heartbeat may be this late before its connector counts as silent."""
RECHECK_WINDOW: Final = timedelta(hours=1)  # how long after a change an outage is checked again
FIRST_READ_WINDOW: Final = timedelta(days=31)  # how far back the first read of a heartbeat goes
_LOCK: Final = 0x42454154  # "BEAT": one worker at a connector


async def update_outages(
    pool: DriverPool,
    now: datetime,
    *,
    recheck_window: timedelta = RECHECK_WINDOW,
    retries: Retries | None = None,
) -> int:
    """Update outages and mark the affected buckets; return how many changed.

    A connector whose outages cannot be updated waits; the others go on.
    """
    retries = Retries() if retries is None else retries
    changed = 0
    for signal_id, connector in await pool.fetch(statements.HEARTBEAT_SIGNALS):
        subject = Subject("heartbeat", connector)
        update = partial(_update_outages_of, pool, signal_id, connector, now, recheck_window)
        if (count := await run_isolated(pool, retries, subject, update)) is not None:
            changed += count
    for connector, keys, starts in await pool.fetch(statements.CHANGED_GAPS):
        subject = Subject("gaps", connector)
        mark = partial(pool.execute, dirty.MARK_BUCKETS_AT_GAP_EDGES, connector, keys, starts)
        await run_isolated(pool, retries, subject, mark)
    return changed


async def _update_outages_of(
    pool: DriverPool, signal_id: int, connector: str, now: datetime, recheck_window: timedelta
) -> int:
    async with pool.acquire() as connection, connection.transaction():
        if not await connection.fetchval(locks.TRY_LOCK_OF, _LOCK, signal_id):
            return 0
        return await _Heartbeat(connection, signal_id, connector, now).update(recheck_window)


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

    async def update(self, recheck_window: timedelta) -> int:
        await self._read_new()
        await self._check_recent(recheck_window)
        changed = len(self._edges)
        goes_on = [
            row[0] for row in await self._connection.fetch(statements.OPEN_OUTAGES, self._connector)
        ]
        if edges := sorted({*self._edges, *goes_on}):
            await self._connection.execute(
                dirty.MARK_BUCKETS_AT_GAP_EDGES, self._connector, [], edges
            )
        return changed

    async def _read_new(self) -> None:
        """Read new heartbeats; after too long without one, open an outage."""
        connection, connector = self._connection, self._connector
        last_read = await connection.fetchval(statements.LAST_HEARTBEAT_READ, connector)
        since = last_read or self._now - FIRST_READ_WINDOW
        last = await connection.fetchval(
            statements.LAST_HEARTBEAT_SAMPLE, self._signal_id, since, self._now
        )
        if last is None:
            return
        if last_read is None or last > last_read:
            await connection.execute(statements.SET_LAST_HEARTBEAT, connector, last)
            await self._write_gaps(since, last, [])
        elif start := await connection.fetchval(statements.OPEN_OUTAGE, connector, SILENCE_MAX_S):
            self._edges.append(start)

    async def _check_recent(self, again: timedelta) -> None:
        connection, connector = self._connection, self._connector
        for start, end in await connection.fetch(
            statements.OUTAGES_WITH_HEARTBEATS, self._signal_id, connector, again
        ):
            await self._write_gaps(start, end, [start])
        for start, end in await connection.fetch(
            statements.MARK_BACKFILLED_OUTAGES, connector, again, HEARTBEAT_US + 1_000_000
        ):
            self._edges += [start, end]

    async def _write_gaps(
        self, start: datetime, end: datetime, not_outages: Sequence[datetime]
    ) -> None:
        """Write the gaps between the two heartbeats; delete outages that are none."""
        dropped = await self._connection.fetch(
            statements.DELETE_OUTAGES, self._connector, end, not_outages
        )
        gaps = await self._connection.fetch(
            statements.HEARTBEAT_GAPS, self._signal_id, start, end, HEARTBEAT_GAP_US
        )
        for before, at in gaps:
            await self._connection.execute(
                statements.UPSERT_CLOSED_OUTAGE, self._connector, before, at
            )
            self._edges += [before, at]
        self._edges += [row[0] for row in dropped]
