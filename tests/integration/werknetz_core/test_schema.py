"""The tables that the migrations make are those that the code declares; upgrades keep the data."""

import re
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from werknetz.store.database_url import sqlalchemy_url
from werknetz.store.tables import metadata
from werknetz_core.migrate import migrations_folder

PARTITION = re.compile(r"[a-z_]+_(\d{8}|catch_all)|alembic_version")
SPOOL_ID = UUID("5d2f8a64-33f1-4a53-9f6e-1c8f3f5fb0a1")
ROWS_AT_0004 = """
INSERT INTO connectors (id) VALUES ('c');
INSERT INTO outages (connector_id, start_at, end_at, kept)
VALUES ('c', '2026-11-01Z', '2026-11-02Z', true), ('c', '2026-11-03Z', NULL, false);
INSERT INTO quarantine (connector_id, spool_id, seq, source, reason, raw, size, at, place)
VALUES ('c', '5d2f8a64-33f1-4a53-9f6e-1c8f3f5fb0a1', 1, 's', 'r', 'x', 1, '2026-11-01Z', 'line 12');
INSERT INTO mapping_versions (name, version, digest, document) VALUES ('m', 1, '', '');
INSERT INTO replays (connector_id, mapping_id, start_at, end_at, place_at, place_spool_id,
    place_seq, seen)
SELECT 'c', id, '2026-11-01Z', '2026-11-02Z', '2026-11-01T12:00Z',
    '5d2f8a64-33f1-4a53-9f6e-1c8f3f5fb0a1', 7, '{"s": true}' FROM mapping_versions;
"""
AT_0004 = {
    "outages": "SELECT kept FROM outages ORDER BY start_at",
    "quarantine": "SELECT place FROM quarantine",
    "replays": "SELECT place_spool_id, place_seq, seen->>'s' FROM replays",
}
AT_HEAD = {
    "outages": "SELECT backfilled FROM outages ORDER BY start_at",
    "quarantine": "SELECT position FROM quarantine",
    "replays": "SELECT cursor_spool_id, cursor_seq, refused_sources->>'s' FROM replays",
}
ANSWERS = {
    "outages": [(True,), (False,)],
    "quarantine": [("line 12",)],
    "replays": [(SPOOL_ID, 7, "true")],
}


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(sqlalchemy_url(database_url), poolclass=sa.NullPool)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


@pytest.mark.asyncio
async def test_migrations_make_the_tables(connection: AsyncConnection) -> None:
    assert await connection.run_sync(_differences) == []


@pytest.mark.asyncio
async def test_an_upgrade_keeps_the_data_and_can_be_undone(
    connection: AsyncConnection, database_url: str
) -> None:
    database = await asyncpg.connect(database_url)
    await database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await _migrate(connection, command.upgrade, "0004")
    await database.execute(ROWS_AT_0004)
    assert await _answers(database, AT_0004) == ANSWERS
    await _migrate(connection, command.upgrade, "head")
    assert await _answers(database, AT_HEAD) == ANSWERS
    assert await connection.run_sync(_differences) == []
    await connection.rollback()
    await _migrate(connection, command.downgrade, "0004")
    assert await _answers(database, AT_0004) == ANSWERS
    await database.close()


async def _answers(
    database: asyncpg.Connection, queries: dict[str, str]
) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: [tuple(row) for row in await database.fetch(query)]
        for table, query in queries.items()
    }


async def _migrate(
    connection: AsyncConnection, step: Callable[[Config, str], None], revision: str
) -> None:
    def run(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(migrations_folder()))
        config.attributes["connection"] = connection
        step(config, revision)

    await connection.run_sync(run)
    await connection.commit()


def _differences(connection: sa.Connection) -> list[object]:
    options = {"include_name": lambda name, kind, _: kind != "table" or not _is_partition(name)}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, metadata))


def _is_partition(name: str | None) -> bool:
    """Return whether a table is a partition, which the writer makes."""
    return PARTITION.fullmatch(name or "") is not None
