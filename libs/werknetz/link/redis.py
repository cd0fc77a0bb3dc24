"""The only door to Redis for facts: a lossy link over two streams a connector.

Entry ids are `*` and plain XREAD is all that reads (R6). No command is cancelled midway:
each has the socket's timeout instead, and a failure is `LinkLost`.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from werknetz.link.wire import (
    LAST_WORDS,
    Fields,
    Status,
    ToCore,
    ToEdge,
    UnreadableMessage,
    WantedMapping,
    bytes_of_wanted,
    fields_of,
    hash_of,
    status_of,
    to_edge_of,
    wanted_of,
)

SOCKET_TIMEOUT_S: Final = 5.0
BLOCK_MAX_MS: Final = 2000  # well below the socket's timeout
STATUS_TTL_S: Final = 60
WANTED_TTL_S: Final = 300
OUT_KEPT: Final = 1000  # answers are said again, so old ones may go
CONNECTORS_KEY: Final = "wn:connectors"
START: Final = "0-0"
_T = TypeVar("_T")


class LinkLost(Exception):
    """Redis cannot be reached or refuses: wait, connect, go on; nothing is lost by it."""


def in_key(connector: str) -> str:
    return f"wn:in:{{{connector}}}"


def out_key(connector: str) -> str:
    return f"wn:out:{{{connector}}}"


def status_key(connector: str) -> str:
    return f"wn:status:{{{connector}}}"


def lease_key(connector: str) -> str:
    return f"wn:lease:{{{connector}}}"


def mapping_key(connector: str) -> str:
    return f"wn:mapping:{{{connector}}}"


def client_of(url: str) -> Redis:
    """A client without retries of its own: the link's machines retry."""
    return Redis.from_url(
        url,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=SOCKET_TIMEOUT_S,
        socket_keepalive=True,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 0),
    )


