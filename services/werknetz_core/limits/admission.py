"""Admits requests: tokens by weight, requests of a key in flight, slots for wide requests.

A request that reads little is never behind one that reads much: they share neither slots nor
connections.
"""

import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from redis.asyncio import Redis
from starlette.types import Scope

from werknetz.domain.bucket import microseconds_of
from werknetz.store.access.caller import all_plants
from werknetz.store.queries.equipment import FIRST_BUCKET
from werknetz.store.session import Database
from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import Problem
from werknetz_core.http.rate_limit import RateLimiter
from werknetz_core.limits.fair_slots import FairSlots, NoSlot
from werknetz_core.limits.shared_key_slots import SharedKeySlots
from werknetz_core.limits.shared_slots import SharedSlots
from werknetz_core.limits.weight import Reads
from werknetz_core.limits.wide_process.handed_over import handed_over
from werknetz_core.settings import CoreSettings

IN_FLIGHT: Final = "werknetz.in_flight"  # of the ASGI scope: the key whose slot the request holds
ADMISSION: Final = "werknetz.admission"
WAITING_MAX: Final = 100  # requests of one key in line
WIDE_PER_KEY: Final = 1
_HISTORY_CACHED_S: Final = 60.0


class Admission:
    def __init__(
        self,
        settings: CoreSettings,
        rate_limiter: RateLimiter,
        wide_database: Database,
        redis: Redis | None = None,
    ) -> None:
        """`wide_database`: the connections of wide requests; `redis`: shares all slots."""
        self._settings = settings
        self._rate_limiter = rate_limiter
        self.wide_database = wide_database
        wait_s = settings.slot_wait_s
        self.in_flight = SharedKeySlots(
            redis, per_key=settings.key_requests_max, waiting_max=WAITING_MAX, wait_s=wait_s
        )
        self.wide = FairSlots(
            per_key=WIDE_PER_KEY,
            total=settings.wide_requests_max,
            waiting_max=WAITING_MAX,
            wait_s=wait_s,
        )
        self._shared_wide = SharedSlots(
            redis,
            "wide",
            per_key=WIDE_PER_KEY,
            total=settings.wide_requests_max,
            wait_s=wait_s,
        )
        self._first_us: int | None = None
        self._first_until_s = 0.0

    async def enter(self, scope: Scope, key_id: int) -> None:
        """Admit a request of a key; its slot is free again when the answer is sent.

        Raises 429.
        """
        if IN_FLIGHT in scope or handed_over() is not None:
            return
        scope[ADMISSION] = self, key_id
        await self._rate_limiter.acquire(key_id)
        try:
            await self.in_flight.acquire(key_id)
        except NoSlot as error:
            raise _too_many_in_flight(
                Sentence("requests.key_in_flight", maximum=self._settings.key_requests_max),
                Sentence("requests.combine_requests"),
            ) from error
        scope[IN_FLIGHT] = key_id

    def leave(self, scope: Scope) -> None:
        """Free the slot of a request that has ended."""
        key_id = scope.pop(IN_FLIGHT, None)
        if key_id is not None:
            self.in_flight.release(key_id)

    def headers_of(self, key_id: int) -> dict[str, str]:
        return self._rate_limiter.headers_of(key_id)

    async def charge(self, key_id: int, reads: Reads) -> None:
        """Take the tokens of what a request reads; raise 422 where it is too much, 429."""
        if (request := handed_over()) is not None and request.is_charged:
            return
        if reads.weight > self._settings.weight_max:
            raise _too_wide(reads, self._settings.weight_max)
        if reads.weight > 1:
            await self._rate_limiter.acquire(key_id, reads.weight - 1)  # `enter` took one

    @asynccontextmanager
    async def wide_slot(self, key_id: int) -> AsyncIterator[None]:
        """Hold one of the slots of wide requests; raise 429 if none becomes free in time."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self.wide.hold(key_id))
                await stack.enter_async_context(self._shared_wide.hold(key_id))
            except NoSlot as error:
                raise _too_many_in_flight(
                    Sentence("requests.wide_in_flight"),
                    Sentence("requests.ask_less_or_in_turn"),
                ) from error
            yield

    async def history_start_us(self, database: Database) -> int | None:
        """Return when the first data begin; None: there are none. A minute old at most."""
        if time.monotonic() >= self._first_until_s:
            with all_plants():  # every caller uses it
                first = await database.fetchval(FIRST_BUCKET)
            self._first_us = None if first is None else microseconds_of(first)
            self._first_until_s = time.monotonic() + _HISTORY_CACHED_S
        return self._first_us


def _too_many_in_flight(detail: str, hint: str) -> Problem:
    return Problem(
        429,
        "too_many_requests_in_flight",
        detail,
        Sentence("requests.wait_a_second_then", remedy=hint),
        headers={"Retry-After": "1"},
    )


def _too_wide(reads: Reads, weight_max: int) -> Problem:
    return Problem(
        422,
        "query_too_wide",
        Sentence(
            "requests.too_wide",
            rows=reads.rows,
            values=reads.values,
            weight=reads.weight,
            weight_max=weight_max,
        ),
        Sentence("requests.ask_stored_values"),
    )
