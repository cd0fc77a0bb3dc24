"""The link over Redis: two streams a connector, which may lose entries.

Entry ids are `*`, and streams are read with plain XREAD only (R6). No command is cancelled midway:
the socket's timeout bounds each one, and a failure raises `LinkLost`.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, OutOfMemoryError, RedisClusterException, RedisError

from werknetz.link.redis_client import connect_redis
from werknetz.link.redis_cluster import as_cluster, read_run_ids, read_streams
from werknetz.link.wire import (
    TERMINAL_STATES,
    DesiredMapping,
    Fields,
    Hello,
    Status,
    ToCore,
    ToEdge,
    UnreadableMessage,
    decode_desired_mapping,
    decode_to_edge,
    encode_desired_mapping,
    encode_message,
    status_from_hash,
    status_to_hash,
)

SOCKET_TIMEOUT_S: Final = 5.0
BLOCK_MAX_MS: Final = 2000  # well below the socket's timeout
STATUS_TTL_S: Final = 60
DESIRED_MAPPING_TTL_S: Final = 300
REPLIES_MAX: Final = 1000  # replies are repeated, so old ones may be dropped
CONNECTORS_KEY: Final = "wn:connectors"
WRITERS_KEY: Final = "wn:lease:writers"  # no lease: those have braces
START: Final = "0-0"
PERMISSION_REMEDY: Final = (
    "the user in WERKNETZ_REDIS_URL may not use the keys of this connector; after a change of the "
    "connector's name run deploy/make_secrets.py and restart Valkey"
)
_T = TypeVar("_T")


class LinkLost(Exception):
    """Redis is unreachable or refuses commands: wait, reconnect, continue; no data is lost."""


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
    """Return a client without retries of its own: sender and writer retry."""
    return connect_redis(
        url,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=SOCKET_TIMEOUT_S,
        socket_keepalive=True,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 0),
    )


async def run_uncancelled(command: Awaitable[_T]) -> _T:
    """Finish a command even when the caller is cancelled, so that replies match commands."""
    task = asyncio.ensure_future(command)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
    except NoPermissionError as error:
        raise LinkLost(f"{error}: {PERMISSION_REMEDY}") from error
    except (RedisError, RedisClusterException, OSError, TimeoutError) as error:
        raise LinkLost(f"{type(error).__name__}: {error}") from error


async def _run_pipeline(pipe: Pipeline) -> list[Any]:
    """Return the results; a command that does not fit into a full Redis has its error as result."""
    results = await run_uncancelled(pipe.execute(raise_on_error=False))
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, OutOfMemoryError):
            remedy = f": {PERMISSION_REMEDY}" if isinstance(result, NoPermissionError) else ""
            raise LinkLost(f"{type(result).__name__}: {result}{remedy}") from result
    return results


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """One stream entry; decode `fields` with `wire.decode_to_core`."""

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

    async def read_run_id(self) -> str:
        """Return the id of the server's run: another one means that it may have lost data."""
        if (cluster := as_cluster(self._client)) is not None:
            return await run_uncancelled(read_run_ids(cluster, in_key(self._connector)))
        server = await run_uncancelled(self._client.info("server"))
        return str(cast("Mapping[str, Any]", server)["run_id"])

    async def send(self, messages: Sequence[ToCore]) -> None:
        """Append in order, in one round trip. After LinkLost it is unknown how many arrived."""
        key = in_key(self._connector)
        if len(messages) == 1 and not isinstance(messages[0], Hello):
            fields = cast("Any", encode_message(messages[0]))
            await run_uncancelled(self._client.xadd(key, fields))
            return
        pipe = self._client.pipeline(transaction=False)
        if any(isinstance(message, Hello) for message in messages):
            # Before its first status; each status repeats it, as Redis may lose it.
            pipe.sadd(CONNECTORS_KEY, self._connector)
        for message in messages:
            pipe.xadd(key, cast("Any", encode_message(message)))
        await run_uncancelled(pipe.execute())

    async def receive(self, block_ms: int = 1000) -> list[ToEdge]:
        """Return the replies since the last call; at the first call, those still in the stream."""
        key = out_key(self._connector)
        position = self._position or START
        reply = await run_uncancelled(
            self._client.xread({key: position}, count=256, block=min(block_ms, BLOCK_MAX_MS))
        )
        messages: list[ToEdge] = []
        for position, fields in entries_of(reply):
            self._position = position
            try:
                messages.append(decode_to_edge(fields))
            except UnreadableMessage:
                continue  # of another version: acks are repeated, so nothing depends on it
        return messages

    def rewind(self) -> None:
        """Read from the start again: another server may have lower ids."""
        self._position = None

    def for_connector(self, connector: str) -> "RedisEdgeLink":
        """Return the link of another stream, over the same connection."""
        return RedisEdgeLink(self._client, connector)

    async def publish_status(self, status: Status) -> None:
        # Not in the transaction: in a cluster the set lies on another node.
        await run_uncancelled(self._client.sadd(CONNECTORS_KEY, self._connector))
        pipe = self._client.pipeline(transaction=True)
        pipe.hset(status_key(self._connector), mapping=cast("Any", status_to_hash(status)))
        if status.state in TERMINAL_STATES:
            pipe.persist(status_key(self._connector))
        else:
            pipe.expire(status_key(self._connector), STATUS_TTL_S)
        await run_uncancelled(pipe.execute())

    async def read_desired_mapping(self) -> DesiredMapping | None:
        """Return the mapping that this connector should use; None: none, or an unreadable one."""
        payload = await run_uncancelled(
            cast("Awaitable[bytes | None]", self._client.get(mapping_key(self._connector)))
        )
        try:
            return None if payload is None else decode_desired_mapping(payload)
        except UnreadableMessage:
            return None  # of another version of the core, which republishes it

    async def close(self) -> None:
        await run_uncancelled(self._client.aclose())


