"""Slots of requests in flight that the processes of an API share, without a call for each request.

A process leases as many slots of a key as it had requests of the key at once lately, renews the
leases and gives back what it did not need. Where a key wants more than its slots, its processes
get equal parts. The leases of a process that is killed end by themselves.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Collection
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz.runtime.background import end_if_cancelled
from werknetz.runtime.log import get_logger
from werknetz_core.limits.fair_slots import FairSlots

LEASE_S: Final = 5.0
RENEW_S: Final = 0.25  # what is not needed is given back after so long
RETRY_S: Final = 0.05  # where other processes have all slots
REDIS_RETRY_S: Final = 5.0  # pause after a failed call to Redis
_log: Final = get_logger("core.slots")

# The hash of a key has a field for each process: slots it holds, slots it wants, since when it has
# had none, and when its leases end.
# Arguments: process, slots that it wants, requests that run in it, slots of the key, length of a
# lease in ms. Returns how many requests of the key may run in this process.
CLAIM: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local wanted, running, slots = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if wanted == 0 and running == 0 then
    redis.call('HDEL', KEYS[1], ARGV[1])
    return 0
end
local own, since, others, sharers, hungry, waiting = running, now, 0, 1, false, {}
local fields = redis.call('HGETALL', KEYS[1])
for n = 1, #fields, 2 do
    local numbers = {}
    for number in string.gmatch(fields[n + 1], '%d+') do
        numbers[#numbers + 1] = tonumber(number)
    end
    local held, wants, from, ends = unpack(numbers)
    if fields[n] == ARGV[1] then
        own = math.max(own, held)
        if own == 0 then since = from end
    elseif ends <= now then
        redis.call('HDEL', KEYS[1], fields[n])
    else
        others = others + held
        sharers = sharers + 1
        hungry = hungry or wants > held
        if held == 0 then waiting[#waiting + 1] = from end
    end
end
local bound, reserved = slots, 0
for _, from in ipairs(waiting) do
    if own > 0 or from < since then reserved = reserved + 1 end
end
if hungry then
    bound = math.floor(slots / sharers)
    if #waiting == 0 then
        bound = math.ceil(slots / sharers)
    elseif bound == 0 and own == 0 then
        bound = 1
    end
end
local granted = math.min(wanted, bound, math.max(0, slots - others - reserved))
local held = math.max(granted, running)
redis.call('HSET', KEYS[1], ARGV[1], table.concat({held, wanted, since, now + ARGV[5]}, ' '))
redis.call('PEXPIRE', KEYS[1], ARGV[5] * 2)
return granted
"""


