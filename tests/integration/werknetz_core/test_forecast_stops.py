"""What runs out and which lines it stops; projections as columns; acknowledged warnings."""

import csv
from typing import Any

import httpx2
import pytest

from plumbing.supplyrows import SupplyRows

from .conftest import LINE, OTHER, PLANT, World
from .test_forecast import TODAY, add_shipment, set_stock
from .test_supply import items, rows

pytestmark = pytest.mark.asyncio
__all__ = ["rows"]  # the fixture
MILL = OTHER.rpartition("/")[0]
KNOWN = {"warehouse": "w-emden", "material": "M1", "until": "2026-11-21T10:00:00Z"}


async def add_mill(world: World, rows: SupplyRows, warehouse: str, material: str) -> None:
    """Let the mill take a material: it has no calendar, so all its time is planned."""
    await rows.add(
        "line_materials", equipment_id=world.ids[MILL], material_id=rows.ids[material],
        warehouse_id=rows.ids[warehouse], quantity_per_item=1.0, items_per_hour=10.0,
    )  # fmt: skip


async def change(
    world: World, method: str, path: str, key: str = "planner", **options: Any
) -> httpx2.Response:
    headers = {"X-API-Key": world.keys[key]}
    return await world.client.request(method, f"/api/v1{path}", headers=headers, **options)


async def acknowledge(world: World, key: str = "planner", **fields: object) -> httpx2.Response:
    body = {**KNOWN, **fields}
    return await change(world, "POST", "/shortage_warnings:acknowledge", key, json=body)


async def state_of(world: World) -> str | None:
    [warning] = await items(world, "/shortage_warnings")
    acknowledgement = warning["acknowledgement"]
    return acknowledgement and acknowledgement["state"]


async def test_days_of_supply_name_what_stops_and_what_comes(
    world: World, rows: SupplyRows
) -> None:
    await world.database.execute("UPDATE stock_items SET balance = 90, counted = true")
    [supply] = await items(world, "/days_of_supply?material=M1&warehouse=w-emden")
    [warning] = await items(world, "/shortage_warnings")
    assert supply["runs_out_at"] == "2026-11-20T11:37:00Z"  # 90 at 60 an hour
    assert supply["next_arrival"] == {"at": "2026-11-21T10:07:00Z", "quantity": 120}
    assert (supply["stops_at"], supply["stops_until"]) == (warning["short_at"], warning["until"])
    assert supply["lines"] == warning["lines"]
    assert supply["minutes_at_risk"] == 563
    assert supply["stock_note"] is None
    # Of another time nobody knows what comes.
    [then] = await items(world, "/days_of_supply?material=M1&at=-12h")
    assert (then["lines"], then["next_arrival"], then["stops_at"]) == ([], None, None)
    assert then["runs_out_at"] == "2026-11-20T06:30:00Z"  # from the shift at 06:00 CET


async def test_what_runs_out_first_comes_first_then_unknown_stock(
    world: World, rows: SupplyRows
) -> None:
    await add_mill(world, rows, "w-zwick", "M2")
    order = [row["warehouse"] for row in await items(world, "/days_of_supply?sort=runs_out_at")]
    assert order == ["w-emden", "w-zwick"]
    await world.database.execute("UPDATE stock_counts SET base_quantity = base_quantity * 20")
    await world.database.execute("UPDATE line_materials SET items_per_hour = 300 WHERE"
        " equipment_id = $1", world.ids[MILL])  # fmt: skip
    order = [row["warehouse"] for row in await items(world, "/days_of_supply?sort=runs_out_at")]
    assert order == ["w-zwick", "w-emden"]
    await world.database.execute("DELETE FROM stock_counts WHERE stock_item_id = $1",
        rows.ids["w-zwick/M2"])  # fmt: skip
    first, last = await items(world, "/days_of_supply?sort=runs_out_at")
    assert (first["warehouse"], last["stock_note"]) == ("w-emden", "not_counted")
    assert last["runs_out_at"] is None
    await world.database.execute("UPDATE stock_counts SET base_quantity = -5")
    [negative] = await items(world, "/days_of_supply?warehouse=w-emden")
    assert negative["stock_note"] == "negative"
    own = await items(world, "/days_of_supply?sort=runs_out_at", "emden")
    assert [row["warehouse"] for row in own] == ["w-emden"]


