"""How often a key may ask: a token bucket in Redis that all API processes share.

A process takes tokens by the lease, so that most requests ask nobody. Redis decides; while it is
away nobody is refused.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz.runtime.log import get_logger
from werknetz_core.http.problem import Problem

KEY: Final = "wn:rate:"
KNOWN_MAX: Final = 4096
LEASES: Final = 20  # of a whole bucket: so little may lie unused in another process
REDIS_RETRY_S: Final = 5.0  # how long Redis is not asked after it did not answer
_log: Final = get_logger("core.rate")

# The bucket fills with time, by Redis's own clock: the clocks of API processes do not matter.
# Returns how many of the wanted tokens are granted, and in how many ms there will be one.
_TAKE: Final = """
local rate, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local known = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(known[1]) or burst
local since = math.max(0, now - (tonumber(known[2]) or now))
tokens = math.min(burst, tokens + since * rate / 1000)
local granted = math.min(wanted, math.floor(tokens))
tokens = tokens - granted
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 60000)
return {granted, math.ceil((1 - math.min(tokens, 1)) * 1000 / rate)}
"""


@dataclass(slots=True)
class _Lease:
    tokens: int = 0
    refused_until_s: float = 0.0


class RateLimiter:
    """`demand` before each answer; raises 429 when the key has asked too often."""

    def __init__(
        self,
        redis: Redis | None,
        *,
        per_s: float,
        burst: int,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`per_s` 0: no limit."""
        self._redis = redis
        self._per_s = per_s
        self._burst = burst
        self._lease = max(1, burst // LEASES)
        self._now_s = now_s
        self._away_until_s = 0.0
        self._known: dict[int, _Lease] = {}

    async def acquire(self, key_id: int) -> None:
        if self._redis is None or self._per_s <= 0:
            return
        lease = self._known.get(key_id)
        if lease is None:
            lease = self._new(key_id)
        if lease.tokens <= 0:
            await self._renew(self._redis, key_id, lease)
        lease.tokens -= 1

    def _new(self, key_id: int) -> _Lease:
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()  # what lay unused is lost to the keys: less than a lease each
        lease = self._known[key_id] = _Lease()
        return lease

    async def _renew(self, redis: Redis, key_id: int, lease: _Lease) -> None:
        now_s = self._now_s()
        if now_s < lease.refused_until_s:
            raise self._refusal(lease.refused_until_s - now_s)
        granted, wait_s = await self._take(redis, key_id)
        lease.tokens = max(lease.tokens, 0) + granted
        if lease.tokens <= 0:
            lease.refused_until_s = now_s + wait_s
            raise self._refusal(wait_s)

    async def _take(self, redis: Redis, key_id: int) -> tuple[int, float]:
        if self._now_s() < self._away_until_s:
            return self._lease, 0.0
        arguments = (str(self._per_s), str(self._burst), str(self._lease))
        try:
            granted, wait_ms = await redis.eval(_TAKE, 1, f"{KEY}{key_id}", *arguments)
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until_s = self._now_s() + REDIS_RETRY_S
            _log.warning("no rate limit while Redis is away", error=type(error).__name__)
            return self._lease, 0.0
        return int(granted), int(wait_ms) / 1000

    def _refusal(self, wait_s: float) -> Problem:
        wait = max(1, math.ceil(wait_s))
        return Problem(
            429,
            "too_many_requests",
            f"This key asks more than {self._per_s:g} times a second ({self._burst} at once).",
            f"Wait {wait} s, as Retry-After says. Ask for several equipments and KPIs in one "
            "request or by POST kpi_values:query, and poll every 5 s with If-None-Match; an "
            "operator may set WERKNETZ_RATE_PER_S and WERKNETZ_RATE_BURST.",
            headers={"Retry-After": str(wait)},
        )
