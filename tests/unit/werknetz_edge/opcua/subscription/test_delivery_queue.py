"""Bounded, and nothing that was received is dropped when the session ends."""

import asyncio
from typing import Any, Final
from uuid import uuid4

import numpy as np
import pytest

from werknetz.connector.contract import ConnectionLost, Delivery, Reading, ReadingBlock
from werknetz.events.batch import GapOpened
from werknetz_edge.opcua.subscription.delivery_queue import VALUES_MAX, DeliveryQueue

ADDRESSES: Final = ["heartbeat", "a"]


@pytest.mark.asyncio
async def test_a_full_mailbox_makes_the_source_wait() -> None:
    mailbox = DeliveryQueue(1)
    mailbox.reopen()
    first, second = Delivery(), Delivery()
    await mailbox.put(first)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await mailbox.put(second)
    assert mailbox.is_full
    assert await mailbox.get() is first
    await mailbox.put(second)
    assert await mailbox.get() is second


@pytest.mark.asyncio
async def test_what_came_before_the_end_is_given_first() -> None:
    mailbox = DeliveryQueue(2)
    with pytest.raises(ConnectionLost, match="not connected"):
        await mailbox.get()
    mailbox.reopen()
    delivery = Delivery()
    await mailbox.put(delivery)
    mailbox.fail(ConnectionLost("reset by peer"))
    mailbox.fail(ConnectionLost("later"))
    assert await mailbox.get() is delivery
    with pytest.raises(ConnectionLost, match="reset by peer"):
        await mailbox.get()


@pytest.mark.asyncio
async def test_closed_gives_nothing_and_loses_nothing() -> None:
    mailbox = DeliveryQueue(2)
    mailbox.reopen()
    delivery = Delivery()
    await mailbox.put(delivery)
    mailbox.close()
    with pytest.raises(ConnectionLost, match="closed"):
        await mailbox.get()
    mailbox.reopen()
    assert await mailbox.get() is delivery


def _block(count: int, first: float = 0.0) -> ReadingBlock:
    return ReadingBlock(
        ADDRESSES,
        np.zeros(count, np.int32),
        first + np.arange(count),
        np.zeros(count, np.uint32),
        np.zeros(count, np.int64),
    )


def _delivery(number: int, acknowledged: list[int], **more: Any) -> Delivery:
    async def acknowledge() -> None:
        acknowledged.append(number)

    return Delivery(
        readings=[Reading("b", f"text {number}")],
        blocks=[_block(2, 10.0 * number)],
        acknowledge=acknowledge,
        checkpoints=(b"%d" % number,),
        **more,
    )


@pytest.mark.asyncio
async def test_what_has_gathered_is_one_delivery() -> None:
    queue, acknowledged = DeliveryQueue(8), list[int]()
    queue.reopen()
    gap = GapOpened(uuid4(), "s", [], 1, "queue_overflow")
    await queue.put(_delivery(1, acknowledged))
    await queue.put(_delivery(2, acknowledged, gaps=[gap]))
    joined = await queue.get()
    assert [reading.value for reading in joined.readings] == ["text 1", "text 2"]
    assert [value for block in joined.blocks for value in block.value] == [10, 11, 20, 21]
    assert joined.gaps == [gap]
    assert joined.checkpoints == (b"2",)  # the last one holds
    assert acknowledged == []
    await joined.acknowledge()
    assert acknowledged == [1, 2]


@pytest.mark.asyncio
async def test_only_values_that_may_be_repeats_are_compared_with_what_is_stored() -> None:
    queue, acknowledged = DeliveryQueue(8), list[int]()
    queue.reopen()
    for number, may_repeat in enumerate([True, True, False]):
        await queue.put(_delivery(number, acknowledged, may_repeat=may_repeat))
    first, second = await queue.get(), await queue.get()
    assert (len(first.readings), first.may_repeat) == (2, True)
    assert (len(second.readings), second.may_repeat) == (1, False)


@pytest.mark.asyncio
@pytest.mark.parametrize(("source", "count"), [("a", 1), ("b", 2), ("heartbeat", 2)])
async def test_values_of_a_node_stay_in_order(source: str, count: int) -> None:
    queue = DeliveryQueue(8)
    queue.reopen()
    number = _block(1)
    number.address[:] = ADDRESSES.index("a")
    await queue.put(Delivery(blocks=[number]))
    await queue.put(Delivery(readings=[Reading(source, "text")]))
    first = await queue.get()
    assert len(first.blocks) + len(first.readings) == count


@pytest.mark.asyncio
@pytest.mark.parametrize(("more", "count"), [(0, 2), (1, 1)])
async def test_a_joined_delivery_is_bounded(more: int, count: int) -> None:
    queue = DeliveryQueue(8)
    queue.reopen()
    await queue.put(Delivery(blocks=[_block(VALUES_MAX - 1)]))
    await queue.put(Delivery(blocks=[_block(1 + more)]))
    assert len((await queue.get()).blocks) == count


@pytest.mark.asyncio
async def test_gathering_ends_where_waiting_adds_nothing() -> None:
    queue = DeliveryQueue(2)
    queue.reopen()
    await queue.gather(0.01)  # nothing comes
    await queue.put(Delivery())
    await queue.gather(0.01)
    await queue.put(Delivery())
    async with asyncio.timeout(30):
        await queue.gather(600)  # full
        await queue.get()
        queue.fail(ConnectionLost("reset"))
        await queue.gather(600)
    queue.reopen()
    queue.close()
    async with asyncio.timeout(30):
        await queue.gather(600)
