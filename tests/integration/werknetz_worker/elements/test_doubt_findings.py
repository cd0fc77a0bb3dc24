"""Findings about machines whose input is missing, and about a pace beyond belief."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from plumbing.machines import MINUTE, Plant, Sample
from werknetz.domain.bucket import BUCKET_US, bucket_of
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.watermarks import WatermarkPublisher

pytestmark = pytest.mark.asyncio
START = bucket_of(1_790_000_000_000_000)
HOUR = 4 * BUCKET_US
NOBODY = WatermarkPublisher(None)
PATH = "nordwerk/emden-1/body/line-2/press-3"
KINDS = ["cycle_too_easy", "quantity_not_reported", "run_time_not_known"]


@pytest_asyncio.fixture
async def plant(database_url: str) -> AsyncIterator[Plant]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=2, timeout=60)
    yield Plant(pool)
    await pool.close()


async def work(plant: Plant, now_us: int) -> None:
    while await compute_dirty_buckets(plant.pool, NOBODY, now_us=now_us, quiet_s=0):
        pass


async def open_findings(plant: Plant) -> dict[str, Any]:
    rows = await plant.pool.fetch(
        "SELECT * FROM findings WHERE kind = ANY($1) AND cleared_at IS NULL", KINDS
    )
    return {row["kind"]: row for row in rows}


def hour_of_items(role: str, start_us: int, each_minute: float) -> list[Sample]:
    return [(role, start_us + n * MINUTE, each_minute * n, None) for n in range(61)]


async def test_a_missing_input_is_a_finding_until_it_is_there(plant: Plant) -> None:
    press = await plant.machine(PATH)
    run: list[Sample] = [("state", START, 1.0, "run"), ("order", START, None, "A1")]
    await plant.samples(press, run)
    await work(plant, START + HOUR)
    [(kind, finding)] = (await open_findings(plant)).items()
    assert (kind, finding["equipment_id"]) == ("quantity_not_reported", press)
    assert PATH in finding["detail"]
    # Now it counts good items, but has no planned run time.
    await plant.samples(press, hour_of_items("good_count", START + HOUR, 6))
    await work(plant, START + 2 * HOUR)
    assert set(await open_findings(plant)) == {"run_time_not_known"}
    await plant.samples(press, [("planned_run_time", START + 2 * HOUR, 10.0, None)])
    await work(plant, START + 3 * HOUR)
    assert await open_findings(plant) == {}


async def test_a_pace_beyond_belief_is_a_finding_until_the_cycle_is_right(plant: Plant) -> None:
    press = await plant.machine(PATH)
    await plant.samples(
        press,
        [
            ("state", START, 1.0, "run"),
            ("order", START, None, "A1"),
            ("planned_run_time", START, 45.0, None),
            *hour_of_items("good_count", START, 6),
            ("scrap_count", START, 0.0, None),
        ],
    )
    await work(plant, START + HOUR)
    [(kind, finding)] = (await open_findings(plant)).items()
    assert kind == "cycle_too_easy"
    assert finding["actual"] > 4 * finding["expected"] > 0
    assert "150%" in finding["detail"]
    await plant.pool.execute("DELETE FROM samples WHERE value = 45")
    await plant.samples(press, [("planned_run_time", START, 10.0, None)])
    await work(plant, START + HOUR)
    assert await open_findings(plant) == {}
