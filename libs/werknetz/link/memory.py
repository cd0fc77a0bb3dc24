"""The link in memory, with the guarantees of `redis.py` and faults on demand, for tests."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from werknetz.link.redis import START, LinkLost, StreamEntry
from werknetz.link.wire import (
    DesiredMapping,
    Fields,
    Status,
    ToCore,
    ToEdge,
    decode_to_edge,
    encode_message,
)

_POLL_S: Final = 0.01


@dataclass(slots=True)
class MemoryServer:
    """What Redis would store. `flush` is FLUSHALL; with `down` every command fails."""

    down: bool = False
    run_number: int = 1
    connectors: set[str] = field(default_factory=set)
    to_core: dict[str, list[tuple[int, Fields]]] = field(default_factory=dict)
    to_edge: dict[str, list[tuple[int, Fields]]] = field(default_factory=dict)
    statuses: dict[str, Status] = field(default_factory=dict)
    leases: dict[str, str] = field(default_factory=dict)
    writers: set[str] = field(default_factory=set)
    desired_mappings: dict[str, DesiredMapping] = field(default_factory=dict)
    _next: int = 1

    def flush(self) -> None:
        for collection in (
            self.connectors, self.to_core, self.to_edge, self.statuses, self.leases,
            self.writers, self.desired_mappings,
        ):  # fmt: skip
            collection.clear()

    def restart(self) -> None:
        self.run_number += 1

    def add(self, stream: list[tuple[int, Fields]], fields: Fields) -> None:
        stream.append((self._next, fields))
        self._next += 1

    def check_reachable(self) -> None:
        if self.down:
            raise LinkLost("the server is down")


class MemoryEdgeLink:
    """The connector's side; see `RedisEdgeLink`."""

    def __init__(self, server: MemoryServer, connector: str) -> None:
        self._server = server
        self._connector = connector
        self._position = 0

    async def read_run_id(self) -> str:
        self._server.check_reachable()
        return str(self._server.run_number)

    async def send(self, messages: Sequence[ToCore]) -> None:
        self._server.check_reachable()
        self._server.connectors.add(self._connector)
        stream = self._server.to_core.setdefault(self._connector, [])
        for message in messages:
            self._server.add(stream, encode_message(message))

    async def receive(self, block_ms: int = 1000) -> list[ToEdge]:
        for _ in range(max(1, int(block_ms / 1000 / _POLL_S))):
            self._server.check_reachable()
            stream = self._server.to_edge.get(self._connector, [])
            entries = [entry for entry in stream if entry[0] > self._position]
            if entries:
                self._position = entries[-1][0]
                return [decode_to_edge(fields) for _, fields in entries]
            await asyncio.sleep(_POLL_S)
        return []

    def rewind(self) -> None:
        self._position = 0

    def for_connector(self, connector: str) -> "MemoryEdgeLink":
        return MemoryEdgeLink(self._server, connector)

    async def publish_status(self, status: Status) -> None:
        self._server.check_reachable()
        self._server.connectors.add(self._connector)
        self._server.statuses[self._connector] = status

    async def read_desired_mapping(self) -> DesiredMapping | None:
        self._server.check_reachable()
        return self._server.desired_mappings.get(self._connector)

    async def close(self) -> None:
        """There is nothing to close."""


class MemoryCoreLink:
    """The writer's side; see `RedisCoreLink`."""

    def __init__(self, server: MemoryServer) -> None:
        self._server = server

    async def read_run_id(self) -> str:
        self._server.check_reachable()
        return str(self._server.run_number)

    async def list_connectors(self) -> set[str]:
        self._server.check_reachable()
        return set(self._server.connectors)

    async def read_newest_positions(self, connectors: Sequence[str]) -> dict[str, str]:
        self._server.check_reachable()
        streams = {name: self._server.to_core.get(name) for name in connectors}
        return {name: _position(s[-1][0]) if s else START for name, s in streams.items()}

    async def read(
        self, positions: Mapping[str, str], block_ms: int = 1000, count: int = 256
    ) -> list[StreamEntry]:
        for _ in range(max(1, int(block_ms / 1000 / _POLL_S))):
            self._server.check_reachable()
            entries = [
                StreamEntry(name, _position(number), fields)
                for name, position in positions.items()
                for number, fields in self._after(name, position)[:count]
            ]
            if entries:
                return entries
            await asyncio.sleep(_POLL_S)
        return []

    def _after(self, connector: str, position: str) -> list[tuple[int, Fields]]:
        after = _number(position)
        return [entry for entry in self._server.to_core.get(connector, []) if entry[0] > after]

    async def finish(
        self, trims: Mapping[str, str], replies: Mapping[str, Sequence[ToEdge]]
    ) -> set[str]:
        """Trim streams, then reply; nothing is ever too full here."""
        self._server.check_reachable()
        for connector, position in trims.items():
            entries = self._server.to_core.get(connector, [])
            entries[:] = [entry for entry in entries if entry[0] >= _number(position)]
        for connector, messages in replies.items():
            stream = self._server.to_edge.setdefault(connector, [])
            for message in messages:
                self._server.add(stream, encode_message(message))
        return set()

    async def report_writer(
        self, holder: str, ttl_ms: int, *, leaves: bool = False
    ) -> set[str] | None:
        """Report that a writer works; it does until it leaves, since no time passes here."""
        self._server.check_reachable()
        if leaves or ttl_ms <= 0:
            self._server.writers.discard(holder)
        else:
            self._server.writers.add(holder)
        return set(self._server.writers)

    async def read_lease_holders(self, connectors: Sequence[str]) -> dict[str, str]:
        self._server.check_reachable()
        leases = self._server.leases
        return {name: leases[name] for name in connectors if name in leases}

    async def acquire_leases(self, connectors: Sequence[str], holder: str, ttl_ms: int) -> set[str]:
        """Acquire free leases; they last until they are released, since no time passes here."""
        self._server.check_reachable()
        acquired = {name for name in connectors if ttl_ms > 0 and name not in self._server.leases}
        self._server.leases |= dict.fromkeys(acquired, holder)
        return acquired

    async def extend_leases(self, connectors: Sequence[str], ttl_ms: int) -> None:
        """Extend leases: with a TTL of 0 they expire, otherwise none does here."""
        self._server.check_reachable()
        for name in connectors if ttl_ms <= 0 else ():
            self._server.leases.pop(name, None)

    async def release_leases(self, connectors: Sequence[str], holder: str) -> None:
        self._server.check_reachable()
        for name in connectors:
            if self._server.leases.get(name) == holder:
                del self._server.leases[name]

    async def publish_desired_mappings(self, mappings: Mapping[str, DesiredMapping]) -> bool:
        self._server.check_reachable()
        self._server.desired_mappings.update(mappings)
        return True

    async def read_status(self, connector: str) -> Status | None:
        self._server.check_reachable()
        return self._server.statuses.get(connector)

    async def close(self) -> None:
        """There is nothing to close."""


def _position(number: int) -> str:
    return f"{number}-0"


def _number(position: str) -> int:
    return int(position.partition("-")[0])
