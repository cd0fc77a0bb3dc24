"""Browse and read the address space in batches within the server's limits, with time-outs."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from werknetz.connector.contract import ConfigurationRejected
from werknetz.texts.sentence import Sentence
from werknetz_edge.opcua.connection.session import OpcuaSession
from werknetz_edge.opcua.stack import ua

HIERARCHICAL: Final = 33
HAS_SUBTYPE: Final = 45
HAS_PROPERTY: Final = 46
OBJECT, VARIABLE = 1, 2
_BAD: Final = 0x8000_0000
_REFERENCES_MAX: Final = 1000  # for one node in one answer; the rest comes by BrowseNext
REFERENCES_MAX: Final = 200_000  # of all nodes that are asked for at once


@dataclass(frozen=True, slots=True)
class ReadValue:
    """The current value of a variable, as the library decodes it."""

    value: Any
    status: int

    @property
    def is_usable(self) -> bool:
        """Whether there is a value, Good or Uncertain."""
        return self.status < _BAD and self.value is not None


class Explorer:
    """Browse and read, many nodes at a time."""

    def __init__(
        self,
        session: OpcuaSession,
        timeout_s: float,
        begin: Callable[[str, float], None] | None = None,
        references_max: int = REFERENCES_MAX,
    ) -> None:
        """`begin` is called before each request with its purpose and time limit."""
        self._references_max = references_max
        self._begin = begin
        self._visited = 0
        self._service = session.client.wire.session
        self._limits = session.limits
        self._timeout_s = timeout_s

    def _note(self, step: str) -> None:
        if self._begin is not None:
            self._begin(step, self._timeout_s)

    async def references(
        self,
        nodes: Sequence[Any],
        kind: int = HIERARCHICAL,
        *,
        inverse: bool = False,
        classes: int = OBJECT | VARIABLE,
    ) -> list[list[Any]]:
        """Return the references of each node, in the order of the nodes; none for a bad node.

        Raises ConfigurationRejected for more than `references_max`: no server fills our memory.
        """
        references_of_nodes: list[list[Any]] = []
        count = 0
        for batch in _batches(nodes, self._limits["browse"]):
            descriptions = [_description(node, kind, inverse, classes) for node in batch]
            lists, open_points = await self._browse(descriptions)
            count += sum(map(len, lists))
            while open_points and count <= self._references_max:
                # A server that brings nothing and goes on for ever counts, too.
                count += len(open_points)
                open_points, new = await self._browse_on(lists, open_points)
                count += new
            if count > self._references_max:
                await self._release(open_points)
                count_max = self._references_max
                raise ConfigurationRejected(Sentence("connector.too_many_nodes", count=count_max))
            references_of_nodes.extend(lists)
        return references_of_nodes

    async def first_references(self, node: Any, count_max: int) -> list[Any]:
        """Return the references of a node; of more than `count_max`, at least so many."""
        descriptions = [_description(node, HIERARCHICAL, inverse=False, classes=OBJECT | VARIABLE)]
        lists, open_points = await self._browse(descriptions)
        new = len(lists[0])
        while open_points and new and len(lists[0]) < count_max:
            open_points, new = await self._browse_on(lists, open_points)
        await self._release(open_points)
        return lists[0]

    async def _browse(self, descriptions: list[Any]) -> tuple[list[list[Any]], dict[int, bytes]]:
        """Return the references, and the continuation points by the index of their node."""
        parameters = ua.BrowseParameters(
            RequestedMaxReferencesPerNode=_REFERENCES_MAX, NodesToBrowse=descriptions
        )
        self._note(f"browse, {self._visited} nodes visited")
        self._visited += len(descriptions)
        async with asyncio.timeout(self._timeout_s):
            results: list[Any] = list(await self._service.browse(parameters))
        points = {i: r.ContinuationPoint for i, r in enumerate(results) if r.ContinuationPoint}
        return [list(result.References or []) for result in results], points

    async def _browse_on(
        self, lists: list[list[Any]], open_points: dict[int, bytes]
    ) -> tuple[dict[int, bytes], int]:
        """Follow continuation points once; return those that are left, and how many were new."""
        parameters = ua.BrowseNextParameters(
            ReleaseContinuationPoints=False,  # the library's default gives them back
            ContinuationPoints=list(open_points.values()),
        )
        self._note(f"browse on, {self._visited} nodes visited")
        async with asyncio.timeout(self._timeout_s):
            following: list[Any] = list(await self._service.browse_next(parameters))
        left, count = {}, 0
        for index, result in zip(open_points, following, strict=True):
            result.StatusCode.check()
            lists[index].extend(result.References or [])
            count += len(result.References or [])
            if result.ContinuationPoint:
                left[index] = result.ContinuationPoint
        return left, count

    async def _release(self, open_points: dict[int, bytes]) -> None:
        """Give continuation points back: a session has a few only."""
        if open_points:
            parameters = ua.BrowseNextParameters(
                ReleaseContinuationPoints=True, ContinuationPoints=list(open_points.values())
            )
            async with asyncio.timeout(self._timeout_s):
                await self._service.browse_next(parameters)

    async def read(self, nodes: Sequence[Any], *attributes: int) -> list[list[Any]]:
        """Return the values of these attributes for each node; None where there is none."""
        requests = [(node, attribute) for node in nodes for attribute in attributes]
        values: list[Any] = []
        for batch in _batches(requests, self._limits["read"]):
            self._note(f"read attributes, {len(values)} of {len(requests)}")
            parameters = ua.ReadParameters(
                NodesToRead=[ua.ReadValueId(NodeId=n, AttributeId=a) for n, a in batch]
            )
            async with asyncio.timeout(self._timeout_s):
                answers: list[Any] = list(await self._service.read(parameters))
            values.extend(_value(answer) for answer in answers)
        width = len(attributes)
        return [values[i * width : (i + 1) * width] for i in range(len(nodes))]

    async def read_values(self, nodes: Sequence[Any]) -> list[ReadValue]:
        """Return the current value of each variable, with its status."""
        values: list[ReadValue] = []
        for batch in _batches(nodes, self._limits["read"]):
            parameters = ua.ReadParameters(
                NodesToRead=[
                    ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value) for node in batch
                ]
            )
            async with asyncio.timeout(self._timeout_s):
                answers: list[Any] = list(await self._service.read(parameters))
            for answer in answers:
                value = answer.Value.Value if answer.Value is not None else None
                status = 0 if answer.StatusCode is None else int(answer.StatusCode.value)
                values.append(ReadValue(value, status))
        return values


def _value(answer: Any) -> Any:
    if answer.StatusCode is not None and answer.StatusCode.is_bad():
        return None
    return answer.Value.Value if answer.Value is not None else None


def _description(node: Any, kind: int, inverse: bool, classes: int) -> Any:
    direction = ua.BrowseDirection.Inverse if inverse else ua.BrowseDirection.Forward
    return ua.BrowseDescription(
        NodeId=node,
        BrowseDirection=direction,
        ReferenceTypeId=ua.NodeId(kind, 0),
        IncludeSubtypes=True,
        NodeClassMask=classes,
        ResultMask=ua.BrowseResultMask.All,
    )


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
