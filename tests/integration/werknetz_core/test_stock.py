"""Warehouses, stock and materials through the API: levels as of any moment, as known at another."""

from typing import Any

import pytest

from plumbing.supplyrows import SupplyRows, event

from .conftest import LINE, OTHER, PLANT, PRESS, World
from .test_supply import items, put, rows, take_queued

pytestmark = pytest.mark.asyncio
__all__ = ["rows"]  # the fixture


async def level(world: World, query: str = "") -> dict[str, Any]:
    [stock_level] = await items(world, f"/stock_levels?warehouse=w-emden{query}")
    return stock_level


async def stock_marks(world: World) -> set[tuple[int, int]]:
    marked = await world.database.fetch(
        "DELETE FROM dirty_stock RETURNING warehouse_id, material_id"
    )
    return {(row["warehouse_id"], row["material_id"]) for row in marked}


async def test_stock_as_of_a_moment_and_as_it_was_known_then(
    world: World, rows: SupplyRows
) -> None:
    now = await level(world)
    assert (now["quantity"], now["location"], now["value"]) == (90.0, "A-1", 225.0)
    assert now["counted_at"].startswith("2026-11-17")
    assert (await level(world, "&at=-36h"))["quantity"] == 70.0
    assert (await level(world, "&at=-60h"))["quantity"] == 100.0
    assert (await level(world, "&at=-72h"))["quantity"] == 100.0  # the count's own instant
    before = await level(world, "&at=-4d")
    assert (before["quantity"], before["counted_at"], before["value"]) == (None, None, None)
    assert (await level(world, "&at=-12h"))["quantity"] == 90.0
    assert (await level(world, "&at=-12h&known_at=-12h"))["quantity"] == 70.0
    page = (await world.get("/stock_levels?at=-12h&known_at=-12h")).json()
    assert page["at"] == page["known_at"] == "2026-11-19T22:07:00Z"
    assert (await world.get("/stock_levels?at=never")).status_code == 422


async def test_only_what_moves_a_warehouse_counts(world: World, rows: SupplyRows) -> None:
    await rows.fact(
        "stock_movements", "receipt", rows.ago(hours=5), kind="goods_received",
        stock_item_id=rows.ids["w-emden/M1"], quantity=40.0, base_quantity=40.0,
    )  # fmt: skip
    assert (await level(world))["quantity"] == 90.0
    changed = await put(world, "warehouses/w-emden", {"moved_by": ["goods_received"]})
    assert changed.json()["moved_by"] == ["goods_received"], changed.text
    assert (await level(world))["quantity"] == 140.0
    assert await stock_marks(world) == {(rows.ids["w-emden"], rows.ids["M1"])}


async def test_a_count_is_the_newest_as_it_is_believed(world: World, rows: SupplyRows) -> None:
    item = rows.ids["w-emden/M1"]
    await rows.fact("stock_counts", "c2", rows.ago(hours=1), stock_item_id=item, quantity=5.0,
                    base_quantity=5.0)  # fmt: skip
    assert (await level(world))["quantity"] == 5.0
    await world.database.execute(
        "UPDATE stock_counts SET known_to = $2 WHERE event_id = $1", event("c2"),
        rows.ago(minutes=10),
    )  # fmt: skip
    assert (await level(world))["quantity"] == 90.0  # taken back
    assert (await level(world, "&known_at=-30m"))["quantity"] == 5.0  # but it was believed


async def test_movements_and_counts_are_one_list(world: World, rows: SupplyRows) -> None:
    movements = await items(world, "/stock_movements?warehouse=w-emden")
    names = ("kind", "quantity", "balance")
    assert [tuple(movement[name] for name in names) for movement in movements[:2]] == [
        ("stock_moved", 20.0, 90.0), ("stock_moved", -30.0, 70.0),
    ]  # fmt: skip
    assert {movement["kind"] for movement in movements[2:]} == {"stock_counted"}
    assert len(await items(world, "/stock_movements?kind=stock_counted&material=M2")) == 2
    assert len(await items(world, "/stock_movements?start=-30h")) == 2
    assert movements[0]["event"] == f"/api/v1/events/{movements[0]['event_id']}"


async def test_a_warehouse_is_made_changed_and_found_by_its_code(
    world: World, rows: SupplyRows
) -> None:
    await take_queued(world)
    warehouse = (await world.get("/warehouses/W-EMDEN")).json()
    assert (warehouse["key"], warehouse["plant"], warehouse["locations"]) == ("w-emden", PLANT, 1)
    assert warehouse["last_count_at"].startswith("2026-11-17")
    created = await put(world, "warehouses/w-new", {"name": "New", "code": "N1", "plant": PLANT})
    assert (created.status_code, created.json()["plant"]) == (200, PLANT), created.text
    conflict = await put(world, "warehouses/w-new", {"code": "W-EMDEN"})
    assert (conflict.status_code, "w-emden" in conflict.json()["hint"]) == (409, True)
    assert await take_queued(world) == set()
    moved = await put(world, "warehouses/w-emden", {"code": "W9", "site": "zwick"})
    assert (moved.json()["code"], moved.json()["site"]) == ("W9", "zwick")
    assert event("w-emden/out") in await take_queued(world)


