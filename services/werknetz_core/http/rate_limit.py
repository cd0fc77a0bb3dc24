"""Request rate limit by API key: a token bucket in Redis that all API processes share.

A request costs tokens by its weight: one, and more where it reads much.
A process takes several tokens at once (a lease), so most requests need no round trip to Redis.
While Redis is unavailable, each process has a bucket of its own for each key.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz.runtime.log import get_logger
from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import Problem

KEY_PREFIX: Final = "wn:rate:"
CACHED_MAX: Final = 4096
LEASES_PER_BUCKET: Final = 20  # a lease is the most that can lie unused in another process
REDIS_RETRY_S: Final = 5.0  # pause after a failed call to Redis
_log: Final = get_logger("core.rate")

# The bucket refills by Redis's own clock: the clocks of API processes do not matter.
# Returns how many of the requested tokens are granted, after how many ms the next is available, and
# how many are left.
TAKE: Final = """
local rate, burst, requested = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1]) or burst
local since = math.max(0, now - (tonumber(bucket[2]) or now))
tokens = math.min(burst, tokens + since * rate / 1000)
local granted = math.min(requested, math.floor(tokens))
tokens = tokens - granted
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 60000)
return {granted, math.ceil((1 - math.min(tokens, 1)) * 1000 / rate), math.floor(tokens)}
"""


@dataclass(slots=True)
class _Lease:
    tokens: int = 0
    rejected_until_s: float = 0.0
    shared: int = 0  # tokens that the bucket had left when this process last took some
    own: float = math.inf  # tokens of this process while Redis is away; at first as many as fit
    own_at_s: float = 0.0


class RateLimiter:
    """Call `acquire` for each request; it raises 429 when the key exceeds its rate."""

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
        self._lease_tokens = max(1, burst // LEASES_PER_BUCKET)
        self._now_s = now_s
        self._redis_retry_at_s = 0.0
        self._leases: dict[int, _Lease] = {}

    async def acquire(self, key_id: int, weight: int = 1) -> None:
        """Take `weight` tokens, at most the burst: no request costs more than a full bucket."""
        if self._redis is None or self._per_s <= 0:
            return
        tokens = min(weight, self._burst)
        lease = self._leases.get(key_id)
        if lease is None:
            lease = self._add_lease(key_id)
        if lease.tokens < tokens:
            await self._renew(self._redis, key_id, lease, tokens)
        lease.tokens -= tokens

    def headers_of(self, key_id: int) -> dict[str, str]:
        """Return the RateLimit fields of an answer (draft-ietf-httpapi-ratelimit-headers).

        What is left is what this process knows: other processes may have taken some since.
        """
        if self._redis is None or self._per_s <= 0:
            return {}
        lease = self._leases.get(key_id)
        left = self._burst if lease is None else min(self._burst, lease.tokens + lease.shared)
        full_s = math.ceil((self._burst - left) / self._per_s)
        window_s = math.ceil(self._burst / self._per_s)
        return {
            "RateLimit-Policy": f'"key";q={self._burst};w={window_s}',
            "RateLimit": f'"key";r={left};t={full_s}',
        }

    def _add_lease(self, key_id: int) -> _Lease:
        if len(self._leases) >= CACHED_MAX:
            self._leases.clear()  # each key loses its unused tokens: less than one lease
        lease = self._leases[key_id] = _Lease()
        return lease

    async def _renew(self, redis: Redis, key_id: int, lease: _Lease, tokens: int) -> None:
        missing = tokens - lease.tokens
        now_s = self._now_s()
        if now_s < lease.rejected_until_s:
            raise self._too_many_requests(lease.rejected_until_s - now_s, missing, tokens)
        wait_s = await self._take(redis, key_id, lease, max(self._lease_tokens, missing))
        # Other requests of the key may have used the lease meanwhile.
        if lease.tokens < tokens:
            lease.rejected_until_s = now_s + wait_s
            raise self._too_many_requests(wait_s, tokens - lease.tokens, tokens)

    async def _take(self, redis: Redis, key_id: int, lease: _Lease, tokens: int) -> float:
        """Add what is granted to the lease; return the seconds until the next token."""
        if self._now_s() < self._redis_retry_at_s:
            return self._take_here(lease, tokens)
        arguments = (str(self._per_s), str(self._burst), str(tokens))
        try:
            granted, wait_ms, left = await redis.eval(TAKE, 1, f"{KEY_PREFIX}{key_id}", *arguments)
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_retry_at_s = self._now_s() + REDIS_RETRY_S
            _log.warning(
                "Redis unavailable, rate limit of this process only", error=type(error).__name__
            )
            return self._take_here(lease, tokens)
        lease.tokens += int(granted)
        lease.shared = int(left)
        return int(wait_ms) / 1000

    def _take_here(self, lease: _Lease, tokens: int) -> float:
        """As `_take`, from the bucket of this process."""
        now_s = self._now_s()
        lease.own = min(self._burst, lease.own + (now_s - lease.own_at_s) * self._per_s)
        lease.own_at_s = now_s
        granted = min(tokens, int(lease.own))
        lease.own -= granted
        lease.tokens += granted
        lease.shared = int(lease.own)
        return max(0.0, 1 - lease.own) / self._per_s

    def _too_many_requests(self, next_s: float, missing: int, weight: int) -> Problem:
        wait = max(1, math.ceil(next_s + (missing - 1) / self._per_s))
        detail = Sentence("requests.too_many_requests", per_s=self._per_s, burst=self._burst)
        if weight > 1:
            detail = Sentence(
                "requests.too_many_requests_of_weight",
                per_s=self._per_s,
                burst=self._burst,
                weight=weight,
            )
        return Problem(
            429,
            "too_many_requests",
            detail,
            Sentence("requests.wait_and_combine", wait=wait),
            headers={"Retry-After": str(wait)},
        )
