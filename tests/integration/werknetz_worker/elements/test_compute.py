"""Dirty buckets against a real database: what is recomputed, what is kept, who may do it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
import typer
from redis.asyncio import Redis
from typer.testing import CliRunner

from plumbing.machines import MINUTE, SECOND, Plant, timeline
from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of
from werknetz.kpi.catalogue import KPIS
from werknetz.kpi.elements import ELEMENT_NAMES, Elements
from werknetz_worker.cli import register
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.elements.sweep import delete_old_revisions, mark_after_time
from werknetz_worker.watermarks import WATERMARKS_KEY, WatermarkPublisher

pytestmark = pytest.mark.asyncio
T0 = bucket_of(1_790_000_000_000_000)
NOBODY = WatermarkPublisher(None)
PATH = "nordwerk/emden-1/body/line-2/press-3"


@pytest_asyncio.fixture
async def plant(database_url: str) -> AsyncIterator[Plant]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4, timeout=60)
    yield Plant(pool)
    await pool.close()


async def work(plant: Plant, now_us: int, **options: Any) -> int:
    done = 0
    while rows := await compute_dirty_buckets(
        plant.pool, NOBODY, now_us=now_us, quiet_s=0, **options
    ):
        done += rows
    return done


def sum_rows(rows: list[asyncpg.Record]) -> Elements:
    return Elements.sum(Elements.of(row) for row in rows)


async def facts(plant: Plant, machine: int) -> dict[str, Any]:
    """Everything that is derived of a machine, without when and how often it was computed."""
    rows = await plant.elements(machine)
    pieces = await plant.pool.fetch(
        "SELECT * FROM state_pieces WHERE equipment_id = $1 ORDER BY start_at", machine
    )
    unlasting = {"late_samples", "computed_at", "revision"}
    return {
        "elements": [{k: v for k, v in row.items() if k not in unlasting} for row in rows],
        "pieces": [dict(row) for row in pieces],
    }


async def test_a_machine_from_samples_to_kpis(plant: Plant) -> None:
    machine = await plant.machine(PATH)
    await plant.samples(machine, timeline(T0, 8))
    now_us = T0 + 8 * BUCKET_US + 10 * MINUTE
    assert await work(plant, now_us)
    rows = await plant.elements(machine)
    # the bucket before the first sample is marked too, and the current one is filled in
    assert [row["bucket_at"] for row in rows] == [
        instant_of(T0 + n * BUCKET_US) for n in range(-1, 9)
    ]
    assert [row["provisional"] for row in rows] == [False] * 9 + [True]
    assert json.loads(rows[0]["carry"])["remark"].startswith("no shift calendar")
    total = sum_rows(rows)
    assert total.calendar_s == 9 * 900 + 600
    assert total.gq == 8 * 30 - 1
    assert total.sq == 7
    assert total.pri_pq_s == 20 * total.pq
    # The machine is unknown up to its first sample.
    assert total.judged_s == total.quantity_known_s == total.pbt_s - total.unknown_s
    assert KPIS["oee"].compute(total)[0] == pytest.approx(20 * total.gq / total.judged_s)
    assert await plant.pool.fetchval("SELECT count(*) FROM dirty_buckets") == 0
    assert await plant.pool.fetchval("SELECT count(*) FROM element_revisions") == 0
    lasting = await plant.pool.fetchval(
        "SELECT sum(extract(epoch FROM end_at - start_at)) FROM state_pieces"
    )
    assert float(lasting) == total.calendar_s
    orders = await plant.pool.fetch("SELECT * FROM orders ORDER BY started_at")
    assert [(row["order_number"], row["planned_run_s_per_item"]) for row in orders] == [
        ("A1", 20), ("A4", 20),
    ]  # fmt: skip
    assert orders[0]["ended_at"] == orders[1]["started_at"]
    assert orders[1]["ended_at"] is None


async def test_orders_have_the_range_of_their_planned_run_times(plant: Plant) -> None:
    """Another one in a later bucket, or one that comes late, makes the range wider."""
    machine = await plant.machine(PATH)
    await plant.samples(machine, timeline(T0, 8))
    now_us = T0 + 8 * BUCKET_US
    ranges = []
    for at_us, run_s in ((T0, 20.0), (T0 + BUCKET_US, 40.0), (T0 + 2 * BUCKET_US, 10.0)):
        await plant.samples(machine, [("planned_run_time", at_us, run_s, None)])
        await work(plant, now_us)
        row = await plant.pool.fetchrow(
            "SELECT run_s_min, run_s_max FROM orders WHERE order_number = 'A1'"
        )
        ranges.append(tuple(row))
    assert ranges == [(20, 20), (20, 40), (10, 40)]


async def test_late_data_changes_its_bucket_and_keeps_what_was_known(plant: Plant) -> None:
    machine = await plant.machine(PATH)
    await plant.samples(machine, timeline(T0, 8))
    now_us = T0 + 8 * BUCKET_US
    await work(plant, now_us)
    before = {row["bucket_at"]: row for row in await plant.elements(machine)}
    late_us = T0 + 3 * BUCKET_US + 5 * MINUTE
    await plant.samples(
        machine, [("state", late_us, 2.0, "setup"), ("state", late_us + 60 * SECOND, 1.0, "run")]
    )
    await work(plant, now_us)
    after = {row["bucket_at"]: row for row in await plant.elements(machine)}
    changed = {at for at in after if after[at]["computed_at"] != before[at]["computed_at"]}
    at = instant_of(T0 + 3 * BUCKET_US)
    assert changed == {at}
    assert after[at]["revision"] == 2
    assert after[at]["samples"] == before[at]["samples"] + 2
    [revision_row] = await plant.pool.fetch("SELECT * FROM element_revisions")
    assert (revision_row["bucket_at"], revision_row["revision"]) == (at, 1)
    assert revision_row["known_from"] == before[at]["computed_at"]
    old = json.loads(revision_row["elements"])
    assert {n: old[n] for n in ELEMENT_NAMES} == {n: before[at][n] for n in ELEMENT_NAMES}


async def test_what_a_bucket_hands_on_is_followed_as_far_as_it_reaches(plant: Plant) -> None:
    machine = await plant.machine(PATH)
    await plant.samples(machine, [("order", T0, None, "A"), ("state", T0, 1.0, "run")])
    await plant.samples(machine, [("state", T0 + 6 * BUCKET_US, 3.0, "idle")])
    now_us = T0 + 10 * BUCKET_US
    await work(plant, now_us)
    assert sum_rows(await plant.elements(machine)).apt_s == 6 * 900
    await plant.samples(machine, [("state", T0 + 2 * BUCKET_US + 5 * MINUTE, 4.0, "fault")])
    await work(plant, now_us)
    rows = await plant.elements(machine)
    total = sum_rows(rows)
    assert (total.apt_s, total.malfunction_s, total.fe) == (35 * 60, 55 * 60, 1)
    assert [row["revision"] for row in rows] == [1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 1]


async def test_recomputing_everything_changes_nothing(plant: Plant) -> None:
    """In whatever order samples came, the outcome is that of all of them at once."""
    scattered, whole = await plant.machine(PATH), await plant.machine(PATH + "b")
    samples = timeline(T0, 30)
    now_us = T0 + 31 * BUCKET_US
    for part in (samples[2::3], samples[0::3], samples[1::3]):
        await plant.samples(scattered, part)
        await work(plant, now_us)
    await plant.samples(whole, sorted(samples, key=lambda sample: sample[1]))
    await work(plant, now_us)
    first, second = await facts(plant, scattered), await facts(plant, whole)
    for row in first["elements"] + second["elements"] + first["pieces"] + second["pieces"]:
        del row["equipment_id"]
        if "carry" in row:
            carry = json.loads(row.pop("carry"))
            for name in ("counts", "count_at", "count_state_us"):  # by signals, which differ
                carry[name] = sorted(carry.get(name, {}).values())
            row["carry"] = carry
    assert first == second


async def test_two_workers_at_once_agree(plant: Plant) -> None:
    machines = [await plant.machine(f"{PATH}{n}") for n in range(4)]
    for n, machine in enumerate(machines):
        await plant.samples(machine, timeline(T0, 96, seed=n))
    now_us = T0 + 97 * BUCKET_US
    await asyncio.gather(*(work(plant, now_us) for _ in range(3)))
    assert await plant.pool.fetchval("SELECT count(*) FROM dirty_buckets") == 0
    before = [await facts(plant, machine) for machine in machines]
    assert await plant.pool.fetchval("SELECT count(*) FROM element_revisions") == 0
    await plant.pool.execute(
        "INSERT INTO dirty_buckets (equipment_id, bucket_at) "
        "SELECT equipment_id, bucket_at FROM elements"
    )
    await work(plant, now_us)
    assert [await facts(plant, machine) for machine in machines] == before
    assert await plant.pool.fetchval("SELECT count(*) FROM element_revisions") == 0


async def test_a_mark_made_meanwhile_stays(plant: Plant) -> None:
    machine = await plant.machine(PATH)
    await plant.samples(machine, timeline(T0, 2))
    now_us = T0 + 2 * BUCKET_US
    async with plant.pool.acquire() as writer, writer.transaction():
        await writer.execute(
            "UPDATE dirty_buckets SET marks = marks + 1 WHERE bucket_at = $1", instant_of(T0)
        )
        # the writer holds the row: the worker neither waits nor deletes it
        assert await compute_dirty_buckets(plant.pool, NOBODY, now_us=now_us, quiet_s=0)
    left = await plant.pool.fetch("SELECT bucket_at, marks FROM dirty_buckets")
    assert [tuple(row) for row in left] == [(instant_of(T0), left[0]["marks"])]
    await work(plant, now_us)
    assert await plant.pool.fetchval("SELECT count(*) FROM dirty_buckets") == 0


async def test_the_past_waits_while_history_comes_in_but_the_present_does_not(
    plant: Plant,
) -> None:
    machine = await plant.machine(PATH)
    await plant.samples(machine, timeline(T0, 40))
    now_us = T0 + 40 * BUCKET_US + MINUTE
    assert await compute_dirty_buckets(plant.pool, NOBODY, now_us=now_us, quiet_s=30) > 0
    assert len(await plant.elements(machine)) == 5
    await plant.pool.execute("UPDATE dirty_buckets SET marked_at = now() - interval '31 s'")
    assert await compute_dirty_buckets(plant.pool, NOBODY, now_us=now_us, quiet_s=30) > 0
    assert len(await plant.elements(machine)) == 42


async def test_the_sweep_carries_silent_machines_on(plant: Plant) -> None:
    machine = await plant.machine(PATH)
    await plant.samples(machine, [("state", T0, 1.0, "run"), ("order", T0, None, "A")])
    await work(plant, T0 + MINUTE)
    assert sum_rows(await plant.elements(machine)).apt_s == 60
    now_us = T0 + 5 * BUCKET_US + 3 * MINUTE
    assert await mark_after_time(plant.pool, now_us)
    await work(plant, now_us)
    rows = await plant.elements(machine)
    assert sum_rows(rows).apt_s == 5 * 900 + 180
    assert [row["provisional"] for row in rows] == [False] * 6 + [True]
    await mark_after_time(plant.pool, now_us)
    assert await mark_after_time(plant.pool, now_us) == 0


async def test_a_bucket_in_which_the_worker_stopped_is_completed_however_late(
    plant: Plant,
) -> None:
    machine = await plant.machine(PATH)
    await plant.samples(machine, [("order", T0, None, "A"), ("state", T0, 1.0, "run")])
    await work(plant, T0 + MINUTE)  # then no worker runs
    now_us = T0 + 5 * 96 * BUCKET_US
    # New samples are computed first, so that the last bucket is not the one that was left.
    await plant.samples(machine, [("state", now_us - BUCKET_US + MINUTE, 3.0, "idle")])
    await work(plant, now_us)
    await mark_after_time(plant.pool, now_us)
    await work(plant, now_us)
    rows = await plant.elements(machine)
    assert sum_rows(rows).apt_s == 5 * 86_400 - 14 * 60
    assert [row["bucket_at"] for row in rows if row["provisional"]] == [
        instant_of(now_us - BUCKET_US), instant_of(now_us),
    ]  # fmt: skip


async def test_a_calendar_of_the_plant_holds_from_its_day_on(plant: Plant) -> None:
    machine = await plant.machine(PATH)
    document = {
        "time_zone": "UTC",
        "shifts": [{"name": "a", "days": list(range(7)), "start": "06:00", "end": "14:00",
                    "breaks": [["10:00", "10:30"]]}],
    }  # fmt: skip
    day_us = T0 - T0 % (96 * BUCKET_US)
    await plant.calendar("nordwerk/emden-1", document, day_us + 96 * BUCKET_US)
    await plant.samples(machine, [("state", day_us, 1.0, "run"), ("order", day_us, None, "A")])
    await work(plant, day_us + 2 * 96 * BUCKET_US)
    rows = await plant.elements(machine)
    first = sum_rows([r for r in rows if r["bucket_at"] < instant_of(day_us + 96 * BUCKET_US)][1:])
    second = sum_rows([r for r in rows if r["bucket_at"] >= instant_of(day_us + 96 * BUCKET_US)])
    assert (first.pot_s, first.apt_s) == (86400, 86400)
    assert (second.pot_s, second.pdot_s, second.apt_s, second.off_shift_s) == (
        8 * 3600, 1800, 7.5 * 3600, 16 * 3600,
    )  # fmt: skip
    assert second.unplanned_busy_s == 16.5 * 3600


async def test_a_later_calendar_is_applied_on_request(
    plant: Plant, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = await plant.machine(PATH)
    day_us = T0 - T0 % (96 * BUCKET_US)
    await plant.samples(machine, [("state", day_us, 1.0, "run"), ("order", day_us, None, "A")])
    await work(plant, day_us + 96 * BUCKET_US)
    closed = {"time_zone": "UTC", "shifts": []}
    await plant.calendar("nordwerk/emden-1", closed, day_us)
    monkeypatch.setenv("WERKNETZ_DATABASE_URL", database_url)
    app = typer.Typer()
    register(app)
    since = instant_of(day_us).strftime("%Y-%m-%d")
    requested = ["recompute", "nordwerk/emden-1", "--since", since]
    answer = await asyncio.to_thread(CliRunner().invoke, app, requested)
    assert "97 buckets" in answer.output
    await work(plant, day_us + 96 * BUCKET_US)
    total = sum_rows(await plant.elements(machine))
    assert (total.pot_s, total.off_shift_s) == (900, 96 * 900)
    assert await plant.pool.fetchval("SELECT count(*) FROM element_revisions") == 95


async def test_an_impossible_time_makes_one_bucket_not_millions(plant: Plant) -> None:
    machine = await plant.machine(PATH)
    await plant.samples(machine, [("state", -11_644_473_600_000_000, 1.0, "1601")])
    await plant.samples(machine, [("state", T0, 1.0, "run")])
    await plant.samples(machine, [("state", 253_370_764_800_000_000, 1.0, "9999")])
    await work(plant, T0 + MINUTE)
    assert len(await plant.elements(machine)) == 2 + 2


async def test_watermarks_grow_along_the_path_and_catch_up(plant: Plant, redis_url: str) -> None:
    machine = await plant.machine(PATH)
    deaf = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1, socket_timeout=1)
    watermarks = WatermarkPublisher(deaf)
    await plant.samples(machine, timeline(T0, 1))
    assert await compute_dirty_buckets(plant.pool, watermarks, now_us=T0 + BUCKET_US, quiet_s=0)
    await deaf.aclose()
    redis = Redis.from_url(redis_url, decode_responses=True)
    watermarks._redis = redis
    await watermarks.increment_paths([])
    marks = await redis.hgetall(WATERMARKS_KEY)
    assert marks == dict.fromkeys(
        ["nordwerk", "nordwerk/emden-1", "nordwerk/emden-1/body", "nordwerk/emden-1/body/line-2",
         PATH], "1",
    )  # fmt: skip
    await watermarks.close()


async def test_old_revisions_are_deleted(plant: Plant) -> None:
    await plant.pool.execute(
        """INSERT INTO element_revisions SELECT 1, now(), n, '{}', now(), now() - n * interval '1 d'
        FROM generate_series(0, 9) AS n"""
    )
    assert await delete_old_revisions(plant.pool, time.time_ns() // 1000, retention_days=5) == 5
