"""From a starved line to its late supplier in one answer, with every message of the chain."""

from datetime import timedelta

import asyncpg
import pytest

from plumbing.business import Business, at, us
from werknetz.domain.bucket import microseconds_of
from werknetz.store.session import Database
from werknetz_worker.stock.reconcile import reconcile_dirty_stock
from werknetz_worker.supply.reconcile import reconcile_dirty_relations
from werknetz_worker.watermarks import WatermarkPublisher

from ..conftest import LINE, NOW, OTHER, PRESS, ROBOT, World  # noqa: TID252 - the fixture's world

pytestmark = pytest.mark.asyncio
SITE = "4023456000017"
OUT_FROM, OUT_TO = "2026-11-19 08:00", "2026-11-19 09:30"
COUNT = {"material": "40231-10", "warehouse": "EM-HL", "unit": "PCE"}
SUPPLY = {"supplier": "Weserguss", "material": "40231-10", "ship_to": SITE, "unit": "PCE"}


async def add_late_delivery(world: World, pool: asyncpg.Pool) -> Business:
    """The line's last part is taken at 08:00; what was due at 06:00 comes at 09:30."""
    business = Business(pool)
    await business.begin()
    await business.add("count", "stock_counted", "2026-11-18 20:00", quantity=60.0, **COUNT)
    await business.add("taken", "stock_moved", OUT_FROM, quantity=-60.0, **COUNT)
    await business.add("in", "stock_moved", OUT_TO, quantity=480.0, **COUNT)
    await business.add(
        "call", "delivery_called_off", "2026-11-16 04:00", document="LAB-17", quantity=480.0,
        due_from_us=us("2026-11-19 05:00"), due_until_us=us("2026-11-19 06:00"),
        document_us=us("2026-11-16 04:00"), commitment="firm", **SUPPLY,
    )  # fmt: skip
    await business.add(
        "note", "shipment_announced", "2026-11-19 04:10", document="LS-7", delivery_note="LS-7",
        quantity=480.0, despatched_us=us("2026-11-19 07:45"), arrives_us=us("2026-11-19 09:30"),
        **SUPPLY,
    )  # fmt: skip
    await business.add(
        "receipt", "goods_received", OUT_TO, document="WE-9", delivery_note="LS-7",
        quantity=480.0, warehouse="EM-HL", **SUPPLY,
    )  # fmt: skip
    while await business.project():
        pass
    await pool.execute(
        "UPDATE sites SET equipment_id = (SELECT id FROM equipment WHERE path = $1)",
        "nordwerk/emden-1",
    )
    await pool.execute(
        "UPDATE warehouses SET equipment_id = (SELECT id FROM equipment WHERE path = $1)",
        "nordwerk/emden-1",
    )
    await pool.execute(
        "INSERT INTO line_materials (equipment_id, material_id, warehouse_id, quantity_per_item, "
        "items_per_hour) SELECT $1, m.id, w.id, 1, 60 FROM materials m, warehouses w "
        "WHERE m.number = '40231-10' AND w.code = 'EM-HL'",
        world.ids[LINE],
    )
    await pool.execute(
        "INSERT INTO line_rates (equipment_id, currency, per_hour) VALUES ($1, 'EUR', 600)",
        world.ids[LINE],
    )
    await compute(pool)
    return business


async def compute(pool: asyncpg.Pool) -> None:
    now_us = microseconds_of(NOW)
    await reconcile_dirty_relations(pool, WatermarkPublisher(None), now_us=now_us)
    await reconcile_dirty_stock(pool, WatermarkPublisher(None), now_us=now_us)


