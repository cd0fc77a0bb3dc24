"""One behaviour, proven for Redis, for a cluster of Redis and for the link in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio

from werknetz.link.memory import MemoryCoreLink, MemoryEdgeLink, MemoryServer
from werknetz.link.redis import (
    START,
    STATUS_TTL_S,
    LinkLost,
    RedisCoreLink,
    RedisEdgeLink,
    client_of,
    status_key,
)
from werknetz.link.wire import Ack, BatchEnvelope, Hello, Status, ToCore, decode_to_core

SPOOL = UUID(int=7)


@dataclass
class Pair:
    edge: Any
    core: Any
    name: str
    server: MemoryServer | None = None
    url: str = ""

    async def flush(self) -> None:
        if self.server is not None:
            self.server.flush()
            return
        client = client_of(self.url)
        await client.flushall()
        await client.aclose()


@pytest.fixture(params=["memory", "redis", "cluster"])
def url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "memory":
        return None
    name = "redis_url" if request.param == "redis" else "redis_cluster_url"
    return str(request.getfixturevalue(name))


@pytest_asyncio.fixture
async def pair(url: str | None) -> AsyncIterator[Pair]:
    name = f"press-{uuid4().hex[:8]}"
    if url is None:
        server = MemoryServer()
        yield Pair(MemoryEdgeLink(server, name), MemoryCoreLink(server), name, server)
        return
    pair = Pair(RedisEdgeLink.connect(url, name), RedisCoreLink.connect(url), name, url=url)
    yield pair
    await pair.edge.close()
    await pair.core.close()


def envelope(seq: int) -> BatchEnvelope:
    return BatchEnvelope("press", SPOOL, 1, seq, b"p", b"h", "live", b"\x00payload\xff")


def hello() -> Hello:
    return Hello("press", SPOOL, 5, 0, b"h", UUID(int=1), base=2)


async def read_all(pair: Pair, position: str = START) -> list[ToCore]:
    return [
        decode_to_core(entry.fields) for entry in await pair.core.read({pair.name: position}, 200)
    ]


@pytest.mark.asyncio
async def test_messages_arrive_in_order_and_whole(pair: Pair) -> None:
    messages: list[ToCore] = [hello(), envelope(1), envelope(2)]
    await pair.edge.send(messages)
    assert await read_all(pair) == messages
    assert pair.name in await pair.core.list_connectors()


@pytest.mark.asyncio
async def test_reading_goes_on_after_a_position_and_from_any(pair: Pair) -> None:
    await pair.edge.send([envelope(1), envelope(2), envelope(3)])
    entries = await pair.core.read({pair.name: START}, 200)
    assert await read_all(pair, entries[0].position) == [envelope(2), envelope(3)]
    assert await pair.core.read_newest_positions([pair.name]) == {pair.name: entries[-1].position}


@pytest.mark.asyncio
async def test_reading_returns_256_entries_by_default(pair: Pair) -> None:
    await pair.edge.send([envelope(seq) for seq in range(1, 301)])
    assert len(await pair.core.read({pair.name: START}, 200)) == 256
    assert len(await pair.core.read({pair.name: START}, 200, 300)) == 300
    assert len(await pair.core.read({pair.name: START}, 200, 1)) == 1


@pytest.mark.asyncio
async def test_a_link_leads_to_another_stream_of_the_same_server(pair: Pair) -> None:
    other = pair.edge.for_connector(pair.name + "~backfill")
    await other.send([envelope(1)])
    assert await read_all(pair) == []
    assert len(await pair.core.read({pair.name + "~backfill": START}, 200)) == 1


@pytest.mark.asyncio
async def test_trim_is_exact(pair: Pair) -> None:
    await pair.edge.send([envelope(1), envelope(2), envelope(3)])
    entries = await pair.core.read({pair.name: START}, 200)
    await pair.core.finish({pair.name: entries[1].position}, {})
    assert await read_all(pair) == [envelope(2), envelope(3)]


@pytest.mark.asyncio
async def test_answers_arrive_once_and_again_after_rewind(pair: Pair) -> None:
    ack = Ack(UUID(int=3), SPOOL, 9, b"hash")
    await pair.core.finish({}, {pair.name: [ack]})
    assert await pair.edge.receive(200) == [ack]
    assert await pair.edge.receive(20) == []
    pair.edge.rewind()
    assert await pair.edge.receive(200) == [ack]


@pytest.mark.asyncio
async def test_a_link_that_forgot_takes_messages_again(pair: Pair) -> None:
    await pair.edge.send([envelope(1)])
    position = (await pair.core.read({pair.name: START}, 200))[0].position
    await pair.flush()
    assert await read_all(pair, position) == []
    await pair.edge.send([envelope(1)])
    assert await read_all(pair, position) == [envelope(1)]


@pytest.mark.asyncio
async def test_a_lease_has_one_holder(pair: Pair) -> None:
    core, names = pair.core, [pair.name, f"{pair.name}~backfill"]
    assert await core.read_lease_holders(names) == {}
    assert await core.acquire_leases(names, "nobody", 0) == set()
    assert await core.acquire_leases(names[:1], "a", 5000) == {pair.name}
    assert await core.acquire_leases(names, "b", 5000) == {names[1]}
    assert await core.read_lease_holders(names) == dict(zip(names, "ab", strict=True))
    await core.extend_leases(names[:1], 5000)
    await core.release_leases(names, "b")
    assert await core.read_lease_holders(names) == {pair.name: "a"}
    await core.release_leases(names, "a")
    assert await core.acquire_leases(names, "b", 5000) == set(names)


@pytest.mark.asyncio
async def test_writers_that_work_are_counted_until_they_leave(pair: Pair) -> None:
    assert await pair.core.report_writer("a", 5000) == {"a"}
    assert await pair.core.report_writer("b", 5000) == {"a", "b"}
    assert await pair.core.report_writer("a", 5000) == {"a", "b"}
    assert await pair.core.report_writer("a", 5000, leaves=True) == {"b"}
    assert await pair.core.report_writer("a", 5000) == {"a", "b"}
    await pair.flush()
    assert await pair.core.report_writer("b", 5000) == {"b"}


@pytest.mark.asyncio
async def test_status_is_read_as_published(pair: Pair) -> None:
    status = Status(
        state="running", detail="1", protocol="opcua", backlog=3, lag_s=0.5, last_good_us=None,
        epoch=4, acked=5, last_seq=8, spool_id=str(SPOOL), spool_bytes=4096, pid=1,
        version="0.1", rss_bytes=2, at_us=3, details={"a": "b"},
    )  # fmt: skip
    assert await pair.core.read_status(pair.name) is None
    await pair.edge.publish_status(status)
    assert await pair.core.read_status(pair.name) == status


@pytest.mark.asyncio
@pytest.mark.parametrize("state", ["finished", "stopped"])
async def test_the_final_status_does_not_expire(redis_url: str, state: str) -> None:
    link, client = RedisEdgeLink.connect(redis_url, "press"), client_of(redis_url)
    status = Status(
        state="running", detail="", protocol="history", backlog=0, lag_s=0, last_good_us=None,
        epoch=4, acked=5, last_seq=5, spool_id=str(SPOOL), spool_bytes=4096, pid=1,
        version="0.1", rss_bytes=2, at_us=3,
    )  # fmt: skip
    await link.publish_status(status)
    assert 0 < await client.ttl(status_key("press")) <= STATUS_TTL_S
    await link.publish_status(msgspec.structs.replace(status, state=state))
    assert await client.ttl(status_key("press")) == -1
    await link.publish_status(status)  # it runs again
    assert 0 < await client.ttl(status_key("press")) <= STATUS_TTL_S
    await client.aclose()
    await link.close()


@pytest.mark.asyncio
async def test_both_sides_read_the_run_id_of_the_server(pair: Pair) -> None:
    """In a cluster the edge reads that of the node with its stream, the core those of all."""
    assert await pair.edge.read_run_id() in (await pair.core.read_run_id()).split()


@pytest.mark.asyncio
async def test_no_server_is_a_lost_link() -> None:
    link = RedisEdgeLink.connect("redis://127.0.0.1:1/0", "press")
    with pytest.raises(LinkLost):
        await link.send([envelope(1)])
    await link.close()
    server = MemoryServer(down=True)
    with pytest.raises(LinkLost):
        await MemoryEdgeLink(server, "press").send([envelope(1)])
