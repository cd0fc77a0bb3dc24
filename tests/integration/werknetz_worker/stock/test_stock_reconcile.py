"""Stock from events to balances, stock-outs, days and findings, whatever the order."""

import asyncio
import random
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from plumbing.business import Business, us
from werknetz.store import dirty, locks
from werknetz_worker.stock import reconcile
from werknetz_worker.stock.reconcile import mark_after_time, reconcile_dirty_stock
from werknetz_worker.stock.subject import ReconciledStock, StockSubject, reconcile_subject
from werknetz_worker.watermarks import WatermarkPublisher

pytestmark = pytest.mark.asyncio
NOW = us("2026-11-06 12:00")
HISTORY = [
    ("count", "stock_counted", "2026-11-02 06:00", 100.0),
    ("out 1", "stock_moved", "2026-11-02 10:00", -60.0),
    ("out 2", "stock_moved", "2026-11-03 09:00", -40.0),
    ("in", "stock_moved", "2026-11-03 09:45", 80.0),
    ("count 2", "stock_counted", "2026-11-04 06:00", 75.0),
    ("out 3", "stock_moved", "2026-11-05 06:00", -90.0),
]


@pytest_asyncio.fixture
async def business(database_url: str) -> AsyncIterator[Business]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4, timeout=60)
    business = Business(pool)
    await business.begin()
    yield business
    await pool.close()


async def send(business: Business, name: str) -> None:
    _, kind, when, quantity = next(row for row in HISTORY if row[0] == name)
    await business.add(name, kind, when, material="M-1", quantity=quantity, warehouse="EM-HL")


async def work(business: Business) -> None:
    while await business.project():
        pass
    await reconcile_dirty_stock(business.pool, WatermarkPublisher(None), now_us=NOW)


async def picture(business: Business) -> list[list[tuple[object, ...]]]:
    return [
        await business.fetch(
            "SELECT at, kind, balance, difference FROM stock_balances ORDER BY at"
        ),
        await business.fetch("SELECT start_at, end_at FROM stock_outs ORDER BY start_at"),
        await business.fetch(
            "SELECT day, closing, average, known_s, inflow, outflow, stock_out_s FROM stock_days "
            "ORDER BY day"
        ),
        await business.fetch("SELECT kind, at, actual FROM findings WHERE cleared_at IS NULL "
                           "ORDER BY at"),
        await business.fetch("SELECT balance, counted FROM stock_items"),
    ]  # fmt: skip


async def test_the_order_of_arrival_does_not_matter(business: Business) -> None:
    names = [row[0] for row in HISTORY]
    for name in names:
        await send(business, name)
    await work(business)
    whole = await picture(business)
    balances, outs, days, findings, now = whole
    assert [row[2] for row in balances] == [100.0, 40.0, 0.0, 80.0, 75.0, -15.0]
    assert [(str(a)[5:16], b and str(b)[5:16]) for a, b in outs] == [
        ("11-03 09:00", "11-03 09:45"), ("11-05 06:00", None),
    ]  # fmt: skip
    assert [row[1] for row in days] == [40.0, 80.0, 75.0, -15.0, -15.0]
    assert days[1][-1] == 45 * 60
    assert [row[0] for row in findings] == ["stock_difference", "stock_below_zero"]
    assert now == [(-15.0, True)]
    for seed in range(4):
        for name in names:
            await business.delete(name)
        await work(business)
        assert (await picture(business))[:2] == [[], []]
        for name in random.Random(seed).sample(names, k=len(names)):
            await send(business, name)
            await send(business, name)  # a movement is applied once
            await work(business)
        assert await picture(business) == whole


async def test_a_late_movement_changes_only_what_follows(business: Business) -> None:
    for name in ("count", "out 1", "in", "count 2"):
        await send(business, name)
    await work(business)
    before = await business.fetch("SELECT ctid FROM stock_days WHERE day < '2026-11-03'")
    await send(business, "out 2")
    await work(business)
    assert await business.fetch("SELECT ctid FROM stock_days WHERE day < '2026-11-03'") == before
    (rows,) = await business.fetch(
        "SELECT expected, actual, event_ids FROM findings WHERE kind = 'stock_difference' "
        "AND cleared_at IS NULL"
    )
    assert rows == (80.0, 75.0, [business.ids["count"], business.ids["count 2"]])