async def stood(world: World, machine: str, start: str, minutes: int, state: int = 6) -> None:
    """Let a machine stand, in pieces cut at the quarter as the worker leaves them."""
    begin, end = at(start), at(start) + timedelta(minutes=minutes)
    while begin < end:
        quarter = begin.replace(minute=begin.minute // 15 * 15) + timedelta(minutes=15)
        await world.database.execute(
            "INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category) "
            "VALUES ($1, $2, $3, $4, 'adet')",
            world.ids[machine], begin, min(quarter, end), state,
        )  # fmt: skip
        begin = min(quarter, end)


async def pool_of(world: World) -> asyncpg.Pool:
    pool: Database = world.owner
    return pool


async def test_a_starved_line_leads_to_its_late_supplier(world: World) -> None:
    business = await add_late_delivery(world, await pool_of(world))
    await stood(world, PRESS, "2026-11-19 08:10", 70)
    await stood(world, ROBOT, "2026-11-19 08:20", 80)  # 10 min longer than the stock was out
    await stood(world, PRESS, "2026-11-18 10:00", 5)  # before anybody had counted
    await stood(world, ROBOT, "2026-11-19 12:00", 7)
    await stood(world, OTHER, "2026-11-19 08:00", 9)  # of another line
    answer = (await world.get("/losses/supply-caused?start=2026-11-18T00:00Z&end=-0h")).json()
    assert answer["totals"]["starved_minutes"] == 171
    assert answer["totals"]["attributed_minutes"] == 140
    assert answer["totals"]["unattributed"] == [
        {"reason": "stock_was_there", "minutes": 17},
        {"reason": "no_line_material", "minutes": 9},
        {"reason": "stock_unknown", "minutes": 5},
    ]
    (loss,) = answer["items"]
    assert (loss["line"], loss["machine_minutes"], loss["line_minutes"]) == (LINE, 140, 80)
    assert loss["cost"] == {"amount": 800.0, "currency": "EUR"}
    (cause,) = loss["causes"]
    assert (cause["material"], cause["suppliers"]) == ("40231-10", ["weserguss"])
    (delivery,) = cause["deliveries"]
    assert (delivery["call_off"], delivery["delay_s"]) == ("LAB-17", 3.5 * 3600)
    assert delivery["shipments"][0]["document"] == "LS-7"
    assert delivery["receipts"][0]["document"] == "WE-9"
    chain = [
        *cause["stock_out"]["events"], *delivery["events"],
        delivery["shipments"][0]["event"], delivery["receipts"][0]["event"],
    ]  # fmt: skip
    names = ("taken", "in", "call", "note", "receipt")
    assert [message["event_id"] for message in chain] == [str(business.ids[name]) for name in names]
    for message in chain:
        link = message["link"].removeprefix("/api/v1")
        assert (await world.get(link, key="engineer")).status_code == 200
    late = "LAB-17, due 2026-11-19 07:00 CET, arrived 3.5 h late from Weserguss (LS-7)"
    assert late in loss["text"]
    german = await world.get(
        "/losses/supply-caused?start=2026-11-18T00:00Z&end=-0h",
        headers={"Accept-Language": "de-DE,de;q=0.9,en;q=0.8"},
    )
    late = "LAB-17, fällig 19.11.2026 07:00 MEZ, kam 3,5 h zu spät von Weserguss (LS-7)"
    assert late in german.json()["items"][0]["text"]


async def test_groups_add_up_and_a_key_sees_its_plants(world: World) -> None:
    await add_late_delivery(world, await pool_of(world))
    await stood(world, PRESS, "2026-11-19 08:10", 70)
    for by, name in (("supplier", "weserguss"), ("material", "40231-10"), ("line", LINE)):
        answer = (await world.get(f"/losses/supply-caused?start=-3d&group_by={by}")).json()
        (group,) = answer["groups"]
        assert (group["name"], group["machine_minutes"], group["losses"]) == (name, 70, 1)
        assert group["costs"] == [{"amount": 700.0, "currency": "EUR"}]
    answer = await world.get("/losses/supply-caused?start=-3d&under=nordwerk/zwick-2")
    assert answer.json()["items"] == []


async def test_suspended_counts_only_where_something_was_missing(world: World) -> None:
    await add_late_delivery(world, await pool_of(world))
    await stood(world, PRESS, "2026-11-19 07:30", 60, state=7)
    totals = (await world.get("/losses/supply-caused?start=-3d")).json()["totals"]
    assert (totals["suspended_minutes"], totals["attributed_minutes"]) == (60, 30)
    assert totals["unattributed"] == [{"reason": "suspended_for_another_reason", "minutes": 30}]


async def test_what_may_have_been_lost_is_not_attributed(world: World) -> None:
    await add_late_delivery(world, await pool_of(world))
    await stood(world, PRESS, "2026-11-19 08:00", 60)
    await world.database.execute(
        "INSERT INTO gaps (gap_id, connector_id, source, signal_keys, start_at, end_at, cause) "
        "VALUES (gen_random_uuid(), 'partners', 's', '{}', $1, $2, 'source_silent')",
        at("2026-11-19 08:20"), at("2026-11-19 08:40"),
    )  # fmt: skip
    totals = (await world.get("/losses/supply-caused?start=-3d")).json()["totals"]
    assert totals["attributed_minutes"] == 40
    assert totals["unattributed"] == [{"reason": "stock_unknown", "minutes": 20}]
    assert totals["stock_known_share"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(("counted", "attributed"), [(480.0, 40), (500.0, 20)])
async def test_after_a_loss_the_next_count_decides_whether_stock_was_known(
    world: World, counted: float, attributed: float
) -> None:
    """Out of stock from 08:00; messages may be lost from 08:20 to 08:40; counted at 12:00."""
    business = await add_late_delivery(world, await pool_of(world))
    await stood(world, PRESS, "2026-11-19 08:00", 60)
    await world.database.execute(
        "INSERT INTO gaps (gap_id, connector_id, source, signal_keys, start_at, end_at, cause) "
        "VALUES (gen_random_uuid(), 'partners', 's', '{}', $1, $2, 'source_silent')",
        at("2026-11-19 08:20"), at("2026-11-19 08:40"),
    )  # fmt: skip
    await business.add("again", "stock_counted", "2026-11-19 12:00", quantity=counted, **COUNT)
    await business.project()
    await compute(await pool_of(world))
    for end in ("-0h", "2026-11-19T09:00Z"):  # the count lies in the window, or after it
        url = f"/losses/supply-caused?start=2026-11-18T00:00Z&end={end}"
        totals = (await world.get(url)).json()["totals"]
        assert totals["attributed_minutes"] == attributed
        assert totals["unattributed"] == [{"reason": "stock_unknown", "minutes": 60 - attributed}]


async def test_a_deleted_delivery_leaves_a_material_without_a_supplier(world: World) -> None:
    business = await add_late_delivery(world, await pool_of(world))
    await stood(world, PRESS, "2026-11-19 08:00", 30)
    await business.delete("call")
    await business.project()
    await compute(await pool_of(world))
    (loss,) = (await world.get("/losses/supply-caused?start=-3d")).json()["items"]
    assert loss["machine_minutes"] == 30
    assert loss["causes"][0]["reason"] == "no_late_delivery"
    assert loss["causes"][0]["suppliers"] == []


async def test_reasons_from_an_mes_count_once_beside_those_of_the_machine(world: World) -> None:
    business = await add_late_delivery(world, await pool_of(world))
    await stood(world, PRESS, "2026-11-19 08:10", 20)
    await stood(world, ROBOT, "2026-11-19 08:00", 60, state=7)
    reason = {"state": "starved", "reason": "no brackets"}
    await business.add(
        "both", "state_changed", "2026-11-19 08:20", equipment=PRESS,
        until_us=us("2026-11-19 08:40"), **reason,
    )  # fmt: skip
    await business.add("open", "state_changed", "2026-11-19 08:30", equipment=ROBOT, **reason)
    await business.add(
        "end", "state_changed", "2026-11-19 08:45", equipment=ROBOT, state="producing"
    )
    totals = (await world.get("/losses/supply-caused?start=-3d")).json()["totals"]
    assert (totals["starved_minutes"], totals["suspended_minutes"]) == (30 + 15, 45)
    assert totals["attributed_minutes"] == 30 + 60
