"""Publishes in Redis that KPIs may have changed: a counter for each equipment path.

Increments that fail are sent again the next time; readers handle a Redis that lost its data.
"""

from collections.abc import Iterable
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz.domain.path import EquipmentPath
from werknetz.runtime.log import get_logger

WATERMARKS_KEY: Final = "wn:mark"
SOCKET_TIMEOUT_S: Final = 2.0
_log: Final = get_logger("worker.watermarks")


class WatermarkPublisher:
    def __init__(self, redis: Redis | None) -> None:
        self._redis = redis
        self._pending: set[str] = set()  # bounded by the number of equipments

    async def increment_paths(self, paths: Iterable[str]) -> None:
        """Increment the counters of the equipment and all above it. Call after the commit."""
        for path in paths:
            self._pending |= {str(above) for above in EquipmentPath.parse(path).ancestors()}
        await self._flush()

    async def increment_names(self, names: Iterable[str]) -> None:
        """Increment other counters, such as that of all suppliers. Call after the commit."""
        self._pending |= set(names)
        await self._flush()

    async def _flush(self) -> None:
        if self._redis is None or not self._pending:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for path in sorted(self._pending):
                    pipeline.hincrby(WATERMARKS_KEY, path, 1)
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("watermarks wait for Redis", error=type(error).__name__)
            return
        self._pending.clear()

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()
