"""Projectors side by side: each on other shards, and beside changes of master data."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from plumbing.business import Business, at, us
from werknetz.store import locks
from werknetz.store.ingest.events import ADD_EVENTS
from werknetz.store.master_data import CHANGE_LOCK, COUNT_CHANGE
from werknetz.store.projection import outbox
from werknetz_worker.projection import fact_rows, master_data, projector, shards

pytestmark = pytest.mark.asyncio

MATERIALS = [f"M{number:02}" for number in range(40)]


@pytest_asyncio.fixture
async def business(database_url: str) -> AsyncIterator[Business]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=8, timeout=60)
    business = Business(pool)
    await business.begin()
    yield business
    await pool.close()


async def call_off(business: Business, material: str, name: str = "", **body: Any) -> None:
    call: dict[str, Any] = {
        "document": "C1", "supplier": "Weserguss", "material": material, "quantity": 10.0,
        "unit": "PCE", "due_from_us": us("2026-11-05 00:00"),
    }  # fmt: skip
    await business.add(name or material, "delivery_called_off", "2026-11-02 04:00", **call | body)


async def shard_of(business: Business, material: str) -> int:
    return int(await business.pool.fetchval("SELECT shard_of_material($1)", material))


async def load_materials(business: Business) -> set[str]:
    rows = await business.pool.fetch(
        "SELECT m.number FROM call_off_entries c JOIN supply_relations r ON r.id = c.relation_id"
        " JOIN materials m ON m.id = r.material_id"
    )
    return {row[0] for row in rows}


async def test_a_shard_of_another_worker_is_left_to_it(
    business: Business, database_url: str
) -> None:
    for material in MATERIALS:
        await call_off(business, material)
    taken = await shard_of(business, MATERIALS[0])
    theirs = {m for m in MATERIALS if await shard_of(business, m) == taken}
    other = await asyncpg.connect(database_url)
    await other.execute("BEGIN")
    assert await other.fetchval(locks.TRY_LOCK_OF, shards._LOCK, taken)
    await projector.project(business.pool)
    assert await load_materials(business) == set(MATERIALS) - theirs
    other.terminate()  # as the connection of a worker that is killed
    async with asyncio.timeout(60):
        done = 0
        while not done:
            await asyncio.sleep(0.01)
            done = await projector.project(business.pool)
    assert await load_materials(business) == set(MATERIALS)


async def test_projectors_run_side_by_side(
    business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two batches are in their transactions at once: each waits until the other has begun."""
    for material in MATERIALS:
        await call_off(business, material)
    monkeypatch.setattr(shards, "ENOUGH", 1)
    both = asyncio.Barrier(2)
    load = projector.load_names

    async def load_names(*arguments: Any) -> Any:
        async with asyncio.timeout(30):
            await both.wait()
        return await load(*arguments)

    monkeypatch.setattr(projector, "load_names", load_names)
    outcomes = await asyncio.gather(
        *(projector.project_next_batch(business.pool) for _ in range(2))
    )
    assert all(outcome.events for outcome in outcomes)
    monkeypatch.setattr(projector, "load_names", load)
    await asyncio.gather(*(projector.project(business.pool) for _ in range(3)))
    assert await load_materials(business) == set(MATERIALS)
    assert await business.pool.fetchval("SELECT count(*) FROM partners") == 1


async def test_further_shards_are_left_to_others_once_there_is_enough(business: Business) -> None:
    for material in MATERIALS:
        await call_off(business, material)
    oldest = await business.pool.fetch(outbox.SHARDS_WITH_CHANGES, 1_000)
    enough = oldest[0]["changes"]
    for limit, count in ((enough, 1), (enough + 1, 2)):
        async with business.pool.acquire() as connection, connection.transaction():
            locked = shards.LockedShards(connection)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(shards, "ENOUGH", limit)
                await locked.lock_next()
        assert locked.numbers == {row["shard"] for row in oldest[:count]}


async def test_an_event_by_another_number_waits_for_the_shard_of_its_material(
    business: Business,
) -> None:
    material, number = "M01", "WG-2040"
    ours, theirs = await shard_of(business, number), await shard_of(business, material)
    assert ours != theirs
    await call_off(business, material, supplier_material=number)
    await projector.project(business.pool)
    note: dict[str, Any] = {
        "document": "N1", "supplier": "Weserguss", "supplier_material": number, "quantity": 10.0,
        "unit": "PCE",
    }  # fmt: skip
    await business.add("note", "shipment_announced", "2026-11-03 04:00", **note)
    async with business.pool.acquire() as other, other.transaction():
        assert await other.fetchval(locks.TRY_LOCK_OF, shards._LOCK, theirs)
        await projector.project(business.pool)
        assert await business.pool.fetch("SELECT shard FROM events_to_project") == [(theirs,)]
    await projector.project(business.pool)
    assert await business.pool.fetchval("SELECT relation_id FROM shipment_lines") is not None


