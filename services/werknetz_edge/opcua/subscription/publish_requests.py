"""Keeps PublishRequests outstanding at the server and acknowledges stored messages.

A message is acknowledged with the next request after `acknowledge`; until then the server
retains it for Republish.
"""

import asyncio
from collections import deque
from functools import partial
from typing import Any, Final

from werknetz_edge.opcua.connection.transport import OpcuaTransport
from werknetz_edge.opcua.stack import ua

ACKS_MAX: Final = 1000  # in one request; far more than a server retains


class PublishRequests:
    """Returns responses in the order of arrival, whichever request they belong to."""

    def __init__(
        self, wire: OpcuaTransport, subscription: int, acks: dict[int, None], outstanding: int
    ) -> None:
        self._wire = wire
        self._subscription = subscription
        self._to_acknowledge = acks  # outlives the connection: the session may be resumed
        self._target_count = outstanding
        self._outstanding: dict[asyncio.Future[Any], list[int]] = {}
        self._arrived: deque[tuple[asyncio.Future[Any], list[int]]] = deque()
        self._response_arrived = asyncio.Event()

    def acknowledge(self, sequence: int) -> None:
        self._to_acknowledge[sequence] = None

    def fill(self) -> None:
        """Send requests up to the target number. Raises ConnectionError."""
        while len(self._outstanding) < self._target_count:
            acks = list(self._to_acknowledge)[:ACKS_MAX]
            for sequence in acks:
                del self._to_acknowledge[sequence]
            request = ua.PublishRequest()
            request.Parameters.SubscriptionAcknowledgements = [
                ua.SubscriptionAcknowledgement(self._subscription, sequence) for sequence in acks
            ]
            future = self._wire.post(request)
            self._outstanding[future] = acks
            future.add_done_callback(partial(self._on_response, acks))

    def forget(self) -> None:
        """Count no request as outstanding: they, or their answers, were lost on the way."""
        for acks in self._outstanding.values():
            for sequence in acks:
                self.acknowledge(sequence)
        self._outstanding.clear()

    def _on_response(self, acks: list[int], answer: asyncio.Future[Any]) -> None:
        self._outstanding.pop(answer, None)
        if answer.cancelled():
            return
        answer.exception()  # retrieved here: after a stop nobody else retrieves it
        self._arrived.append((answer, acks))
        self._response_arrived.set()

    async def next_response(self, limit_s: float) -> bytes:
        """Return the next response. Raises TimeoutError, ConnectionError or ua.UaError."""
        while not self._arrived:
            self._response_arrived.clear()
            async with asyncio.timeout(limit_s):
                await self._response_arrived.wait()
        future, acks = self._arrived.popleft()
        error = future.exception()
        if error is not None:
            for sequence in acks:
                self.acknowledge(sequence)
            raise error
        return bytes(future.result())

    def reduce(self) -> bool:
        """Lower the number of outstanding requests; False: it is one already."""
        if self._target_count <= 1:
            return False
        self._target_count -= 1
        return True
