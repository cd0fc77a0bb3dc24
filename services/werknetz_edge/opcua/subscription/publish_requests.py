"""Keeps PublishRequests waiting at the server, and acknowledges what is on disk.

A message is acknowledged with the next request after `acknowledge` was called for it; until
then the server keeps it for Republish.
"""

import asyncio
from collections import deque
from functools import partial
from typing import Any, Final

from werknetz_edge.opcua.connection.transport import OpcuaTransport
from werknetz_edge.opcua.stack import ua

ACKS_MAX: Final = 1000  # in one request; far more than a server keeps


class PublishRequests:
    """Answers come in the order in which the server gave them, whatever request they answer."""

    def __init__(
        self, wire: OpcuaTransport, subscription: int, acks: dict[int, None], outstanding: int
    ) -> None:
        self._wire = wire
        self._subscription = subscription
        self._to_acknowledge = acks  # outlives the connection: the session may be resumed
        self._wanted = outstanding
        self._outstanding = 0
        self._arrived: deque[tuple[asyncio.Future[Any], list[int]]] = deque()
        self._news = asyncio.Event()

    def acknowledge(self, sequence: int) -> None:
        self._to_acknowledge[sequence] = None

    def fill(self) -> None:
        """Send as many requests as are to wait at the server. Raises ConnectionError."""
        while self._outstanding < self._wanted:
            acks = list(self._to_acknowledge)[:ACKS_MAX]
            for sequence in acks:
                del self._to_acknowledge[sequence]
            request = ua.PublishRequest()
            request.Parameters.SubscriptionAcknowledgements = [
                ua.SubscriptionAcknowledgement(self._subscription, sequence) for sequence in acks
            ]
            future = self._wire.post(request)
            self._outstanding += 1
            future.add_done_callback(partial(self._take, acks))

    def _take(self, acks: list[int], answer: asyncio.Future[Any]) -> None:
        self._outstanding -= 1
        if answer.cancelled():
            return
        answer.exception()  # looked at: after a stop nobody else will
        self._arrived.append((answer, acks))
        self._news.set()

    async def next_response(self, limit_s: float) -> bytes:
        """The next answer's bytes. Raises TimeoutError, ConnectionError or ua.UaError."""
        while not self._arrived:
            self._news.clear()
            async with asyncio.timeout(limit_s):
                await self._news.wait()
        future, acks = self._arrived.popleft()
        error = future.exception()
        if error is not None:
            for sequence in acks:
                self.acknowledge(sequence)
            raise error
        return bytes(future.result())

    def reduce(self) -> bool:
        """The server wants fewer requests; False: it cannot be fewer."""
        self._wanted -= 1
        return self._wanted >= 1
