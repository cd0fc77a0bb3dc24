"""Follows the heartbeats of connectors: holes in them are outages, and hide states of machines.

Beats are looked at once, and again only where an outage is recent: one that was late closes its
hole, and samples from inside it show that the source had kept what happened.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from werknetz.kpi.data_gaps import HEARTBEAT_US, HEARTBEAT_GAP_US
from werknetz.store.gap import HIDDEN, SERVES
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.state_gaps import OWN_TIME

SILENT_S: Final = 60.0
"""A beat may be so long on its way before its connector counts as silent."""
AGAIN: Final = timedelta(hours=1)  # how long after a change an outage is looked at again
FIRST_LOOK: Final = timedelta(days=31)  # how far back the first look at a heartbeat goes
_LOCK: Final = 0x42454154  # "BEAT": one worker at a connector

_TRY: Final = "SELECT pg_try_advisory_xact_lock($1, $2)"
_CONNECTORS: Final = """
SELECT s.id, s.connector_id FROM signals s WHERE s.role = 'heartbeat' ORDER BY s.connector_id"""
_LOOKED: Final = "SELECT last_at FROM heartbeats WHERE connector_id = $1"
_LAST: Final = "SELECT max(at) FROM samples WHERE signal_id = $1 AND at >= $2 AND at <= $3"
_SEEN: Final = """
INSERT INTO heartbeats AS old (connector_id, last_at) VALUES ($1, $2)
ON CONFLICT (connector_id) DO UPDATE SET last_at = excluded.last_at, seen_at = clock_timestamp()
WHERE old.last_at < excluded.last_at"""
_HOLES: Final = f"""
SELECT before, at FROM (
    SELECT at, lag(at) OVER (ORDER BY at) AS before FROM samples
    WHERE signal_id = $1 AND at >= $2 AND at <= $3) AS beats
WHERE at - before > interval '{HEARTBEAT_GAP_US} microseconds' ORDER BY at"""  # noqa: S608 - made of constants
_OPEN: Final = f"""
INSERT INTO outages (connector_id, start_at)
SELECT connector_id, last_at FROM heartbeats
WHERE connector_id = $1 AND seen_at < clock_timestamp() - interval '{SILENT_S} s'
ON CONFLICT DO NOTHING RETURNING start_at"""  # noqa: S608 - made of constants
_DROP: Final = """
DELETE FROM outages WHERE connector_id = $1
    AND (start_at = ANY($3) OR (end_at IS NULL AND start_at < $2)) RETURNING start_at"""
_CLOSED: Final = """
INSERT INTO outages (connector_id, start_at, end_at) VALUES ($1, $2, $3)
ON CONFLICT (connector_id, start_at)
DO UPDATE SET end_at = excluded.end_at, changed_at = clock_timestamp()"""
_FILLED: Final = """
SELECT o.start_at, o.end_at FROM outages o
WHERE o.connector_id = $2 AND o.end_at IS NOT NULL
    AND o.changed_at > clock_timestamp() - $3::interval
    AND EXISTS (SELECT FROM samples
        WHERE signal_id = $1 AND at > o.start_at AND at < o.end_at)"""
_KEPT: Final = f"""
UPDATE outages o SET kept = true, changed_at = clock_timestamp()
WHERE o.connector_id = $1 AND NOT o.kept AND o.end_at IS NOT NULL
    AND o.changed_at > clock_timestamp() - $2::interval
    AND EXISTS (
        SELECT FROM signals s CROSS JOIN LATERAL (
            SELECT FROM samples WHERE signal_id = s.id
                AND at > o.start_at + interval '{HEARTBEAT_US + 1_000_000} microseconds'
                AND at < o.end_at - interval '1 s' AND {OWN_TIME} LIMIT 1) AS inside
        WHERE s.role <> 'heartbeat' AND {SERVES.format(connector="$1")})
RETURNING start_at, end_at"""  # noqa: S608 - made of constants
_GOES_ON: Final = """
SELECT start_at FROM outages WHERE connector_id = $1 AND end_at IS NULL
    AND start_at > clock_timestamp() - interval '1 day'"""
_MARK: Final = f"""
INSERT INTO dirty_buckets AS old (equipment_id, bucket_at)
SELECT DISTINCT machine.equipment_id,
    date_bin('15 minutes', greatest(edge.at, machine.first_at), timestamptz 'epoch')
FROM ({HIDDEN}) AS machine CROSS JOIN unnest($3::timestamptz[]) AS edge (at)
WHERE machine.first_at IS NOT NULL AND edge.at <= clock_timestamp() ORDER BY 1, 2
ON CONFLICT (equipment_id, bucket_at)
DO UPDATE SET marks = old.marks + 1, marked_at = clock_timestamp()"""  # noqa: S608 - made of constants
# The first word after a gap may be an old one, told again: it marks a bucket long before.
_TOLD: Final = """
SELECT connector_id, signal_keys, array_agg(DISTINCT start_at) FROM (
    SELECT connector_id, signal_keys, start_at FROM gaps
    WHERE changed_at > clock_timestamp() - interval '5 minutes'
    ORDER BY changed_at DESC LIMIT 1000) AS recent
GROUP BY connector_id, signal_keys"""


async def watch(pool: DriverPool, now: datetime, *, again: timedelta = AGAIN) -> int:
    """Bring outages up to date and mark what they change; return how many changed."""
    changed = 0
    for signal_id, connector in await pool.fetch(_CONNECTORS):
        async with pool.acquire() as connection, connection.transaction():
            if await connection.fetchval(_TRY, _LOCK, signal_id):
                heartbeat = _Heartbeat(connection, signal_id, connector, now)
                changed += await heartbeat.follow(again)
    for connector, keys, starts in await pool.fetch(_TOLD):
        await pool.execute(_MARK, connector, keys, starts)
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
        goes_on = [row[0] for row in await self._connection.fetch(_GOES_ON, self._connector)]
        if edges := sorted({*self._edges, *goes_on}):
            await self._connection.execute(_MARK, self._connector, [], edges)
        return changed

    async def _look_on(self) -> None:
        """Look at the beats that are new; none for too long: an outage goes on."""
        connection, connector = self._connection, self._connector
        looked = await connection.fetchval(_LOOKED, connector)
        since = looked or self._now - FIRST_LOOK
        last = await connection.fetchval(_LAST, self._signal_id, since, self._now)
        if last is None:
            return
        if looked is None or last > looked:
            await connection.execute(_SEEN, connector, last)
            await self._write(since, last, [])
        elif start := await connection.fetchval(_OPEN, connector):
            self._edges.append(start)

    async def _look_again(self, again: timedelta) -> None:
        connection, connector = self._connection, self._connector
        for start, end in await connection.fetch(_FILLED, self._signal_id, connector, again):
            await self._write(start, end, [start])
        for start, end in await connection.fetch(_KEPT, connector, again):
            self._edges += [start, end]

    async def _write(self, start: datetime, end: datetime, wrong: Sequence[datetime]) -> None:
        """Write the holes between the two beats; drop what is none any more."""
        dropped = await self._connection.fetch(_DROP, self._connector, end, wrong)
        holes = await self._connection.fetch(_HOLES, self._signal_id, start, end)
        for before, at in holes:
            await self._connection.execute(_CLOSED, self._connector, before, at)
            self._edges += [before, at]
        self._edges += [row[0] for row in dropped]
