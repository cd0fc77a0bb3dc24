"""A long past is recomputed while live data comes in: neither waits for the other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import asyncpg
import pytest
import pytest_asyncio

from plumbing.machines import Plant, Sample, timeline
from werknetz.domain.bucket import BUCKET_US
from werknetz_worker import turns
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.elements.sweep import mark_under_path
from werknetz_worker.rollups.roll_up import roll_up
from werknetz_worker.watermarks import WatermarkPublisher

pytestmark = pytest.mark.asyncio
DAYS = 16  # three ranges of at most a week
BUCKETS = DAYS * 96
START = 1_900_000 * BUCKET_US
NOW = START + (BUCKETS + 12) * BUCKET_US + 10 * 60_000_000  # no mark of the past is recent
PAST = [f"w/past/a/l/m{n}" for n in range(3)]
LIVE = "w/live/a/l/m"
COLUMNS = "apt_s, adet_s, pot_s, gq, sq, fe, pri_pq_s, minor_stops, samples"


class Order(WatermarkPublisher):
    """Notes the paths in the order in which they were computed; `act` runs after each."""

    def __init__(self, act: Callable[[str], Awaitable[None]] | None = None) -> None:
        super().__init__(None)
        self.paths: list[str] = []
        self._act = act

    async def increment_paths(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.paths.append(path)
            if self._act is not None:
                await self._act(path)


@pytest_asyncio.fixture
async def plant(database_url: str) -> AsyncIterator[Plant]:
    """Machines with a past that is marked, and one without data yet."""
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=8, timeout=60)
    world = Plant(pool)
    for n, path in enumerate(PAST):
        await world.samples(await world.machine(path), timeline(START, BUCKETS, seed=n))
    await pool.execute("UPDATE dirty_buckets SET marked_at = now() - interval '1 h'")
    yield world
    await pool.close()


def live_samples() -> list[Sample]:
    return timeline(NOW - NOW % BUCKET_US, 1)[:5]


async def rows_of(plant: Plant) -> list[tuple[object, ...]]:
    rows = await plant.pool.fetch(
        f"SELECT path, bucket_at, {COLUMNS} FROM elements"
        " JOIN equipment e ON e.id = equipment_id ORDER BY 1, 2"
    )
    return [tuple(row) for row in rows]


async def sums_of(plant: Plant) -> list[tuple[object, ...]]:
    rows = await plant.pool.fetch(
        f"SELECT path, grain, start_at, {COLUMNS} FROM element_sums"
        " JOIN equipment e ON e.id = equipment_id ORDER BY 1, 2, 3"
    )
    return [tuple(row) for row in rows]


async def test_live_data_does_not_wait_for_a_past_that_was_marked_before(plant: Plant) -> None:
    await plant.samples(await plant.machine(LIVE), live_samples())
    order = Order()
    await compute_dirty_buckets(plant.pool, order, now_us=NOW, quiet_s=0, seconds_max=600)
    assert order.paths[0] == LIVE
    # The past goes on range by range, each machine in turn.
    assert sorted(order.paths[1:4]) == PAST
    assert [order.paths.count(path) for path in PAST] == [3, 3, 3]


async def test_data_that_becomes_live_meanwhile_is_next(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LOOK_EVERY_S", 0.0)
    machine = await plant.machine(LIVE)

    async def add_live(path: str) -> None:
        if path != LIVE and order.paths.count(path) == 1 and LIVE not in order.paths:
            await plant.samples(machine, live_samples())

    order = Order(add_live)
    await compute_dirty_buckets(plant.pool, order, now_us=NOW, quiet_s=0, seconds_max=600)
    # After the first range of the past, and the one that may have begun meanwhile.
    assert order.paths.index(LIVE) <= 2
    assert order.paths.count(PAST[0]) == 3


async def test_many_workers_at_once_compute_what_one_computes(plant: Plant) -> None:
    await compute_dirty_buckets(
        plant.pool, WatermarkPublisher(None), now_us=NOW, quiet_s=0, seconds_max=600
    )
    await roll_up(plant.pool, seconds_max=600)
    elements, sums = await rows_of(plant), await sums_of(plant)
    assert len(elements) >= len(PAST) * BUCKETS
    machine = await plant.machine(LIVE)
    async with plant.pool.acquire() as connection:
        await mark_under_path(connection, "w/past", START - BUCKET_US)
    await plant.pool.execute("UPDATE elements SET gq = gq + 1, apt_s = 0")  # to be corrected

    begun = asyncio.Event()

    async def note(_: str) -> None:
        begun.set()

    async def work() -> None:
        while await plant.pool.fetchval("SELECT count(*) FROM dirty_buckets"):
            await compute_dirty_buckets(
                plant.pool, Order(note), now_us=NOW, quiet_s=0, seconds_max=600
            )
            await roll_up(plant.pool, seconds_max=600)

    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(work()) for _ in range(4)]
        victim = workers[0]
        await begun.wait()
        victim.cancel()  # in the middle of a range
        await plant.samples(machine, live_samples())
    await roll_up(plant.pool, seconds_max=600)
    await plant.pool.execute("DELETE FROM elements WHERE equipment_id = $1", machine)
    await roll_up(plant.pool, seconds_max=600)
    assert await rows_of(plant) == elements
    assert [row for row in await sums_of(plant) if row[0] != "w"] == [
        row for row in sums if row[0] != "w"
    ]
