"""No statement marks a bucket whose samples were dropped: it could not be computed again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from plumbing.machines import Plant
from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of, microseconds_of
from werknetz.store import dirty
from werknetz_worker.elements.outages import update_outages
from werknetz_worker.elements.sweep import mark_after_time, mark_under_path

pytestmark = pytest.mark.asyncio
PATH = "nordwerk/emden-1/body/line-2/press-3"
NOW_US = bucket_of(microseconds_of(datetime.now(UTC)))
DROPPED_BEFORE_US = NOW_US - 4 * BUCKET_US
OLD_US, YOUNG_US = DROPPED_BEFORE_US - BUCKET_US, DROPPED_BEFORE_US + BUCKET_US
Mark = Callable[[Plant, int], Awaitable[object]]


@pytest_asyncio.fixture
async def plant(database_url: str) -> AsyncIterator[Plant]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4, timeout=60)
    await pool.execute(
        "INSERT INTO retentions (table_name, dropped_before) VALUES ('samples', $1)",
        instant_of(DROPPED_BEFORE_US),
    )
    yield Plant(pool)
    await pool.close()


async def _by_samples(plant: Plant, machine: int) -> object:
    buckets = [at_us // BUCKET_US for at_us in (OLD_US, YOUNG_US)]
    return await plant.pool.execute(dirty.MARK_BUCKETS, [machine, machine], buckets)


async def _by_gap(plant: Plant, _machine: int) -> object:
    await plant.pool.execute(
        "INSERT INTO gaps (gap_id, connector_id, source, signal_keys, start_at, end_at, cause)"
        " VALUES ($1, 'c', 's', '{}', $2, $3, 'x'), ($4, 'c', 's', '{}', $3, $3, 'x')",
        uuid4(), instant_of(OLD_US), instant_of(YOUNG_US), uuid4(),
    )  # fmt: skip
    return await update_outages(plant.pool, instant_of(NOW_US), recheck_window=timedelta(hours=1))


async def _by_path(plant: Plant, _machine: int) -> object:
    async with plant.pool.acquire() as connection:
        return await mark_under_path(connection, PATH, OLD_US)


async def _by_time(plant: Plant, _machine: int) -> object:
    return await mark_after_time(plant.pool, YOUNG_US)


@pytest.mark.parametrize("mark", [_by_samples, _by_gap, _by_path, _by_time])
async def test_only_buckets_with_samples_are_marked(plant: Plant, mark: Mark) -> None:
    machine = await plant.machine(PATH)
    for at_us in (OLD_US, YOUNG_US):
        await plant.pool.execute(
            "INSERT INTO elements (equipment_id, bucket_at, carry, provisional)"
            " VALUES ($1, $2, '{}', true)",
            machine, instant_of(at_us),
        )  # fmt: skip
    await mark(plant, machine)
    marked = [row[0] for row in await plant.pool.fetch("SELECT bucket_at FROM dirty_buckets")]
    assert marked == [instant_of(YOUNG_US)]


async def test_a_second_mark_is_counted(plant: Plant) -> None:
    machine = await plant.machine(PATH)
    for _ in range(2):
        await _by_samples(plant, machine)
    assert await plant.pool.fetch("SELECT marks FROM dirty_buckets") == [(2,)]
