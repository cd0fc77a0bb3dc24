"""Requests with a wrong key: counted, logged without the key, and limited by address.

A token bucket in Redis that all API processes share; while Redis is unavailable, each process has
its own. A valid key is never limited by it: others may share the address of a program that guesses.
"""

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz.runtime.http_server.address import client_of
from werknetz.runtime.log import get_logger
from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import Problem
from werknetz_core.http.rate_limit import REDIS_RETRY_S, TAKE

KEY_PREFIX: Final = "wn:wrong:"
ADDRESSES_MAX: Final = 4096
_PREFIX: Final = re.compile(r"wn_([a-z0-9]{2,32})_")
_log: Final = get_logger("core.access")


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float
    rejected_until_s: float = 0.0


class WrongKeys:
    """Call `record` for each wrong key; it raises 429 when an address sends too many."""

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        per_min: float,
        burst: int,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`per_min` 0: no limit."""
        self._per_s = per_min / 60
        self._burst = burst
        self._now_s = now_s
        self._redis_retry_at_s = 0.0
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()  # the least recent first
        self._counter = Counter(
            "werknetz_wrong_keys",
            "Requests with a key that is unknown, revoked or expired",
            ("answer",),
            registry=registry,
        )

    async def record(self, redis: Redis | None, host: str, key: str | None) -> None:
        """Count a wrong key from this address; raise 429 if it sent too many.

        `key` None: the cookie of a session that has ended, or never was.
        """
        client = client_of(host)
        wait_s = await self._wait_s(redis, client) if self._per_s > 0 else 0.0
        self._counter.labels("429" if wait_s > 0 else "401").inc()
        if wait_s > 0:
            raise self._too_many(wait_s)
        if key is None:
            _log.info("session ended", address=client)
            return
        prefix = _PREFIX.match(key)
        _log.warning("wrong key", address=client, prefix=prefix[1] if prefix else None)

    async def _wait_s(self, redis: Redis | None, client: str) -> float:
        """Take a token; return the seconds until the next one, 0 if there was one."""
        now_s = self._now_s()
        bucket = self._bucket_of(client, now_s)
        if now_s < bucket.rejected_until_s:
            return bucket.rejected_until_s - now_s
        wait_s = self._take_here(bucket, now_s)
        if redis is not None and now_s >= self._redis_retry_at_s:
            wait_s = await self._take_shared(redis, client, wait_s)
        if wait_s > 0:
            bucket.rejected_until_s = now_s + wait_s
            _log.warning("wrong keys are limited", address=client, wait_s=round(wait_s, 1))
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
            granted, wait_ms, _ = await redis.eval(TAKE, 1, KEY_PREFIX + client, *arguments)
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_retry_at_s = self._now_s() + REDIS_RETRY_S
            _log.warning("Redis unavailable", error=type(error).__name__)
            return local_wait_s
        return 0.0 if int(granted) else max(int(wait_ms), 1) / 1000

    def _too_many(self, wait_s: float) -> Problem:
        wait = max(1, math.ceil(wait_s))
        return Problem(
            429,
            "too_many_wrong_keys",
            Sentence("access.too_many_wrong_keys"),
            Sentence("access.wait_then_valid_key", wait=wait),
            headers={"Retry-After": str(wait)},
        )
