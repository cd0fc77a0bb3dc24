from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from werknetz_core.ingest import durability
from werknetz_core.ingest.durability import DatabaseNotReady, OtherIncarnation, UnsafeDatabase
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_demo.embedded.postgres import Postgres

pytestmark = pytest.mark.asyncio
Connection = Any


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_a_sound_database_is_trusted(database: Connection) -> None:
    await durability.check_durability(database)


async def test_commits_that_may_vanish_are_refused(database: Connection) -> None:
    for unsafe in ("off", "local"):
        await database.execute(f"SET synchronous_commit = {unsafe}")
        with pytest.raises(UnsafeDatabase, match=f"synchronous_commit is {unsafe}, must be on"):
            await durability.check_durability(database)


async def test_an_unlogged_table_is_refused(database: Connection) -> None:
    await database.execute("ALTER TABLE dirty_buckets SET UNLOGGED")
    with pytest.raises(UnsafeDatabase, match="ALTER TABLE dirty_buckets SET LOGGED"):
        await durability.check_durability(database)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_a_server_that_does_not_sync_is_refused(
    database_url: str, postgres_server: Postgres, setting: str
) -> None:
    owner = await asyncpg.connect(postgres_server.superuser_url)
    user = await asyncpg.connect(database_url)
    try:
        await _set(owner, f"ALTER SYSTEM SET {setting} = off")
        with pytest.raises(UnsafeDatabase, match=f"{setting} is off"):
            await _checked_until_refused(user)
    finally:
        await _set(owner, f"ALTER SYSTEM RESET {setting}")
        await user.close()
        await owner.close()


async def test_a_database_without_tables_is_waited_for(postgres_server: Postgres) -> None:
    connection = await asyncpg.connect(postgres_server.superuser_url)
    try:
        with pytest.raises(DatabaseNotReady, match="werknetz migrate"):
            await durability.check_durability(connection)
    finally:
        await connection.close()


async def test_a_restored_database_is_another_life(database: Connection) -> None:
    first = await durability.load_incarnation(database)
    assert await durability.load_incarnation(database) == first
    await database.execute("UPDATE incarnations SET timeline = timeline + 1")
    second = await durability.load_incarnation(database)
    assert second != first
    assert await durability.load_incarnation(database) == second
    await database.execute("UPDATE incarnations SET system_identifier = 7")
    assert await durability.load_incarnation(database) not in {first, second}


async def test_an_incarnation_begins_once(database: Connection) -> None:
    first = await durability.load_incarnation(database)
    await durability.check_incarnation(database, first)
    await durability.begin_incarnation(database, uuid4())  # another writer has been faster
    assert await durability.load_incarnation(database) == first
    await durability.begin_incarnation(database, first)
    second = await durability.load_incarnation(database)
    assert second != first
    with pytest.raises(OtherIncarnation, match=f"was {first} and is {second}"):
        await durability.check_incarnation(database, first)


@pytest.mark.parametrize(
    "change",
    [
        "SET database_oid = database_oid + 1",
        "SET transaction_id = 0",
        "SET timeline = timeline",  # the row is inserted again, as by a dump
    ],
)
async def test_a_row_that_was_restored_counts_no_longer(database: Connection, change: str) -> None:
    first = await durability.load_incarnation(database)
    await database.execute(f"UPDATE incarnations {change}")
    with pytest.raises(OtherIncarnation, match=f"was {first} and is a restored one"):
        await durability.check_incarnation(database, first)
    assert await durability.load_incarnation(database) != first


async def test_a_restore_that_has_not_finished_is_waited_for(database: Connection) -> None:
    """A dump adds the foreign keys last; before, rows may still be missing."""
    keys = "ALTER TABLE points DROP CONSTRAINT fk_points_spool_spools"
    await database.execute(keys)
    with pytest.raises(DatabaseNotReady, match="a restore has not finished"):
        await durability.check_durability(database)


async def test_partitions_are_made_ahead_once_a_day(database: Connection) -> None:
    partitions = PartitionMaker(ahead_days=20)
    assert await partitions.make_ahead(database) == 22
    assert await partitions.make_ahead(database) == 0
    assert await PartitionMaker(ahead_days=20).make_ahead(database) == 0
    assert await PartitionMaker(ahead_days=21).make_ahead(database) == 1


async def test_a_long_reader_does_not_hold_ingest_up(
    database: Connection, database_url: str
) -> None:
    reader = await asyncpg.connect(database_url)
    partitions = PartitionMaker(ahead_days=1)
    try:
        async with reader.transaction():
            await reader.fetch("SELECT * FROM samples_catch_all")
            assert await partitions.make_ahead(database) == 0
            assert await partitions.make_ahead(database) == 0  # and now without a wait
        partitions.clear_cache()
        assert await partitions.make_ahead(database) == 3
    finally:
        await reader.close()


async def _set(owner: Connection, statement: str) -> None:
    await owner.execute(statement)
    await owner.execute("SELECT pg_reload_conf()")


async def _checked_until_refused(connection: Connection) -> None:
    """A reload reaches a session a moment later."""
    for _ in range(100):
        await durability.check_durability(connection)
        await connection.execute("SELECT pg_sleep(0.02)")
