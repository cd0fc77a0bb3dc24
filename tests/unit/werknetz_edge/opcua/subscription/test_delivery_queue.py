"""Bounded, and nothing that was received is dropped when the session ends."""

import asyncio

import pytest

from werknetz.connector.contract import ConnectionLost, Delivery
from werknetz_edge.opcua.subscription.delivery_queue import DeliveryQueue


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
