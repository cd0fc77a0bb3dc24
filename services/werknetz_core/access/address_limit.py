"""How many requests of one kind an address may send: a token bucket for each address.

It is in Redis, so that all API processes share it; while Redis is unavailable, each process has its
own. An IPv6 /64 network is one address.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz.runtime.http_server.address import client_of
from werknetz.runtime.log import get_logger
from werknetz_core.http.rate_limit import REDIS_RETRY_S, TAKE

WRONG: Final = "wn:wrong:"  # the API's user of Redis may write keys that begin with it
ADDRESSES_MAX: Final = 4096
_log: Final = get_logger("core.access")


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float
    rejected_until_s: float = 0.0


class AddressLimit:
    """Call `wait_s` for each request; it says whether, and how long, the address must wait."""

    def __init__(
        self,
        what: str,
        prefix: str,
        *,
        per_min: float,
        burst: int,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`what`: is counted, for the log; `prefix`: of keys in Redis; `per_min` 0: no limit."""
        self._what = what
        self._prefix = prefix
        self._per_s = per_min / 60
        self._burst = burst
        self._now_s = now_s
        self._redis_retry_at_s = 0.0
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()  # the least recent first

    def __len__(self) -> int:
        """Return of how many addresses this process knows something."""
        return len(self._buckets)

    async def wait_s(self, redis: Redis | None, host: str) -> float:
        """Take a token; return the seconds until the next one, 0 if there was one."""
        if self._per_s <= 0:
            return 0.0
        client, now_s = client_of(host), self._now_s()
        bucket = self._bucket_of(client, now_s)
        if now_s < bucket.rejected_until_s:
            return bucket.rejected_until_s - now_s
        wait_s = self._take_here(bucket, now_s)
        if redis is not None and now_s >= self._redis_retry_at_s:
            wait_s = await self._take_shared(redis, client, wait_s)
        if wait_s > 0:
            bucket.rejected_until_s = now_s + wait_s
            _log.warning(f"{self._what} are limited", address=client, wait_s=round(wait_s, 1))
        return wait_s

    def _bucket_of(self, client: str, now_s: float) -> _Bucket:
        bucket = self._buckets.pop(client, None) or _Bucket(self._burst, now_s)
        self._buckets[client] = bucket
        if len(self._buckets) > ADDRESSES_MAX:
            self._buckets.popitem(last=False)
        return bucket

    def _take_here(self, bucket: _Bucket, now_s: float) -> float:
        bucket.tokens = min(self._burst, bucket.tokens + (now_s - bucket.at_s) * self._per_s)
        bucket.at_s = now_s
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._per_s
        bucket.tokens -= 1
        return 0.0

    async def _take_shared(self, redis: Redis, client: str, local_wait_s: float) -> float:
        """Take a token of the shared bucket; the wait of this process while Redis is away."""
        arguments = (str(self._per_s), str(self._burst), "1")
        try:
            granted, wait_ms, _ = await redis.eval(TAKE, 1, self._prefix + client, *arguments)
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_retry_at_s = self._now_s() + REDIS_RETRY_S
            _log.warning("Redis unavailable", error=type(error).__name__)
            return local_wait_s
        return 0.0 if int(granted) else max(int(wait_ms), 1) / 1000
