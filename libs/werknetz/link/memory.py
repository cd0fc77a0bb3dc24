"""The link in memory: the promises of `redis.py`, and its faults on demand, for tests and tools."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from werknetz.link.redis import START, Entry, LinkLost
from werknetz.link.wire import Fields, Status, ToCore, ToEdge, WantedMapping, fields_of, to_edge_of

_POLL_S: Final = 0.01


@dataclass(slots=True)
class MemoryServer:
    """What Redis would hold. `forget` is FLUSHALL; `down` refuses every command."""

    down: bool = False
    life: int = 1
    connectors: set[str] = field(default_factory=set)
    to_core: dict[str, list[tuple[int, Fields]]] = field(default_factory=dict)
    to_edge: dict[str, list[tuple[int, Fields]]] = field(default_factory=dict)
    statuses: dict[str, Status] = field(default_factory=dict)
    leases: dict[str, str] = field(default_factory=dict)
    wanted: dict[str, WantedMapping] = field(default_factory=dict)
    _next: int = 1

    def forget(self) -> None:
        for kept in (
            self.connectors, self.to_core, self.to_edge, self.statuses, self.leases, self.wanted,
        ):  # fmt: skip
            kept.clear()

    def restart(self) -> None:
        self.life += 1

    def add(self, stream: list[tuple[int, Fields]], fields: Fields) -> None:
        stream.append((self._next, fields))
        self._next += 1

    def reached(self) -> None:
        if self.down:
            raise LinkLost("the server is down")


class MemoryEdgeLink:
    """The connector's side; see `RedisEdgeLink`."""

    def __init__(self, server: MemoryServer, connector: str) -> None:
        self._server = server
        self._connector = connector
        self._position = 0

    async def run_id(self) -> str:
        self._server.reached()
        return str(self._server.life)

    async def send(self, messages: Sequence[ToCore]) -> None:
        self._server.reached()
        self._server.connectors.add(self._connector)
        stream = self._server.to_core.setdefault(self._connector, [])
        for message in messages:
            self._server.add(stream, fields_of(message))

    async def receive(self, block_ms: int = 1000) -> list[ToEdge]:
        for _ in range(max(1, int(block_ms / 1000 / _POLL_S))):
            self._server.reached()
            stream = self._server.to_edge.get(self._connector, [])
            found = [entry for entry in stream if entry[0] > self._position]
            if found:
                self._position = found[-1][0]
                return [to_edge_of(fields) for _, fields in found]
            await asyncio.sleep(_POLL_S)
        return []

    def rewind(self) -> None:
        self._position = 0

    async def publish(self, status: Status) -> None:
        self._server.reached()
        self._server.connectors.add(self._connector)
        self._server.statuses[self._connector] = status

    async def wanted_mapping(self) -> WantedMapping | None:
        self._server.reached()
        return self._server.wanted.get(self._connector)

    async def close(self) -> None:
        """Nothing is held."""


class MemoryCoreLink:
    """The writer's side; see `RedisCoreLink`."""

    def __init__(self, server: MemoryServer) -> None:
        self._server = server

    async def run_id(self) -> str:
        self._server.reached()
        return str(self._server.life)

    async def connectors(self) -> set[str]:
        self._server.reached()
        return set(self._server.connectors)

    async def tops(self, connectors: Sequence[str]) -> dict[str, str]:
        self._server.reached()
        streams = {name: self._server.to_core.get(name) for name in connectors}
        return {name: _position(kept[-1][0]) if kept else START for name, kept in streams.items()}

    async def read(
        self, positions: Mapping[str, str], block_ms: int = 1000, count: int = 256
    ) -> list[Entry]:
        for _ in range(max(1, int(block_ms / 1000 / _POLL_S))):
            self._server.reached()
            found = [
                Entry(name, _position(number), fields)
                for name, position in positions.items()
                for number, fields in self._after(name, position)[:count]
            ]
            if found:
                return found
            await asyncio.sleep(_POLL_S)
        return []

    def _after(self, connector: str, position: str) -> list[tuple[int, Fields]]:
        after = _number(position)
        return [entry for entry in self._server.to_core.get(connector, []) if entry[0] > after]

    async def reply(self, connector: str, messages: Sequence[ToEdge]) -> None:
        self._server.reached()
        stream = self._server.to_edge.setdefault(connector, [])
        for message in messages:
            self._server.add(stream, fields_of(message))

    async def trim(self, connector: str, position: str) -> None:
        self._server.reached()
        kept = self._server.to_core.get(connector, [])
        kept[:] = [entry for entry in kept if entry[0] >= _number(position)]

    async def lease(self, connector: str, holder: str, ttl_ms: int) -> bool:
        """Held until released: time does not pass in here."""
        self._server.reached()
        return ttl_ms > 0 and self._server.leases.setdefault(connector, holder) == holder

    async def release(self, connector: str, holder: str) -> None:
        self._server.reached()
        if self._server.leases.get(connector) == holder:
            del self._server.leases[connector]

    async def want_mapping(self, connector: str, wanted: WantedMapping) -> None:
        self._server.reached()
        self._server.wanted[connector] = wanted

    async def status(self, connector: str) -> Status | None:
        self._server.reached()
        return self._server.statuses.get(connector)

    async def close(self) -> None:
        """Nothing is held."""


def _position(number: int) -> str:
    return f"{number}-0"


def _number(position: str) -> int:
    return int(position.partition("-")[0])
