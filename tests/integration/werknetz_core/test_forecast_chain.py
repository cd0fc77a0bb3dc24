"""From events of partners to a shortage warning: projected, reconciled, forecast."""

from typing import Any

import pytest

from plumbing.business import Business, us
from werknetz.domain.bucket import microseconds_of
from werknetz_core.forecast.forecast import load_forecast
from werknetz_worker.stock.reconcile import reconcile_dirty_stock
from werknetz_worker.supply.reconcile import reconcile_dirty_relations
from werknetz_worker.watermarks import WatermarkPublisher

from .conftest import LINE, PLANT, World
from .test_supply import items

pytestmark = pytest.mark.asyncio
NOBODY = WatermarkPublisher(None)
WHO = {"supplier": "Weserguss", "material": "40231-10", "unit": "PCE"}
CALL = {**WHO, "document": "LAB-1", "ship_to": "SITE", "document_us": us("2026-11-02 04:00")}
NOTE = {
    **WHO, "document": "LS-7", "delivery_note": "LS-7", "quantity": 500.0, "ship_to": "SITE",
    "despatched_us": us("2026-11-19 08:00"), "arrives_us": us("2026-11-21 06:00"),
}  # fmt: skip


async def call(business: Business, line: str, due: str, quantity: float) -> None:
    due_us = us(due)
    await business.add(
        f"call-{line}", "delivery_called_off", "2026-11-02 04:00", **CALL, line=line,
        quantity=quantity, due_from_us=due_us, due_until_us=due_us,
    )  # fmt: skip


async def work(business: Business, world: World) -> None:
    now_us = microseconds_of(world.now[0])
    while await business.project():
        pass
    while await reconcile_dirty_relations(business.pool, NOBODY, now_us=now_us):
        pass
    while await reconcile_dirty_stock(business.pool, NOBODY, now_us=now_us):
        pass


async def begin(world: World) -> Business:
    plant = world.ids[PLANT]
    site = await world.database.fetchval(
        "INSERT INTO sites (key, name, equipment_id) VALUES ('emden', 'Emden', $1) RETURNING id",
        plant,
    )
    await world.database.execute(
        "INSERT INTO site_identities (value, site_id) VALUES ('SITE', $1)", site
    )
    await world.database.execute(
        "INSERT INTO warehouses (key, name, code, site_id) VALUES ('hall', 'Hall', 'EM-HL', $1)",
        site,
    )
    business = Business(world.owner)
    await business.begin()
    await business.add(
        "count", "stock_counted", "2026-11-19 06:00", material="40231-10", quantity=230.0,
        unit="PCE", warehouse="EM-HL",
    )  # fmt: skip
    await call(business, "1", "2026-11-20 04:00", 500.0)
    await call(business, "2", "2026-11-23 05:00", 800.0)
    await work(business, world)
    await world.database.execute(
        "INSERT INTO line_materials (equipment_id, material_id, warehouse_id, quantity_per_item,"
        " items_per_hour) SELECT $1, m.id, w.id, 2, 30 FROM materials m, warehouses w"
        " WHERE m.number = '40231-10' AND w.key = 'hall'",
        world.ids[LINE],
    )
    return business


async def short(world: World) -> dict[str, Any]:
    [warning] = await items(world, "/shortage_warnings?horizon_days=2")
    return warning


async def test_from_messages_to_the_line_that_will_stop(world: World) -> None:
    business = await begin(world)
    # 200 are left, and 60 an hour are taken.
    await business.add(
        "used", "stock_moved", "2026-11-20 09:00", material="40231-10", quantity=-30.0,
        unit="PCE", warehouse="EM-HL",
    )  # fmt: skip
    await work(business, world)
    warning = await short(world)
    assert (warning["stock"], warning["short_at"]) == (200, "2026-11-20T13:27:00Z")
    [late] = warning["deliveries"]
    assert (late["call_off"], late["open_quantity"], late["expected_at"]) == ("LAB-1", 500, None)
    assert late["events"][0]["event_id"] == str(business.ids["call-1"])
    assert warning["next_arrival"] is None

    await business.add("note", "shipment_announced", "2026-11-20 09:30", **NOTE)
    await work(business, world)
    warning = await short(world)
    assert warning["next_arrival"] == {"at": "2026-11-21T06:00:00Z", "quantity": 500}
    [late] = warning["deliveries"]
    assert late["expected_at"] == "2026-11-21T06:00:00Z"
    [shipment] = late["shipments"]
    assert (shipment["document"], shipment["despatched_at"]) == ("LS-7", "2026-11-19T08:00:00Z")
    link = shipment["event"]["link"].removeprefix("/api/v1")
    shown = await world.get(link, key="engineer")
    assert (shown.status_code, "LS-7" in shown.text) == (200, True)

    await business.add(
        "receipt", "goods_received", "2026-11-20 10:00", **WHO, document="WE-9",
        delivery_note="LS-7", quantity=500.0, warehouse="EM-HL",
    )  # fmt: skip
    await business.add(
        "put away", "stock_moved", "2026-11-20 10:05", material="40231-10", quantity=500.0,
        unit="PCE", warehouse="EM-HL",
    )  # fmt: skip
    await work(business, world)
    assert await items(world, "/shortage_warnings?horizon_days=2") == []
    await business.delete("put away")  # it was sent by mistake
    await work(business, world)
    warning = await short(world)
    assert (warning["stock"], warning["reason"]) == (200, "nothing_due_in_time")


async def test_the_projection_needs_no_http(world: World) -> None:
    business = await begin(world)
    now_us = microseconds_of(world.now[0])
    tree = await world.app.state.context.tree.refresh()
    async with business.pool.acquire() as connection:
        forecast = await load_forecast(connection, tree, now_us, 5)
    assert len(forecast.places) == 1
    assert forecast.projection.arrivals.tolist() == [[0, 0, 0, 800, 0]]
    assert forecast.projection.demand[0, 3] == pytest.approx(60 * 15.5)
    assert forecast.is_known == [True]