async def test_a_new_day_begins_by_itself(business: Business) -> None:
    await send(business, "count")
    await work(business)
    later = us("2026-11-08 12:00")
    moment = (await business.fetch("SELECT timestamptz '2026-11-08 12:00Z'"))[0][0]
    assert await mark_after_time(business.pool, moment) == 1
    await reconcile_dirty_stock(business.pool, WatermarkPublisher(None), now_us=later)
    days = await business.fetch("SELECT day::text, average FROM stock_days ORDER BY day")
    assert days[-1] == ("2026-11-08", 100.0)
    assert len(days) == 7
    assert await mark_after_time(business.pool, moment) == 0


async def test_a_warehouse_may_be_moved_by_receipts(business: Business) -> None:
    await send(business, "count")
    await business.add(
        "receipt", "goods_received", "2026-11-02 12:00", document="WE-1", material="M-1",
        quantity=20.0, warehouse="EM-HL", supplier="S",
    )  # fmt: skip
    await work(business)
    assert await business.fetch("SELECT balance FROM stock_items") == [(100.0,)]
    await business.pool.execute("UPDATE warehouses SET moved_by = '{stock_moved,goods_received}'")
    await business.pool.execute(
        "INSERT INTO dirty_stock (warehouse_id, material_id, from_at) "
        "SELECT warehouse_id, material_id, '2026-11-01Z' FROM stock_items"
    )
    await work(business)
    assert await business.fetch("SELECT balance FROM stock_items") == [(120.0,)]


async def test_the_ends_of_time_stop_nobody(business: Business) -> None:
    stock = {"material": "M-2", "warehouse": "EM-HL"}
    await business.add("first", "stock_counted", "0001-01-01 00:00", quantity=1.0, **stock)
    await business.add("last", "stock_counted", "9999-12-31 23:59", quantity=2.0, **stock)
    await send(business, "count")
    await work(business)
    assert await business.fetch("SELECT balance FROM stock_items ORDER BY balance DESC") == [
        (100.0,), (2.0,),
    ]  # fmt: skip
    assert await business.fetch("SELECT * FROM dirty_stock") == []


async def test_one_that_cannot_be_reconciled_stops_no_other(
    business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(business, "count")
    await business.add(
        "odd", "stock_counted", "2026-11-02 06:00", material="M-2", quantity=1.0, warehouse="EM-HL"
    )
    while await business.project():
        pass

    def computing(subject: StockSubject, now_us: int) -> ReconciledStock:
        if subject.number == "M-2":
            raise ArithmeticError("nobody thought of this")
        return reconcile_subject(subject, now_us)

    with monkeypatch.context() as patch:
        patch.setattr(reconcile, "reconcile_subject", computing)
        assert await reconcile_dirty_stock(business.pool, WatermarkPublisher(None), now_us=NOW) == 1
    balances = "SELECT count(*) FROM stock_balances"
    assert await business.fetch(balances) == [(1,)]
    assert len(await business.fetch("SELECT * FROM dirty_stock")) == 1
    await business.pool.execute("UPDATE dirty_stock SET marked_at = now()")
    await work(business)
    assert await business.fetch(balances) == [(2,)]


async def count_materials(business: Business, number: int) -> None:
    for material in range(number):
        await business.add(
            f"count {material}", "stock_counted", "2026-11-02 06:00", material=f"M-{material}",
            quantity=1.0, warehouse="EM-HL",
        )  # fmt: skip
    while await business.project():
        pass


async def test_the_shard_of_another_worker_is_left_to_it(
    business: Business, database_url: str
) -> None:
    """Until it ends, as when it is killed: by its connection."""
    await count_materials(business, 12)
    shard, marks = (await business.pool.fetch(dirty.DIRTY_STOCK_SHARDS))[0]
    nobody = WatermarkPublisher(None)
    other = await asyncpg.connect(database_url)
    await other.execute("BEGIN")
    assert await other.fetchval(locks.TRY_LOCK_OF, reconcile._LOCK, shard)
    assert await reconcile_dirty_stock(business.pool, nobody, now_us=NOW) == 12 - marks
    other.terminate()
    async with asyncio.timeout(60):
        done = 0
        while not done:
            await asyncio.sleep(0.01)
            done = await reconcile_dirty_stock(business.pool, nobody, now_us=NOW)
    assert done == marks


async def test_further_shards_are_left_to_others_once_there_is_enough(
    business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    await count_materials(business, 12)
    shards = await business.pool.fetch(dirty.DIRTY_STOCK_SHARDS)
    for enough, count in ((shards[0]["marks"], 1), (shards[0]["marks"] + 1, 2)):
        monkeypatch.setattr(reconcile, "ENOUGH", enough)
        async with business.pool.acquire() as connection, connection.transaction():
            locked = await reconcile.lock_shards(connection)
        assert locked == [row["shard"] for row in shards[:count]]
