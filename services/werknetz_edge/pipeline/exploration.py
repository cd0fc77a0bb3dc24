"""Carries out requests to explore a source: only where the edge file allows it, one at a time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import msgspec
from pydantic import ValidationError

from werknetz.connector.contract import ConfigurationRejected
from werknetz.link.exploration import RESULT_BYTES_MAX, ExplorationRequest, ExplorationResult
from werknetz.runtime.background import end_if_cancelled
from werknetz.runtime.log import Logger
from werknetz.texts.sentence import Sentence
from werknetz_edge.hosts import Server, find_server
from werknetz_edge.pipeline.fault import fault_of, sentence_of_failure
from werknetz_edge.pipeline.source import describe_error
from werknetz_edge.pipeline.supervise import must_propagate

EXPLORATION_S: Final = 45.0  # less than `exploration.RUNNING_S`
_DETAIL_MAX: Final = 1000
Explore = Callable[[str, dict[str, Any], Server], Awaitable[dict[str, Any]]]


class RequestLink(Protocol):
    """The edge's side: `link.redis_requests.RedisRequestLink`."""

    async def receive(self, block_ms: int = ...) -> list[ExplorationRequest]: ...
    async def begin(self, request_id: str) -> bool: ...
    async def publish(self, result: ExplorationResult) -> None: ...
    async def close(self) -> None: ...


class Explorations:
    """Requests of people, by way of the API; `hosts` is what the edge file lets them reach.

    What was received and what was found outlive a lost link: they are taken up again with `run`.
    """

    def __init__(
        self, link: RequestLink, explore: Explore, hosts: Sequence[str], log: Logger
    ) -> None:
        self._link = link
        self._explore = explore
        self._hosts = hosts
        self._log = log
        self._waiting: deque[ExplorationRequest] = deque()
        self._unsent: ExplorationResult | None = None

    async def run(self) -> None:
        """Carry out requests as they come. Raises LinkLost."""
        await self._send()
        while True:
            end_if_cancelled()
            if not self._waiting:
                self._waiting.extend(await self._link.receive())
            elif await self._begin(self._waiting[0]):
                self._unsent = await self._carry_out(self._waiting.popleft())
                await self._send()
            else:
                self._log.info("exploration outdated", request=self._waiting.popleft().id)

    async def close(self) -> None:
        await self._link.close()

    async def _send(self) -> None:
        """Send what was found, if that is left to do."""
        if self._unsent is not None:
            await self._link.publish(self._unsent)
            self._unsent = None

    async def _begin(self, request: ExplorationRequest) -> bool:
        """State that a request is carried out; False: it is outdated."""
        if not await self._link.begin(request.id):
            return False
        await self._link.publish(ExplorationResult(request.id, request.action, "running"))
        return True

    async def _carry_out(self, request: ExplorationRequest) -> ExplorationResult:
        url = str(request.parameters.get("url", ""))[:500]
        self._log.info("exploration", action=request.action, url=url, request=request.id)
        try:
            async with asyncio.timeout(EXPLORATION_S):
                server = await find_server(url, self._hosts)
                result = await self._explore(request.action, dict(request.parameters), server)
            check_size(result)
        except BaseException as error:
            if must_propagate(error):
                raise
            self._log.warning(
                "exploration failed", request=request.id, reason=describe_error(error)
            )
            return _failure(request, error)
        return ExplorationResult(request.id, request.action, "done", result=result)


def _failure(request: ExplorationRequest, error: BaseException) -> ExplorationResult:
    sentence = sentence_of_failure(error)
    if isinstance(error, ValidationError):
        sentence = Sentence("connector.exploration_refused")
    return ExplorationResult(
        request.id, request.action, "failed", fault=fault_of(sentence),
        detail=describe_error(error)[:_DETAIL_MAX],
    )  # fmt: skip


def check_size(result: dict[str, Any]) -> None:
    """Raise ConfigurationRejected for a result that is too large to be carried."""
    if len(msgspec.json.encode(result)) > RESULT_BYTES_MAX:
        raise ConfigurationRejected(
            Sentence("connector.exploration_too_large", bytes_max=RESULT_BYTES_MAX)
        )
