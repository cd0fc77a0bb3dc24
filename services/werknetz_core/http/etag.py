"""ETags for what dashboards poll: made of watermarks in Redis, so "unchanged" costs no query.

The watermark of an equipment grows when a KPI below it may have changed. Redis may forget: a
random mark beside the watermarks dies with them, and every tag ends after a minute.
"""

import hashlib
import secrets
import time
from collections.abc import Sequence
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz.runtime.log import get_logger

WATERMARKS_KEY: Final = "wn:mark"
_LIFE: Final = "#life"  # no equipment path has this form
KNOWN_MAX: Final = 1024
TRUSTED_US: Final = 60_000_000  # a lost mark hides a change for no longer than this
CACHE_CONTROL: Final = "private, max-age=5, stale-while-revalidate=30"
Marks = list[bytes | str | None]
_log: Final = get_logger("core.etag")


class Watermarks:
    """Reads watermarks. Without Redis there are no tags, and every answer is computed."""

    def __init__(self, redis: Redis | None, *, cached_s: float = 0.0) -> None:
        self._redis = redis
        self._cached_s = cached_s
        self._known: dict[tuple[str, ...], tuple[float, Marks]] = {}

    async def etag_of(
        self, paths: Sequence[str], facts: Sequence[object], now_us: int
    ) -> str | None:
        """Return the ETag of an answer about the equipment, or None: it cannot be known."""
        if self._redis is None:
            return None
        key = tuple(paths)
        kept = self._known.get(key)
        try:
            if kept is not None and kept[0] > time.monotonic():
                marks = kept[1]
            else:
                marks = await self._read(self._redis, key)
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("no watermarks, so no ETag", error=type(error).__name__)
            return None
        known = repr((marks, facts, now_us // TRUSTED_US)).encode()
        return f'"{hashlib.blake2b(known, digest_size=12).hexdigest()}"'

    async def _read(self, redis: Redis, paths: tuple[str, ...]) -> Marks:
        """Read the marks, and keep them for a blink: many dashboards poll the same."""
        until = time.monotonic() + self._cached_s
        marks = await redis.hmget(WATERMARKS_KEY, [_LIFE, *paths])
        if marks[0] is None:
            await redis.hsetnx(WATERMARKS_KEY, _LIFE, secrets.token_hex(8))
            marks = await redis.hmget(WATERMARKS_KEY, [_LIFE, *paths])
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known[paths] = (until, marks)
        return marks


def etag_matches(if_none_match: str | None, tag: str | None) -> bool:
    """Whether the client has the answer already (RFC 9110: weak comparison, a list, or *)."""
    if if_none_match is None or tag is None:
        return False
    if if_none_match == tag:
        return True
    given = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return tag in given or "*" in given
