"""Days that nobody keeps are dropped whole; what was computed from them stays for ever."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio

from plumbing.machines import MINUTE, Plant
from werknetz.domain.bucket import BUCKET_US, instant_of, microseconds_of
from werknetz.store.ingest.partitions import MAKE_DAY, RAW_INPUTS, SAMPLES, DayTable
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.elements.sweep import mark_under_path
from werknetz_worker.retention import drop_expired, remove_audit_entries
from werknetz_worker.settings import WorkerSettings
from werknetz_worker.watermarks import WatermarkPublisher

pytestmark = pytest.mark.asyncio
PATH = "nordwerk/emden-1/body/line-2/press-3"
NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
DAYS = [date(2026, 11, 10) + timedelta(days=n) for n in range(15)]
NOBODY = WatermarkPublisher(None)


@pytest_asyncio.fixture
async def plant(database_url: str) -> AsyncIterator[Plant]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4, timeout=60)
    for day in DAYS:
        for table in (SAMPLES, RAW_INPUTS):
            await pool.execute(MAKE_DAY, table.name, day)
    yield Plant(pool)
    await pool.close()


def settings_with(days: int | None, *, raw_days: int | None = None) -> WorkerSettings:
    return WorkerSettings(
        "postgresql://nowhere", samples_retention_days=days, raw_retention_days=raw_days
    )


async def work(plant: Plant) -> None:
    now_us = microseconds_of(NOW)
    while await compute_dirty_buckets(plant.pool, NOBODY, now_us=now_us, quiet_s=0):
        pass


async def days_of(plant: Plant, table: DayTable = SAMPLES) -> list[date]:
    names = [row[0] for row in await plant.pool.fetch(table.list_partitions)]
    return sorted(day for name in names if (day := table.day_of(name)) is not None)


async def two_weeks(plant: Plant) -> int:
    machine = await plant.machine(PATH)
    began_us = microseconds_of(datetime(2026, 11, 10, tzinfo=UTC))
    await plant.samples(machine, [("order", began_us, None, "A"), ("state", began_us, 1.0, "run")])
    for day in range(14):
        at_us = began_us + day * 96 * BUCKET_US + 5 * MINUTE
        counted = [("good_count", at_us + n * MINUTE, float(10 * day + n), None) for n in range(10)]
        await plant.samples(machine, counted)
    await work(plant)
    return machine


async def test_nothing_is_dropped_without_a_retention_time(plant: Plant) -> None:
    assert await drop_expired(plant.pool, settings_with(None), NOW) == 0
    assert await days_of(plant) == await days_of(plant, RAW_INPUTS) == DAYS


async def test_each_table_has_a_time_of_its_own(plant: Plant) -> None:
    assert await drop_expired(plant.pool, settings_with(None, raw_days=3), NOW) == 11
    assert (await days_of(plant), await days_of(plant, RAW_INPUTS)) == (DAYS, DAYS[11:])


async def test_whole_days_go_and_elements_stay(plant: Plant) -> None:
    machine = await two_weeks(plant)
    before = await plant.elements(machine)
    assert sum(row["gq"] for row in before) == 139
    # Of the day of the cutoff a part is still to be kept.
    assert await drop_expired(plant.pool, settings_with(5), NOW) == 9
    assert await days_of(plant) == DAYS[9:]
    oldest = await plant.pool.fetchval("SELECT min(at) FROM samples")
    assert oldest == datetime(2026, 11, 19, 0, 5, tzinfo=UTC)
    assert await plant.elements(machine) == before
    assert await drop_expired(plant.pool, settings_with(5), NOW) == 0


async def test_dropped_days_are_not_recomputed(plant: Plant) -> None:
    machine = await two_weeks(plant)
    await drop_expired(plant.pool, settings_with(5), NOW)
    before = [dict(row) for row in await plant.elements(machine)]
    # An operator asks for all of it, a late sample marks a dropped day, and a kept one.
    async with plant.pool.acquire() as connection:
        marked = await mark_under_path(connection, PATH, microseconds_of(NOW) - 30 * 96 * BUCKET_US)
    assert marked == sum(row["bucket_at"] >= datetime(2026, 11, 19, tzinfo=UTC) for row in before)
    late_us = microseconds_of(datetime(2026, 11, 12, 3, tzinfo=UTC))
    await plant.samples(machine, [("state", late_us, 4.0, "fault")])
    await plant.samples(machine, [("state", microseconds_of(NOW) - 60 * MINUTE, 3.0, "idle")])
    await work(plant)
    after = await plant.elements(machine)
    old = [dict(row) for row in after if row["bucket_at"] < datetime(2026, 11, 19, tzinfo=UTC)]
    assert old == before[: len(old)]
    assert sum(row["gq"] for row in after) == 139
    assert sum(row["idle_s"] for row in after) == 3600
    assert await plant.pool.fetchval("SELECT count(*) FROM dirty_buckets") == 0


async def test_a_day_waits_until_it_is_computed_and_for_those_who_read(plant: Plant) -> None:
    await two_weeks(plant)
    waiting = instant_of(microseconds_of(datetime(2026, 11, 12, 8, tzinfo=UTC)))
    await plant.pool.execute(
        "INSERT INTO dirty_buckets (equipment_id, bucket_at) VALUES (1, $1)", waiting
    )
    assert await drop_expired(plant.pool, settings_with(5), NOW) == 8
    assert date(2026, 11, 12) in await days_of(plant)
    await plant.pool.execute("DELETE FROM dirty_buckets")
    async with plant.pool.acquire() as reader, reader.transaction():
        await reader.fetch("SELECT * FROM samples LIMIT 1")
        assert await drop_expired(plant.pool, settings_with(5), NOW) == 0
        assert date(2026, 11, 12) in await days_of(plant)
    assert await drop_expired(plant.pool, settings_with(5), NOW) == 1


async def test_ingest_does_not_wait_for_a_day_that_cannot_be_dropped(plant: Plant) -> None:
    """Neither while its copy runs nor longer than retention itself waits for its lock."""
    await two_weeks(plant)
    signal = await plant.pool.fetchval("SELECT min(id) FROM signals")
    async with plant.pool.acquire() as ingest, ingest.transaction():
        await _copy(ingest, signal)
        assert await drop_expired(plant.pool, settings_with(5), NOW) == 0
        await _copy(ingest, signal)  # its transaction still has its lock
    async with plant.pool.acquire() as reader, reader.transaction():
        await reader.fetch("SELECT * FROM samples LIMIT 1")
        dropping = asyncio.create_task(drop_expired(plant.pool, settings_with(5), NOW))
        async with plant.pool.acquire() as ingest:
            await _until_waiting(plant)
            await ingest.execute("SET lock_timeout = '20s'")  # that of the writer
            await _copy(ingest, signal)  # behind who waits for the reader, until that gives up
        assert await dropping == 0
    assert await drop_expired(plant.pool, settings_with(5), NOW) == 9


async def _copy(connection: asyncpg.Connection, signal: int) -> None:
    await connection.copy_records_to_table(
        "samples", records=[(signal, NOW, 1.0, 0)], columns=["signal_id", "at", "value", "status"]
    )


async def _until_waiting(plant: Plant) -> None:
    async with asyncio.timeout(60):
        while not await plant.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


class Archive:
    """An archive that counts rows; of the days in `refused` it has no copy."""

    def __init__(self, plant: Plant, *refused: date) -> None:
        self.plant = plant
        self.refused = refused
        self.rows: dict[tuple[str, date], int] = {}

    async def store(self, table: str, partition: str, day: date) -> None:
        if day in self.refused:
            raise OSError("the archive is full")
        count = await self.plant.pool.fetchval(f"SELECT count(*) FROM {partition}")
        self.rows[table, day] = count


async def test_a_day_is_dropped_only_once_its_copy_exists(plant: Plant) -> None:
    await two_weeks(plant)
    archive = Archive(plant, DAYS[2])
    assert await drop_expired(plant.pool, settings_with(5), NOW, archive=archive) == 8
    assert await days_of(plant) == [DAYS[2], *DAYS[9:]]
    assert archive.rows == {
        ("samples", day): 12 if day == DAYS[0] else 10 for day in DAYS[:9] if day != DAYS[2]
    }
    assert await drop_expired(plant.pool, settings_with(5), NOW, archive=Archive(plant)) == 1


async def test_whole_months_of_the_audit_log_go_after_their_time(plant: Plant) -> None:
    for at in ("2026-08-31 23:59Z", "2026-09-01 00:00Z", "2026-10-05Z"):
        await plant.pool.execute(
            "INSERT INTO audit_log (at, by, action, subject, subject_id)"
            " VALUES ($1::text::timestamptz, 'eva', 'changed', 'reason', 'jam')", at,
        )  # fmt: skip
    never = WorkerSettings("postgresql://nowhere")
    assert await remove_audit_entries(plant.pool, never, NOW) == 0
    # 60 days before the 24th of November is in September, which is not over by then.
    after_60 = WorkerSettings("postgresql://nowhere", audit_retention_days=60)
    assert await remove_audit_entries(plant.pool, after_60, NOW) == 1
    left = await plant.pool.fetch("SELECT by, after->>'older_than' FROM audit_log ORDER BY id")
    assert [tuple(row) for row in left] == [
        ("eva", None), ("eva", None), ("retention", "2026-09-01T00:00:00Z"),
    ]  # fmt: skip
    assert await remove_audit_entries(plant.pool, after_60, NOW) == 0
    # From the 54th day before it is the 1st of October: September is over.
    after_54 = WorkerSettings("postgresql://nowhere", audit_retention_days=54)
    assert await remove_audit_entries(plant.pool, after_54, NOW) == 1
