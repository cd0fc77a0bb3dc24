"""Carries out requests to explore a source: only where the edge file allows it, one at a time."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import msgspec
from pydantic import ValidationError

from werknetz.connector.contract import ConfigurationRejected
from werknetz.link.exploration import RESULT_BYTES_MAX, ExplorationRequest, ExplorationResult
from werknetz.runtime.background import end_if_cancelled
from werknetz.runtime.log import Logger
from werknetz.texts.sentence import Sentence
from werknetz_edge.pipeline.fault import fault_of, sentence_of_failure
from werknetz_edge.pipeline.source import describe_error
from werknetz_edge.pipeline.supervise import must_propagate
from werknetz_edge.spool.spool_file import clock_us

EXPLORATION_S: Final = 45.0
_DETAIL_MAX: Final = 1000
Explore = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


class RequestLink(Protocol):
    """The edge's side: `link.redis.RedisRequestLink`."""

    async def receive(self, block_ms: int = ...) -> list[ExplorationRequest]: ...
    async def publish(self, result: ExplorationResult) -> None: ...
    async def close(self) -> None: ...


class Explorations:
    """Requests of people, by way of the API; `hosts` is what the edge file lets them reach."""

    def __init__(
        self, link: RequestLink, explore: Explore, hosts: Sequence[str], log: Logger
    ) -> None:
        self._link = link
        self._explore = explore
        self._hosts = hosts
        self._log = log

    async def run(self) -> None:
        """Carry out requests as they come. Raises LinkLost."""
        while True:
            end_if_cancelled()
            for request in await self._link.receive():
                await self._carry_out(request)

    async def close(self) -> None:
        await self._link.close()

    async def _carry_out(self, request: ExplorationRequest) -> None:
        url = str(request.parameters.get("url", ""))[:500]
        self._log.info("exploration", action=request.action, url=url, request=request.id)
        await self._publish(request, "running")
        try:
            async with asyncio.timeout(EXPLORATION_S):
                await check_host(url, self._hosts)
                result = await self._explore(request.action, dict(request.parameters))
            check_size(result)
        except BaseException as error:
            if must_propagate(error):
                raise
            self._log.warning(
                "exploration failed", request=request.id, reason=describe_error(error)
            )
            await self._publish_failure(request, error)
            return
        await self._publish(request, "done", result=result)

    async def _publish_failure(self, request: ExplorationRequest, error: BaseException) -> None:
        sentence = sentence_of_failure(error)
        if isinstance(error, ValidationError):
            sentence = Sentence("connector.exploration_refused")
        detail = describe_error(error)[:_DETAIL_MAX]
        await self._publish(request, "failed", fault=fault_of(sentence), detail=detail)

    async def _publish(self, request: ExplorationRequest, state: str, **fields: Any) -> None:
        result = ExplorationResult(request.id, request.action, state, clock_us(), **fields)
        await self._link.publish(result)


def check_size(result: dict[str, Any]) -> None:
    """Raise ConfigurationRejected for a result that is too large to be carried."""
    if len(msgspec.json.encode(result)) > RESULT_BYTES_MAX:
        raise ConfigurationRejected(
            Sentence("connector.exploration_too_large", bytes_max=RESULT_BYTES_MAX)
        )


async def check_host(url: str, hosts: Sequence[str]) -> None:
    """Raise ConfigurationRejected unless the edge file lets people reach the host of a URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts_are_wrong(url, host, port):
        raise ConfigurationRejected(Sentence("connector.exploration_url", url=url))
    assert host is not None  # noqa: S101  checked above
    if host.casefold() in {name.casefold() for name in hosts}:
        return
    networks = [ipaddress.ip_network(text) for text in hosts if _is_network(text)]
    addresses = await _addresses_of(host)
    if not all(any(address in network for network in networks) for address in addresses):
        raise ConfigurationRejected(Sentence("connector.exploration_host", host=host))


def parts_are_wrong(url: str, host: str | None, port: int | None) -> bool:
    return not url.startswith("opc.tcp://") or not host or not port or "@" in url


async def _addresses_of(
    host: str,
) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return all addresses of a host: each must be allowed. Raises socket.gaierror."""
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        loop = asyncio.get_running_loop()
        infos = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return [ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in infos]


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
