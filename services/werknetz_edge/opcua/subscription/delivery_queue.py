"""Bounded queue of deliveries between session and pump; it survives the loss of a session."""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import chain
from typing import Final

from werknetz.connector.contract import HEARTBEAT, ConnectionLost, Delivery

VALUES_MAX: Final = 50_000  # of deliveries that are returned as one


class DeliveryQueue:
    """Bounded; `put` waits for room, `get` waits for a delivery or the end of the session."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._deliveries: deque[Delivery] = deque()
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()
        self._failure: Exception | None = ConnectionLost("not connected")
        self._closed = True

    @property
    def is_full(self) -> bool:
        return len(self._deliveries) >= self._size

    async def put(self, delivery: Delivery) -> None:
        while self.is_full:
            self._has_room.clear()
            await self._has_room.wait()
        self._deliveries.append(delivery)
        self._changed.set()

    def add_unbounded(self, delivery: Delivery) -> None:
        """Add the connector's own delivery regardless of the limit, once per connection."""
        self._deliveries.append(delivery)
        self._changed.set()

    async def gather(self, limit_s: float) -> None:
        """Return after the time; earlier where the queue is full, closed or has failed."""
        try:
            async with asyncio.timeout(limit_s):
                while not (self.is_full or self._closed or self._failure is not None):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return

    async def get(self) -> Delivery:
        """Return what is queued as one delivery, up to `VALUES_MAX` and what may not be joined.

        Raises the error passed to `fail` once the queue is empty.
        """
        while self._closed or not self._deliveries:
            if self._failure is not None:
                raise self._failure
            self._changed.clear()
            await self._changed.wait()
        self._has_room.set()
        joined = [self._deliveries.popleft()]
        values = _values_of(joined[0])
        while self._deliveries and _may_follow(joined, self._deliveries[0]):
            values += _values_of(self._deliveries[0])
            if values > VALUES_MAX:
                break
            joined.append(self._deliveries.popleft())
        return joined[0] if len(joined) == 1 else _join(joined)

    def fail(self, failure: Exception) -> None:
        """Note why the session has ended; only the first reason counts."""
        if self._failure is None:
            self._failure = failure
        self._changed.set()

    def close(self) -> None:
        """Stop `get`; queued deliveries are returned after the next connect."""
        self._closed = True
        self.fail(ConnectionLost("closed"))

    def reopen(self) -> None:
        self._failure, self._closed = None, False


def _values_of(delivery: Delivery) -> int:
    return len(delivery.readings) + sum(len(block.address) for block in delivery.blocks)


def _may_follow(joined: Sequence[Delivery], delivery: Delivery) -> bool:
    """Whether a delivery may be joined without changing the order of the values of a node.

    Of one delivery readings are stored before blocks (M8).
    """
    if delivery.may_repeat != joined[0].may_repeat:
        return False
    sources = {reading.source for reading in delivery.readings} - {HEARTBEAT}
    return not sources or not any(
        block.addresses[index] in sources
        for former in joined
        for block in former.blocks
        for index in block.address.tolist()
    )


def _join(deliveries: Sequence[Delivery]) -> Delivery:
    """Join deliveries that follow one another; of their checkpoints the last one holds."""

    async def acknowledge() -> None:
        for delivery in deliveries:
            await delivery.acknowledge()

    return Delivery(
        readings=[*chain.from_iterable(delivery.readings for delivery in deliveries)],
        blocks=[*chain.from_iterable(delivery.blocks for delivery in deliveries)],
        gaps=[*chain.from_iterable(delivery.gaps for delivery in deliveries)],
        unreadable=[*chain.from_iterable(delivery.unreadable for delivery in deliveries)],
        acknowledge=acknowledge,
        checkpoints=deliveries[-1].checkpoints,
        may_repeat=deliveries[0].may_repeat,
    )
