"""Requests with a wrong key: counted, logged without the key, and limited by address.

A valid key is never limited by it: others may share the address of a program that guesses.
"""

import math
import re
import time
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis

from werknetz.runtime.http_server.address import client_of
from werknetz.runtime.log import get_logger
from werknetz.texts.sentence import Sentence
from werknetz_core.access.address_limit import WRONG, AddressLimit
from werknetz_core.http.problem import Problem

_PREFIX: Final = re.compile(r"wn_([a-z0-9]{2,32})_")
_log: Final = get_logger("core.access")


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
        self.limit = AddressLimit("wrong keys", WRONG, per_min=per_min, burst=burst, now_s=now_s)
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
        wait_s = await self.limit.wait_s(redis, host)
        self._counter.labels("429" if wait_s > 0 else "401").inc()
        if wait_s > 0:
            raise self._too_many(wait_s)
        if key is None:
            _log.info("session ended", address=client)
            return
        prefix = _PREFIX.match(key)
        _log.warning("wrong key", address=client, prefix=prefix[1] if prefix else None)

    def _too_many(self, wait_s: float) -> Problem:
        wait = max(1, math.ceil(wait_s))
        return Problem(
            429,
            "too_many_wrong_keys",
            Sentence("access.too_many_wrong_keys"),
            Sentence("access.wait_then_valid_key", wait=wait),
            headers={"Retry-After": str(wait)},
        )
