"""ETags for what dashboards poll: made of watermarks in Redis, so "unchanged" costs no query.

The watermark of an equipment grows when a KPI below it may have changed. Redis may forget: a
random mark beside the watermarks dies with them, and every tag ends after a minute.
"""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz.runtime.log import logger

MARKS: Final = "wn:mark"
_LIFE: Final = "#life"  # no equipment path has this form
TRUSTED_US: Final = 60_000_000  # a lost mark hides a change for no longer than this
CACHE_CONTROL: Final = "private, max-age=5, stale-while-revalidate=30"
_log: Final = logger("core.etag")


class Watermarks:
    """Reads watermarks. Without Redis there are no tags, and every answer is computed."""

    def __init__(self, redis: Redis | None) -> None:
        self._redis = redis

    async def tag(self, paths: Sequence[str], facts: Sequence[object], now_us: int) -> str | None:
        """Return the ETag of an answer about the equipment, or None: it cannot be known."""
        if self._redis is None:
            return None
        try:
            marks = await self._redis.hmget(MARKS, [_LIFE, *paths])
            if marks[0] is None:
                await self._redis.hsetnx(MARKS, _LIFE, secrets.token_hex(8))
                marks = await self._redis.hmget(MARKS, [_LIFE, *paths])
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("no watermarks, so no ETag", error=type(error).__name__)
            return None
        known = repr((marks, facts, now_us // TRUSTED_US)).encode()
        return f'"{hashlib.blake2b(known, digest_size=12).hexdigest()}"'


def matches(if_none_match: str | None, tag: str | None) -> bool:
    """Whether the client has the answer already (RFC 9110: weak comparison, a list, or *)."""
    if if_none_match is None or tag is None:
        return False
    if if_none_match == tag:
        return True
    given = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return tag in given or "*" in given
