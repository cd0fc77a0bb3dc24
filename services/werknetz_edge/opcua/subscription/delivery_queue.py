"""Between the session and the pump: a few deliveries, never more, and none dropped on a loss."""

import asyncio
from collections import deque

from werknetz.connector.contract import ConnectionLost, Delivery


class DeliveryQueue:
    """Bounded; `put` waits for room, `get` waits for a delivery or the end of the session."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting: deque[Delivery] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._failure: Exception | None = ConnectionLost("not connected")
        self._closed = True

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= self._size

    async def put(self, delivery: Delivery) -> None:
        while self.is_full:
            self._room.clear()
            await self._room.wait()
        self._waiting.append(delivery)
        self._news.set()

    def add_unbounded(self, delivery: Delivery) -> None:
        """One more, whatever the room: a word of the connector itself, once a connection."""
        self._waiting.append(delivery)
        self._news.set()

    async def get(self) -> Delivery:
        """The next delivery; once all are given, raises what `fail` was told."""
        while self._closed or not self._waiting:
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()
        self._room.set()
        return self._waiting.popleft()

    def fail(self, failure: Exception) -> None:
        """The session has ended. The first reason is the true one."""
        if self._failure is None:
            self._failure = failure
        self._news.set()

    def close(self) -> None:
        """Give nothing any more; what waits is given when the connector connects again."""
        self._closed = True
        self.fail(ConnectionLost("closed"))

    def reopen(self) -> None:
        self._failure, self._closed = None, False
