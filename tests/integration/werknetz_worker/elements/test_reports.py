"""Reports of people and other systems move the elements of machines; a late one what it touches."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from plumbing.business import Business, at, us
from plumbing.machines import MINUTE, Plant
from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of
from werknetz.domain.state import MachineState as S
from werknetz.kpi.elements import Elements
from werknetz.store import dirty
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.elements.sweep import mark_after_time
from werknetz_worker.projection.projector import project
from werknetz_worker.watermarks import WatermarkPublisher

pytestmark = pytest.mark.asyncio
PATH = "nordwerk/emden-1/body/line-2/press-3"
NOBODY = WatermarkPublisher(None)
T0 = us("2026-11-02 06:00")
NOW = T0 + 16 * BUCKET_US  # 10:00
ALL_ROLES = ("state", "order", "planned_run_time", "good_count", "scrap_count")


@pytest_asyncio.fixture
async def plant(database_url: str) -> AsyncIterator[Plant]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=2, timeout=60)
    await Business(pool).begin()
    yield Plant(pool)
    await pool.close()


@pytest_asyncio.fixture
async def mes(plant: Plant) -> Business:
    return Business(plant.pool)


async def work(plant: Plant) -> list[datetime]:
    """Project and compute; return which buckets were dirty or computed again."""
    await project(plant.pool)
    touched: set[datetime] = {
        row[0]
        for row in await plant.pool.fetch(
            "SELECT bucket_at FROM dirty_buckets WHERE bucket_at < $1", instant_of(NOW)
        )
    }
    while await compute_dirty_buckets(plant.pool, NOBODY, now_us=NOW, quiet_s=0):
        pass
    return sorted(touched)


async def total(plant: Plant, machine: int) -> Elements:
    rows = await plant.elements(machine)
    return Elements.sum(Elements.of(row) for row in rows if row["bucket_at"] >= instant_of(T0))


async def bucket(plant: Plant, machine: int, when: str) -> Elements:
    row = await plant.pool.fetchrow(
        "SELECT * FROM elements WHERE equipment_id = $1 AND bucket_at = $2", machine, at(when)
    )
    return Elements.of(row)


async def running_machine(plant: Plant, roles: tuple[str, ...] = ("state",)) -> int:
    """A machine that produces from 06:00 on, computed up to now."""
    machine = await plant.machine(PATH, roles)
    await plant.samples(machine, [("state", T0, 1.0, "run")])
    await mark_after_time(plant.pool, NOW)
    await work(plant)
    return machine


async def enter_state(plant: Plant, machine: int, start: str, end: str, **values: Any) -> int:
    """Insert an entry as the API does: with the dirty marks in one transaction."""
    first, last = us(start) // BUCKET_US, (us(end) - 1) // BUCKET_US
    async with plant.pool.acquire() as connection, connection.transaction():
        entry = await connection.fetchval(
            """INSERT INTO state_entries (equipment_id, start_at, end_at, state, reason,
                is_planned, entered_by) VALUES ($1, $2, $3, $4, $5, $6, 'anna') RETURNING id""",
            machine, at(start), at(end), values.get("state"), values.get("reason"),
            values.get("is_planned"),
        )  # fmt: skip
        buckets = list(range(first, last + 1))
        await connection.execute(dirty.MARK_BUCKETS, [machine] * len(buckets), buckets)
    assert isinstance(entry, int)
    return entry


async def test_an_entry_by_a_person_outranks_the_machine_until_it_is_withdrawn(
    plant: Plant,
) -> None:
    machine = await running_machine(plant)
    entry = await enter_state(
        plant, machine, "2026-11-02 07:10", "2026-11-02 07:40", state=int(S.MALFUNCTION), reason="x"
    )
    await work(plant)
    elements = await total(plant, machine)
    assert (elements.malfunction_s, elements.fe, elements.apt_s) == (1800, 1, 16 * 900 - 1800)
    piece = await plant.pool.fetchrow(
        "SELECT state, code FROM state_pieces WHERE equipment_id = $1 AND start_at = $2",
        machine, at("2026-11-02 07:10"),
    )  # fmt: skip
    assert (piece["state"], piece["code"]) == (int(S.MALFUNCTION), "x")
    async with plant.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "UPDATE state_entries SET known_to = clock_timestamp() WHERE id = $1", entry
        )
        first = us("2026-11-02 07:00") // BUCKET_US
        await connection.execute(dirty.MARK_BUCKETS, [machine] * 3, [*range(first, first + 3)])
    await work(plant)
    assert (await total(plant, machine)).apt_s == 16 * 900


async def test_planned_time_of_a_person_is_planned_down_time(plant: Plant) -> None:
    machine = await running_machine(plant)
    await enter_state(plant, machine, "2026-11-02 07:00", "2026-11-02 07:20", is_planned=True)
    await work(plant)
    elements = await total(plant, machine)
    assert (elements.pdot_s, elements.pbt_s) == (1200, 16 * 900 - 1200)


async def test_quantities_of_people_are_added(plant: Plant) -> None:
    machine = await running_machine(plant, ("state", "good_count"))
    samples = [("good_count", T0 + n * MINUTE, float(n), None) for n in range(60)]
    await plant.samples(machine, samples)
    for role, quantity in (("good_count", -4.0), ("scrap_count", 4.0), ("rework_count", 1.0)):
        await plant.pool.execute(
            """INSERT INTO quantity_entries (equipment_id, at, role, quantity, entered_by)
            VALUES ($1, $2, $3, $4, 'anna')""",
            machine, at("2026-11-02 06:30"), role, quantity,
        )  # fmt: skip
    await work(plant)
    elements = await total(plant, machine)
    assert (elements.gq, elements.sq, elements.rq) == (55, 4, 1)


async def test_a_job_of_the_mes_gives_order_run_time_and_quantities(
    plant: Plant, mes: Business
) -> None:
    """600 good parts of a machine whose counters nobody reads."""
    machine = await running_machine(plant)
    job = {"equipment": PATH, "order_number": "A1"}
    await mes.add("start", "job_started", "2026-11-02 07:00", **job, planned_run_s_per_item=9.0)
    await mes.add(
        "end", "job_finished", "2026-11-02 09:00", **job, good_quantity=600.0, scrap_quantity=40.0
    )
    await work(plant)
    elements = await total(plant, machine)
    assert (elements.gq, elements.sq, elements.pq) == pytest.approx((600, 40, 640))
    assert elements.pri_pq_s == pytest.approx(640 * 9)
    assert elements.aoet_s == pytest.approx(7200 + 3600)  # before the first job one is assumed
    assert elements.adot_s == pytest.approx(3600)
    during = await bucket(plant, machine, "2026-11-02 08:00")
    assert (during.gq, during.sq) == pytest.approx((75, 5))
    order = await plant.pool.fetchval(
        "SELECT order_number FROM state_pieces WHERE equipment_id = $1 AND start_at = $2",
        machine, at("2026-11-02 08:00"),
    )  # fmt: skip
    assert order == "A1"


async def test_a_counter_outranks_the_mes_role_by_role(plant: Plant, mes: Business) -> None:
    machine = await running_machine(plant, ("state", "good_count"))
    await plant.samples(
        machine, [("good_count", T0 + n * MINUTE, float(n), None) for n in range(200)]
    )
    job = {"equipment": PATH, "order_number": "A1"}
    await mes.add("start", "job_started", "2026-11-02 07:00", **job)
    await mes.add(
        "end", "job_finished", "2026-11-02 09:00", **job, good_quantity=600.0, scrap_quantity=40.0
    )
    await work(plant)
    elements = await total(plant, machine)
    assert (elements.gq, elements.sq) == pytest.approx((199, 40))


async def test_an_inspection_counts_unless_the_job_reports_the_quantity(
    plant: Plant, mes: Business
) -> None:
    machine = await running_machine(plant)
    job = {"equipment": PATH, "order_number": "A1"}
    await mes.add("start", "job_started", "2026-11-02 07:00", **job)
    await mes.add("end", "job_finished", "2026-11-02 09:00", **job, good_quantity=600.0)
    inspected = {"good_quantity": 5.0, "scrap_quantity": 3.0}
    await mes.add("q1", "quality_inspected", "2026-11-02 08:00", **job, **inspected)
    await mes.add("q2", "quality_inspected", "2026-11-02 08:10", equipment=PATH, **inspected)
    await mes.add(
        "q3", "quality_inspected", "2026-11-02 09:30", equipment=PATH, order_number="A2",
        **inspected,
    )  # fmt: skip
    await work(plant)
    elements = await total(plant, machine)
    assert (elements.gq, elements.sq) == pytest.approx((605, 9))


async def test_a_machine_of_the_mes_alone(plant: Plant, mes: Business) -> None:
    """No signal at all: the MES reports states, jobs and quantities."""
    await plant.machine("nordwerk/emden-1/body/line-2/press-9", ())
    job = {"equipment": PATH, "order_number": "A1"}
    await mes.add("s1", "state_changed", "2026-11-02 07:00", equipment=PATH, state="producing")
    await mes.add("start", "job_started", "2026-11-02 07:00", **job, planned_run_s_per_item=6.0)
    await mes.add(
        "s2", "state_changed", "2026-11-02 07:30", equipment=PATH, state="starved",
        until_us=us("2026-11-02 08:00"),
    )  # fmt: skip
    await mes.add("end", "job_finished", "2026-11-02 09:00", **job, good_quantity=900.0)
    await work(plant)
    machine = await plant.pool.fetchval("SELECT id FROM equipment WHERE path = $1", PATH)
    await mark_after_time(plant.pool, NOW)
    await work(plant)
    elements = await total(plant, machine)
    assert (elements.apt_s, elements.starved_s) == (5400, 1800)
    assert elements.pri_gq_s == pytest.approx(5400)
    assert elements.unknown_s == pytest.approx(900)  # before its first state


async def test_the_mes_fills_what_the_machine_does_not_report(plant: Plant, mes: Business) -> None:
    machine = await running_machine(plant)
    await mes.add("s1", "state_changed", "2026-11-02 07:00", equipment=PATH, state="setup")
    await work(plant)
    assert (await total(plant, machine)).aust_s == 0
    await plant.pool.execute(
        """INSERT INTO samples (signal_id, at, value, status) VALUES ($1, $2, 1, -2147483648)""",
        plant.signals[machine, "state"], at("2026-11-02 08:00"),
    )  # fmt: skip
    await plant.pool.execute(dirty.MARK_BUCKETS, [machine], [us("2026-11-02 08:00") // BUCKET_US])
    await work(plant)
    elements = await total(plant, machine)
    assert (elements.apt_s, elements.aust_s, elements.unknown_s) == (7200, 7200, 0)


async def test_the_run_time_of_an_order_that_the_machine_names(plant: Plant, mes: Business) -> None:
    """The plan arrives after the order has run: its buckets are computed again."""
    machine = await plant.machine(PATH, ("state", "order", "good_count"))
    await plant.samples(
        machine,
        [("state", T0, 1.0, "run"), ("order", T0, None, "A1"),
         ("order", T0 + 90 * MINUTE, None, "A2")]
        + [("good_count", T0 + n * MINUTE, float(n), None) for n in range(180)],
    )  # fmt: skip
    await work(plant)
    assert (await total(plant, machine)).pri_gq_s == 0
    await mes.add(
        "start", "job_started", "2026-11-02 06:00", equipment=PATH, order_number="A1",
        planned_run_s_per_item=30.0,
    )  # fmt: skip
    await work(plant)
    # The sample of 07:30 counts for the order that the instant begins.
    assert (await total(plant, machine)).pri_gq_s == pytest.approx(89 * 30)


async def test_a_correction_and_a_withdrawal_restore_what_was(plant: Plant, mes: Business) -> None:
    machine = await running_machine(plant)
    before = await plant.elements(machine)
    job = {"equipment": PATH, "order_number": "A1"}
    await mes.add("start", "job_started", "2026-11-02 07:00", **job, planned_run_s_per_item=9.0)
    await mes.add("end", "job_finished", "2026-11-02 08:00", **job, good_quantity=600.0)
    await mes.add("s", "state_changed", "2026-11-02 07:30", equipment=PATH, state="setup")
    await work(plant)
    await mes.revise("end", "2026-11-02 08:30", **job, good_quantity=300.0)
    await work(plant)
    corrected = await total(plant, machine)
    assert (corrected.gq, corrected.pri_gq_s) == pytest.approx((300, 2700))
    assert corrected.adot_s == pytest.approx(5400)
    for name in ("start", "end", "s"):
        await mes.withdraw(name)
    await work(plant)
    ignored = {"computed_at", "revision", "carry"}
    assert [
        {key: value for key, value in row.items() if key not in ignored}
        for row in await plant.elements(machine)
    ] == [{key: value for key, value in row.items() if key not in ignored} for row in before]


async def test_a_late_event_touches_only_its_buckets(plant: Plant, mes: Business) -> None:
    machine = await running_machine(plant)
    job = {"equipment": PATH, "order_number": "A1"}
    await mes.add("start", "job_started", "2026-11-02 06:00", **job)
    await mes.add("end", "job_finished", "2026-11-02 09:45", **job, good_quantity=90.0)
    await mes.add("q", "quality_inspected", "2026-11-02 06:05", equipment=PATH, scrap_quantity=2.0)
    await work(plant)
    computed = {row["bucket_at"]: row["computed_at"] for row in await plant.elements(machine)}
    await mes.add("q2", "quality_inspected", "2026-11-02 08:05", equipment=PATH, scrap_quantity=3.0)
    dirty_at = await work(plant)
    assert set(dirty_at) <= {at("2026-11-02 08:00")}
    changed = {
        row["bucket_at"]
        for row in await plant.elements(machine)
        if row["computed_at"] != computed[row["bucket_at"]]
    }
    assert changed == {at("2026-11-02 08:00")}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"equipment": "nordwerk/nowhere/a/b/c", "state": "setup"}, "plant is not known"),
        ({"equipment": "nordwerk/emden-1/body/line-2", "state": "setup"}, "is no machine"),
        ({"equipment": PATH, "state": "kaputt"}, "is none of"),
        ({"equipment": PATH, "state": "setup", "until_us": us("2026-11-02 06:00")}, "not after"),
    ],
    ids=["unknown plant", "a line", "an unknown state", "an end before the start"],
)
async def test_a_report_that_cannot_be_used_is_a_finding(
    plant: Plant, mes: Business, fields: dict[str, Any], reason: str
) -> None:
    machine = await running_machine(plant)
    await mes.add("bad", "state_changed", "2026-11-02 07:00", **fields)
    await mes.add(
        "good", "quality_inspected", "2026-11-02 07:00", equipment=PATH, good_quantity=1.0
    )
    await work(plant)
    assert (await total(plant, machine)).gq == 1
    findings = await plant.pool.fetch(
        "SELECT detail FROM findings WHERE kind = 'unusable_report' AND cleared_at IS NULL"
    )
    assert len(findings) == 1
    assert reason in findings[0]["detail"]
    await mes.withdraw("bad")
    await work(plant)
    assert not await plant.pool.fetch(
        "SELECT FROM findings WHERE kind = 'unusable_report' AND cleared_at IS NULL"
    )


async def test_a_quantity_below_zero_does_not_count_and_its_job_does(
    plant: Plant, mes: Business
) -> None:
    machine = await running_machine(plant)
    job = {"equipment": PATH, "order_number": "A1"}
    await mes.add("start", "job_started", "2026-11-02 06:00", **job)
    await mes.add(
        "end", "job_finished", "2026-11-02 07:00", good_quantity=-5.0, scrap_quantity=2.0, **job
    )
    await work(plant)
    summed = await total(plant, machine)
    assert (summed.gq, summed.sq) == (0, 2)
    [finding] = await plant.pool.fetch("SELECT detail FROM findings WHERE cleared_at IS NULL"
                                       " AND kind = 'unusable_report'")  # fmt: skip
    assert "good_quantity is -5, below zero" in finding["detail"]


async def test_an_order_without_planned_time_counts_without_a_value(
    plant: Plant, mes: Business
) -> None:
    machine = await running_machine(plant)
    job = {"equipment": PATH, "order_number": "A1"}
    await mes.add("start", "job_started", "2026-11-02 07:00", **job)
    await mes.add("end", "job_finished", "2026-11-02 08:00", **job, good_quantity=60.0)
    await work(plant)
    elements = await total(plant, machine)
    assert (elements.gq, elements.pri_gq_s) == (pytest.approx(60), 0)


async def test_a_report_of_the_future_waits(plant: Plant, mes: Business) -> None:
    machine = await running_machine(plant)
    tomorrow = instant_of(NOW) + timedelta(days=1)
    await mes.add(
        "future", "state_changed", tomorrow.strftime("%Y-%m-%d %H:%M"), equipment=PATH,
        state="malfunction",
    )  # fmt: skip
    await work(plant)
    assert (await total(plant, machine)).apt_s == 16 * 900
    assert bucket_of(NOW) == NOW