@pytest.mark.parametrize("sort", ["runs_out_at", "-runs_out_at", "warehouse"])
async def test_a_place_that_is_new_moves_no_other_to_the_next_page(
    world: World, rows: SupplyRows, sort: str
) -> None:
    await add_mill(world, rows, "w-zwick", "M2")
    url = f"/days_of_supply?sort={sort}&limit=1"
    whole = [row["warehouse"] for row in await items(world, f"/days_of_supply?sort={sort}")]
    first = (await world.get(url)).json()
    # It sorts before both, or after.
    await add_mill(world, rows, "w-emden", "M2")
    second = (await world.get(f"{url}&cursor={first['next_cursor']}")).json()
    shown = [(row["warehouse"], row["material"]) for row in [*first["items"], *second["items"]]]
    assert len({*shown}) == 2
    assert shown[0][0] == whole[0]


async def test_lines_of_another_plant_are_not_named(world: World, rows: SupplyRows) -> None:
    await set_stock(rows, 90)
    await add_mill(world, rows, "w-emden", "M1")
    [supply] = await items(world, "/days_of_supply?material=M1&warehouse=w-emden")
    assert [line["equipment"] for line in supply["lines"]] == [LINE, MILL]
    [own] = await items(world, "/days_of_supply", "emden")
    assert [line["equipment"] for line in own["lines"]] == [LINE]


async def test_a_projection_as_columns(world: World, rows: SupplyRows) -> None:
    await set_stock(rows, 90)
    await add_shipment(rows, "r1", hours=-3)
    await world.database.execute("UPDATE line_materials SET minimum_quantity = 25")
    url = "/stock_projection?warehouse=w-emden&days=2"
    [by_day] = await items(world, url)
    [projection] = await items(world, f"{url}&form=columns")
    columns = projection["columns"]
    assert (by_day["columns"], projection["days"], projection["minimum"]) == (None, [], 25)
    assert columns["day"] == ["2026-11-20", "2026-11-21"]
    assert (columns["in_transit"], columns["called_off"]) == ([30, 0], [0, 120])
    for name in ("opening", "closing", "demand"):
        assert columns[name] == [day[name] for day in by_day["days"]]
    assert columns["closing"][0] == pytest.approx(120 - TODAY)
    table = (await world.get(f"{url}&form=columns&format=csv")).text
    today, tomorrow = csv.DictReader(table.splitlines())
    assert (today["material"], today["in_transit"]) == ("M1", "30.0")
    assert (tomorrow["day"], tomorrow["called_off"]) == ("2026-11-21", "120.0")
    await world.database.execute("UPDATE stock_items SET counted = false")
    [unknown] = await items(world, f"{url}&form=columns")
    assert unknown["columns"]["opening"] == [None, None]


async def test_an_acknowledged_warning_stays_with_who_and_until(
    world: World, rows: SupplyRows
) -> None:
    await set_stock(rows, 90)
    assert await state_of(world) is None
    answer = await acknowledge(world, comment="lorry is in Bremen", short_at="2026-11-20T11:37:00Z")
    assert answer.status_code == 200, answer.text
    [warning] = await items(world, "/shortage_warnings?acknowledged=true")
    newest = warning["acknowledgement"]
    assert (newest["by"], newest["comment"], newest["state"]) == (
        "planner", "lorry is in Bremen", "in_force",
    )  # fmt: skip
    assert (newest["until"], newest["short_at"]) == (KNOWN["until"], "2026-11-20T11:37:00Z")
    assert await items(world, "/shortage_warnings?acknowledged=false") == []
    [entry] = await items(world, "/audit?subject=shortage_warning", "planner")
    assert (entry["action"], entry["subject_id"]) == ("acknowledged", "w-emden/M1")
    assert entry["equipment"] == PLANT
    gone = await change(world, "DELETE", f"/shortage_acknowledgements/{newest['id']}")
    assert gone.status_code == 204
    assert await state_of(world) is None
    again = await change(world, "DELETE", f"/shortage_acknowledgements/{newest['id']}")
    assert again.status_code == 404


