"""Slots by key: bounds, order of service, and what a request leaves behind that gave up."""

import asyncio

import pytest

from werknetz_core.limits.fair_slots import FairSlots, NoSlot

pytestmark = pytest.mark.asyncio
LONG_S = 3600.0


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Requests:
    """Requests that take a slot, are noted when they have it, and end when they are released."""

    def __init__(self, slots: FairSlots) -> None:
        self.slots = slots
        self.served: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def start(self, *names: str) -> None:
        """Start requests; the first letter of a name is its key."""
        for name in names:
            self._ends[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._run(name))
        await settle()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self.tasks[name]
        await settle()

    async def _run(self, name: str) -> None:
        async with self.slots.hold(ord(name[0])):
            self.served.append(name)
            await self._ends[name].wait()

    async def end_all(self) -> None:
        for event in self._ends.values():
            event.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def test_each_key_has_its_own_bound() -> None:
    requests = Requests(FairSlots(per_key=2, waiting_max=9, wait_s=LONG_S))
    await requests.start("a1", "a2", "a3", "b1", "b2", "b3")
    assert requests.served == ["a1", "a2", "b1", "b2"]
    await requests.end("b1")
    assert requests.served == ["a1", "a2", "b1", "b2", "b3"]
    await requests.end_all()
    assert requests.slots.taken == 0


async def test_a_free_slot_goes_to_the_key_that_has_waited_longest_since_its_last() -> None:
    requests = Requests(FairSlots(per_key=1, total=1, waiting_max=99, wait_s=LONG_S))
    await requests.start("a0", *(f"a{n}" for n in range(1, 10)), "b1", "c1", "b2")
    for _ in range(6):
        await requests.end(requests.served[-1])
    # The ten requests of a do not stand before the others.
    assert requests.served == ["a0", "a1", "b1", "c1", "a2", "b2", "a3"]
    await requests.end_all()


async def test_a_key_at_its_bound_does_not_hold_back_another() -> None:
    requests = Requests(FairSlots(per_key=1, total=2, waiting_max=9, wait_s=LONG_S))
    await requests.start("a1", "a2", "a3", "b1")
    assert requests.served == ["a1", "b1"]
    await requests.start("c1")
    await requests.end("b1")
    assert requests.served == ["a1", "b1", "c1"]
    await requests.end_all()


async def test_more_than_the_line_holds_is_refused_at_once() -> None:
    requests = Requests(FairSlots(per_key=1, waiting_max=2, wait_s=LONG_S))
    await requests.start("a1", "a2", "a3")
    assert requests.slots.waiting_of(ord("a")) == 2
    with pytest.raises(NoSlot):
        await requests.slots.acquire(ord("a"))
    await requests.end_all()


async def test_who_waits_too_long_is_refused_and_leaves_the_line() -> None:
    requests = Requests(FairSlots(per_key=1, waiting_max=2, wait_s=0.0))
    await requests.start("a1")
    with pytest.raises(NoSlot):
        await requests.slots.acquire(ord("a"))
    assert requests.slots.waiting_of(ord("a")) == 0
    await requests.end_all()
    await requests.slots.acquire(ord("a"))
    assert requests.slots.taken == 1


async def test_a_request_that_is_cancelled_frees_its_place_and_its_slot() -> None:
    requests = Requests(FairSlots(per_key=1, waiting_max=9, wait_s=LONG_S))
    await requests.start("a1", "a2", "a3")
    requests.tasks["a2"].cancel()
    await settle()
    await requests.end("a1")
    assert requests.served == ["a1", "a3"]
    await requests.end_all()


async def test_a_slot_that_is_given_to_a_cancelled_request_goes_to_the_next() -> None:
    requests = Requests(FairSlots(per_key=1, waiting_max=9, wait_s=LONG_S))
    await requests.start("a1", "a2", "a3")
    requests.slots.release(ord("a"))  # gives the slot of a1 to a2, which has not yet run
    requests.tasks["a2"].cancel()
    await settle()
    assert requests.served == ["a1", "a3"]
    for task in requests.tasks.values():
        task.cancel()
    await asyncio.gather(*requests.tasks.values(), return_exceptions=True)
