"""A day whose partition cannot be made, and a replay that fails, stop no other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio

from werknetz.store.ingest.partitions import SAMPLES
from werknetz.store.session import Database, PoolOptions
from werknetz_core.ingest import partitions
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_core.mappings.replays import runner

pytestmark = pytest.mark.asyncio
TODAY = datetime.now(UTC).date()
DAYS = [TODAY + timedelta(days=n) for n in range(3)]
MAPPING = """mapping: {name: m, version: 1, equipment: nordwerk/emden-1/body/line/press}
rules:
- {source: x, signal: x}
"""


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def days_of(connection: asyncpg.Connection) -> list[object]:
    rows = await connection.fetch(SAMPLES.list_partitions)
    return sorted(day for row in rows if (day := SAMPLES.day_of(row[0])) is not None)


async def test_a_day_does_not_stop_the_others(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1_000.0
    monkeypatch.setattr(partitions, "monotonic", lambda: now_s)
    # Somebody made a table of that name.
    await connection.execute(f"CREATE TABLE samples_{DAYS[1]:%Y%m%d} (mine int)")
    maker = PartitionMaker(ahead_days=2)
    before = set(await days_of(connection))
    count = await maker.make(connection, DAYS)
    assert count == len({DAYS[0], DAYS[2]} - before)
    assert {DAYS[0], DAYS[2]} <= set(await days_of(connection))
    assert DAYS[1] not in await days_of(connection)
    await connection.execute(f"DROP TABLE samples_{DAYS[1]:%Y%m%d}")
    now_s += 59.9
    assert await maker.make(connection, DAYS) == 0  # it waits
    now_s += 0.2
    assert await maker.make(connection, DAYS) == 1
    assert set(DAYS) <= set(await days_of(connection))


async def add_replay(connection: asyncpg.Connection, connector: str, document: str) -> int:
    await connection.execute("INSERT INTO connectors (id) VALUES ($1)", connector)
    mapping = await connection.fetchval(
        """INSERT INTO mapping_versions (name, version, digest, document)
        VALUES ($1, 1, '', $2) RETURNING id""",
        connector, document,
    )  # fmt: skip
    replay: int = await connection.fetchval(
        """INSERT INTO replays (connector_id, mapping_id, start_at, end_at)
        VALUES ($1, $2, now() - interval '1 hour', now()) RETURNING id""",
        connector, mapping,
    )  # fmt: skip
    return replay


async def test_a_replay_does_not_stop_the_others(
    connection: asyncpg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "RETRY_FIRST_S", 0.01)
    monkeypatch.setattr(runner, "POLL_INTERVAL_S", 0.01)
    poisoned = await add_replay(connection, "a", MAPPING)
    healthy = await add_replay(connection, "b", MAPPING)
    # The database refuses the end of one replay.
    await connection.execute(
        f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'poisoned' USING ERRCODE = '22003'; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON replays FOR EACH ROW
        WHEN (NEW.id = {poisoned} AND NEW.state = 'done') EXECUTE FUNCTION refuse()"""
    )
    database = Database(database_url, PoolOptions("test", 2, 10.0))
    running = asyncio.create_task(runner.run(database))
    states = {}
    while not states or not set(states.values()) <= {"done", "failed"}:
        assert not running.done()
        await asyncio.sleep(0.01)
        rows = await connection.fetch("SELECT id, state, error FROM replays")
        states = {row["id"]: row["state"] for row in rows}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await database.close()
    assert states == {poisoned: "failed", healthy: "done"}, [row["error"] for row in rows]
    [error] = [row["error"] for row in rows if row["id"] == poisoned]
    assert error.startswith("NumericValueOutOfRangeError: poisoned. Correct the data")