class RedisCoreLink:
    """The writer's side, over all connectors. Every method may raise LinkLost."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    @classmethod
    def connect(cls, url: str) -> Self:
        return cls(client_of(url))

    async def read_run_id(self) -> str:
        """Return the id of the server's run. When it changes, positions are invalid."""
        if (cluster := as_cluster(self._client)) is not None:
            return await run_uncancelled(read_run_ids(cluster))
        server = await run_uncancelled(self._client.info("server"))
        return str(cast("Mapping[str, Any]", server)["run_id"])

    async def list_connectors(self) -> set[str]:
        members = await run_uncancelled(
            cast("Awaitable[set[bytes]]", self._client.smembers(CONNECTORS_KEY))
        )
        return {member.decode(errors="replace") for member in members}

    async def read_newest_positions(self, connectors: Sequence[str]) -> dict[str, str]:
        """Return the newest position of each stream; one below a position read: it was emptied."""
        pipe = self._client.pipeline(transaction=False)
        for connector in connectors:
            pipe.xrevrange(in_key(connector), count=1)
        newest = await _run_pipeline(pipe)
        return {
            connector: entries[0][0].decode() if entries else START
            for connector, entries in zip(connectors, newest, strict=True)
        }

    async def read(
        self, positions: Mapping[str, str], block_ms: int = 1000, count: int = 256
    ) -> list[StreamEntry]:
        """Return up to `count` entries a connector after its position (START: from the start)."""
        if not positions:
            await asyncio.sleep(block_ms / 1000)
            return []
        streams: dict[Any, Any] = {in_key(name): at for name, at in positions.items()}
        names = {in_key(name).encode(): name for name in positions}
        block_ms = min(block_ms, BLOCK_MAX_MS)
        cluster = as_cluster(self._client)
        reply = await run_uncancelled(
            self._client.xread(streams, count=count, block=block_ms)
            if cluster is None
            else read_streams(cluster, streams, count=count, block_ms=block_ms)
        )
        return [
            StreamEntry(names[key], position, fields)
            for key, entries in _streams(reply)
            for position, fields in entries
        ]

    async def finish(
        self, trims: Mapping[str, str], replies: Mapping[str, Sequence[ToEdge]]
    ) -> set[str]:
        """Trim streams, then reply, in one round trip; return whose replies did not fit in.

        A trim drops exactly the entries before its position: they are committed or rejected. Where
        Redis is full (`noeviction`), trims free the memory that the replies need.
        """
        pipe = self._client.pipeline(transaction=False)
        for connector, position in trims.items():
            pipe.xtrim(in_key(connector), minid=position, approximate=False)
        recipients = [name for name, messages in replies.items() for _ in messages]
        for name, messages in replies.items():
            for message in messages:
                fields = cast("Any", encode_message(message))
                pipe.xadd(out_key(name), fields, maxlen=REPLIES_MAX, approximate=True)
        results = await _run_pipeline(pipe)
        added = zip(recipients, results[len(trims) :], strict=True)
        return {name for name, result in added if isinstance(result, OutOfMemoryError)}

    async def report_writer(
        self, holder: str, ttl_ms: int, *, leaves: bool = False
    ) -> set[str] | None:
        """Report that a writer works, or leaves; return all that reported within the time.

        A stream, whose ids are the server's clock: no writer's own clock matters. None: a full
        Redis takes no report.
        """
        report: dict[Any, Any] = {"holder": holder, "leaves": int(leaves)}
        pipe = self._client.pipeline(transaction=False)
        pipe.xadd(WRITERS_KEY, report)
        (position,) = await _run_pipeline(pipe)
        if isinstance(position, OutOfMemoryError):
            return None
        oldest = f"{max(0, int(position.partition(b'-')[0]) - ttl_ms)}-0"
        pipe = self._client.pipeline(transaction=False)
        pipe.xtrim(WRITERS_KEY, minid=oldest, approximate=False)
        pipe.pexpire(WRITERS_KEY, ttl_ms)
        pipe.xrevrange(WRITERS_KEY, min=oldest)
        *_, newest_first = await run_uncancelled(pipe.execute())
        leaving: dict[str, bool] = {}
        for _, fields in _rows(newest_first):
            leaving.setdefault(fields[b"holder"].decode(), fields[b"leaves"] == b"1")
        return {writer for writer, has_left in leaving.items() if not has_left}

    async def read_lease_holders(self, connectors: Sequence[str]) -> dict[str, str]:
        """Return who holds each lease; connectors without a holder are not in it."""
        pipe = self._client.pipeline(transaction=False)
        for connector in connectors:
            pipe.get(lease_key(connector))
        holders = await run_uncancelled(pipe.execute())
        return {
            connector: holder.decode()
            for connector, holder in zip(connectors, holders, strict=True)
            if holder is not None
        }

    async def acquire_leases(self, connectors: Sequence[str], holder: str, ttl_ms: int) -> set[str]:
        """Acquire free leases; return those acquired. They only save work: row locks decide (R17).

        A TTL of 0 acquires nothing. Of a full Redis all count as acquired: without a reader it
        would stay full.
        """
        pipe = self._client.pipeline(transaction=False)
        for connector in connectors if ttl_ms > 0 else ():
            pipe.set(lease_key(connector), holder, nx=True, px=ttl_ms)
        is_acquired = await _run_pipeline(pipe)
        return {name for name, acquired in zip(connectors, is_acquired, strict=False) if acquired}

    async def extend_leases(self, connectors: Sequence[str], ttl_ms: int) -> None:
        """Extend leases that the caller holds, as read before."""
        pipe = self._client.pipeline(transaction=False)
        for connector in connectors:
            pipe.pexpire(lease_key(connector), ttl_ms)
        await run_uncancelled(pipe.execute())

    async def release_leases(self, connectors: Sequence[str], holder: str) -> None:
        """Release those of the leases that this holder has."""
        holders = await self.read_lease_holders(connectors)
        pipe = self._client.pipeline(transaction=False)
        for connector in connectors:
            if holders.get(connector) == holder:
                pipe.delete(lease_key(connector))
        await run_uncancelled(pipe.execute())

    async def publish_desired_mappings(self, mappings: Mapping[str, DesiredMapping]) -> bool:
        """Publish the mapping of each connector; return False where Redis is full.

        Call it repeatedly: Redis may lose them.
        """
        pipe = self._client.pipeline(transaction=False)
        for name, mapping in mappings.items():
            pipe.set(mapping_key(name), encode_desired_mapping(mapping), ex=DESIRED_MAPPING_TTL_S)
        results = await _run_pipeline(pipe)
        return not any(isinstance(result, OutOfMemoryError) for result in results)

    async def read_status(self, connector: str) -> Status | None:
        """Return the last unexpired status; None: there is none."""
        fields = await run_uncancelled(
            cast("Awaitable[dict[bytes, bytes]]", self._client.hgetall(status_key(connector)))
        )
        if not fields:
            return None
        return status_from_hash({name.decode(): text.decode() for name, text in fields.items()})

    async def close(self) -> None:
        await run_uncancelled(self._client.aclose())


def _streams(reply: Any) -> list[tuple[bytes, list[tuple[str, Fields]]]]:
    pairs = reply.items() if isinstance(reply, dict) else reply or ()
    return [(key, _rows(rows)) for key, rows in pairs]


def _rows(rows: Any) -> list[tuple[str, Fields]]:
    if rows and isinstance(rows[0], list) and rows[0] and isinstance(rows[0][0], (list, tuple)):
        rows = [row for part in rows for row in part]  # RESP3 wraps each stream once more
    return [(position.decode(), fields) for position, fields in rows if fields]


def entries_of(reply: Any) -> list[tuple[str, Fields]]:
    return [row for _, rows in _streams(reply) for row in rows]