async def test_a_number_that_comes_meanwhile_is_not_missed(
    business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One batch knows no material of a number, another adds it before the first has ended."""
    receipt: dict[str, Any] = {
        "document": "R1", "supplier_material": "WG-2040", "quantity": 5.0, "unit": "PCE",
        "warehouse": "EM-HL",
    }  # fmt: skip
    await business.add("receipt", "goods_received", "2026-11-03 04:00", **receipt)
    write = projector._write_findings

    async def write_findings(*arguments: Any) -> None:
        monkeypatch.setattr(projector, "_write_findings", write)
        await call_off(business, "M01", supplier_material="WG-2040")
        assert await projector.project(business.pool) == 1
        await write(*arguments)

    monkeypatch.setattr(projector, "_write_findings", write_findings)
    await projector.project(business.pool)
    assert await business.pool.fetchval("SELECT count(*) FROM stock_movements") == 1
    assert await business.pool.fetchval(
        "SELECT count(*) FROM findings WHERE cleared_at IS NULL"
    ) == 0  # fmt: skip


async def test_a_change_of_master_data_waits_for_no_batch(
    business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It commits while a batch runs; the batch then starts again and reads what changed."""
    await call_off(business, "M01")
    replace = fact_rows.replace_rows

    async def replace_rows(*arguments: Any) -> Any:
        monkeypatch.setattr(fact_rows, "replace_rows", replace)
        marks = await replace(*arguments)
        async with business.pool.acquire() as other, other.transaction():
            await other.execute("SET LOCAL lock_timeout = '5s'")
            await other.execute("SELECT pg_advisory_xact_lock($1)", CHANGE_LOCK)
            await other.execute(COUNT_CHANGE)
            await other.execute("SELECT FROM partners WHERE name = 'Weserguss' FOR NO KEY UPDATE")
            await other.execute("INSERT INTO partners (key, name, roles) VALUES ('x', 'X', '{}')")
            await other.execute(
                "UPDATE partner_identities SET partner_id = (SELECT id FROM partners WHERE"
                " key = 'x')"
            )
        return marks

    monkeypatch.setattr(fact_rows, "replace_rows", replace_rows)
    with pytest.raises(projector.MasterDataChangedError):
        await projector.project_next_batch(business.pool)
    assert await load_materials(business) == set()
    await projector.project(business.pool)
    rows = await business.pool.fetch(
        "SELECT p.name FROM call_off_entries c JOIN supply_relations r ON r.id = c.relation_id"
        " JOIN partners p ON p.id = r.supplier_id"
    )
    assert [row[0] for row in rows] == ["X"]


async def test_events_without_a_shard_get_that_of_their_material(business: Business) -> None:
    await call_off(business, "M01")
    await projector.project(business.pool)
    await business.pool.execute(
        "INSERT INTO events_to_project (event_id) SELECT event_id FROM business_events"
        " UNION ALL SELECT '00000000-0000-0000-0000-000000000001'"
    )
    await business.pool.execute(outbox.ASSIGN_SHARDS, 10)
    rows = await business.pool.fetch("SELECT shard FROM events_to_project ORDER BY shard")
    assert [row[0] for row in rows] == [0, await shard_of(business, "M01")]
    assert await projector.project(business.pool) == 2


async def test_the_trigger_and_the_worker_know_the_same_shard(business: Business) -> None:
    """Whatever the blanks; what is about machines has a shard of its own."""
    for number, (kind, body) in enumerate([
        ("stock_moved", '{"material": "M01"}'), ("stock_moved", '{"material": " M01 "}'),
        ("goods_received", '{"material": "", "supplier_material": "M01"}'),
        ("material_consumed", '{"ean": "M01"}'), ("job_started", '{"material": "M01"}'),
    ]):  # fmt: skip
        await business.pool.execute(
            ADD_EVENTS, business.connector, "5d2f8a64-33f1-4a53-9f6e-1c8f3f5fb0a1",
            [f"00000000-0000-0000-0000-00000000000{number}"], [kind], [1], ["t"], [""],
            [at("2026-11-02 06:00")], ["m@1"], [b""], [body], [b""], [None], [b""], [0],
        )  # fmt: skip
    rows = await business.pool.fetch("SELECT shard FROM events_to_project ORDER BY event_id")
    expected = await shard_of(business, "M01")
    assert [row[0] for row in rows] == [expected] * 4 + [0]


async def test_a_pool_without_a_second_connection_is_an_error_and_no_endless_wait(
    business: Business, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(master_data, "ADDING_S", 0.1)
    await call_off(business, MATERIALS[0])
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as single:
        with pytest.raises(TimeoutError):
            await projector.project(single)
    monkeypatch.undo()
    assert await projector.project(business.pool) == 1  # nothing was done before
    assert await load_materials(business) == {MATERIALS[0]}
