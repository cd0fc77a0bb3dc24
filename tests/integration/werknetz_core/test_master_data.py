"""A change of master data with the worker behind it: messages that came before follow it."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from plumbing.supplyrows import event
from werknetz.domain.bucket import microseconds_of
from werknetz.store.session import Database
from werknetz_worker.projection.projector import project
from werknetz_worker.stock.reconcile import reconcile_dirty_stock
from werknetz_worker.supply.reconcile import reconcile_dirty_relations
from werknetz_worker.watermarks import WatermarkPublisher

from .conftest import NOW, PLANT, World
from .test_supply import items, put

pytestmark = pytest.mark.asyncio


async def add_event(world: World, name: str, kind: str, at: datetime, **body: Any) -> UUID:
    await world.database.execute(
        "INSERT INTO business_events (event_id, kind, connector_id, spool_id, seq, source, at,"
        " mapping, body) VALUES ($1, $2, 'emden-opcua', $3, 1, 's', $4, 'm@1', $5)",
        event(name), kind, uuid4(), at, json.dumps(body),
    )  # fmt: skip
    return event(name)


async def call_off(world: World, name: str, **body: Any) -> UUID:
    due_us = microseconds_of(NOW + timedelta(days=1))
    call_off_body = {
        "document": name, "supplier": "4711", "ship_to": "0815", "material": "M1", "quantity": 10.0,
        "unit": "PCE", "due_from_us": due_us, "due_until_us": due_us,
    }  # fmt: skip
    return await add_event(world, name, "delivery_called_off", NOW, **{**call_off_body, **body})


async def settle(world: World) -> None:
    pool: Database = world.owner
    await project(pool)
    await reconcile_dirty_relations(pool, WatermarkPublisher(None), now_us=microseconds_of(NOW))
    await reconcile_dirty_stock(pool, WatermarkPublisher(None), now_us=microseconds_of(NOW))


async def test_messages_of_a_number_follow_it_to_its_supplier(world: World) -> None:
    event_id = await call_off(world, "C1")
    await settle(world)
    [supplier] = await items(world, "/suppliers")
    assert (supplier["name"], supplier["sites"]) == ("4711", ["0815"])
    body = {"name": "Kirchhoff AG", "identities": ["4711"]}
    assert (await put(world, "suppliers/kirchhoff", body)).status_code == 200
    await settle(world)
    [shown] = await items(world, "/call_offs")
    assert (shown["supplier"], shown["id"]) == ("kirchhoff", str(event_id))
    [line] = await items(world, "/due_lines?supplier=4711")
    assert (line["supplier"], line["open_quantity"]) == ("kirchhoff", 10.0)
    # What was discovered keeps its address, though nothing is left of it.
    former = (await world.get("/suppliers/4711")).json()
    assert (former["key"], former["identities"], former["open_lines"]) == ("4711", [], 0)


async def test_a_site_that_becomes_a_plants_shows_it_its_supply(world: World) -> None:
    await call_off(world, "C1")
    await settle(world)
    assert await items(world, "/call_offs", "emden") == []
    body = {"identities": ["0815"], "plant": PLANT}
    assert (await put(world, "sites/emden", body)).status_code == 200
    await settle(world)
    [shown] = await items(world, "/call_offs", "emden")
    assert shown["site"] == "emden"


async def test_a_unit_that_did_not_fit_fits_once_it_is_known(world: World) -> None:
    await call_off(world, "C1")
    await settle(world)
    odd = await call_off(world, "C2", unit="BX", quantity=2.0)
    await settle(world)
    [finding] = await items(world, "/findings?kind=unit_mismatch&open=true")
    assert finding["messages"][0]["event_id"] == str(odd)
    body = {"units": [{"unit": "BX", "factor": 12}]}
    assert (await put(world, "materials/M1", body)).status_code == 200
    await settle(world)
    assert await items(world, "/findings?kind=unit_mismatch&open=true") == []
    [shown] = await items(world, "/call_offs?document=C2")
    assert shown["quantity"] == 24.0


async def test_a_warehouse_whose_code_is_taken_over_has_its_stock(world: World) -> None:
    await add_event(
        world, "count", "stock_counted", NOW - timedelta(hours=1), material="M1", quantity=8.0,
        unit="PCE", warehouse="WH7",
    )  # fmt: skip
    await settle(world)
    [discovered] = await items(world, "/warehouses")
    assert (discovered["code"], discovered["plant"]) == ("WH7", None)
    assert await items(world, "/stock_levels", "emden") == []
    key = discovered["key"]
    assert (await put(world, f"warehouses/{key}", {"plant": PLANT})).status_code == 200
    [level] = await items(world, "/stock_levels", "emden")
    assert (level["quantity"], level["counted_at"]) == (8.0, "2026-11-20T09:07:00Z")
    [movement] = await items(world, "/stock_movements", "emden")
    assert (movement["balance"], movement["kind"]) == (8.0, "stock_counted")
