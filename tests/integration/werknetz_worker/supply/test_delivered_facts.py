"""From the batch of an edge to numbers: a correction, deletion or duplicate changes all of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from plumbing.facts import AT_US, event_of, receipt, withdrawal, withdrawal_of
from plumbing.ingesting import Ingest, books_of
from werknetz.domain.bucket import instant_of
from werknetz.store.queries.supply_caused import REPORTED_STARVATION
from werknetz_worker.projection.projector import project
from werknetz_worker.stock.reconcile import reconcile_dirty_stock
from werknetz_worker.supply.reconcile import reconcile_dirty_relations
from werknetz_worker.watermarks import WatermarkPublisher

pytestmark = pytest.mark.asyncio
HOUR_US = 3_600_000_000
NOW_US = AT_US + 24 * HOUR_US
NOBODY = WatermarkPublisher(None)


@dataclass
class Plant:
    """Ingest and worker over one database."""

    pool: Any
    ingest: Ingest

    async def work(self) -> None:
        while await project(self.pool):
            pass
        await reconcile_dirty_relations(self.pool, NOBODY, now_us=NOW_US)
        await reconcile_dirty_stock(self.pool, NOBODY, now_us=NOW_US)

    async def send(self, *records: Any, connector: str = "plc") -> None:
        await self.ingest.send(*records, connector=connector)
        await self.work()

    async def load_received(self) -> float | None:
        value: float | None = await self.pool.fetchval("SELECT sum(received) FROM cumulatives")
        return value

    async def load_balance(self, *, known_at: datetime | None = None) -> float | None:
        value: float | None = await self.pool.fetchval(
            "SELECT sum(base_quantity) FROM stock_movements"
            " WHERE (known_to IS NULL OR known_to > $1) AND ($1::timestamptz IS NULL"
            " OR known_from <= $1)",
            known_at,
        )
        return value

    async def now(self) -> datetime:
        now: datetime = await self.pool.fetchval("SELECT clock_timestamp()")
        return now


@pytest_asyncio.fixture
async def plant(database_url: str) -> AsyncIterator[Plant]:
    pool = await asyncpg.create_pool(database_url, min_size=2, max_size=4, timeout=60)
    async with pool.acquire() as connection:
        yield Plant(pool, Ingest(connection))
    await pool.close()


async def test_a_corrected_and_a_deleted_receipt(plant: Plant) -> None:
    await plant.send(receipt("D1", 10.5))
    assert await plant.load_received() == 10.5
    await plant.send(receipt("D1", 11))
    assert await plant.load_received() == 11
    await plant.send(receipt("D1", 11))
    assert await plant.load_received() == 11
    await plant.send(withdrawal("D1"))
    assert not await plant.load_received()
    await plant.send(receipt("D1", 11))
    assert await plant.load_received() == 11
    assert await books_of(plant.pool) == {
        "stored": 1, "revisions": 2, "duplicates": 1, "withdrawn": 1,
    }  # fmt: skip


def move(number: int, quantity: float) -> Any:
    return event_of(
        "stock_moved", f"M{number}", at_us=AT_US + number * HOUR_US,
        material="4711", quantity=quantity, warehouse="EM-HL",
    )  # fmt: skip


async def test_stock_follows_its_movements_and_shows_what_was_known(plant: Plant) -> None:
    moves = [move(1, 100.0), move(2, -30.0), move(3, 50.0)]
    level = "SELECT balance FROM stock_items"
    closing = "SELECT closing FROM stock_days ORDER BY day DESC LIMIT 1"
    await plant.send(*moves)
    await plant.send(*moves)  # as after a new column
    assert await plant.pool.fetchval(level) == 120
    first = await plant.now()
    await plant.send(move(2, -20.0))
    assert await plant.pool.fetchval(level) == 130
    await plant.send(withdrawal_of(moves[2].event_id))
    assert await plant.pool.fetchval(level) == await plant.pool.fetchval(closing) == 80
    assert (await plant.load_balance(), await plant.load_balance(known_at=first)) == (80, 120)
    assert await books_of(plant.pool) == {
        "stored": 3, "duplicates": 3, "revisions": 1, "withdrawn": 1,
    }  # fmt: skip


async def test_the_same_table_through_two_connectors_counts_once(plant: Plant) -> None:
    """Two facts, because each connector has its own keys; one receipt, by document and line."""
    for connector in ("plc", "other"):
        await plant.send(receipt("D1", 10, scope=connector), connector=connector)
    assert await plant.pool.fetchval("SELECT count(*) FROM business_events") == 2
    assert await plant.load_received() == 10
    kinds = await plant.pool.fetch("SELECT kind FROM findings WHERE cleared_at IS NULL")
    assert "duplicate_document" in {row[0] for row in kinds}


def part(number: int, quantity: float, *, line: str | None, hours: int = 0) -> Any:
    return event_of(
        "goods_received", f"row-{number}", at_us=AT_US + hours * HOUR_US, document="PO-7",
        material="4711", quantity=quantity, supplier="alfa", line=line,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "received"),
    [
        ([part(1, 10, line="10"), part(2, 10, line="20")], 20),
        ([part(1, 10, line="10"), part(2, 11, line="10")], 11),  # booked twice: the later holds
        ([part(2, 11, line="10"), part(1, 10, line="10")], 10),
        ([part(1, 10, line="10"), part(2, 11, line="10", hours=1)], 21),  # received in parts
        ([part(1, 10, line=None), part(2, 10, line=None)], 10),
        ([part(1, 10, line=None), part(2, 11, line=None)], 21),
    ],
)
async def test_rows_of_one_table_are_duplicates_by_document_and_line(
    plant: Plant, rows: list[Any], received: float
) -> None:
    await plant.send(*rows)
    assert await plant.load_received() == received


async def test_a_call_off_without_a_quantity_calls_nothing_off(plant: Plant) -> None:
    head = {"material": "4711", "supplier": "alfa", "order_number": "O-1"}
    day_us = AT_US + 60 * 24 * HOUR_US  # after the frozen days
    first = event_of(
        "delivery_called_off", "C1", **head, document="1", document_us=AT_US, quantity=100.0,
        due_from_us=day_us, due_until_us=day_us + HOUR_US,
    )  # fmt: skip
    empty = event_of(
        "delivery_called_off", "C2", **head, document="2", document_us=AT_US + HOUR_US,
        function="replace", replaces="1",
    )  # fmt: skip
    demand = "SELECT sum(quantity) FROM due_lines WHERE state = 'open'"
    await plant.send(first)
    assert await plant.pool.fetchval(demand) == 100
    await plant.send(empty)
    assert not await plant.pool.fetchval(demand)


async def test_a_withdrawn_state_starves_no_line(plant: Plant) -> None:
    machine = "nordwerk/emden-1/body/line-1/press-1"
    number = await plant.pool.fetchval(
        "INSERT INTO equipment (path, level, name) VALUES ($1, 'machine', 'x') RETURNING id",
        machine,
    )
    state = event_of(
        "state_changed", "S1", equipment=machine, state="starved", until_us=AT_US + HOUR_US
    )

    async def load_starved() -> list[Any]:
        span = (instant_of(AT_US - HOUR_US), instant_of(NOW_US))
        return list(await plant.pool.fetch(REPORTED_STARVATION, [number], *span))

    await plant.send(state)
    assert len(await load_starved()) == 1
    await plant.send(withdrawal_of(state.event_id))
    assert await load_starved() == []


async def test_times_of_knowledge_are_in_utc(plant: Plant) -> None:
    await plant.send(receipt("D1", 1), receipt("D1", 2))
    row = await plant.pool.fetchrow("SELECT known_from, known_to FROM business_event_revisions")
    assert row["known_from"] <= row["known_to"] <= datetime.now(UTC)