async def test_it_comes_back_when_it_gets_worse(world: World, rows: SupplyRows) -> None:
    await set_stock(rows, 200)  # lasts until 13:27
    await acknowledge(world)
    await set_stock(rows, 145)  # 55 minutes earlier
    assert await state_of(world) == "in_force"
    await set_stock(rows, 90)
    assert await state_of(world) == "earlier"
    assert len(await items(world, "/shortage_warnings?acknowledged=false")) == 1
    await acknowledge(world)
    assert await state_of(world) == "in_force"
    await add_mill(world, rows, "w-emden", "M1")
    assert await state_of(world) == "other_lines"
    await world.database.execute("DELETE FROM line_materials WHERE equipment_id = $1",
        world.ids[MILL])  # fmt: skip
    await world.database.execute("UPDATE shortage_acknowledgements SET until_at = '2026-11-20Z'")
    assert await state_of(world) == "expired"


async def test_what_cannot_be_acknowledged(world: World, rows: SupplyRows) -> None:
    assert (await acknowledge(world)).json()["type"].endswith(":unknown_warning")
    await set_stock(rows, 90)
    for until in ("2026-11-20T10:00:00Z", "2027-06-01T00:00:00Z"):
        refused = await acknowledge(world, until=until)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/body/until"
    late = await acknowledge(world, short_at="2026-11-20T12:40:00Z")
    assert (late.status_code, late.json()["type"]) == (409, "urn:werknetz:problem:warning_changed")
    assert (await acknowledge(world, "viewer")).status_code == 403
    assert (await acknowledge(world, material="none")).status_code == 404
    # An administrator of another plant sees neither the warehouse nor its acknowledgement.
    assert (await acknowledge(world, "zwick")).status_code == 404
    number = (await acknowledge(world)).json()["id"]
    path = f"/shortage_acknowledgements/{number}"
    assert (await change(world, "DELETE", path, "zwick")).status_code == 404
    assert await state_of(world) == "in_force"


async def test_only_lines_that_were_shown_are_acknowledged(world: World, rows: SupplyRows) -> None:
    await set_stock(rows, 90)
    await add_mill(world, rows, "w-emden", "M1")
    [warning] = await items(world, "/shortage_warnings")
    assert [line["equipment"] for line in warning["lines"]] == [LINE, MILL]
    await acknowledge(world, lines=[LINE])
    assert await state_of(world) == "other_lines"
    [own] = await items(world, f"/shortage_warnings?under={LINE}")
    assert own["acknowledgement"]["state"] == "in_force"
    other = await acknowledge(world, lines=["nordwerk/emden-1/body/line-9"])
    assert (other.status_code, other.json()["type"]) == (
        409,
        "urn:werknetz:problem:warning_changed",
    )
    assert (await acknowledge(world, lines=[])).status_code == 422
    await acknowledge(world, lines=[LINE, MILL])
    assert await state_of(world) == "in_force"


async def test_a_warning_is_acknowledged_as_far_as_its_list_reached(
    world: World, rows: SupplyRows
) -> None:
    await set_stock(rows, 90)
    await world.database.execute("DELETE FROM due_lines")
    # The mill needs the material three weeks from now, beyond the list that people saw.
    await add_mill(world, rows, "w-emden", "M1")
    await world.database.execute("UPDATE line_materials SET valid_from = '2026-12-12Z' WHERE"
        " equipment_id = $1", world.ids[MILL])  # fmt: skip
    [near] = await items(world, "/shortage_warnings")
    [far] = await items(world, "/shortage_warnings?horizon_days=56")
    assert [len(warning["lines"]) for warning in (near, far)] == [1, 2]
    await acknowledge(world)
    assert await state_of(world) == "in_force"
    [far] = await items(world, "/shortage_warnings?horizon_days=56")
    assert far["acknowledgement"]["state"] == "other_lines"
    await acknowledge(world, horizon_days=56)
    [far] = await items(world, "/shortage_warnings?horizon_days=56")
    assert far["acknowledgement"]["state"] == "in_force"
    assert (await acknowledge(world, horizon_days=57)).status_code == 422