async def _whole(command: Awaitable[_T]) -> _T:
    """Let a command finish even when we are cancelled, so that replies stay in step."""
    task = asyncio.ensure_future(command)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
    except (RedisError, OSError, TimeoutError) as error:
        raise LinkLost(f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class Entry:
    """One stream entry as read; `fields` are read with `wire.to_core_of`."""

    connector: str
    position: str
    fields: Fields


class RedisEdgeLink:
    """The connector's side. Every method may raise LinkLost."""

    def __init__(self, client: Redis, connector: str) -> None:
        self._client = client
        self._connector = connector
        self._position: str | None = None

    @classmethod
    def connect(cls, url: str, connector: str) -> Self:
        return cls(client_of(url), connector)

    async def run_id(self) -> str:
        """The identity of the server's life: another one means that it may have forgotten."""
        server = await _whole(self._client.info("server"))
        return str(cast("Mapping[str, Any]", server)["run_id"])

    async def send(self, messages: Sequence[ToCore]) -> None:
        """Append in order, in one round trip. After LinkLost nobody knows how many arrived."""
        pipe = self._client.pipeline(transaction=False)
        pipe.sadd(CONNECTORS_KEY, self._connector)
        for message in messages:
            pipe.xadd(in_key(self._connector), cast("Any", fields_of(message)))
        await _whole(pipe.execute())

    async def receive(self, block_ms: int = 1000) -> list[ToEdge]:
        """What the core has said since the last call; at the first, what it still says."""
        key = out_key(self._connector)
        position = self._position or START
        found = await _whole(
            self._client.xread({key: position}, count=256, block=min(block_ms, BLOCK_MAX_MS))
        )
        messages: list[ToEdge] = []
        for position, fields in _entries(found):
            self._position = position
            try:
                messages.append(to_edge_of(fields))
            except UnreadableMessage:
                continue  # not ours: acks are said again, so nothing depends on it
        return messages

    def rewind(self) -> None:
        """Read from the start: the server is another, its ids may be lower."""
        self._position = None

    async def publish(self, status: Status) -> None:
        pipe = self._client.pipeline(transaction=True)
        pipe.sadd(CONNECTORS_KEY, self._connector)
        pipe.hset(status_key(self._connector), mapping=cast("Any", hash_of(status)))
        if status.state in LAST_WORDS:
            pipe.persist(status_key(self._connector))
        else:
            pipe.expire(status_key(self._connector), STATUS_TTL_S)
        await _whole(pipe.execute())

    async def wanted_mapping(self) -> WantedMapping | None:
        """What the core wants this connector to use; None: nothing, or nothing readable."""
        found = await _whole(
            cast("Awaitable[bytes | None]", self._client.get(mapping_key(self._connector)))
        )
        try:
            return None if found is None else wanted_of(found)
        except UnreadableMessage:
            return None  # of another version of the core; it is said again for ours

    async def close(self) -> None:
        await _whole(self._client.aclose())


class RedisCoreLink:
    """The writer's side, over all connectors. Every method may raise LinkLost."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    @classmethod
    def connect(cls, url: str) -> Self:
        return cls(client_of(url))

    async def run_id(self) -> str:
        """When it changes, read again from START: positions mean nothing any more."""
        server = await _whole(self._client.info("server"))
        return str(cast("Mapping[str, Any]", server)["run_id"])

    async def connectors(self) -> set[str]:
        members = await _whole(cast("Awaitable[set[bytes]]", self._client.smembers(CONNECTORS_KEY)))
        return {member.decode(errors="replace") for member in members}

    async def tops(self, connectors: Sequence[str]) -> dict[str, str]:
        """The newest position of each stream. Below a position read: the stream was emptied."""
        pipe = self._client.pipeline(transaction=False)
        for connector in connectors:
            pipe.xrevrange(in_key(connector), count=1)
        found = await _whole(pipe.execute())
        return {
            connector: entries[0][0].decode() if entries else START
            for connector, entries in zip(connectors, found, strict=True)
        }

    async def read(
        self, positions: Mapping[str, str], block_ms: int = 1000, count: int = 256
    ) -> list[Entry]:
        """Up to `count` entries a connector after its position (START: from the beginning)."""
        if not positions:
            await asyncio.sleep(block_ms / 1000)
            return []
        streams: dict[Any, Any] = {in_key(name): at for name, at in positions.items()}
        names = {in_key(name).encode(): name for name in positions}
        found = await _whole(
            self._client.xread(streams, count=count, block=min(block_ms, BLOCK_MAX_MS))
        )
        return [
            Entry(names[key], position, fields)
            for key, entries in _streams(found)
            for position, fields in entries
        ]

    async def reply(self, connector: str, messages: Sequence[ToEdge]) -> None:
        pipe = self._client.pipeline(transaction=False)
        for message in messages:
            pipe.xadd(
                out_key(connector),
                cast("Any", fields_of(message)),
                maxlen=OUT_KEPT,
                approximate=True,
            )
        await _whole(pipe.execute())

    async def trim(self, connector: str, position: str) -> None:
        """Drop exactly what lies before `position`: its batches are committed or refused."""
        await _whole(self._client.xtrim(in_key(connector), minid=position, approximate=False))

    async def lease(self, connector: str, holder: str, ttl_ms: int) -> bool:
        """Take or keep the lease. It only saves work: the row lock decides (R17)."""
        key = lease_key(connector)
        if await _whole(self._client.set(key, holder, nx=True, px=ttl_ms)):
            return True
        found = await _whole(cast("Awaitable[bytes | None]", self._client.get(key)))
        if found != holder.encode():
            return False
        await _whole(self._client.pexpire(key, ttl_ms))
        return True

    async def release(self, connector: str, holder: str) -> None:
        key = lease_key(connector)
        found = await _whole(cast("Awaitable[bytes | None]", self._client.get(key)))
        if found == holder.encode():
            await _whole(self._client.delete(key))

    async def want_mapping(self, connector: str, wanted: WantedMapping) -> None:
        """Say what a connector is to use. Said again for ever: Redis may forget it."""
        await _whole(
            self._client.set(mapping_key(connector), bytes_of_wanted(wanted), ex=WANTED_TTL_S)
        )

    async def status(self, connector: str) -> Status | None:
        """What the connector said in the last minute; None: nothing, or nothing readable."""
        found = await _whole(
            cast("Awaitable[dict[bytes, bytes]]", self._client.hgetall(status_key(connector)))
        )
        if not found:
            return None
        return status_of({name.decode(): text.decode() for name, text in found.items()})

    async def close(self) -> None:
        await _whole(self._client.aclose())


def _streams(found: Any) -> list[tuple[bytes, list[tuple[str, Fields]]]]:
    pairs = found.items() if isinstance(found, dict) else found or ()
    return [(key, _rows(rows)) for key, rows in pairs]


def _rows(rows: Any) -> list[tuple[str, Fields]]:
    if rows and isinstance(rows[0], list) and rows[0] and isinstance(rows[0][0], (list, tuple)):
        rows = [row for part in rows for row in part]  # RESP3 wraps each stream once more
    return [(position.decode(), fields) for position, fields in rows if fields]


def _entries(found: Any) -> list[tuple[str, Fields]]:
    return [row for _, rows in _streams(found) for row in rows]
