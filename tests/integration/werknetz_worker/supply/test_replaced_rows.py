"""Derived rows are inserted by COPY where they are many, and stay where nothing changed."""

import asyncpg
import pytest

from plumbing.deliveries import Deliveries
from werknetz.store.encoding import insert_rows as module
from werknetz.store.encoding.insert_rows import COPIED_FROM, insert_rows

from .conftest import add_policy, reconcile_all, send_history

pytestmark = pytest.mark.asyncio

IDS = "SELECT id FROM due_lines ORDER BY id"


async def test_many_rows_are_copied(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    for number in (COPIED_FROM - 1, COPIED_FROM):
        async with connection.transaction():
            await connection.execute("DELETE FROM materials")
            rows = [(f"M{index}", "PCE") for index in range(number)]
            await insert_rows(connection, "materials", ("number", "unit"), rows)
        assert await connection.fetchval("SELECT count(*) FROM materials") == number
        staged = await connection.fetchval("SELECT to_regclass('staged_materials') IS NOT NULL")
        assert staged == (number == COPIED_FROM)
    await connection.close()


async def test_lines_that_stay_are_not_written_again(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COPIED_FROM", 1)
    await add_policy(deliveries)
    relation = await deliveries.create_relation()
    other = await deliveries.create_relation("beta", "7")
    for number in (relation, other):
        await send_history(deliveries, number)
    await reconcile_all(deliveries, 5)
    before = await deliveries.pool.fetch(IDS)
    rows = await deliveries.load_derived_rows()
    for number in (relation, other):
        await deliveries.mark(number)
    await reconcile_all(deliveries, 5)
    assert await deliveries.pool.fetch(IDS) == before
    assert await deliveries.load_derived_rows() == rows
    await deliveries.receive(relation, 5.7, 30)
    await reconcile_all(deliveries, 5)
    after = await deliveries.pool.fetch(IDS)
    assert 0 < len({*after} - {*before}) < len(after)
    changed = await deliveries.load_derived_rows()
    monkeypatch.setattr(module, "COPIED_FROM", 10_000)
    await deliveries.mark(relation)
    await reconcile_all(deliveries, 5)
    assert await deliveries.load_derived_rows() == changed
