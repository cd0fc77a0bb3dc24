"""One subject that fails never stops another: each kind of work, with one poisoned and one healthy.

The poison is real: a time zone that does not exist, or a database that refuses one subject's rows.
"""

import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from plumbing.business import Business, us
from plumbing.deliveries import Deliveries, day
from plumbing.machines import MINUTE, Plant
from werknetz.domain.bucket import BUCKET_US, bucket_of, microseconds_of
from werknetz.store.ingest.partitions import MAKE_DAY, SAMPLES
from werknetz_worker import failures, tasks
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.elements.outages import update_outages
from werknetz_worker.failures import Retries, Subject
from werknetz_worker.retention import drop_expired
from werknetz_worker.settings import WorkerSettings
from werknetz_worker.stock.reconcile import reconcile_dirty_stock
from werknetz_worker.supply import reconcile as supply
from werknetz_worker.supply.reconcile import reconcile_dirty_relations
from werknetz_worker.watermarks import WatermarkPublisher

pytestmark = pytest.mark.asyncio
T0 = bucket_of(1_790_000_000_000_000)
NOW = T0 + 4 * BUCKET_US
NOBODY = WatermarkPublisher(None)
REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'poisoned' USING ERRCODE = '22003'; END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW
WHEN ({condition}) EXECUTE FUNCTION refuse()"""


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4, timeout=60)
    yield pool
    await pool.close()


async def refuse(pool: asyncpg.Pool, table: str, condition: str) -> None:
    await pool.execute(REFUSE.format(table=table, condition=condition))


async def heal(pool: asyncpg.Pool, table: str) -> None:
    await pool.execute(f"DROP TRIGGER refuse ON {table}; DROP FUNCTION refuse")


async def open_failures(pool: asyncpg.Pool) -> list[asyncpg.Record]:
    return await pool.fetch(
        "SELECT * FROM findings WHERE kind = 'not_computed' AND cleared_at IS NULL ORDER BY key"
    )


async def test_a_machine_does_not_stop_the_others(pool: asyncpg.Pool) -> None:
    now_s = 1_000.0
    plant, retries = Plant(pool), Retries(clock=lambda: now_s)
    poisoned = await plant.machine("nordwerk/emden-1/body/line-2/press-1")
    healthy = [await plant.machine(f"nordwerk/emden-1/body/line-2/press-{n}") for n in (2, 3)]
    await refuse(pool, "elements", f"NEW.equipment_id = {poisoned}")
    for machine in (poisoned, *healthy):
        await plant.samples(machine, [("good_count", T0 + n * MINUTE, n, None) for n in range(9)])

    async def compute() -> int:
        return await compute_dirty_buckets(
            pool, NOBODY, now_us=NOW, quiet_s=0, seconds_max=1e9, retries=retries
        )

    assert await compute() > 0
    for machine in healthy:
        assert sum(row["gq"] for row in await plant.elements(machine)) == 8
    assert await plant.elements(poisoned) == []
    [finding] = await open_failures(pool)
    assert (finding["subject"], finding["equipment_id"]) == ("machine", poisoned)
    assert "press-1 cannot be computed: NumericValueOutOfRangeError: poisoned" in finding["detail"]
    await heal(pool, "elements")
    now_s += failures.RETRY_FIRST_S - 0.1
    assert await compute() == 0  # it waits
    now_s += 0.2
    assert await compute() > 0
    assert sum(row["gq"] for row in await plant.elements(poisoned)) == 8
    assert await open_failures(pool) == []


async def test_a_machine_that_took_too_long_waits(pool: asyncpg.Pool) -> None:
    plant, retries = Plant(pool), Retries(clock=lambda: 0.0)
    slow, other = [await plant.machine(f"nordwerk/emden-1/body/line-2/p-{n}") for n in (1, 2)]
    for machine in (slow, other):
        await plant.samples(machine, [("good_count", T0 + n * MINUTE, n, None) for n in range(3)])
    # The task's time was over while it computed.
    retries.begin(Subject("machine", "nordwerk/emden-1/body/line-2/p-1", equipment_id=slow))
    await compute_dirty_buckets(
        pool, NOBODY, now_us=NOW, quiet_s=0, seconds_max=1e9, retries=retries
    )
    assert await plant.elements(slow) == []
    assert sum(row["gq"] for row in await plant.elements(other)) == 2
    [finding] = await open_failures(pool)
    assert "it took longer than a task may" in finding["detail"]


async def relations(pool: asyncpg.Pool) -> tuple[Deliveries, int, int]:
    deliveries = Deliveries(pool)
    first = await deliveries.create_relation("alfa", "4711")
    second = await deliveries.create_relation("alfa", "4712")
    for relation in (first, second):
        await deliveries.call_off(relation, "A", 0, {5: 100.0})
        await deliveries.receive(relation, 5, 100)
    return deliveries, first, second


async def reconcile_relations(pool: asyncpg.Pool, retries: Retries | None = None) -> int:
    return await reconcile_dirty_relations(
        pool, NOBODY, now_us=microseconds_of(day(30)), seconds_max=1e9, retries=retries
    )


async def reconciled_ids(pool: asyncpg.Pool) -> list[int]:
    return [row[0] for row in await pool.fetch("SELECT relation_id FROM cumulatives ORDER BY 1")]


@pytest.mark.parametrize("poison", ["rows", "zone"])
async def test_a_relation_does_not_stop_the_others(pool: asyncpg.Pool, poison: str) -> None:
    _, poisoned, healthy = await relations(pool)
    if poison == "rows":
        await refuse(pool, "due_lines", f"NEW.relation_id = {poisoned}")
    else:  # it fails where many relations are loaded together
        await pool.execute(
            """WITH e AS (INSERT INTO equipment (path, level, name, time_zone)
            VALUES ('mars', 'enterprise', 'mars', 'Mars/Olympus') RETURNING id),
            s AS (INSERT INTO sites (key, name, equipment_id) SELECT 'm', 'm', id FROM e
            RETURNING id) UPDATE supply_relations SET site_id = s.id FROM s
            WHERE supply_relations.id = $1""",
            poisoned,
        )
    assert await reconcile_relations(pool) == 1
    assert await reconciled_ids(pool) == [healthy]
    [finding] = await open_failures(pool)
    assert (finding["subject"], finding["relation_id"]) == ("relation", poisoned)
    assert finding["supplier_id"] is not None
    assert await reconcile_relations(pool) == 0  # it waits
    if poison == "rows":
        await heal(pool, "due_lines")
    else:
        await pool.execute("UPDATE equipment SET time_zone = 'UTC' WHERE path = 'mars'")
    await pool.execute("UPDATE dirty_relations SET marked_at = clock_timestamp()")
    assert await reconcile_relations(pool) == 1
    assert await reconciled_ids(pool) == sorted([healthy, poisoned])
    assert await open_failures(pool) == []


async def test_relations_that_took_too_long_together_try_alone(pool: asyncpg.Pool) -> None:
    _, first, second = await relations(pool)
    retries = Retries()
    for relation in (first, second):
        retries.begin(supply._subject_of(relation))
    assert await reconcile_relations(pool, retries) == 2
    assert await open_failures(pool) == []
    assert not retries.pop_unfinished()
    # One that was alone, and still took too long, lets the others go first.
    await pool.execute("INSERT INTO dirty_relations SELECT id FROM supply_relations")
    retries.begin(supply._subject_of(first))
    assert await reconcile_relations(pool, retries) == 1
    [finding] = await open_failures(pool)
    assert finding["relation_id"] == first
    assert "it took longer than a task may" in finding["detail"]


@pytest.mark.parametrize(("facts_max", "batches"), [(1, 2), (2, 2), (3, 2), (4, 1)])
async def test_a_large_relation_has_a_transaction_to_itself(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, facts_max: int, batches: int
) -> None:
    await relations(pool)
    monkeypatch.setattr(supply, "FACTS_MAX", facts_max)
    sizes: list[int] = []
    work = supply._reconcile

    async def count(connection: Any, relation_ids: list[int], **options: Any) -> None:
        sizes.append(len(relation_ids))
        await work(connection, relation_ids, **options)

    monkeypatch.setattr(supply, "_reconcile", count)
    assert await reconcile_relations(pool) == 2
    assert len(sizes) == batches


async def test_stock_does_not_stop_other_stock(pool: asyncpg.Pool) -> None:
    business = Business(pool)
    await business.begin()
    for number in ("M-1", "M-2"):
        await business.add(
            number, "stock_counted", "2026-11-02 06:00", material=number, quantity=7.0,
            warehouse="EM-HL",
        )  # fmt: skip
    while await business.project():
        pass
    poisoned = await pool.fetchval("SELECT id FROM materials WHERE number = 'M-1'")
    await refuse(pool, "stock_days", f"NEW.material_id = {poisoned}")

    async def work() -> int:
        return await reconcile_dirty_stock(
            pool, NOBODY, now_us=us("2026-11-06 12:00"), seconds_max=1e9
        )

    assert await work() == 1
    days = "SELECT DISTINCT material_id FROM stock_days"
    assert [row[0] for row in await pool.fetch(days)] != [poisoned]
    [finding] = await open_failures(pool)
    assert (finding["subject"], finding["material_id"]) == ("stock", poisoned)
    assert finding["warehouse_id"] is not None
    assert await work() == 0
    await heal(pool, "stock_days")
    await pool.execute("UPDATE dirty_stock SET marked_at = clock_timestamp()")
    assert await work() == 1
    assert len(await pool.fetch(days)) == 2
    assert await open_failures(pool) == []


async def test_values_that_are_no_numbers_do_not_reach_stock(pool: asyncpg.Pool) -> None:
    business = Business(pool)
    await business.begin()
    body = {"material": "M-1", "warehouse": "EM-HL"}
    await business.add("count", "stock_counted", "2026-11-02 06:00", quantity=7.0, **body)
    for n in range(4):
        await business.add(f"move {n}", "stock_moved", f"2026-11-02 {n + 7:02}:00",
                           quantity=-1.0, **body)  # fmt: skip
    while await business.project():
        pass
    for n, value in enumerate(("NaN", "Infinity", "-Infinity")):
        await pool.execute(
            "UPDATE stock_movements SET base_quantity = $2::float8 WHERE event_id = $1",
            business.ids[f"move {n}"], float(value),
        )  # fmt: skip
    await reconcile_dirty_stock(pool, NOBODY, now_us=us("2026-11-06 12:00"), seconds_max=1e9)
    assert await pool.fetchval("SELECT balance FROM stock_items") == 6.0
    assert await open_failures(pool) == []


async def test_an_event_does_not_stop_the_others(pool: asyncpg.Pool) -> None:
    business = Business(pool)
    await business.begin()
    for n, quantity in enumerate((7.0, 8.0, 9.0)):
        await business.add(
            f"count {n}", "stock_counted", "2026-11-02 06:00", material=f"M-{n}",
            quantity=quantity, warehouse="EM-HL",
        )  # fmt: skip
    # A number beyond all numbers, as JSON can have it.
    await pool.execute(
        "UPDATE business_events SET body = jsonb_set(body, '{quantity}', '1e400')"
        " WHERE event_id = $1",
        business.ids["count 1"],
    )
    while await business.project():
        pass
    assert await business.current_rows("stock_counts", "quantity") != []
    quantities = sorted(row[0] for row in await business.current_rows("stock_counts", "quantity"))
    assert quantities == [7.0, 9.0]
    [finding] = await pool.fetch("SELECT * FROM findings WHERE kind = 'unprojectable_event'")
    assert finding["event_ids"] == [business.ids["count 1"]]
    assert "quantity is 1000" in finding["detail"]


async def test_a_database_error_of_any_class_is_one_event_s_own(pool: asyncpg.Pool) -> None:
    business = Business(pool)
    await business.begin()
    for n in range(3):
        await business.add(f"count {n}", "stock_counted", "2026-11-02 06:00", material=f"M-{n}",
                           quantity=float(n), warehouse="EM-HL")  # fmt: skip
    await refuse(pool, "stock_counts", "NEW.quantity = 1")
    await pool.execute(
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION 'too much' USING ERRCODE = '54000'; END $$"
    )
    while await business.project():
        pass
    rows = await business.current_rows("stock_counts", "quantity")
    assert sorted(row[0] for row in rows) == [0.0, 2.0]


async def test_a_connector_does_not_stop_the_others(pool: asyncpg.Pool) -> None:
    at = datetime(2026, 11, 2, 6, tzinfo=UTC)
    for name in ("a", "b"):
        await pool.execute("INSERT INTO connectors (id) VALUES ($1)", name)
        signal = await pool.fetchval(
            """INSERT INTO signals (key, connector_id, name, role, datatype, source, mapping)
            VALUES ($1, $2, 'heartbeat', 'heartbeat', 'float', 's', 'm@1') RETURNING id""",
            f"connector:{name}:heartbeat", name,
        )  # fmt: skip
        for second in (0, 5, 300):
            await pool.execute(
                "INSERT INTO samples (signal_id, at, value, status) VALUES ($1, $2, 1, 0)",
                signal, at + timedelta(seconds=second),
            )  # fmt: skip
    await refuse(pool, "outages", "NEW.connector_id = 'a'")
    retries = Retries()
    await update_outages(pool, at + timedelta(seconds=301), retries=retries)
    outages = "SELECT connector_id FROM outages ORDER BY 1"
    assert [row[0] for row in await pool.fetch(outages)] == ["b"]
    [finding] = await open_failures(pool)
    assert (finding["subject"], finding["key"]) == ("heartbeat", "not_computed/heartbeat/a")
    await heal(pool, "outages")
    await update_outages(pool, at + timedelta(seconds=301))
    assert [row[0] for row in await pool.fetch(outages)] == ["a", "b"]
    assert await open_failures(pool) == []


async def test_a_day_does_not_stop_the_others(pool: asyncpg.Pool) -> None:
    days = [date(2026, 11, 10) + timedelta(days=n) for n in range(3)]
    for stored in days:
        await pool.execute(MAKE_DAY, SAMPLES.name, stored)
    # Something depends on one day, so it cannot be dropped.
    await pool.execute("CREATE VIEW mine AS SELECT * FROM samples_20261110")
    settings = WorkerSettings("postgresql://nowhere", samples_retention_days=1)
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert await drop_expired(pool, settings, now) == 2
    [finding] = await open_failures(pool)
    assert finding["key"] == "not_computed/day/samples/2026-11-10"
    assert "DependentObjectsStillExistError" in finding["detail"]
    await pool.execute("DROP VIEW mine")
    assert await drop_expired(pool, settings, now) == 1
    assert await open_failures(pool) == []


async def test_an_unavailable_database_is_no_failure_of_a_subject(pool: asyncpg.Pool) -> None:
    plant, retries = Plant(pool), Retries()
    machine = await plant.machine("nordwerk/emden-1/body/line-2/press-1")
    await plant.samples(machine, [("good_count", T0, 1.0, None)])
    await refuse(pool, "elements", "true")
    for sqlstate in ("57P03", "53300", "40001", "42P01", "58030"):
        await pool.execute(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = '{sqlstate}'; END $$"
        )
        with pytest.raises(asyncpg.PostgresError):
            await compute_dirty_buckets(pool, NOBODY, now_us=NOW, quiet_s=0, retries=retries)
    await heal(pool, "elements")
    assert await compute_dirty_buckets(pool, NOBODY, now_us=NOW, quiet_s=0, retries=retries) > 0
    assert await open_failures(pool) == []


async def test_a_step_of_a_task_does_not_stop_the_next(
    pool: asyncpg.Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WERKNETZ_DATABASE_URL", database_url)
    monkeypatch.setattr(tasks, "_process", tasks._Process())
    plant = Plant(pool)
    machine = await plant.machine("nordwerk/emden-1/body/line-2/press-1")
    await plant.samples(machine, [("good_count", time.time_ns() // 1000, 1.0, None)])

    async def fail(*_: object, **__: object) -> int:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(tasks.outages, "update_outages", fail)
    await tasks._sweep()
    assert await plant.elements(machine) != []
    [finding] = await open_failures(pool)
    assert finding["key"] == "not_computed/step/outages"
    session = await tasks._process.session()
    await session.close()
