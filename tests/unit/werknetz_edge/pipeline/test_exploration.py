"""Requests of people: not carried out when they are outdated, not lost with the link."""

import asyncio
from typing import Any

import pytest

from werknetz.link.exploration import ExplorationRequest, ExplorationResult
from werknetz.link.redis import LinkLost
from werknetz.runtime.log import get_logger
from werknetz_edge.hosts import Server
from werknetz_edge.pipeline.exploration import Explorations

pytestmark = pytest.mark.asyncio
URL = "opc.tcp://10.20.0.1:4840"


class ExplorationLink:
    """Requests that wait; `lost` names the calls that fail, once each."""

    def __init__(self, *ids: str) -> None:
        self.requests = [ExplorationRequest(name, "browse", {"url": URL}) for name in ids]
        self.outdated: set[str] = set()
        self.lost: list[tuple[str, str]] = []
        self.results: list[tuple[str, str]] = []

    async def receive(self, _: int = 0) -> list[ExplorationRequest]:
        if not self.requests:
            await asyncio.Event().wait()
        requests, self.requests = self.requests, []
        return requests

    async def begin(self, request_id: str) -> bool:
        self._fail("begin", request_id)
        return request_id not in self.outdated

    async def publish(self, result: ExplorationResult) -> None:
        self._fail(result.state, result.id)
        self.results.append((result.id, result.state))

    async def close(self) -> None:
        """Close nothing."""

    def _fail(self, call: str, name: str) -> None:
        if (call, name) in self.lost:
            self.lost.remove((call, name))
            raise LinkLost(call)


async def carried_out(link: ExplorationLink) -> list[str]:
    """Run until nothing is left to do, again after each lost link; return the ids explored."""
    explored: list[str] = []

    async def explore(_: str, __: dict[str, Any], server: Server) -> dict[str, Any]:
        assert [str(address) for address in server.addresses] == ["10.20.0.1"]
        explored.append("once")
        return {}

    explorations = Explorations(link, explore, ("10.20.0.0/16",), get_logger("test"))
    while True:
        try:
            async with asyncio.timeout(0.2):
                await explorations.run()
        except LinkLost:
            continue
        except TimeoutError:
            return explored


async def test_requests_are_carried_out_in_order() -> None:
    link = ExplorationLink("a", "b")
    assert len(await carried_out(link)) == 2
    assert link.results == [("a", "running"), ("a", "done"), ("b", "running"), ("b", "done")]


async def test_an_outdated_request_is_not_carried_out() -> None:
    """Whoever asked has long read that the edge does not answer."""
    link = ExplorationLink("a", "b")
    link.outdated = {"a"}
    assert len(await carried_out(link)) == 1
    assert link.results == [("b", "running"), ("b", "done")]


@pytest.mark.parametrize("call", ["begin", "running", "done"])
async def test_a_lost_link_loses_no_request_and_no_result(call: str) -> None:
    link = ExplorationLink("a", "b")
    link.lost = [(call, "a")]
    assert len(await carried_out(link)) == 2
    assert [result for result in link.results if result[1] == "done"] == [
        ("a", "done"), ("b", "done"),
    ]  # fmt: skip