async def test_a_material_is_found_by_any_number(world: World, rows: SupplyRows) -> None:
    await take_queued(world)
    material = (await world.get("/materials/K/1-7")).json()
    assert (material["number"], material["suppliers"]) == ("M1", ["kirchhoff"])
    assert material["numbers"] == [{"kind": "supplier", "partner": "kirchhoff", "number": "K/1-7"}]
    body = {
        "description": "strut", "unit_cost": 3.5, "currency": "EUR",
        "numbers": [{"kind": "supplier", "partner": "kirchhoff", "number": "K/1-7"},
                    {"kind": "ean", "number": "4012345678901"}],
        "units": [{"unit": "BX", "factor": 12}],
    }  # fmt: skip
    changed = await put(world, "materials/M2", body)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["units"], len(changed.json()["numbers"])) == (
        [{"unit": "BX", "factor": 12.0}], 2,
    )  # fmt: skip
    again = await take_queued(world)  # of the one that had the number, too
    assert {event("r1-1/0"), event("r3-1/0"), event("w-emden/out"), event("w-zwick/in")} <= again
    assert (await world.get("/materials/K/1-7")).json()["number"] == "M2"
    cheaper = await put(world, "materials/M2", {"unit_cost": 3})
    assert (cheaper.json()["description"], await take_queued(world)) == ("strut", set())
    lone = await put(world, "materials/M2", {"numbers": [{"kind": "supplier", "number": "7"}]})
    assert (lone.status_code, "partner" in lone.json()["hint"]) == (422, True)
    assert (await put(world, "materials/M2", {"unit_cost": -1})).status_code == 422
    assert [material["number"] for material in await items(world, "/materials?supplier=lenz")] == [
        "M2"
    ]


async def test_a_number_of_two_materials_is_ambiguous(world: World, rows: SupplyRows) -> None:
    for supplier, material in (("kirchhoff", "M1"), ("lenz", "M2")):
        await rows.add(
            "material_numbers", material_id=rows.ids[material], partner_id=rows.ids[supplier],
            kind="supplier", number="4711",
        )  # fmt: skip
    ambiguous = await world.get("/materials/4711")
    assert (ambiguous.status_code, "M1, M2" in ambiguous.json()["hint"]) == (409, True)
    assert len(await items(world, "/stock_levels?material=4711")) == 2


async def test_what_a_line_consumes_is_set_whole(world: World, rows: SupplyRows) -> None:
    await stock_marks(world)
    await rows.fact(
        "consumptions", "used", rows.ago(hours=1), equipment_id=world.ids[PRESS],
        equipment=PRESS, material_id=rows.ids["M1"], quantity=2.0, base_quantity=2.0,
    )  # fmt: skip
    await take_queued(world)
    line_material = {
        "material": "M2",
        "warehouse": "w-zwick",
        "quantity_per_item": 1,
        "items_per_hour": 60,
    }
    until = {"valid_to": "2026-12-01T00:00:00Z", "minimum_quantity": 5}
    other = {**line_material, **until, "material": "K/1-7", "warehouse": "W-EMDEN"}
    body = {"items": [line_material, other]}
    answer = await put(world, f"line_materials/{LINE}", body)
    assert answer.status_code == 200, answer.text
    assert [(row["material"], row["valid_from"]) for row in answer.json()] == [
        ("M1", None), ("M2", None),
    ]  # fmt: skip
    assert await stock_marks(world) == {
        (rows.ids["w-emden"], rows.ids["M1"]), (rows.ids["w-zwick"], rows.ids["M2"]),
    }  # fmt: skip
    assert await take_queued(world) == {event("used")}
    assert len(await items(world, f"/line_materials?under={PLANT}&at=2026-12-02")) == 1
    twice = await put(world, f"line_materials/{LINE}", {"items": [line_material, line_material]})
    assert (twice.status_code, "valid_to" in twice.json()["hint"]) == (422, True)
    odd = {
        **line_material,
        "valid_from": "2026-12-01T00:00:00Z",
        "valid_to": "2026-11-01T00:00:00Z",
    }
    assert (await put(world, f"line_materials/{LINE}", {"items": [odd]})).status_code == 422
    lost = await put(
        world, f"line_materials/{LINE}", {"items": [{**line_material, "material": "M9"}]}
    )
    assert (lost.status_code, len(await items(world, "/line_materials"))) == (404, 2)
    assert (await put(world, f"line_materials/{LINE}", body, key="zwick")).status_code == 403
    own = await put(world, f"line_materials/{OTHER}", {"items": [line_material]}, key="zwick")
    assert own.status_code == 200, own.text


async def test_a_standstill_has_a_rate_from_when_on(world: World, rows: SupplyRows) -> None:
    since = "2026-12-01T00:00:00Z"
    for body in ({"currency": "EUR", "per_hour": 900},
                 {"currency": "EUR", "per_hour": 950, "valid_from": since}):  # fmt: skip
        assert (await put(world, f"line_rates/{LINE}", body)).status_code == 200
    rates = await items(world, "/line_rates")
    assert [(rate["per_hour"], rate["valid_from"]) for rate in rates] == [
        (900.0, None),
        (950.0, since),
    ]
    wrong = await put(world, f"line_rates/{LINE}", {"currency": "euro", "per_hour": 1})
    assert wrong.status_code == 422


async def test_operations_of_orders(world: World, rows: SupplyRows) -> None:
    await world.database.execute(
        "UPDATE operations SET equipment_id = $1 WHERE order_number = 'A1'", world.ids[PRESS]
    )
    assert len(await items(world, "/operations?material=M1")) == 2
    [own] = await items(world, "/operations", "emden")
    assert (own["order_number"], own["good_quantity"]) == ("A1", 12.0)
    assert await items(world, f"/operations?under={PLANT}&start=-10h&end=-5h") == []