class SharedKeySlots(FairSlots):
    """Run `run` in the background; while Redis is away, the slots of this process are all."""

    def __init__(
        self, redis: Redis | None, *, per_key: int, waiting_max: int, wait_s: float
    ) -> None:
        """`redis` None: the slots of the process are all there is."""
        super().__init__(per_key=per_key, waiting_max=waiting_max, wait_s=wait_s)
        self._redis = redis
        self._is_away = redis is None
        self._process = uuid.uuid4().hex
        self._peaks: dict[int, int] = {}  # requests at once of a key since its last claim
        self._bounds: dict[int, int] = {}
        self._leased: set[int] = set()  # keys of which Redis may have leases
        self._retry_at_s: dict[int, float] = {}
        self._wake = asyncio.Event()

    @property
    def is_shared(self) -> bool:
        return not self._is_away

    async def acquire(self, key_id: int) -> None:
        at_once = self.taken_by(key_id) + self.waiting_of(key_id) + 1
        self._peaks[key_id] = max(at_once, self._peaks.get(key_id, 0))
        if not self._is_free(key_id):
            self._wake.set()
        await super().acquire(key_id)

    async def run(self) -> None:
        """Lease slots until cancelled."""
        redis = self._redis
        if redis is None:
            return
        renew_at_s = time.monotonic() + RENEW_S
        try:
            while True:
                end_if_cancelled()
                try:
                    await self._sleep(renew_at_s)
                    keys: Collection[int] = self._hungry()
                    if time.monotonic() >= renew_at_s:
                        keys = self._peaks.keys() | self._bounds.keys()
                        renew_at_s = time.monotonic() + RENEW_S
                    await self._claim(redis, sorted(keys))
                except (RedisError, OSError, TimeoutError) as error:
                    await self._wait_for_redis(redis, error)
        finally:
            self._set_away(is_away=True)  # nobody waits for leases that nobody takes

    async def give_back(self) -> None:
        """Give all slots back, when the process ends."""
        keys, self._leased = self._leased, set()
        if self._redis is None or not keys:
            return
        with contextlib.suppress(RedisError, OSError, TimeoutError):  # else they end by themselves
            pipeline = self._redis.pipeline(transaction=False)
            for key_id in keys:
                pipeline.eval(CLAIM, 1, _hash_of(key_id), self._process, "0", "0", "0", "0")
            await pipeline.execute()

    def _bound_of(self, key_id: int) -> int:
        return self._per_key if self._is_away else self._bounds.get(key_id, 0)

    def _hungry(self) -> list[int]:
        """Return the keys that wait for more than this process may run."""
        now_s = time.monotonic()
        return [
            key_id
            for key_id in self._lines
            if self._bounds.get(key_id, 0) < self._per_key
            and self._retry_at_s.get(key_id, 0.0) <= now_s
        ]

    async def _sleep(self, renew_at_s: float) -> None:
        """Wait until a key wants slots, or a claim is due."""
        if not self._hungry():
            dues = [self._retry_at_s[key] for key in self._lines if key in self._retry_at_s]
            if self._peaks or self._bounds:
                dues.append(renew_at_s)
            timeout_s = max(0.0, min(dues) - time.monotonic()) if dues else None
            # Not wait_for: Python 3.11's returns the result and forgets a cancellation where both
            # come at once, and this task would go on after its end.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._wake.wait()
        self._wake.clear()

    async def _claim(self, redis: Redis, keys: Collection[int]) -> None:
        """Lease what each key had at once since its last claim."""
        if not keys:
            return
        pipeline = redis.pipeline(transaction=False)
        claims = []
        for key_id in keys:
            running = self.taken_by(key_id)
            at_once = running + self.waiting_of(key_id)
            slots = min(self._per_key, max(at_once, self._peaks.pop(key_id, 0)))
            if at_once:
                self._peaks[key_id] = at_once
            claims.append((key_id, slots))
            self._leased.add(key_id)
            # No request takes a slot while it is being given back.
            self._bounds[key_id] = min(slots, self._bounds.get(key_id, 0))
            pipeline.eval(
                CLAIM, 1, _hash_of(key_id), self._process, str(slots), str(running),
                str(self._per_key), str(int(LEASE_S * 1000)),
            )  # fmt: skip
        bounds = await pipeline.execute()
        now_s = time.monotonic()
        for (key_id, slots), bound in zip(claims, map(int, bounds), strict=True):
            self._bounds[key_id] = bound
            self._retry_at_s.pop(key_id, None)
            if bound < slots:
                self._retry_at_s[key_id] = now_s + RETRY_S
            elif not slots:
                del self._bounds[key_id]
                self._leased.discard(key_id)
        self._serve_waiting()

    async def _wait_for_redis(self, redis: Redis, error: Exception) -> None:
        _log.warning(
            "Redis unavailable, requests in flight of this process only", error=type(error).__name__
        )
        self._set_away(is_away=True)
        while True:
            end_if_cancelled()
            await asyncio.sleep(REDIS_RETRY_S)
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await redis.ping()
                break
        self._set_away(is_away=False)

    def _set_away(self, *, is_away: bool) -> None:
        self._is_away = is_away
        self._bounds.clear()
        self._retry_at_s.clear()
        self._serve_waiting()


def _hash_of(key_id: int) -> str:
    return f"wn:slots:{{key:{key_id}}}"
