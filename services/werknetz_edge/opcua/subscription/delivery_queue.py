"""Bounded queue of deliveries between session and pump; it survives the loss of a session."""

import asyncio
from collections import deque

from werknetz.connector.contract import ConnectionLost, Delivery


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

    async def get(self) -> Delivery:
        """Return the next delivery; raise the error passed to `fail` once the queue is empty."""
        while self._closed or not self._deliveries:
            if self._failure is not None:
                raise self._failure
            self._changed.clear()
            await self._changed.wait()
        self._has_room.set()
        return self._deliveries.popleft()

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
