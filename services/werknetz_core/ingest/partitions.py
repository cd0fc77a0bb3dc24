"""Creates the partition of each day before its rows arrive (R14).

Future days are created at start and daily; a past day when its first rows arrive. Rows that are
further away go to the catch-all partition.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Final

import asyncpg
import numpy as np
from numpy.typing import NDArray

from werknetz.runtime.log import get_logger
from werknetz.store.ingest import partitions as partition
from werknetz.store.ingest.partitions import SAMPLES, DayTable

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

AHEAD_DAYS: Final = 93
BEHIND_DAYS: Final = 1
HISTORY_DAYS: Final = 3 * 366
"""How far back a day gets a partition of its own: wrong clocks must not create thousands."""
_DAYS_A_TRANSACTION: Final = 16  # so that readers wait only briefly for the catch-all
_TRY_AGAIN_S: Final = 60.0
# What PostgreSQL has against one day, such as a table of that name or rows that do not fit.
_REFUSALS: Final = (
    asyncpg.DuplicateTableError, asyncpg.IntegrityConstraintViolationError, asyncpg.DataError,
    asyncpg.WrongObjectTypeError, asyncpg.DuplicateObjectError, asyncpg.InvalidTableDefinitionError,
)  # fmt: skip
_log = get_logger("ingest.partition")


class PartitionMaker:
    """Creates missing partitions of one table, and caches which ones exist.

    Retention drops old days. Late rows for a dropped day go to the catch-all until the next
    check creates the day again; retention drops it again later.
    """

    def __init__(self, *, ahead_days: int = AHEAD_DAYS, table: DayTable = SAMPLES) -> None:
        self._table = table
        self._ahead = timedelta(days=ahead_days)
        self._existing_days: set[date] = set()
        self._made_ahead_on: date | None = None
        self._not_before_s = 0.0
        self._failed_days: dict[date, float] = {}  # until when each waits

    def clear_cache(self) -> None:
        """Check again: the database may be another one, or an older one."""
        self._existing_days.clear()
        self._made_ahead_on = None
        self._not_before_s = 0.0

    async def make_ahead(self, connection: "Connection", today: date | None = None) -> int:
        """Make yesterday … three months ahead, once a day; return how many were new."""
        today = today or _today()
        if self._made_ahead_on == today:
            return 0
        self._existing_days.clear()  # retention may have dropped days since
        span = range(-BEHIND_DAYS, self._ahead.days + 1)
        days = {today + timedelta(days=n) for n in span}
        count = await self.make(connection, days)
        if days <= self._existing_days:
            self._made_ahead_on = today
        return count

    async def make_for(self, connection: "Connection", at_us: NDArray[np.int64]) -> int:
        """Make the days of these instants, as far as they are not too far off."""
        if not len(at_us):
            return 0
        today = _today()
        first, last = today - timedelta(days=HISTORY_DAYS), today + self._ahead
        return await self.make(connection, partition.days_of(at_us, first, last))

    async def make(self, connection: "Connection", days: Iterable[date]) -> int:
        """Make the days that have no partition, in transactions of their own."""
        now_s = monotonic()
        failed = {day for day, until_s in self._failed_days.items() if now_s < until_s}
        missing = sorted(set(days) - self._existing_days - failed)
        if not missing or now_s < self._not_before_s:
            return 0
        count = 0
        try:
            for start in range(0, len(missing), _DAYS_A_TRANSACTION):
                chunk = missing[start : start + _DAYS_A_TRANSACTION]
                count += await self._make_or_separate(connection, chunk)
        except asyncpg.LockNotAvailableError:
            # A long reader, such as a backup. Rows go to the catch-all until it has ended, and
            # move when the day is made.
            self._not_before_s = monotonic() + _TRY_AGAIN_S
            _log.warning("partitions have to wait", days=len(missing), first=str(missing[0]))
        if count:
            _log.info(
                "partitions made",
                table=self._table.name,
                days=count,
                first=str(missing[0]),
                last=str(missing[-1]),
            )
        return count

    async def _make_or_separate(self, connection: "Connection", days: list[date]) -> int:
        """Make some days; where one of them is refused, make each alone.

        The rows of a day that cannot be made go to the catch-all, and it is tried again later.
        """
        try:
            return await self._make_some(connection, days)
        except _REFUSALS as error:
            if len(days) > 1:
                return sum([await self._make_or_separate(connection, [day]) for day in days])
            self._failed_days[days[0]] = monotonic() + _TRY_AGAIN_S
            _log.error(
                "partition cannot be made",
                table=self._table.name,
                day=str(days[0]),
                error=str(error),
            )
            return 0

    async def _make_some(self, connection: "Connection", days: list[date]) -> int:
        async with connection.transaction():
            existing = await self._load_existing(connection)
            if existing.issuperset(days):
                self._existing_days |= existing
                return 0
            await connection.execute(partition.SET_SHORT_LOCK_TIMEOUT)
            await connection.execute(partition.LOCK_PARTITIONING)
            missing = [day for day in days if day not in await self._load_existing(connection)]
            for day in missing:
                await connection.execute(partition.MAKE_DAY, self._table.name, day)
        self._existing_days |= {*existing, *days}
        return len(missing)

    async def _load_existing(self, connection: "Connection") -> set[date]:
        names = await connection.fetch(self._table.list_partitions)
        return {day for row in names if (day := self._table.day_of(row["relname"]))}


def _today() -> date:
    return datetime.now(UTC).date()
