"""The newest sample is not searched for in every day of the history."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from werknetz.store.ingest.partitions import MAKE_DAY, SAMPLES
from werknetz.store.queries.latest_samples import load_latest_samples, load_latest_time

pytestmark = pytest.mark.asyncio
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAYS = 60
DAY = timedelta(days=1)
LOCKED = """
SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
WHERE pid = pg_backend_pid() AND relname ~ '^samples_2\\d{7}$'"""


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database_url)
    for number in range(DAYS):
        day = date(2026, 11, 24) - timedelta(days=number)
        await connection.execute(MAKE_DAY, SAMPLES.name, day)
    yield connection
    await connection.close()


async def add(database: Any, signal: int, *ages: timedelta) -> None:
    rows = [(signal, NOON - age, float(number), 0) for number, age in enumerate(ages)]
    await database.copy_records_to_table(
        "samples", records=rows, columns=["signal_id", "at", "value", "status"]
    )


@pytest.mark.parametrize(
    "age",
    [
        timedelta(0), timedelta(seconds=1), DAY - timedelta(microseconds=1), DAY,
        DAY + timedelta(microseconds=1), 32 * DAY, 32 * DAY + timedelta(microseconds=1), 4000 * DAY,
    ],
)  # fmt: skip
async def test_the_newest_sample_is_there_however_old(database: Any, age: timedelta) -> None:
    await add(database, 1, age, age + timedelta(hours=1))
    await add(database, 2, timedelta(minutes=5))
    await add(database, 3, -timedelta(microseconds=1))  # later than the instant
    latest = await load_latest_samples(database, [1, 2, 3, 4], NOON)
    assert {number: row["at"] for number, row in latest.items()} == {
        1: NOON - age, 2: NOON - timedelta(minutes=5),
    }  # fmt: skip
    before = NOON - age - timedelta(hours=1) if age == timedelta(0) else NOON - age
    assert await load_latest_time(database, 1, NOON) == before
    assert await load_latest_time(database, 3, NOON) is None


@pytest.mark.parametrize("until", [datetime.max.replace(tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC)])
async def test_the_ends_of_time_are_instants_like_others(database: Any, until: datetime) -> None:
    at = until - timedelta(hours=1)
    columns = ["signal_id", "at", "value", "status"]
    await database.copy_records_to_table("samples", records=[(1, at, 1.0, 0)], columns=columns)
    assert (await load_latest_samples(database, [1], until))[1]["at"] == at
    assert await load_latest_time(database, 1, until) == at
    assert await load_latest_time(database, 2, until) is None


async def test_only_the_days_of_a_question_are_touched(database: Any) -> None:
    await add(database, 1, timedelta(minutes=5), DAY)
    for _ in range(8):  # PostgreSQL may choose another kind of plan after the fifth time
        async with database.transaction():
            assert await load_latest_samples(database, [1], NOON)
            assert await load_latest_time(database, 1, NOON) == NOON - timedelta(minutes=5)
            assert await database.fetchval(LOCKED) == 2
