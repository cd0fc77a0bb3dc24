"""How often an address may use the routes of signing in at a provider, which need no key.

The server stores nothing of a sign-in that was started: it is in a cookie. Starting one, and an
answer to the callback, may make the server call the provider; both are counted. Of tokens with
which a provider ends sessions only those that are refused count: providers send many at once.
"""

import math
import time
from collections.abc import Callable
from typing import Final

from redis.asyncio import Redis

from werknetz.texts.sentence import Sentence
from werknetz_core.access.address_limit import WRONG, AddressLimit
from werknetz_core.oidc.errors import TOO_MANY, SignInRefused

BURST: Final = 100  # a shift that begins, behind one address


class OidcLimits:
    """One limit for each kind of request, so that one kind does not use up another."""

    def __init__(self, per_min: float, now_s: Callable[[], float] = time.monotonic) -> None:
        """`per_min` 0: no limit."""

        def limit(what: str, name: str) -> AddressLimit:
            return AddressLimit(what, f"{WRONG}{name}:", per_min=per_min, burst=BURST, now_s=now_s)

        self.started = limit("started sign-ins", "oidc-started")
        self.answered = limit("answers to sign-ins", "oidc-answered")
        self.refused = limit("wrong logout tokens", "oidc-refused")


async def count_request(limit: AddressLimit, redis: Redis | None, host: str) -> None:
    """Count a request of the address; SignInRefused with 429 if there were too many."""
    wait_s = await limit.wait_s(redis, host)
    if wait_s > 0:
        wait = math.ceil(wait_s)
        raise SignInRefused(
            TOO_MANY,
            "too_many_provider_requests",
            Sentence("oidc.too_many_requests"),
            Sentence("oidc.wait_or_raise_limit", wait=wait),
            wait_s=wait,
        )
