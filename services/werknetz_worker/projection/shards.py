"""Shards of the outbox: events that may concern the same relation or stock have the same one.

A worker locks the shards that it takes changes of until its transaction ends, also when it is
killed. So any number of workers project side by side, and of one material one after another.
"""

from collections.abc import Iterable
from typing import Final

from werknetz.store import locks
from werknetz.store.projection import outbox as statements
from werknetz.store.session import WriteConnection

ENOUGH: Final = 1_000
"""Changes for which one transaction is worth its effort: further shards are left to others."""
_LOCK: Final = 0x50524F4A  # "PROJ"


class LockedShards:
    """The shards that a transaction has locked."""

    def __init__(self, connection: WriteConnection) -> None:
        self._connection = connection
        self.numbers: set[int] = set()

    async def lock_next(self) -> None:
        """Lock shards with changes, the oldest first, until there are enough changes."""
        changes = 0
        rows = await self._connection.fetch(statements.SHARDS_WITH_CHANGES, ENOUGH)
        for shard, count in rows:
            if changes >= ENOUGH:
                break
            if await self.lock(shard):
                changes += count

    async def lock(self, shard: int) -> bool:
        """Lock a shard; return False if another worker has it."""
        if shard in self.numbers:
            return True
        if await self._connection.fetchval(locks.TRY_LOCK_OF, _LOCK, shard):
            self.numbers.add(shard)
            return True
        return False

    async def lock_all(self, shards: Iterable[int]) -> int | None:
        """Lock shards; return the first that another worker has, None: all are locked."""
        for shard in sorted(shards):
            if not await self.lock(shard):
                return shard
        return None
