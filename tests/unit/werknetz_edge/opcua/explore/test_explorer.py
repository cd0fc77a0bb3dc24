"""A server that goes on for ever does not fill the memory, nor keep the edge busy."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.opcua.explore.explorer import Explorer
from werknetz_edge.opcua.stack import ua

pytestmark = pytest.mark.asyncio
NODE = ua.NodeId(85, 0)


class EndlessServer:
    """Browses `size` references at once, up to `count` of each node."""

    def __init__(self, count: int, size: int) -> None:
        self.left = self.count = count
        self.size = size
        self.answers = 0
        self.released = 0

    async def browse(self, parameters: Any) -> list[Any]:
        self.left = self.count
        return [self._page() for _ in parameters.NodesToBrowse]

    async def browse_next(self, parameters: Any) -> list[Any]:
        if parameters.ReleaseContinuationPoints:
            self.released += len(parameters.ContinuationPoints)
            return []
        return [self._page() for _ in parameters.ContinuationPoints]

    def _page(self) -> Any:
        self.answers += 1
        assert self.answers < 1000, "it is followed for ever"
        size = min(self.size, self.left)
        self.left -= size
        point = b"more" if self.left else None
        status = ua.StatusCode(0)
        return SimpleNamespace(References=["r"] * size, ContinuationPoint=point, StatusCode=status)


def explorer_of(server: EndlessServer, references_max: int = 100) -> Explorer:
    wire = SimpleNamespace(session=server)
    session = SimpleNamespace(client=SimpleNamespace(wire=wire), limits={"browse": 10})
    return Explorer(cast("Any", session), 1.0, references_max=references_max)


@pytest.mark.parametrize(("count", "size"), [(100, 7), (100, 100), (0, 7), (30, 30)])
async def test_all_references_are_read(count: int, size: int) -> None:
    server = EndlessServer(count, size)
    (references,) = await explorer_of(server, 120).references([NODE])
    assert (len(references), server.released) == (count, 0)


@pytest.mark.parametrize(("count", "size"), [(10**9, 7), (10**9, 101), (1, 0)])
async def test_too_many_references_are_refused(count: int, size: int) -> None:
    server = EndlessServer(count, size)
    with pytest.raises(ConfigurationRejected, match="more than 100 nodes") as refused:
        await explorer_of(server).references([NODE])
    assert refused.value.args[0].code == "connector.too_many_nodes"
    assert server.released == 1  # a session has few continuation points


async def test_many_nodes_count_together() -> None:
    with pytest.raises(ConfigurationRejected):
        await explorer_of(EndlessServer(60, 60)).references([NODE] * 11)


@pytest.mark.parametrize(
    ("count", "size", "count_read", "released"),
    [(20, 7, 20, 0), (10**9, 7, 56, 1), (10**9, 90, 90, 1), (1, 0, 0, 1)],
)
async def test_the_first_references_of_a_node(
    count: int, size: int, count_read: int, released: int
) -> None:
    server = EndlessServer(count, size)
    references = await explorer_of(server).first_references(NODE, 50)
    assert (len(references), server.released) == (count_read, released)
