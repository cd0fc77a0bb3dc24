"""Slots that the processes of an API share in Redis, each with a lease that ends with its process.

A slot that becomes free goes to the key that has waited longest since its last one, as in one
process. A process that is killed renews its leases no more: they end by themselves.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz.runtime.background import BackgroundTask, end_if_cancelled
from werknetz.runtime.log import get_logger
from werknetz_core.limits.fair_slots import NoSlot

LEASE_S: Final = 15.0
RENEW_S: Final = 4.0
RETRY_S: Final = 0.1
_SEEN_S: Final = 2.0  # a key that did not ask for so long waits no more
_REDIS_RETRY_S: Final = 5.0  # pause after a failed call to Redis
_log: Final = get_logger("core.slots")

# Keys: the leases by their end, the keys in line by the start of their waiting, and by when they
# last asked. A member of the leases is the number of its key, a colon and its own name.
# Arguments: key, name of the lease, slots of a key, slots in all, length of a lease in ms, ms after
# which a key waits no more. Returns 1 if the lease is granted.
TAKE_SLOT: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local key, own_max, total = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[6])) do
    redis.call('ZREM', KEYS[2], gone)
    redis.call('ZREM', KEYS[3], gone)
end
redis.call('ZADD', KEYS[2], 'NX', now, key)
redis.call('ZADD', KEYS[3], now, key)
for n = 1, 3 do redis.call('PEXPIRE', KEYS[n], ARGV[5] * 4) end
local taken, free = {}, total
for _, lease in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local holder = string.match(lease, '^[^:]+')
    taken[holder] = (taken[holder] or 0) + 1
    free = free - 1
end
for _, waiting in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    if free <= 0 then return 0 end
    if (taken[waiting] or 0) < own_max then
        if waiting == key then
            redis.call('ZREM', KEYS[2], key)
            redis.call('ZREM', KEYS[3], key)
            redis.call('ZADD', KEYS[1], now + ARGV[5], key .. ':' .. ARGV[2])
            return 1
        end
        free = free - 1
    end
end
return 0
"""
_RENEW: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
return redis.call('ZADD', KEYS[1], 'XX', 'CH', now + ARGV[2], ARGV[1])
"""


class SharedSlots:
    """Call `hold` for each request that has a slot of its own process already."""

    def __init__(
        self, redis: Redis | None, name: str, *, per_key: int, total: int, wait_s: float,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """`redis` None: the slots of the process are all there is."""
        self._redis = redis
        self._leases, self._line, self._latest = (
            f"wn:slots:{{{name}}}:{part}" for part in ("leases", "line", "latest")
        )
        self._per_key, self._total, self._wait_s = per_key, total, wait_s
        self._now_s = now_s
        self._redis_retry_at_s = 0.0

    @contextlib.asynccontextmanager
    async def hold(self, key_id: int) -> AsyncIterator[None]:
        """Hold a slot; raise NoSlot if none becomes free in time.

        While Redis is away, only the slots of the process count.
        """
        redis = self._redis
        if redis is None or self._now_s() < self._redis_retry_at_s:
            yield
            return
        name = uuid.uuid4().hex
        if not await self._acquire(redis, key_id, name):
            yield
            return
        lease = f"{key_id}:{name}"
        try:
            async with BackgroundTask("slot", lambda: self._renew(redis, lease)):
                yield
        finally:
            with self._without_redis():
                await redis.zrem(self._leases, lease)

    async def _acquire(self, redis: Redis, key_id: int, name: str) -> bool:
        """Take a lease; return whether there is one: Redis may be away. Raise NoSlot."""
        keys = (self._leases, self._line, self._latest)
        arguments = (
            str(key_id), name, str(self._per_key), str(self._total), str(int(LEASE_S * 1000)),
            str(int(_SEEN_S * 1000)),
        )  # fmt: skip
        until_s = self._now_s() + self._wait_s
        while True:
            granted = None
            with self._without_redis():
                granted = await redis.eval(TAKE_SLOT, 3, *keys, *arguments)
            if granted is None:
                return False
            if int(granted):
                return True
            if self._now_s() >= until_s:
                raise NoSlot
            await asyncio.sleep(RETRY_S)

    async def _renew(self, redis: Redis, lease: str) -> None:
        while True:
            end_if_cancelled()
            await asyncio.sleep(RENEW_S)
            with self._without_redis():
                await redis.eval(_RENEW, 1, self._leases, lease, str(int(LEASE_S * 1000)))

    @contextlib.contextmanager
    def _without_redis(self) -> Iterator[None]:
        """Go on without Redis where it does not answer."""
        try:
            yield
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_retry_at_s = self._now_s() + _REDIS_RETRY_S
            _log.warning(
                "Redis unavailable, slots of this process only", error=type(error).__name__
            )
