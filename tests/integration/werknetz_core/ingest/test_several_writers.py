"""Writer processes that share connectors: one reader each, taken over from one that is killed."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from plumbing.edges import TESTS
from plumbing.flowing import PATIENCE_S, Flow, flowing
from werknetz.link.redis import client_of, lease_key
from werknetz_demo.embedded.process import Child

pytestmark = pytest.mark.asyncio
CONNECTORS = 8


class Writers:
    """`werknetz ingest`, several times."""

    def __init__(self, folder: Path, database_url: str, redis_url: str) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "WERKNETZ_DATABASE_URL": database_url,
            "WERKNETZ_REDIS_URL": redis_url,
        }
        self.children: list[Child] = []

    def start(self, count: int) -> None:
        for number in range(len(self.children), len(self.children) + count):
            alive = {"WERKNETZ_ALIVE_FILE": str(self.folder / f"writer-{number}.alive")}
            child = Child.start(
                [sys.executable, "-m", "chaos.program", "ingest"],
                log=self.folder / f"writer-{number}.log",
                folder=TESTS,
                environment=self.environment | alive,
            )
            self.children.append(child)


@asynccontextmanager
async def running(folder: Path, database_url: str, redis_url: str) -> AsyncIterator[Writers]:
    writers = Writers(folder, database_url, redis_url)
    try:
        yield writers
    finally:
        for child in writers.children:
            child.kill()


async def leases_of(redis: Redis, flow: Flow) -> Counter[str]:
    """Return how many connectors each writer has leased."""
    pipe = redis.pipeline(transaction=False)
    for name in flow.names:
        pipe.get(lease_key(name))
    return Counter(holder.decode() for holder in await pipe.execute() if holder is not None)


async def until_leased(
    redis: Redis, flow: Flow, is_so: Callable[[Counter[str]], bool]
) -> Counter[str]:
    leases = Counter[str]()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so(leases := await leases_of(redis, flow)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"the leases stay {leases}")
    return leases


def is_shared_by(count: int) -> Callable[[Counter[str]], bool]:
    most = -(-CONNECTORS // count)

    def is_so(leases: Counter[str]) -> bool:
        return (
            leases.total() == CONNECTORS and len(leases) == count and max(leases.values()) == most
        )

    return is_so


async def test_writers_share_connectors_and_replace_one_that_is_killed(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    redis = client_of(redis_url)
    async with (
        running(tmp_path, database_url, redis_url) as writers,
        flowing(tmp_path, redis_url, CONNECTORS) as flow,
    ):
        writers.start(1)
        await until_leased(redis, flow, is_shared_by(1))
        writers.start(1)
        await until_leased(redis, flow, is_shared_by(2))
        writers.start(2)
        before = await until_leased(redis, flow, is_shared_by(4))
        writers.children[0].kill()
        after = await until_leased(redis, flow, is_shared_by(3))
        assert len(set(after) - set(before)) == 0, "nobody else took part"
        await flow.progress(CONNECTORS * 3)
        await writers.children[1].stop(signal.SIGTERM, within_s=30)
        await until_leased(redis, flow, is_shared_by(2))
        await flow.progress(CONNECTORS * 3)
        await redis.flushall()  # leases and reports of writers, too
        await flow.settle()
        await flow.check(database_url)
    await redis.aclose()
