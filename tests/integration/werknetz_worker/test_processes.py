"""Real worker processes: killed, doubled, and with a broker that forgets and restarts."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from redis import Redis

from plumbing.machines import Plant, timeline
from plumbing.servers import run
from werknetz.domain.bucket import BUCKET_US, bucket_of
from werknetz_demo.embedded.postgres import Postgres
from werknetz_demo.embedded.valkey import Valkey
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.watermarks import WATERMARKS_KEY, WatermarkPublisher

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]
PATH = "nordwerk/emden-1/body/line-2/press-3"
START = """
import typer
from werknetz_worker.cli import register
app = typer.Typer()
register(app)
app()
"""


class Processes:
    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self._folder / f"{len(self.started)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-c", START, *arguments],
                env=os.environ | self._environment,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def read_logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self._folder.glob("*.log")))

    def files(self) -> set[str]:
        return {path.name for path in self._folder.iterdir()}

    def stop(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.terminate()
        for process in self.started:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(60)


@pytest.fixture
def processes(
    database_url: str, redis_url: str, valkey_server: Valkey, tmp_path: Path
) -> Iterator[Processes]:
    rows = Processes(
        {
            "WERKNETZ_DATABASE_URL": database_url,
            "WERKNETZ_REDIS_URL": redis_url,
            "WERKNETZ_BROKER_URL": redis_url,
            "WERKNETZ_ALIVE_FILE": str(tmp_path / "alive"),
        },
        tmp_path,
    )
    yield rows
    rows.stop()


@pytest_asyncio.fixture
async def plant(database_url: str) -> AsyncIterator[Plant]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=2, timeout=60)
    yield Plant(pool)
    await pool.close()


async def until(question: Callable[[], Awaitable[bool]], processes: Processes) -> None:
    deadline = time.monotonic() + 240
    while not await question():
        assert time.monotonic() < deadline, processes.read_logs()[-4000:]
        await asyncio.sleep(0.2)


def nothing_dirty(plant: Plant) -> Callable[[], Awaitable[bool]]:
    async def question() -> bool:
        rows = await plant.pool.fetchval(
            "SELECT count(*) FROM dirty_buckets WHERE bucket_at < now() - interval '15 min'"
        )
        return rows == 0 and bool(await plant.pool.fetchval("SELECT count(*) FROM elements"))

    return question


async def all_sums(plant: Plant, end_us: int) -> list[tuple[object, ...]]:
    rows = await plant.pool.fetch(
        # In whatever order the rows lie: sums of floats differ in their last bits.
        """SELECT equipment_id, count(*), sum(gq), sum(fe), round(sum(apt_s)::numeric, 6),
            round(sum(pot_s)::numeric, 6), round(sum(pri_pq_s)::numeric, 6)
        FROM elements WHERE bucket_at < to_timestamp($1) GROUP BY 1 ORDER BY 1""",
        end_us / 1e6,
    )
    return [tuple(row) for row in rows]


async def test_killed_and_doubled_workers_lose_and_double_nothing(
    plant: Plant, processes: Processes, redis_url: str
) -> None:
    buckets = 300
    start_us = bucket_of(time.time_ns() // 1000) - (buckets + 20) * BUCKET_US
    end_us = start_us + buckets * BUCKET_US
    machines = [await plant.machine(f"{PATH}{n}") for n in range(6)]
    for n, machine in enumerate(machines):
        await plant.samples(machine, timeline(start_us, buckets, seed=n))
    await plant.pool.execute("UPDATE dirty_buckets SET marked_at = now() - interval '1 h'")
    victim = processes.start("worker", "--beat")
    await until(nothing_or_some(plant), processes)
    os.killpg(victim.pid, signal.SIGKILL)  # in the middle, or just after
    processes.start("worker", "--beat")
    processes.start("worker", "--concurrency", "2")
    processes.start("beat")
    await until(nothing_dirty(plant), processes)
    assert "alive" in processes.files()
    assert not [name for name in processes.files() if name.startswith("celerybeat")]
    assert "Traceback" not in processes.read_logs()
    rows = await all_sums(plant, end_us)
    assert len(rows) == len(machines)
    await plant.pool.execute("TRUNCATE elements, state_pieces")
    processes.stop()
    for machine in machines:
        await plant.samples(machine, timeline(start_us, 1)[:1])
    await plant.pool.execute("DELETE FROM orders")
    await compute_dirty_buckets(plant.pool, WatermarkPublisher(None), quiet_s=0, seconds_max=600)
    assert await all_sums(plant, end_us) == rows
    with Redis.from_url(redis_url) as redis:
        assert int(redis.hget(WATERMARKS_KEY, "nordwerk") or 0) > 0


def nothing_or_some(plant: Plant) -> Callable[[], Awaitable[bool]]:
    async def question() -> bool:
        return bool(await plant.pool.fetchval("SELECT count(*) FROM elements"))

    return question


async def test_a_broker_that_forgets_and_restarts_is_joined_again(
    plant: Plant, processes: Processes, redis_url: str, valkey_server: Valkey
) -> None:
    machine = await plant.machine(PATH)
    start_us = bucket_of(time.time_ns() // 1000) - 40 * BUCKET_US
    processes.start("worker")
    processes.start("beat")
    for n in range(3):
        samples = timeline(start_us + n * 4 * BUCKET_US, 4, seed=n)
        await plant.samples(machine, samples)
        await plant.pool.execute("UPDATE dirty_buckets SET marked_at = now() - interval '1 h'")
        await until(nothing_dirty(plant), processes)
        if n == 0:
            with Redis.from_url(redis_url) as redis:
                redis.flushall()
        else:
            valkey_server.kill()
            await asyncio.sleep(1)
            await asyncio.to_thread(run, valkey_server.start())


async def test_a_database_that_restarts_is_joined_again(
    plant: Plant, processes: Processes, postgres_server: Postgres
) -> None:
    machine = await plant.machine(PATH)
    start_us = bucket_of(time.time_ns() // 1000) - 40 * BUCKET_US
    processes.start("worker", "--beat")
    await plant.samples(machine, timeline(start_us, 4))
    await plant.pool.execute("UPDATE dirty_buckets SET marked_at = now() - interval '1 h'")
    await until(nothing_dirty(plant), processes)
    postgres_server.kill()
    await asyncio.sleep(3)  # ticks meanwhile find no database
    await asyncio.to_thread(run, postgres_server.start())
    await plant.pool.expire_connections()
    await plant.samples(machine, timeline(start_us + 8 * BUCKET_US, 4, seed=2))
    await plant.pool.execute("UPDATE dirty_buckets SET marked_at = now() - interval '1 h'")
    await until(nothing_dirty(plant), processes)
    assert "Traceback" not in processes.read_logs()
