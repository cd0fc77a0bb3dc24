"""What the roles of ingest, workers and reports may not do, and how a connection changes hands."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
import sqlalchemy as sa

from plumbing.servers import API, GRAFANA, INGEST, ROWS_KEY, WORKER, url_as
from werknetz.store.access.caller import (
    all_plants,
    no_caller,
    set_caller_plants,
)
from werknetz.store.access.roles import SET_READER
from werknetz.store.session import Database, PoolOptions

from .two_plants import PLANTS, TwoPlants, error_of

pytestmark = pytest.mark.asyncio
EMDEN, ZWICK = PLANTS
FORBIDDEN = {
    INGEST: (
        "SELECT * FROM api_keys", "SELECT * FROM users", "SELECT * FROM sessions",
        "UPDATE elements SET pq = 0", "DELETE FROM business_events", "DELETE FROM raw_inputs",
        "INSERT INTO audit_log (by, action, subject, subject_id) VALUES ('a', 'b', 'c', 'd')",
        "SELECT drop_day_partition('samples', '2026-11-20')", "DROP TABLE samples_catch_all",
        "SELECT make_day_partition('api_keys', '2026-11-20')", "SELECT * FROM partners",
        "ALTER TABLE samples ADD x int", "SET ROLE werknetz",
    ),
    WORKER: (
        "SELECT * FROM api_keys", "INSERT INTO api_keys (prefix, hash, name) VALUES ('a', '', 'b')",
        "SELECT * FROM users", "SELECT * FROM sessions", "SELECT * FROM audit_log",
        "UPDATE audit_log SET by = 'x'", "INSERT INTO audit_seals VALUES (99, 99, '', '')",
        "DELETE FROM samples", "INSERT INTO samples (signal_id, at, status) VALUES (1, now(), 0)",
        "UPDATE business_events SET body = '{}'", "UPDATE quarantine SET state = 'open'",
        "UPDATE targets SET name = 'x'", "DELETE FROM state_entries", "DROP TABLE elements",
        "SELECT make_day_partition('samples', '2026-11-20')", "SET ROLE werknetz",
    ),
    GRAFANA: (
        "SELECT * FROM public.elements", "SELECT * FROM public.samples",
        "SELECT * FROM public.database_readers", "UPDATE public.database_readers SET plants = NULL",
        "SELECT * FROM public.equipment", "SELECT public.caller_equipment()",
        "UPDATE grafana.v1_equipment SET name = 'x'", "SET ROLE werknetz",
    ),
}  # fmt: skip


@pytest_asyncio.fixture
async def pool(database_url: str, plants: TwoPlants) -> AsyncIterator[Database]:
    """One connection, which every caller takes after the other."""
    options = PoolOptions("test", 1, 20, follows_caller=True, rows_key=ROWS_KEY)
    pool = Database(url_as(database_url, API), options)
    yield pool
    await pool.close()


async def test_each_role_is_refused_what_it_does_not_need(
    plants: TwoPlants, database_url: str
) -> None:
    for login, statements in FORBIDDEN.items():
        connection = await asyncpg.connect(url_as(database_url, login))
        errors = {text: await error_of(connection, text) for text in statements}
        await connection.close()
        assert set(errors.values()) == {asyncpg.InsufficientPrivilegeError}, (login, errors)


async def test_services_that_work_for_all_plants_see_all(
    plants: TwoPlants, database_url: str
) -> None:
    for login, table in ((INGEST, "signals"), (INGEST, "quarantine"), (WORKER, "state_entries")):
        connection = await asyncpg.connect(url_as(database_url, login))
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 2
        await connection.close()


async def test_reports_see_the_plants_of_their_login(plants: TwoPlants, database_url: str) -> None:
    """A role can change its own settings, so these do not decide."""
    query = "SELECT DISTINCT equipment FROM grafana.v1_states"
    reports = await asyncpg.connect(url_as(database_url, GRAFANA))
    await reports.execute("SET werknetz.plants = '*'")
    assert await reports.fetch(query) == []
    await plants.owner.execute(SET_READER, GRAFANA, [EMDEN])
    assert [row[0] for row in await reports.fetch(query)] == [f"{EMDEN}/m"]
    assert await reports.fetchval("SELECT count(*) FROM grafana.v1_samples") == 1
    await plants.owner.execute(SET_READER, GRAFANA, None)
    assert len(await reports.fetch(query)) == 2
    await reports.close()


async def test_an_installation_with_one_user_goes_on_working(
    plants: TwoPlants, database_url: str
) -> None:
    """The owner is not restricted; routes restrict what they answer, as before."""
    pool = Database(database_url, PoolOptions("test", 1, 20, follows_caller=True))
    with no_caller():
        set_caller_plants([EMDEN])
        assert await pool.fetchval("SELECT count(*) FROM annotations") == 2
        assert await pool.fetchval("SELECT count(*) FROM samples") == 1
        assert await pool.execute("UPDATE annotations SET text = 'x'") == "UPDATE 2"
    await pool.close()


async def test_nobody_inherits_the_plants_of_a_connection(pool: Database) -> None:
    query = "SELECT e.path FROM annotations a JOIN equipment e ON e.id = a.equipment_id ORDER BY 1"

    async def paths() -> list[str]:
        driven = [row[0] for row in await pool.fetch(query)]
        async with pool.read_session() as session:
            in_session = await session.execute(sa.text(query))
            assert [row[0] for row in in_session] == driven
        return driven

    with no_caller():
        assert await paths() == []
        set_caller_plants(None)
        assert await paths() == [f"{EMDEN}/m", f"{ZWICK}/m"]
        set_caller_plants([EMDEN])
        assert await paths() == [f"{EMDEN}/m"]
        with all_plants():
            assert len(await paths()) == 2
        assert await paths() == [f"{EMDEN}/m"]
        set_caller_plants([])
        assert await paths() == []
    assert await paths() == []


async def test_neither_an_error_nor_a_rollback_leaves_plants_behind(pool: Database) -> None:
    count = "SELECT count(*) FROM annotations"
    with all_plants():
        with pytest.raises(asyncpg.DivisionByZeroError):
            await pool.fetchval("SELECT 1 / 0")
        with pytest.raises(ZeroDivisionError):
            await _fail_in_transaction(pool)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await pool.fetchval("SELECT pg_sleep(60)")
    for _ in range(3):  # each connection of the pool
        assert await pool.fetchval(count) == 0


async def _fail_in_transaction(pool: Database) -> None:
    async with pool.write_session():
        raise ZeroDivisionError
