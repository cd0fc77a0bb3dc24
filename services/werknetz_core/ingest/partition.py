"""Sees to it that each day has its partition before rows come for it (R14).

Days ahead are made at start and daily; a day of the past is made when its first rows arrive, so
that history does not sit in the catch-all, which takes what lies further off.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import asyncpg
import numpy as np
from numpy.typing import NDArray

from werknetz.runtime.log import logger
from werknetz.store import partition

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

AHEAD_DAYS: Final = 93
BEHIND_DAYS: Final = 1
HISTORY_DAYS: Final = 3 * 366
"""How far back a day gets a partition of its own: clocks gone astray must not make thousands."""
_DAYS_A_TRANSACTION: Final = 16  # so that nobody waits long for the catch-all
_log = logger("ingest.partition")


class Partitions:
    """What this process knows to exist. Partitions are never dropped while writers run."""

    def __init__(self, *, ahead_days: int = AHEAD_DAYS) -> None:
        self._ahead = timedelta(days=ahead_days)
        self._known: set[date] = set()
        self._made_ahead_on: date | None = None

    def forget(self) -> None:
        """Look again: the database may be another one, or an older one."""
        self._known.clear()
        self._made_ahead_on = None

    async def make_ahead(self, connection: "Connection", today: date | None = None) -> int:
        """Make yesterday … three months ahead, once a day; return how many were new."""
        today = today or _today()
        if self._made_ahead_on == today:
            return 0
        span = range(-BEHIND_DAYS, self._ahead.days + 1)
        made = await self.make(connection, {today + timedelta(days=n) for n in span})
        self._made_ahead_on = today
        return made

    async def make_for(self, connection: "Connection", at_us: NDArray[np.int64]) -> int:
        """Make the days of these instants, as far as they are not too far off."""
        if not len(at_us):
            return 0
        today = _today()
        first, last = today - timedelta(days=HISTORY_DAYS), today + self._ahead
        return await self.make(connection, partition.days_of(at_us, first, last))

    async def make(self, connection: "Connection", days: Iterable[date]) -> int:
        """Make the days that have no partition, in transactions of their own."""
        missing = sorted(set(days) - self._known)
        if not missing:
            return 0
        made = 0
        for start in range(0, len(missing), _DAYS_A_TRANSACTION):
            made += await self._make_some(connection, missing[start : start + _DAYS_A_TRANSACTION])
        if made:
            _log.info("partitions made", days=made, first=str(missing[0]), last=str(missing[-1]))
        return made

    async def _make_some(self, connection: "Connection", days: list[date]) -> int:
        async with connection.transaction():
            existing = await self._existing(connection)
            if existing.issuperset(days):
                self._known |= existing
                return 0
            await connection.execute(partition.ONE_AT_A_TIME)
            lacking = [day for day in days if day not in await self._existing(connection)]
            if lacking:
                await connection.execute(partition.LOCK_CATCH_ALL)
            for day in lacking:
                for statement in partition.making(day):
                    await connection.execute(statement)
        self._known |= {*existing, *days}
        return len(lacking)

    async def _existing(self, connection: "Connection") -> set[date]:
        names = await connection.fetch(partition.EXISTING)
        return {day for row in names if (day := partition.day_of(row["relname"]))}


def _today() -> date:
    return datetime.now(UTC).date()
