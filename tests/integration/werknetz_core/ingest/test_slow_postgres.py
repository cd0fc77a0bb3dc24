"""A PostgreSQL that is slow for long: memory stays bounded, the spool grows, all of it arrives."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from plumbing.pumping import CountingConnector, make_pump
from plumbing.waiting import until
from werknetz.link.redis import in_key
from werknetz.link.sender import WINDOW_BYTES
from werknetz_demo.embedded.postgres import Postgres
from werknetz_demo.embedded.process import Child
from werknetz_edge.pipeline.lane import Lane

SIZE = 1000  # values of a delivery: 24 kB
DELIVERIES = 1100
SLOW_S = 15  # for each COPY, while it is slow
WINDOW_SLACK = 1.5  # what Redis itself needs for an entry
WRITER_MB = 250
SLOW = """
CREATE TABLE slowness (seconds int);
INSERT INTO slowness VALUES (0);
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE began timestamptz = clock_timestamp();
BEGIN
    WHILE clock_timestamp() < began + (SELECT seconds FROM slowness) * interval '1 s' LOOP
        PERFORM pg_sleep(0.1);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER slow BEFORE INSERT ON samples FOR EACH STATEMENT EXECUTE FUNCTION slow();
"""


@asynccontextmanager
async def writer(folder: Path, database_url: str, redis_url: str) -> AsyncIterator[Child]:
    """`werknetz ingest`, its own process."""
    child = Child.start(
        [sys.executable, "-m", "werknetz_client.cli", "ingest"],
        log=folder / "ingest.log",
        environment=os.environ | {
            "WERKNETZ_DATABASE_URL": database_url,
            "WERKNETZ_REDIS_URL": redis_url,
            "WERKNETZ_ALIVE_FILE": str(folder / "alive"),
        },
    )  # fmt: skip
    try:
        yield child
    finally:
        child.kill()


@asynccontextmanager
async def edge(source: CountingConnector, redis_url: str, folder: Path) -> AsyncIterator[Lane]:
    pump, lanes = make_pump(source, redis_url, folder, bytes_max=10**9)
    stop = asyncio.Event()
    task = asyncio.create_task(pump.run(stop))
    try:
        yield lanes["live"]
    finally:
        stop.set()
        await task


class Watch:
    """The most that ever waited in the spool, was in the stream and in the writer's memory."""

    def __init__(self, lane: Lane, redis: Redis, writer: Child) -> None:
        self._lane, self._redis, self._writer = lane, redis, psutil.Process(writer.pid)
        self.backlog, self.flight_bytes, self.stream_bytes, self.writer_mb = 0, 0, 0, 0.0

    async def run(self) -> None:
        while True:
            sender = self._lane.sender
            self.backlog = max(self.backlog, self._lane.spool.last_seq - sender.acked)
            self.flight_bytes = max(self.flight_bytes, sender._in_flight_bytes)
            size = await self._redis.memory_usage(in_key("press"), samples=0)
            self.stream_bytes = max(self.stream_bytes, size or 0)
            rss = sum(p.memory_info().rss for p in (self._writer, *self._writer.children()))
            self.writer_mb = max(self.writer_mb, rss / 1e6)
            await asyncio.sleep(0.1)


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.mark.slow
@pytest.mark.asyncio
async def test_slow_for_long_and_stopped_now_and_then(
    database: Any, redis: Redis, postgres_server: Postgres, database_url: str, redis_url: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    source = CountingConnector(DELIVERIES, size=SIZE)
    source.connects = 1
    await database.execute(SLOW)
    async with (
        writer(tmp_path, database_url, redis_url) as child,
        edge(source, redis_url, tmp_path) as lane,
    ):
        watch = Watch(lane, redis, child)
        watching = asyncio.create_task(watch.run())
        await until(lambda: lane.sender.state == "running", within_s=120)
        await database.execute("UPDATE slowness SET seconds = $1", SLOW_S)
        # The machine is not held up by it: what it says is on the edge's disk.
        await until(lambda: source.is_waiting, within_s=300)
        for _ in range(4):
            postgres_server.pause()
            await asyncio.sleep(1.0)
            postgres_server.resume()
            await asyncio.sleep(1.0)
        await database.execute("UPDATE slowness SET seconds = 0")
        # Some batches are heartbeats: the count of batches alone does not show that all are there.
        await until(lambda: lane.sender.acked >= lane.spool.last_seq, within_s=300)
        watching.cancel()
        assert child.is_alive, child.log_tail()
    assert watch.backlog > DELIVERIES / 4
    assert watch.flight_bytes <= WINDOW_BYTES + 1_000_000
    assert 0 < watch.stream_bytes < WINDOW_SLACK * WINDOW_BYTES
    assert 0 < watch.writer_mb < WRITER_MB
    counted = await database.fetchrow(
        """SELECT count(*) AS rows, count(DISTINCT (signal_id, at)) AS different,
        count(DISTINCT at) AS instants FROM samples JOIN signals s ON s.id = signal_id
        WHERE s.role <> 'heartbeat'"""
    )
    assert tuple(counted) == (SIZE * DELIVERIES, SIZE * DELIVERIES, DELIVERIES)
    assert await database.fetchval("SELECT count(*) FROM quarantine") == 0
