"""Counters from samples to KPIs on a real database: falls, shift ends, corrections, limits."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from plumbing.machines import MINUTE, Plant, Sample
from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of
from werknetz.kpi.catalogue import KPIS
from werknetz.kpi.elements import Elements
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.watermarks import WatermarkPublisher

pytestmark = pytest.mark.asyncio
DAY = 96 * BUCKET_US
HOUR = 4 * BUCKET_US
MIDNIGHT = bucket_of(1_790_000_000_000_000) // DAY * DAY
NOBODY = WatermarkPublisher(None)
PATH = "nordwerk/emden-1/body/line-2/press-3"
SHIFTS = {
    "time_zone": "UTC",
    "shifts": [
        {"name": name, "days": list(range(7)), "start": start, "end": end}
        for name, start, end in (("early", "06:00", "14:00"), ("late", "14:00", "22:00"))
    ],
}
NOW = MIDNIGHT + 3 * DAY


@pytest_asyncio.fixture
async def plant(database_url: str) -> AsyncIterator[Plant]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=2, timeout=60)
    yield Plant(pool)
    await pool.close()


async def machine(plant: Plant, path: str = PATH, **columns: object) -> int:
    machine_id = await plant.machine(path, ("state", "order", "planned_run_time", "total_count"))
    for name, value in columns.items():
        await plant.pool.execute(
            f"UPDATE signals SET {name} = $2 WHERE equipment_id = $1 AND role = 'total_count'",
            machine_id, value,
        )  # fmt: skip
    return machine_id


def running(cycle_s: float | None = 60.0, since_us: int = MIDNIGHT) -> list[Sample]:
    samples: list[Sample] = [("state", since_us, 1.0, "run"), ("order", since_us, None, "A1")]
    return samples + ([("planned_run_time", since_us, cycle_s, None)] if cycle_s else [])


def count_samples(*pairs: tuple[int, float]) -> list[Sample]:
    return [("total_count", at, value, None) for at, value in pairs]


async def work(plant: Plant, now_us: int = NOW) -> None:
    while await compute_dirty_buckets(plant.pool, NOBODY, now_us=now_us, quiet_s=0):
        pass


async def read_quantities(plant: Plant, machine_id: int) -> dict[int, float]:
    """Return what was produced by bucket, numbered from midnight."""
    return {
        int((row["bucket_at"] - instant_of(MIDNIGHT)).total_seconds() // 900): row["pq"]
        for row in await plant.elements(machine_id)
        if row["pq"]
    }


async def shift(plant: Plant, machine_id: int, start_us: int) -> Elements:
    rows = await plant.pool.fetch(
        "SELECT * FROM elements WHERE equipment_id = $1 AND bucket_at >= $2 AND bucket_at < $3",
        machine_id, instant_of(start_us), instant_of(start_us + 8 * HOUR),
    )  # fmt: skip
    return Elements.sum(Elements.of(row) for row in rows)


@pytest.mark.parametrize(
    ("columns", "values", "total"),
    [
        ({}, [5000, 5001, 5000, 5001], 1),
        ({}, [1000, 1010, 1008, 1012], 12),
        (
            {"counter_reset": "rollover", "counter_modulus": 65536.0},
            [1000, 1001, 1000, 1002],
            2,
        ),
        (
            {"counter_reset": "rollover", "counter_modulus": 65536.0},
            [65530, 65534, 2, 8],
            14,
        ),
        ({"counter_reset": "none"}, [5000, 5001, 5000, 5001], 1),
        ({"counter_max_increment": 100.0}, [0, 100, 5000, 5001], 101),
        ({"counter_kind": "increment"}, [5, 6, -2, 1], 10),
    ],
)
@pytest.mark.parametrize("apart_us", [MINUTE, 7 * MINUTE, BUCKET_US, 100 * BUCKET_US // 99])
async def test_the_total_is_what_was_counted(
    plant: Plant, columns: dict[str, Any], values: Sequence[float], total: float, apart_us: int
) -> None:
    """At whatever distance the samples are, and in whatever order they come."""
    at_us = MIDNIGHT + 6 * HOUR
    samples = count_samples(*((at_us + n * apart_us, value) for n, value in enumerate(values)))
    whole = await machine(plant, **columns)
    await plant.samples(whole, [*running(None), *samples])
    await work(plant)
    single = await machine(plant, PATH + "b", **columns)
    await plant.samples(single, running(None))
    await work(plant)
    for sample in [*samples[1::2], *samples[0::2]]:
        await plant.samples(single, [sample])
        await work(plant)
    by_bucket = await read_quantities(plant, whole)
    assert sum(by_bucket.values()) == total
    assert min(by_bucket.values()) > 0
    assert await read_quantities(plant, single) == by_bucket


async def test_a_count_at_the_end_of_a_shift_belongs_to_it(plant: Plant) -> None:
    press = await machine(plant)
    await plant.calendar("nordwerk/emden-1", SHIFTS, MIDNIGHT - DAY)
    late_us, end_us = MIDNIGHT + 14 * HOUR, MIDNIGHT + 22 * HOUR
    samples = count_samples((MIDNIGHT + 6 * HOUR, 0.0), (late_us, 400.0), (end_us, 50.0))
    await plant.samples(press, [*running(), *samples])
    await work(plant)
    early, late = [
        KPIS["effectiveness"].compute(await shift(plant, press, MIDNIGHT + n * HOUR))[0]
        for n in (6, 14)
    ]
    assert early == pytest.approx(400 * 60 / (8 * 3600))
    assert late == pytest.approx(50 * 60 / (8 * 3600))
    assert await read_quantities(plant, press) == {55: 400, 87: 50}


async def test_a_count_at_the_end_of_a_bucket_that_is_computed_already(plant: Plant) -> None:
    press = await machine(plant)
    edge_us = MIDNIGHT + 2 * BUCKET_US
    await plant.samples(press, [*running(), *count_samples((MIDNIGHT + MINUTE, 5.0))])
    await work(plant, edge_us)
    await plant.samples(press, count_samples((edge_us, 9.0)))
    await work(plant, edge_us + MINUTE)
    assert await read_quantities(plant, press) == {1: 4}
    await plant.samples(press, count_samples((edge_us + MINUTE, 11.0)))
    await work(plant, edge_us + 2 * MINUTE)
    assert await read_quantities(plant, press) == {1: 4, 2: 2}


async def test_a_correction_reaches_back_over_days(plant: Plant) -> None:
    press = await machine(plant)
    first_counts = count_samples(
        (MIDNIGHT, 1000.0), (MIDNIGHT + HOUR, 1010.0), (MIDNIGHT + 2 * HOUR, 1011.0)
    )
    await plant.samples(press, [*running(), *first_counts])
    await work(plant)
    assert await read_quantities(plant, press) == {3: 10, 7: 1}
    fallen_us = MIDNIGHT + 2 * DAY + MINUTE
    await plant.samples(press, count_samples((fallen_us, 1008.0)))
    await work(plant)
    assert await read_quantities(plant, press) == {3: 8}
    rows = {row["bucket_at"]: row for row in await plant.elements(press)}
    assert rows[instant_of(MIDNIGHT + 3 * BUCKET_US)]["revision"] == 2
    debt = json.loads(rows[instant_of(MIDNIGHT + DAY)]["carry"])["debt"]
    assert list(debt["corrections"].values()) == [3.0]
    # The counter was right after all: the late sample proves it.
    await plant.samples(press, count_samples((fallen_us - 1, 1021.0), (fallen_us + 1, 1022.0)))
    await plant.pool.execute("DELETE FROM samples WHERE at = $1", instant_of(fallen_us))
    await work(plant)
    assert await read_quantities(plant, press) == {3: 10, 7: 1, 192: 11}
    assert "debt" not in json.loads((await plant.elements(press))[-1]["carry"])


async def test_a_correction_reaches_back_over_more_than_one_transaction(plant: Plant) -> None:
    press = await machine(plant)
    now_us = MIDNIGHT + 20 * DAY
    await plant.samples(
        press, [*running(), *count_samples((MIDNIGHT, 1050.0), (MIDNIGHT + HOUR, 1060.0))]
    )
    await work(plant, now_us)
    await plant.samples(press, count_samples((now_us - MINUTE, 1057.0)))
    await work(plant, now_us)
    assert await read_quantities(plant, press) == {3: 7}
    assert await plant.pool.fetchval("SELECT count(*) FROM dirty_buckets") == 0


async def test_a_correction_stops_where_samples_were_dropped(plant: Plant) -> None:
    press = await machine(plant)
    await plant.samples(
        press, [*running(), *count_samples((MIDNIGHT, 1050.0), (MIDNIGHT + HOUR, 1060.0))]
    )
    await work(plant)
    await plant.pool.execute(
        "INSERT INTO retentions (table_name, dropped_before) VALUES ('samples', $1)",
        instant_of(MIDNIGHT + DAY),
    )
    await plant.samples(press, count_samples((MIDNIGHT + DAY + MINUTE, 1057.0)))
    await work(plant)
    assert await read_quantities(plant, press) == {3: 10}
    assert await plant.pool.fetchval("SELECT count(*) FROM dirty_buckets") == 0


async def test_an_increment_is_spread_over_its_interval(plant: Plant) -> None:
    press = await machine(plant, counter_interpolate=True)
    start_us = MIDNIGHT + 6 * HOUR
    await plant.samples(press, [*running(), *count_samples((start_us, 0.0))])
    await work(plant, start_us + HOUR)
    # The end of the interval is in a later bucket, which is computed first.
    await plant.samples(press, count_samples((start_us + 2 * HOUR, 80.0)))
    await work(plant, start_us + 2 * HOUR)
    assert await read_quantities(plant, press) == pytest.approx({24 + n: 10 for n in range(8)})
    elements = [row for row in await plant.elements(press) if row["pq"]]
    assert [row["pri_pq_s"] for row in elements] == pytest.approx([600.0] * 8)
    # A sample in between divides it.
    await plant.samples(press, count_samples((start_us + HOUR, 20.0)))
    await work(plant, start_us + 2 * HOUR)
    assert await read_quantities(plant, press) == pytest.approx(
        {**{24 + n: 5 for n in range(4)}, **{28 + n: 15 for n in range(4)}}
    )
    assert await plant.pool.fetchval("SELECT count(*) FROM dirty_buckets") == 0


async def test_an_impossible_jump_is_a_finding_until_it_is_gone(plant: Plant) -> None:
    press = await machine(plant)
    at_us = MIDNIGHT + 6 * HOUR
    jump = count_samples(
        (at_us, 1000.0),
        (at_us + MINUTE, 1001.0),
        (at_us + 2 * MINUTE, 9e5),
        (at_us + 3 * MINUTE, 1e6),
    )
    await plant.samples(press, [*running(), *jump])
    await work(plant)
    assert await read_quantities(plant, press) == {24: 1}
    [finding] = await plant.pool.fetch(
        "SELECT * FROM findings WHERE kind = 'counter_jump' AND cleared_at IS NULL"
    )
    assert (finding["kind"], finding["subject"]) == ("counter_jump", "machine")
    assert (finding["equipment_id"], finding["at"]) == (press, instant_of(at_us + 2 * MINUTE))
    assert (finding["expected"], finding["actual"], finding["quantity"]) == (1001, 9e5, 898_999)
    assert f"{PATH}:total_count rose from 1,001 to 900,000" in finding["detail"]
    assert "2 samples of this bucket are like it" in finding["detail"]
    assert "(at most 11)" in finding["detail"]
    await plant.pool.execute("DELETE FROM samples WHERE value > 2000")
    await plant.samples(press, count_samples((at_us + 2 * MINUTE, 1002.0)))
    await work(plant)
    assert await read_quantities(plant, press) == {24: 2}
    cleared_at = await plant.pool.fetchval(
        "SELECT cleared_at FROM findings WHERE kind = 'counter_jump'"
    )
    assert cleared_at is not None


async def test_values_that_are_no_numbers_reach_nothing(plant: Plant) -> None:
    press = await machine(plant)
    bad = [float("nan"), float("inf"), float("-inf")]
    start_us = MIDNIGHT + 2 * DAY
    before = count_samples(*((MIDNIGHT + n, value) for n, value in enumerate([7.0, *bad])))
    nothing: list[Sample] = [
        (role, MIDNIGHT + n, value, None)
        for role in ("state", "planned_run_time")
        for n, value in enumerate(bad)
    ]
    await plant.samples(press, [*before, *nothing])
    # Only the last day is computed, so that all of it lies before the first bucket.
    await plant.pool.execute("DELETE FROM dirty_buckets")
    await plant.samples(
        press, [*running(since_us=start_us), *count_samples((start_us + MINUTE, 9.0))]
    )
    await work(plant)
    assert await read_quantities(plant, press) == {192: 2}
    carry = json.loads((await plant.elements(press))[0]["carry"])
    assert list(carry["counts"].values()) == [7.0]
    assert carry["state"] == 0
    assert "pri" not in carry


async def test_rows_of_a_version_before_are_continued(plant: Plant) -> None:
    """It counted a sample at the start of a bucket in that bucket, and stored no times."""
    press = await machine(plant)
    edge_us = MIDNIGHT + 2 * BUCKET_US
    samples = count_samples((MIDNIGHT + MINUTE, 5.0), (edge_us - MINUTE, 8.0), (edge_us, 9.0))
    await plant.samples(press, [*running(), *samples])
    await work(plant, edge_us + BUCKET_US)
    await plant.pool.execute(
        """UPDATE elements SET carry = carry - 'count_at' - 'count_before',
        pq = CASE WHEN bucket_at = $1 THEN 3 ELSE pq END
        WHERE bucket_at < $2""",
        instant_of(edge_us - BUCKET_US), instant_of(edge_us),
    )  # fmt: skip
    await plant.pool.execute(
        "UPDATE elements SET carry = jsonb_set(carry, '{counts}', (SELECT jsonb_build_object("
        "id::text, 8.0) FROM signals WHERE role = 'total_count')) WHERE bucket_at = $1",
        instant_of(edge_us - BUCKET_US),
    )
    await plant.samples(press, count_samples((edge_us + 5 * MINUTE, 11.0)))
    await plant.pool.execute("DELETE FROM dirty_buckets WHERE bucket_at < $1", instant_of(edge_us))
    await work(plant, edge_us + BUCKET_US)
    assert await read_quantities(plant, press) == {1: 3, 2: 3}
    # Late data in the old bucket: it is computed by the new rule, and so is the next one.
    await plant.samples(press, count_samples((edge_us - 2 * MINUTE, 7.0)))
    await work(plant, edge_us + BUCKET_US)
    assert await read_quantities(plant, press) == {1: 4, 2: 2}
