"""Slots that several processes share, with a real Redis: fair, and free again after a kill."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from werknetz_core.limits import shared_slots
from werknetz_core.limits.fair_slots import NoSlot
from werknetz_core.limits.shared_slots import SharedSlots

pytestmark = pytest.mark.asyncio
WAIT_S = 60.0


@contextlib.asynccontextmanager
async def processes(
    redis_url: str, *, total: int = 2, per_key: int = 1, wait_s: float = WAIT_S
) -> AsyncIterator[tuple[SharedSlots, SharedSlots, Redis]]:
    redis = Redis.from_url(redis_url, decode_responses=True)
    await redis.delete(*await redis.keys("wn:slots:*") or ["none"])
    first, second = (
        SharedSlots(redis, "wide", per_key=per_key, total=total, wait_s=wait_s) for _ in range(2)
    )
    yield first, second, redis
    await redis.aclose()


async def is_granted(slots: SharedSlots, key_id: int) -> bool:
    try:
        async with slots.hold(key_id):
            return True
    except NoSlot:
        return False


async def test_the_bounds_of_a_key_and_of_all_count_over_processes(redis_url: str) -> None:
    async with processes(redis_url, wait_s=0) as (first, second, redis):
        async with first.hold(1):
            assert not await is_granted(second, 1)
            assert await is_granted(second, 2)
            async with second.hold(2):
                assert not await is_granted(first, 3)
            assert await is_granted(first, 3)
        assert await is_granted(second, 1)
        assert await redis.zcard("wn:slots:{wide}:leases") == 0


async def test_a_free_slot_goes_to_the_key_that_waited_longest(redis_url: str) -> None:
    async with processes(redis_url, total=1) as (first, second, redis):
        order: list[int] = []

        async def take(slots: SharedSlots, key_id: int) -> None:
            async with slots.hold(key_id):
                order.append(key_id)

        async with first.hold(1):
            waiting = []
            for slots, key in ((second, 2), (first, 1), (first, 3)):
                waiting.append(asyncio.create_task(take(slots, key)))
                async with asyncio.timeout(WAIT_S):
                    while await redis.zscore("wn:slots:{wide}:line", key) is None:  # noqa: ASYNC110  Redis has no event
                        await asyncio.sleep(0.01)
                await asyncio.sleep(0.002)  # another millisecond for the next
        await asyncio.gather(*waiting)
        assert order == [2, 1, 3]


async def test_slots_of_a_killed_process_are_free_when_its_leases_end(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_slots, "LEASE_S", 0.5)
    monkeypatch.setattr(shared_slots, "RENEW_S", 0.1)
    async with processes(redis_url, total=1) as (first, second, redis):
        async with first.hold(1):  # renewed: it lasts longer than a lease
            assert not await is_granted(
                SharedSlots(redis, "wide", per_key=1, total=1, wait_s=1.5), 2
            )
        # A process that is killed neither renews nor gives back.
        await first._acquire(redis, 1, "killed")
        assert await is_granted(second, 2)


async def test_without_redis_the_slots_of_the_process_are_all(redis_url: str) -> None:
    unreachable = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1, socket_timeout=1)
    for redis in (None, unreachable):
        slots = SharedSlots(redis, "wide", per_key=1, total=1, wait_s=0)
        async with slots.hold(1):
            assert await is_granted(slots, 1)
    await unreachable.aclose()
