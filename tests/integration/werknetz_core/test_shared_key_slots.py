"""Requests of a key in flight over several processes, with a real Redis."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from plumbing.waiting import until
from werknetz.runtime.background import BackgroundTask
from werknetz_core.limits import shared_key_slots
from werknetz_core.limits.fair_slots import NoSlot
from werknetz_core.limits.shared_key_slots import SharedKeySlots

pytestmark = pytest.mark.asyncio
WAIT_S = 60.0
KEY, OTHER_KEY = 1, 2
HASH = "wn:slots:{key:1}"


class Process:
    """One API process: its slots, and the requests of a key that hold one."""

    def __init__(self, redis: Redis, per_key: int, wait_s: float) -> None:
        self.slots = SharedKeySlots(redis, per_key=per_key, waiting_max=100, wait_s=wait_s)
        self.task = BackgroundTask("slots", self.slots.run)
        self.requests: list[asyncio.Task[None]] = []
        self.refused = 0
        self._end = asyncio.Semaphore(0)

    @property
    def running(self) -> int:
        return self.slots.taken_by(KEY)

    def start(self, requests: int) -> None:
        self.requests += [asyncio.create_task(self._run()) for _ in range(requests)]

    def end(self, requests: int) -> None:
        for _ in range(requests):
            self._end.release()

    async def _run(self) -> None:
        try:
            async with self.slots.hold(KEY):
                await self._end.acquire()
        except NoSlot:
            self.refused += 1

    async def stop(self) -> None:
        await asyncio.gather(*self.requests)
        await self.task.stop()
        await self.slots.give_back()


@contextlib.asynccontextmanager
async def processes(
    redis_url: str, number: int = 2, *, per_key: int = 4, wait_s: float = WAIT_S
) -> AsyncIterator[tuple[Redis, list[Process]]]:
    redis = Redis.from_url(redis_url, decode_responses=True)
    await redis.delete(HASH)
    started = [Process(redis, per_key, wait_s) for _ in range(number)]
    for process in started:
        process.task.start()
    try:
        yield redis, started
    finally:
        for process in started:
            process.end(len(process.requests))
        for process in started:
            await process.stop()
        left = await redis.exists(HASH)
        await redis.aclose()
    assert not left, "leases are not given back"


async def wait_for(holds: Callable[[], bool]) -> None:
    await until(holds, within_s=WAIT_S)


async def test_the_bound_of_a_key_counts_over_processes(redis_url: str) -> None:
    async with processes(redis_url) as (_, (first, second)):
        first.start(3)
        await wait_for(lambda: first.running == 3)
        second.start(3)
        await wait_for(lambda: second.running == 1)
        async with second.slots.hold(OTHER_KEY):
            assert (first.running, second.running, second.slots.waiting_of(KEY)) == (3, 1, 2)
        first.end(1)
        await wait_for(lambda: second.running == 2)
        assert first.running == 2


async def test_processes_share_equally_what_a_greedy_key_may_have(redis_url: str) -> None:
    async with processes(redis_url) as (_, (first, second)):
        first.start(50)
        await wait_for(lambda: first.running == 4)
        second.start(50)
        most = 0
        async with asyncio.timeout(WAIT_S):
            while (first.running, second.running) != (2, 2):
                first.end(1 if first.running > 2 else 0)
                await asyncio.sleep(0.01)
                most = max(most, first.running + second.running)
        assert most <= 4


async def test_processes_take_turns_where_there_are_fewer_slots(redis_url: str) -> None:
    async with processes(redis_url, 3, per_key=1) as (_, started):
        for process in started:
            process.start(5)
        served = set()
        async with asyncio.timeout(WAIT_S):
            while len(served) < len(started):
                running = [process for process in started if process.running]
                assert sum(process.running for process in running) <= 1
                served |= set(running)
                for process in running:
                    process.end(1)
                await asyncio.sleep(0.01)
        assert not any(process.refused for process in started)


async def test_slots_of_a_killed_process_are_free_when_its_leases_end(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_key_slots, "LEASE_S", 1.0)
    async with processes(redis_url) as (redis, (first, second)):
        first.start(4)
        await wait_for(lambda: first.running == 4)
        second.start(4)
        # One that is killed neither renews its leases nor gives them back.
        await first.task.stop()
        await wait_for(lambda: second.running == 4)
        assert await redis.hlen(HASH) == 1


async def test_a_request_waits_for_a_slot_as_long_as_it_may(redis_url: str) -> None:
    async with processes(redis_url, per_key=1, wait_s=0.2) as (_, (first, second)):
        first.start(1)
        await wait_for(lambda: first.running == 1)
        second.start(1)
        await wait_for(lambda: second.refused == 1)
        first.end(1)
        async with asyncio.timeout(WAIT_S):
            while not second.running:
                second.start(1)
                await asyncio.sleep(0.3)


async def test_without_redis_the_slots_of_the_process_are_all(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_key_slots, "REDIS_RETRY_S", 0.1)
    async with processes(redis_url) as (redis, (first, second)):
        pipeline, ping = redis.pipeline, redis.ping
        away = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1, socket_timeout=1)
        monkeypatch.setattr(redis, "pipeline", away.pipeline)
        monkeypatch.setattr(redis, "ping", away.ping)
        first.start(5)
        second.start(5)
        await wait_for(lambda: first.running == second.running == 4)
        assert not first.slots.is_shared
        monkeypatch.setattr(redis, "pipeline", pipeline)
        monkeypatch.setattr(redis, "ping", ping)
        await wait_for(lambda: first.slots.is_shared and second.slots.is_shared)
        first.end(4)
        second.end(4)
        await wait_for(lambda: first.running == second.running == 1)
        await away.aclose()


async def test_no_redis_at_all() -> None:
    slots = SharedKeySlots(None, per_key=1, waiting_max=1, wait_s=0)
    await slots.run()
    async with slots.hold(KEY):
        with pytest.raises(NoSlot):
            await slots.acquire(KEY)
    await slots.give_back()
    assert not slots.is_shared


@pytest.mark.parametrize("turns", range(5))  # of the loop between both; one hid the end
async def test_a_wake_up_in_the_instant_of_the_end_does_not_hide_it(
    redis_url: str, turns: int
) -> None:
    redis = Redis.from_url(redis_url, decode_responses=True)
    slots = SharedKeySlots(redis, per_key=1, waiting_max=100, wait_s=WAIT_S)
    slots._peaks[KEY] = 1  # so it waits for the time of a claim, or for a key that wants slots
    running = asyncio.create_task(slots.run())
    for _ in range(3):
        await asyncio.sleep(0)
    slots._wake.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=WAIT_S)
    assert done == {running}
    assert running.cancelled()
    await redis.aclose()


async def test_the_task_ends_where_the_client_of_redis_forgets_the_cancellation(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = Redis.from_url(redis_url, decode_responses=True)
    slots = SharedKeySlots(redis, per_key=1, waiting_max=100, wait_s=WAIT_S)
    slots._peaks[KEY] = 1
    has_begun = asyncio.Event()

    async def forget(*_: object) -> None:
        has_begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    monkeypatch.setattr(slots, "_claim", forget)
    running = asyncio.create_task(slots.run())
    await asyncio.wait_for(has_begun.wait(), WAIT_S)
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=WAIT_S)
    assert done == {running}
    assert running.cancelled()
    await redis.aclose()
