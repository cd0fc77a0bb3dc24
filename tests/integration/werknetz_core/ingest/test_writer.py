import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import msgspec
import pytest
from redis.asyncio import Redis

from plumbing.delivery import FakeSpool, point, samples
from plumbing.ingesting import writing
from werknetz.link.redis import LinkLost, RedisCoreLink, RedisEdgeLink
from werknetz.link.wire import Ack, ToEdge, Welcome
from werknetz_demo.embedded.postgres import Postgres
from werknetz_demo.embedded.valkey import Valkey

pytestmark = pytest.mark.asyncio
PATIENCE_S = 120.0


class Edge:
    """Sends what its spool holds until it is acknowledged: a connector, much simplified."""

    def __init__(self, redis_url: str, spool: FakeSpool) -> None:
        self.link = RedisEdgeLink.connect(redis_url, spool.connector)
        self.spool = spool

    async def send_hello(self) -> Welcome:
        hello = self.spool.hello()
        await self.link.send([hello])
        answer = await self._until(lambda m: isinstance(m, Welcome) and m.nonce == hello.nonce)
        assert isinstance(answer, Welcome)
        return answer

    async def deliver(self) -> Ack:
        """Send everything again until the last batch is acknowledged, whatever dies."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(LinkLost):
                    await self.link.send(self.spool.batches)
                    for _ in range(3):
                        for message in await self.link.receive(500):
                            if isinstance(message, Ack) and self._is_last(message):
                                return message
                    continue
                self.link.rewind()
                await asyncio.sleep(0.1)

    def _is_last(self, ack: Ack) -> bool:
        return ack.last_seq == len(self.spool.batches) and ack.spool_id == self.spool.spool_id

    async def _until(self, is_expected: Callable[[ToEdge], bool]) -> ToEdge:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for message in await self.link.receive(500):
                    if is_expected(message):
                        return message


async def rows(database_url: str) -> int:
    connection = await asyncpg.connect(database_url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM samples"))
    finally:
        await connection.close()


async def test_hello_welcome_batches_ack_and_an_empty_stream(
    database_url: str, redis_url: str
) -> None:
    edge = Edge(redis_url, FakeSpool())
    edge.spool.add(point())
    for n in range(20):
        edge.spool.add(samples([float(n)] * 10))
    async with writing(database_url, redis_url) as writer:
        welcome = await edge.send_hello()
        assert (welcome.epoch, welcome.last_seq) == (1, 0)
        ack = await edge.deliver()
        assert (ack.incarnation, ack.last_seq) == (welcome.incarnation, 21)
        assert (await edge.send_hello()).last_seq == 21
    assert await rows(database_url) == 200
    client = RedisCoreLink.connect(redis_url)
    assert await client.read_newest_positions(["plc"]) == {"plc": "0-0"}
    assert await client.acquire_leases(["plc"], "another writer", 1000)
    assert writer._session._connection is None
    await client.close()
    await edge.link.close()


async def test_two_writers_and_what_is_sent_twice(database_url: str, redis_url: str) -> None:
    edges = [Edge(redis_url, FakeSpool(f"plc-{n}")) for n in range(3)]
    for edge in edges:
        edge.spool.add(point())
        for n in range(30):
            edge.spool.add(samples([float(n)] * 5))
    async with writing(database_url, redis_url), writing(database_url, redis_url):
        for edge in edges:
            await edge.send_hello()
        await asyncio.gather(*(edge.deliver() for edge in edges))
        await asyncio.gather(*(edge.deliver() for edge in edges))
    assert await rows(database_url) == 3 * 150
    for edge in edges:
        await edge.link.close()


async def _outlives(
    database_url: str, redis_url: str, fault: Callable[[], Awaitable[None]], faults: int = 2
) -> None:
    edge = Edge(redis_url, FakeSpool())
    edge.spool.add(point())
    async with writing(database_url, redis_url):
        await edge.send_hello()
        for n in range(faults):
            edge.spool.add(samples([float(n)] * 7))
            await edge.deliver()
            await fault()
            edge.spool.add(samples([float(n)] * 7))
            await edge.deliver()
    assert await rows(database_url) == faults * 14
    await edge.link.close()


async def test_it_outlives_postgresql(
    database_url: str, redis_url: str, postgres_server: Postgres
) -> None:
    async def crash() -> None:
        postgres_server.kill()
        await asyncio.sleep(1)
        await postgres_server.start()

    await _outlives(database_url, redis_url, crash)


async def test_it_outlives_valkey_and_what_valkey_forgets(
    database_url: str, redis_url: str, valkey_server: Valkey
) -> None:
    async def crash() -> None:
        valkey_server.kill()
        for file in (valkey_server.folder / "appendonlydir").glob("*"):
            file.unlink()
        await valkey_server.start()

    await _outlives(database_url, redis_url, crash)


async def _until_empty(client: Redis, key: str) -> None:
    for _ in range(int(PATIENCE_S / 0.05)):
        if not await client.xlen(key):
            return
        await asyncio.sleep(0.05)
    pytest.fail("nothing was taken")


async def test_a_full_valkey_is_emptied(database_url: str, redis_url: str) -> None:
    edge = Edge(redis_url, FakeSpool())
    edge.spool.add(point())
    edge.spool.add(samples([1.0] * 100))
    await edge.link.send([edge.spool.hello(), *edge.spool.batches])
    async with Redis.from_url(redis_url) as client:
        normal = (await client.config_get("maxmemory"))["maxmemory"]
        await client.config_set("maxmemory", "1kb")
        try:
            async with writing(database_url, redis_url):
                await _until_empty(client, "wn:in:{plc}")
                await client.config_set("maxmemory", normal)
                await edge.deliver()
        finally:
            await client.config_set("maxmemory", normal)
    assert await rows(database_url) == 100
    await edge.link.close()


async def test_what_is_no_message_is_skipped(database_url: str, redis_url: str) -> None:
    edge = Edge(redis_url, FakeSpool())
    edge.spool.add(point(), samples([1.0]))
    async with Redis.from_url(redis_url) as client:
        await client.xadd("wn:in:{plc}", {"m": b"\xc1"})
        await client.xadd("wn:in:{plc}", {"other": b"field"})
        await client.sadd("wn:connectors", b"a\0b", b"x" * 1000)
    await edge.link.send([msgspec.structs.replace(edge.spool.hello(), epoch=2**63)])
    async with writing(database_url, redis_url):
        await edge.send_hello()
        await edge.deliver()
    assert await rows(database_url) == 1
    await edge.link.close()
