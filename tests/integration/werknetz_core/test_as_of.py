"""`as_of`: values, counts and states as they were known before late or corrected data."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from plumbing.machines import MINUTE, Plant, Sample
from werknetz.domain.bucket import BUCKET_US, microseconds_of
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.watermarks import WatermarkPublisher

from .conftest import PRESS, World

pytestmark = pytest.mark.asyncio
START = microseconds_of(datetime(2026, 11, 19, 6, tzinfo=UTC))
SPAN = "start=2026-11-19T06:00Z&end=2026-11-19T07:00Z"
FIRST: list[Sample] = [
    ("order", START, None, "A"), ("planned_run_time", START, 20.0, None),
    ("state", START, 1.0, "run"),
    *(("good_count", START + n * MINUTE, float(n), None) for n in range(60)),
]  # fmt: skip
LATE: list[Sample] = [
    ("state", START + 20 * MINUTE, 4.0, "stop"), ("state", START + 30 * MINUTE, 1.0, "run"),
]  # fmt: skip


async def load_known(
    world: World, as_of: str | None
) -> tuple[float | None, float | None, list[str]]:
    """Return availability, good pieces and states of the hour."""
    suffix = "" if as_of is None else f"&as_of={as_of.replace('+00:00', 'Z')}"
    values = await world.get(f"/kpi_values?equipment={PRESS}&kpi=availability&{SPAN}{suffix}")
    counts = await world.get(f"/equipment/{PRESS}/counts?{SPAN}&granularity=none{suffix}")
    states = await world.get(f"/equipment/{PRESS}/states?{SPAN}{suffix}")
    explained = await world.get(
        f"/kpi_values/explain?equipment={PRESS}&kpi=availability&{SPAN}{suffix}"
    )
    for answer in (values, counts, states, explained):
        assert answer.status_code == 200, answer.text
    check_explanation(explained.json(), values.json()["items"][0]["value"], states.json()["items"])
    items = counts.json()["items"]
    return (
        values.json()["items"][0]["value"],
        items[0]["good"] if items else None,
        [item["state"] for item in states.json()["items"]],
    )


def check_explanation(explained: Any, value: float | None, states: list[Any]) -> None:
    """The explanation has the value, the sums and the states that were known then."""
    assert explained["value"] == value
    for machine in explained["machines"]:
        assert machine["value"] == value
        minutes = {row["state"]: 0.0 for row in states}
        for row in states:
            minutes[row["state"]] += row["duration_s"] / 60
        shown: dict[str, float] = dict.fromkeys(minutes, 0.0)
        for row in machine["states"]:
            shown[row["state"]] += row["minutes"]
        assert shown == pytest.approx(minutes)
    revised = [d["count"] for d in explained["doubts"] if d["kind"] == "computed_again"]
    assert len(revised) <= 1


async def database_now(world: World) -> str:
    now: datetime = await world.database.fetchval("SELECT clock_timestamp()")
    return now.isoformat()


async def test_what_was_known_before_late_data_stays(world: World, database_url: str) -> None:
    now_us = START + 24 * 4 * BUCKET_US
    publisher = WatermarkPublisher(None)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        plant = Plant(pool)
        machine = await plant.machine(PRESS)

        async def work(samples: list[Sample]) -> str:
            await plant.samples(machine, samples)
            while await compute_dirty_buckets(pool, publisher, now_us=now_us, quiet_s=0):
                pass
            return await database_now(world)

        before = await database_now(world)
        first = await work(FIRST)
        second = await work(LATE)
        corrected = await work([("state", START + 40 * MINUTE, 4.0, "stop")])
    world.now[0] = datetime.fromisoformat(corrected) + timedelta(days=1)
    assert await load_known(world, before) == (None, None, [])
    running, stopped = ["execute"], ["execute", "malfunction", "execute"]
    value, good, states = await load_known(world, first)
    assert (value, good, len(states)) == (1.0, 59.0, 1)
    running = states
    value, good, stopped = await load_known(world, second)
    assert (value, good, len(stopped)) == (pytest.approx(50 / 60), 59.0, 3)
    assert stopped[0] == stopped[2] == running[0] != stopped[1]
    doubts = {}
    for moment in (first, second, corrected):
        url = f"/kpi_values/explain?equipment={PRESS}&kpi=availability&{SPAN}&as_of={moment}"
        body = (await world.get(url.replace("+00:00", "Z"))).json()
        doubts[moment] = [d["count"] for d in body["doubts"] if d["kind"] == "computed_again"]
        assert all("as_of=" in m["states_href"] for m in body["machines"])
    assert (doubts[first], doubts[second]) == ([], [2])
    assert doubts[corrected][0] > 2
    latest = await load_known(world, None)
    assert latest == await load_known(world, corrected)
    assert (latest[0], latest[2]) == (pytest.approx(30 / 60), [*stopped, stopped[1]])
    await check_elements_of_a_later_version(world, first)


async def check_elements_of_a_later_version(world: World, as_of: str) -> None:
    """What a revision did not record is null with a reason, not 0."""
    await world.database.execute("UPDATE element_revisions SET elements = elements - 'apt_s'")
    suffix = f"equipment={PRESS}&{SPAN}&as_of={as_of.replace('+00:00', 'Z')}"
    answer = await world.get(f"/kpi_values?kpi=availability&kpi=setup_ratio&{suffix}")
    for item in answer.json()["items"]:
        assert (item["value"], item["strict_value"]) == (None, None)
        assert "not recorded then" in item["reason"]
        assert item["inputs"]["apt_s"] is None
    explained = (await world.get(f"/kpi_values/explain?kpi=availability&{suffix}")).json()
    assert explained["value"] is None
    assert {machine["reason"] for machine in explained["machines"]} == {explained["reason"]}
    others = await world.get(f"/kpi_values?kpi=oee&{suffix}")
    assert others.status_code == 200, others.text


async def test_only_what_late_data_touches_is_a_revision(world: World, database_url: str) -> None:
    now_us = START + 24 * 4 * BUCKET_US
    publisher = WatermarkPublisher(None)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        plant = Plant(pool)
        machine = await plant.machine(PRESS)
        for samples in (FIRST, LATE):
            await plant.samples(machine, samples)
            while await compute_dirty_buckets(pool, publisher, now_us=now_us, quiet_s=0):
                pass
        revised = await pool.fetch(
            "SELECT DISTINCT bucket_at FROM state_piece_revisions ORDER BY bucket_at"
        )
        computed = await pool.fetch(
            "SELECT bucket_at FROM elements WHERE revision > 1 ORDER BY bucket_at"
        )
    assert [row[0].minute for row in revised] == [15]
    # The sample at 06:30 is late, too: it changes what is counted of samples there, but no state.
    assert [row[0].minute for row in computed] == [15, 30]
