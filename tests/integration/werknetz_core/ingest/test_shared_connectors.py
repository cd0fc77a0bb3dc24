"""Writers that apply for the same connectors at once, and one that is killed in a transaction."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from plumbing.delivery import NOW_US, FakeSpool, point, samples
from plumbing.ingesting import Ingest, writing
from plumbing.rounds import open_rounds, send
from werknetz.link.receiver import Receiver
from werknetz.link.redis import CONNECTORS_KEY
from werknetz_core.ingest.spool_batches import SpoolBatches
from werknetz_demo.embedded.process import Child

pytestmark = pytest.mark.asyncio
CONNECTORS = 40
BATCHES = 12
SLOW = """
CREATE TABLE slowness (seconds float8);
INSERT INTO slowness VALUES (3600);
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep((SELECT seconds FROM slowness)); RETURN NULL; END $$;
CREATE TRIGGER slow AFTER INSERT ON samples FOR EACH STATEMENT EXECUTE FUNCTION slow();
"""


def spools_of(count: int) -> list[FakeSpool]:
    """Return spools whose counters share machines, so that they mark the same buckets."""
    spools = [FakeSpool(f"plc-{n}") for n in range(count)]
    for n, spool in enumerate(spools):
        machine = f"nordwerk/emden-1/body/line-2/press-{n % 4}"
        spool.add(point(n, "total_count", equipment=machine))
    return spools


def add_batch(spool: FakeSpool, turn: int) -> None:
    number = int(spool.connector.removeprefix("plc-"))
    spool.add(samples([1.0, 2.0], number=number, at_us=NOW_US + turn * 1_000_000_000))


async def start(database_url: str, spools: list[FakeSpool]) -> None:
    connection = await asyncpg.connect(database_url)
    ingest = Ingest(connection)
    for spool in spools:
        await ingest.start(spool)
        await ingest.apply(*spool.batches)
    await connection.close()


async def show(redis_url: str, spools: list[FakeSpool]) -> None:
    """List the connectors where writers look for them, as their status does."""
    async with Redis.from_url(redis_url) as client:
        await client.sadd(CONNECTORS_KEY, *(spool.connector for spool in spools))


async def apply_shuffled(database_url: str, spools: list[FakeSpool], seed: int) -> None:
    """Apply everything together, again and again in another order, as one of several writers."""
    random = Random(seed)
    connection = await asyncpg.connect(database_url)
    ingest = Ingest(connection)
    incarnation = await ingest.load_incarnation()
    receivers = {spool.connector: Receiver(spool.connector, incarnation) for spool in spools}
    for turn in range(BATCHES):
        random.shuffle(spools)
        await ingest.applier.apply_together(
            connection,
            [SpoolBatches.open(receivers[s.connector], s.batches[: turn + 2]) for s in spools],
        )
    await connection.close()


async def counts(connection: Any) -> tuple[int, int, int]:
    """Return rows, different rows, and how many spools have all of their batches."""
    rows = await connection.fetchrow(
        "SELECT count(*), count(DISTINCT (signal_id, at)) FROM samples"
    )
    done = "SELECT count(*) FROM spools WHERE last_seq = $1"
    return rows[0], rows[1], await connection.fetchval(done, BATCHES + 1)


async def until_true(is_true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await is_true():  # noqa: ASYNC110 - the world outside our loop sets no event
            await asyncio.sleep(0.05)


async def test_two_writers_of_the_same_forty_connectors_never_wait_in_a_circle(
    database_url: str,
) -> None:
    spools = spools_of(CONNECTORS)
    await start(database_url, spools)
    for turn in range(BATCHES):
        for spool in spools:
            add_batch(spool, turn)
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        for seed in (1, 2):
            group.create_task(apply_shuffled(database_url, [*spools], seed))
    connection = await asyncpg.connect(database_url)
    rows = CONNECTORS * BATCHES * 2
    assert await counts(connection) == (rows, rows, CONNECTORS)
    query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert await connection.fetchval(query) == 0
    await connection.close()


async def test_two_writers_with_one_lease(database_url: str, redis_url: str) -> None:
    """As after a lease that ran out while its holder was away: both have all streams."""
    spools = spools_of(CONNECTORS)
    await start(database_url, spools)
    await show(redis_url, spools)
    async with (
        writing(database_url, redis_url) as first,
        writing(database_url, redis_url) as second,
    ):
        second._streams._holder = first._streams._holder
        for turn in range(BATCHES):
            for spool in spools:
                add_batch(spool, turn)
                await send(redis_url, spool, *spool.batches[turn:])
        connection = await asyncpg.connect(database_url)
        rows = CONNECTORS * BATCHES * 2

        async def is_done() -> bool:
            return await counts(connection) == (rows, rows, CONNECTORS)

        await until_true(is_done)
    query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert await connection.fetchval(query) == 0
    await connection.close()


@asynccontextmanager
async def process(folder: Path, database_url: str, redis_url: str) -> AsyncIterator[Child]:
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


async def test_a_writer_that_is_killed_in_a_transaction_of_many_leaves_nothing_of_it(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    spools = spools_of(10)
    await start(database_url, spools)
    await show(redis_url, spools)
    connection = await asyncpg.connect(database_url)
    await connection.execute(SLOW)
    for spool in spools:
        add_batch(spool, 0)
        await send(redis_url, spool, spool.batches[-1])
    sleeping = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    async with process(tmp_path, database_url, redis_url):

        async def is_inside() -> bool:
            return await connection.fetchval(sleeping) is not None

        await until_true(is_inside)
    await connection.execute("SELECT pg_terminate_backend(pid) FROM (" + sleeping + ") AS s")
    assert await connection.fetchval("SELECT count(*) FROM samples") == 0
    assert await connection.fetchval("SELECT max(last_seq) FROM spools") == 1
    await connection.execute("UPDATE slowness SET seconds = 0")
    async with open_rounds(database_url, redis_url) as rounds:
        rounds.writer._streams._lease = _take_over  # type: ignore[method-assign]  # of the dead
        await rounds.run()
    assert await connection.fetchval("SELECT count(*) FROM samples") == 20
    assert await connection.fetchval("SELECT min(last_seq) FROM spools") == 2
    assert await connection.fetchval("SELECT count(DISTINCT xmin::text) FROM spools") == 1
    await connection.close()


async def _take_over(listed: set[str]) -> set[str]:
    return listed
