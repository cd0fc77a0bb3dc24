"""Tells pollers that KPIs may have changed: a number an equipment path, in Redis.

What Redis did not hear is said again the next time; that it forgets is the reader's care.
"""

from collections.abc import Iterable
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz.domain.path import EquipmentPath
from werknetz.runtime.log import get_logger

MARKS: Final = "wn:mark"
SOCKET_TIMEOUT_S: Final = 2.0
_log: Final = get_logger("worker.watermarks")


class Watermarks:
    def __init__(self, redis: Redis | None) -> None:
        self._redis = redis
        self._unsaid: set[str] = set()  # bounded by the number of equipments

    async def grow(self, paths: Iterable[str]) -> None:
        """Count up for the equipments and all above them. Call after the commit."""
        for path in paths:
            self._unsaid |= {str(above) for above in EquipmentPath.parse(path).ancestors()}
        await self._say()

    async def grow_marks(self, names: Iterable[str]) -> None:
        """Count up for what is no equipment, such as all suppliers. Call after the commit."""
        self._unsaid |= set(names)
        await self._say()

    async def _say(self) -> None:
        if self._redis is None or not self._unsaid:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for path in sorted(self._unsaid):
                    pipeline.hincrby(MARKS, path, 1)
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("watermarks wait for Redis", error=type(error).__name__)
            return
        self._unsaid.clear()

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()
