"""The outbox of events gets shards: what waits in it is projected after the upgrade."""

from uuid import UUID

import asyncpg
import pytest

from werknetz_worker.projection.projector import project

from .test_schema_entries import _migrate as migrate
from .test_schema_entries import database  # noqa: F401 - a fixture

pytestmark = pytest.mark.asyncio

ADD_EVENT = """
INSERT INTO business_events (event_id, kind, connector_id, spool_id, seq, source, at, mapping, body)
VALUES ($1, 'delivery_called_off', 'c', $1, 1, 's', '2026-11-01Z', 'm@1',
    '{"document": "C1", "supplier": "S", "material": "M1", "quantity": 5.0, "unit": "PCE"}')"""


async def test_events_that_wait_at_0043_are_projected_after_it(
    database: asyncpg.Connection,  # noqa: F811
    database_url: str,
) -> None:
    await migrate(database_url, upgrade_to="0043")
    await database.execute("INSERT INTO connectors (id) VALUES ('c')")
    await database.execute(ADD_EVENT, UUID(int=1))
    await migrate(database_url, upgrade_to="head")
    await database.execute(ADD_EVENT, UUID(int=2))
    rows = await database.fetch("SELECT event_id, shard FROM events_to_project ORDER BY change")
    shard = await database.fetchval("SELECT shard_of_material('M1')")
    assert [tuple(row) for row in rows] == [(UUID(int=1), None), (UUID(int=2), shard)]
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2, timeout=60) as pool:
        assert await project(pool) == 2
    assert await database.fetchval("SELECT count(*) FROM call_off_entries") == 2


async def test_events_that_wait_stay_when_shards_are_removed(
    database: asyncpg.Connection,  # noqa: F811
    database_url: str,
) -> None:
    await migrate(database_url, upgrade_to="head")
    await database.execute("INSERT INTO connectors (id) VALUES ('c')")
    await database.execute(ADD_EVENT, UUID(int=1))
    await migrate(database_url, downgrade_to="0043")
    await database.execute(ADD_EVENT, UUID(int=2))
    rows = await database.fetch("SELECT event_id FROM events_to_project ORDER BY change")
    assert [row[0] for row in rows] == [UUID(int=1), UUID(int=2)]
