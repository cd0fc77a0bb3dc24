"""Errors of partners are findings with their messages; correct messages are processed."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from plumbing.business import Business, us
from werknetz_worker.stock.reconcile import reconcile_dirty_stock
from werknetz_worker.supply.reconcile import reconcile_dirty_relations
from werknetz_worker.watermarks import WatermarkPublisher

pytestmark = pytest.mark.asyncio
NOW = us("2026-11-20 12:00")
OF = {"supplier": "Weserguss", "material": "M-1", "ship_to": "S-1", "unit": "PCE"}


@pytest_asyncio.fixture
async def business(database_url: str) -> AsyncIterator[Business]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4, timeout=60)
    business = Business(pool)
    await business.begin()
    await call(business, "call", "LAB-1", "2026-11-02 04:00", "2026-11-05")
    await ship(business, "note", "LS-1", "2026-11-05 04:00", cumulative_quantity=100.0)
    await receive(business, "receipt", "LS-1", "2026-11-05 08:00")
    yield business
    await pool.close()


async def call(
    business: Business, name: str, document: str, issued: str, due: str, **other: Any
) -> None:
    body = OF | {"document": document, "quantity": 100.0, "document_us": us(issued),
                 "due_from_us": us(f"{due} 00:00"),
                 "due_until_us": us(f"{due} 00:00") + 86_400_000_000} | other  # fmt: skip
    await business.add(name, "delivery_called_off", issued, **body)


async def ship(business: Business, name: str, note: str, when: str, **other: Any) -> None:
    body = OF | {"document": note, "delivery_note": note, "quantity": 100.0,
                 "despatched_us": us(when), "document_us": us(when)} | other  # fmt: skip
    await business.add(name, "shipment_announced", when, **body)


async def receive(business: Business, name: str, note: str, when: str, **other: Any) -> None:
    body = OF | {"document": f"WE-{note}", "delivery_note": note, "quantity": 100.0} | other
    await business.add(name, "goods_received", when, **body)


async def finding_events(business: Business) -> dict[str, list[str]]:
    """Process everything; return the names of the events in findings, by kind."""
    while await business.project():
        pass
    await reconcile_dirty_relations(business.pool, WatermarkPublisher(None), now_us=NOW)
    await reconcile_dirty_stock(business.pool, WatermarkPublisher(None), now_us=NOW)
    names = {event_id: name for name, event_id in business.ids.items()}
    rows = await business.fetch("SELECT kind, event_ids FROM findings WHERE cleared_at IS NULL")
    kinds: dict[str, list[str]] = {}
    for kind, events in rows:
        kinds.setdefault(kind, []).extend(sorted(names[event_id] for event_id in events))
    return kinds


async def test_a_history_without_faults_has_no_finding(business: Business) -> None:
    assert await finding_events(business) == {}


async def test_a_receipt_without_a_shipment(business: Business) -> None:
    await call(business, "next", "LAB-2", "2026-11-09 04:00", "2026-11-12")
    await receive(business, "stray", "LS-404", "2026-11-12 08:00")
    kinds = await finding_events(business)
    assert kinds["receipt_without_shipment"] == ["stray"]


async def test_a_shipment_without_a_call_off(business: Business) -> None:
    await ship(business, "unasked", "LS-9", "2026-11-06 04:00", material="M-9")
    assert "unasked" in (await finding_events(business))["shipment_without_call_off"]


async def test_over_delivery(business: Business) -> None:
    await ship(business, "again", "LS-2", "2026-11-06 04:00", quantity=900.0)
    await receive(business, "too much", "LS-2", "2026-11-06 08:00", quantity=900.0)
    assert "too much" in (await finding_events(business))["over_delivery"]


async def test_a_step_back_in_a_cumulative_quantity(business: Business) -> None:
    await ship(business, "back", "LS-2", "2026-11-06 04:00", cumulative_quantity=40.0)
    assert "back" in (await finding_events(business))["cumulative_step_back"]


async def test_stock_below_zero(business: Business) -> None:
    stock = {"material": "M-1", "warehouse": "W", "unit": "PCE"}
    await business.add("count", "stock_counted", "2026-11-06 04:00", quantity=5.0, **stock)
    await business.add("taken", "stock_moved", "2026-11-06 05:00", quantity=-7.0, **stock)
    assert (await finding_events(business))["stock_below_zero"] == ["taken"]


async def test_two_units_of_measure(business: Business) -> None:
    await ship(business, "kilos", "LS-2", "2026-11-06 04:00", unit="KGM")
    assert (await finding_events(business))["unit_mismatch"] == ["kilos"]


async def test_a_part_number_that_two_suppliers_use(business: Business) -> None:
    await ship(business, "theirs", "LS-2", "2026-11-06 04:00", supplier_material="4711")
    other = {"supplier": "Elbe", "material": "M-2", "supplier_material": "4711"}
    await ship(business, "others", "LS-3", "2026-11-06 05:00", **other)
    kinds = await finding_events(business)
    assert kinds["ambiguous_material"] == ["others", "theirs"]


async def test_a_call_off_older_than_the_one_in_force(business: Business) -> None:
    await finding_events(business)
    await call(business, "old", "LAB-0", "2026-10-26 04:00", "2026-11-05", quantity=7.0)
    assert "old" in (await finding_events(business))["outdated_call_off"]
    states = await business.fetch("SELECT document, state FROM call_offs ORDER BY document")
    assert states == [("LAB-0", "outdated_on_arrival"), ("LAB-1", "in_force")]


async def test_all_at_once_stop_nothing(business: Business) -> None:
    await receive(business, "stray", "LS-404", "2026-11-12 08:00", quantity=900.0)
    await ship(business, "unasked", "LS-9", "2026-11-06 04:00", material="M-9")
    await ship(business, "kilos", "LS-8", "2026-11-06 04:00", unit="KGM")
    await ship(business, "back", "LS-2", "2026-11-06 04:00", cumulative_quantity=40.0)
    assert len(await finding_events(business)) >= 4
    lines = await business.fetch("SELECT on_time, in_full FROM due_lines WHERE document = 'LAB-1'")
    assert lines == [(True, True)]
    for table in ("events_to_project", "dirty_relations", "dirty_stock"):
        assert await business.fetch(f"SELECT * FROM {table}") == []
