"""ETags for polled resources, derived from watermarks in Redis: "unchanged" needs no query.

The watermark of an equipment grows when a KPI of it or below it may have changed. Redis may lose
its data: a random incarnation id stored beside the watermarks is lost with them, which changes
every tag; besides, every tag expires after a minute.
"""

import hashlib
import secrets
import time
from collections.abc import Sequence
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz.runtime.log import get_logger
from werknetz.texts.language import wanted_language

WATERMARKS_KEY: Final = "wn:mark"
_INCARNATION: Final = "#life"  # no equipment path has this form
CACHED_MAX: Final = 1024
TAG_LIFETIME_US: Final = 60_000_000  # a lost watermark hides a change for at most this long
CACHE_CONTROL: Final = "private, max-age=5, stale-while-revalidate=30"
WatermarkValues = list[bytes | str | None]
_log: Final = get_logger("core.etag")


class Watermarks:
    """Reads watermarks. Without Redis there are no ETags, and every response is computed."""

    def __init__(self, redis: Redis | None, *, cache_s: float = 0.0) -> None:
        self._redis = redis
        self._cache_s = cache_s
        self._cache: dict[tuple[str, ...], tuple[float, WatermarkValues]] = {}

    async def etag_of(
        self, paths: Sequence[str], inputs: Sequence[object], now_us: int
    ) -> str | None:
        """Return the ETag of a response about the equipment; None if Redis is not available."""
        if self._redis is None:
            return None
        key = tuple(paths)
        cached = self._cache.get(key)
        try:
            if cached is not None and cached[0] > time.monotonic():
                values = cached[1]
            else:
                values = await self._read(self._redis, key)
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning(
                "watermarks not readable, response has no ETag", error=type(error).__name__
            )
            return None
        content = repr((values, inputs, wanted_language(), now_us // TAG_LIFETIME_US)).encode()
        return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'

    async def _read(self, redis: Redis, paths: tuple[str, ...]) -> WatermarkValues:
        """Read the watermarks and cache them briefly: many dashboards poll the same paths."""
        until = time.monotonic() + self._cache_s
        values = await redis.hmget(WATERMARKS_KEY, [_INCARNATION, *paths])
        if values[0] is None:
            await redis.hsetnx(WATERMARKS_KEY, _INCARNATION, secrets.token_hex(8))
            values = await redis.hmget(WATERMARKS_KEY, [_INCARNATION, *paths])
        if len(self._cache) >= CACHED_MAX:
            self._cache.clear()
        self._cache[paths] = (until, values)
        return values


def etag_matches(if_none_match: str | None, etag: str | None) -> bool:
    """Whether If-None-Match names the ETag (RFC 9110: weak comparison, a list, or *)."""
    if if_none_match is None or etag is None:
        return False
    if if_none_match == etag:
        return True
    etags = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return etag in etags or "*" in etags
