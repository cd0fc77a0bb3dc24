"""One pool: read sessions that cannot write, and driver connections beside all sessions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import pytest
import pytest_asyncio
import sqlalchemy as sa

from werknetz.store import session
from werknetz.store.session import Database, PoolOptions
from werknetz.store.tables import connectors

pytestmark = pytest.mark.asyncio
SESSIONS_MAX = 2


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, PoolOptions("test", SESSIONS_MAX, 20.0))
    yield database
    await database.close()


async def _count(database: Database) -> int:
    async with database.read_session() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(connectors)) or 0


async def _fail_in_session(database: Database) -> None:
    async with database.write_session() as session:
        await session.execute(sa.insert(connectors).values(id="rolled-back"))
        raise ZeroDivisionError


async def test_a_read_session_cannot_write(database: Database) -> None:
    async with database.read_session() as session:
        with pytest.raises(sa.exc.DBAPIError, match="read-only transaction"):
            await session.execute(sa.text("INSERT INTO connectors (id) VALUES ('c')"))
    async with database.snapshot() as snapshot:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await snapshot.fetch("INSERT INTO connectors (id) VALUES ('c') RETURNING id")
    assert await _count(database) == 0


async def test_a_write_session_commits_only_without_an_error(database: Database) -> None:
    async with database.write_session() as session:
        await session.execute(sa.insert(connectors).values(id="committed"))
    with pytest.raises(ZeroDivisionError):
        await _fail_in_session(database)
    assert [row["id"] for row in await database.fetch("SELECT id FROM connectors")] == ["committed"]


async def test_driver_connections_are_left_beside_all_sessions(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CONNECT_S", 0.2)
    async with AsyncExitStack() as stack:
        for _ in range(SESSIONS_MAX):
            await stack.enter_async_context(database.read_session())
        answers = await asyncio.gather(*(database.fetchval("SELECT 1") for _ in range(10)))
        assert answers == [1] * 10
        with pytest.raises(TimeoutError):
            await stack.enter_async_context(database.read_session())


async def test_a_lost_connection_is_replaced(database: Database, database_url: str) -> None:
    async with database.acquire() as connection:
        pid = connection.get_server_pid()
    other = await asyncpg.connect(database_url)
    await other.execute("SELECT pg_terminate_backend($1, 5000)", pid)
    await other.close()
    await asyncio.sleep(0)  # the loop reads that the server closed the connection
    assert await database.fetchval("SELECT 1") == 1
    assert await _count(database) == 0


async def test_errors_of_connecting_are_those_of_the_driver() -> None:
    nowhere = Database("postgresql://u:p@127.0.0.1:1/x", PoolOptions("test", 1, 1.0))
    with pytest.raises(OSError, match=r"refused|Connect"):
        await nowhere.fetchval("SELECT 1")
    await nowhere.close()
    with pytest.raises(asyncpg.InterfaceError, match="closed"):
        await nowhere.fetchval("SELECT 1")


async def test_json_is_read_and_written_alike(database: Database) -> None:
    for name in ("json", "jsonb"):
        by_driver = await database.fetchval(f"""SELECT '{{"a": [1, null]}}'::{name}""")
        async with database.read_session() as session:
            row = (await session.execute(sa.text(f"""SELECT '{{"a": [1, null]}}'::{name}"""))).one()
        assert by_driver == row[0] == {"a": [1, None]}
        assert await database.fetchval(f"SELECT ($1::{name} ->> 'a')", '{"a": "ä"}') == "ä"


async def test_a_connection_comes_back_outside_a_transaction(database: Database) -> None:
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(database.acquire()) for _ in range(SESSIONS_MAX)
        ]
        await connections[0].execute("BEGIN; INSERT INTO connectors (id) VALUES ('left')")
    for _ in range(SESSIONS_MAX):
        async with database.acquire() as connection:
            assert not connection.is_in_transaction()
    assert await database.fetch("SELECT id FROM connectors") == []
