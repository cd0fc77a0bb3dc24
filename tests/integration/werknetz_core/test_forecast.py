"""What is to come through the API: projected stock, days of supply, lines that will stop."""

from datetime import timedelta
from typing import Any

import pytest

from plumbing.supplyrows import SupplyRows, event

from .conftest import LINE, OTHER, PLANT, PRESS, World
from .test_supply import items, rows

pytestmark = pytest.mark.asyncio
__all__ = ["rows"]  # the fixture
# It is Friday, 11:07 in Emden. The line takes 2 × 30 an hour from 06:00 to 22:00, with half an
# hour of break in the morning: today 653 more, then 930 on each of Monday to Friday.
TODAY, WHOLE_DAY = 60 * (10 + 53 / 60), 60 * 15.5


async def set_stock(rows: SupplyRows, quantity: float, place: str = "w-emden/M1") -> None:
    await rows.database.execute(
        "UPDATE stock_items SET balance = $2, counted = true WHERE id = $1",
        rows.ids[place], quantity,
    )  # fmt: skip


async def add_shipment(rows: SupplyRows, relation: str, **span: float) -> None:
    """Say when what is on its way should have arrived."""
    await rows.database.execute(
        "UPDATE transit_lines SET arrives_at = $2 WHERE relation_id = $1",
        rows.ids[relation], rows.ago(**span),
    )  # fmt: skip


def days(row: dict[str, Any], name: str) -> list[Any]:
    return [day[name] for day in row["days"]]


async def test_stock_goes_on_with_what_comes_and_what_is_taken(
    world: World, rows: SupplyRows
) -> None:
    await set_stock(rows, 90)
    url = "/stock_projection?warehouse=w-emden&days=4"
    [projection] = await items(world, url)
    assert (projection["warehouse"], projection["material"], projection["unit"]) == (
        "w-emden",
        "M1",
        "PCE",
    )
    assert days(projection, "day") == ["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"]
    assert days(projection, "demand") == pytest.approx([TODAY, 0, 0, WHOLE_DAY])
    # 120 are due tomorrow; 30 are overdue without an announced date.
    assert days(projection, "arrivals") == [0, 120, 0, 0]
    assert days(projection, "opening") == pytest.approx([90, 90 - TODAY, 210 - TODAY, 210 - TODAY])
    assert days(projection, "closing")[-1] == pytest.approx(210 - TODAY - WHOLE_DAY)
    assert (projection["stock"], projection["short_day"], projection["reason"]) == (
        90,
        "2026-11-20",
        None,
    )
    await add_shipment(rows, "r1", hours=2)  # late: tomorrow, and it is the 30 that are overdue
    assert days((await items(world, url))[0], "arrivals") == [0, 150, 0, 0]
    await add_shipment(rows, "r1", hours=-3)
    assert days((await items(world, url))[0], "arrivals") == [30, 120, 0, 0]
    await add_shipment(rows, "r1", days=30)  # it came, or it is lost: so the 30 are overdue again
    assert days((await items(world, url))[0], "arrivals") == [0, 120, 0, 0]


async def test_what_is_on_its_way_is_not_awaited_twice(world: World, rows: SupplyRows) -> None:
    await add_shipment(rows, "r1", hours=-3)
    await world.database.execute(
        "UPDATE transit_lines SET open_quantity = 100 WHERE relation_id = $1 AND open_quantity > 0",
        rows.ids["r1"],
    )
    [projection] = await items(world, "/stock_projection?material=M1&days=2")
    assert days(projection, "arrivals") == [100, 50]  # 30 overdue and 70 of tomorrow's 120
    # Two relations fill one place: each for itself.
    [both] = await items(world, "/stock_projection?material=M2&days=2")
    assert days(both, "arrivals") == [0, 240]


async def test_a_delivery_inside_its_window_is_awaited_up_to_its_end(
    world: World, rows: SupplyRows
) -> None:
    await world.database.execute(
        "UPDATE due_lines SET window_until = $2 WHERE relation_id = $1 AND open_quantity = 30",
        rows.ids["r1"], rows.now + timedelta(days=2),
    )  # fmt: skip
    [projection] = await items(world, "/stock_projection?material=M1&days=3")
    assert days(projection, "arrivals") == [0, 120, 30]


async def test_what_nobody_has_counted_is_not_guessed(world: World, rows: SupplyRows) -> None:
    [projection] = await items(world, "/stock_projection?warehouse=w-emden&days=2")
    assert (projection["stock"], projection["short_day"]) == (None, None)
    assert projection["reason"] == "the stock is not known"
    assert days(projection, "closing") == [None, None]
    assert days(projection, "demand")[0] == pytest.approx(TODAY)
    assert await items(world, "/shortage_warnings") == []


async def test_pages_sorting_and_who_sees_what(world: World, rows: SupplyRows) -> None:
    first = (await world.get("/stock_projection?limit=1&days=1")).json()
    second = await world.get(f"/stock_projection?limit=1&days=1&cursor={first['next_cursor']}")
    both_pages = [*first["items"], *second.json()["items"]]
    assert [row["warehouse"] for row in both_pages] == ["w-emden", "w-zwick"]
    assert second.json()["next_cursor"] is None
    back = await items(world, "/stock_projection?sort=-material&days=1")
    assert [row["material"] for row in back] == ["M2", "M1"]
    for path in ("stock_projection", "days_of_supply"):
        own = await items(world, f"/{path}", "emden")
        assert [row["warehouse"] for row in own] == ["w-emden"], path
        hidden = await world.get(f"/{path}?warehouse=w-zwick", key="emden")
        assert hidden.status_code == 404, path
    assert (await world.get("/stock_projection?days=0")).status_code == 422
    table = await world.get("/stock_projection?days=1&format=csv&fields=material,stock")
    assert table.text.splitlines()[1].startswith("M1,")


async def test_days_of_supply_of_any_moment_as_known_then(world: World, rows: SupplyRows) -> None:
    [now] = await items(world, "/days_of_supply")
    assert (now["warehouse"], now["material"], now["stock"]) == ("w-emden", "M1", 90)
    # The next 24 hours are 653 of today; tomorrow is Saturday.
    assert now["days_of_supply"] == pytest.approx(90 / TODAY)
    [then] = await items(world, "/days_of_supply?at=-12h&known_at=-12h")
    assert then["stock"] == 70  # the 20 became known later
    [later] = await items(world, "/days_of_supply?at=-12h")
    assert later["stock"] == 90
    # From Thursday 23:07: all of Friday, and the first is not enough.
    assert later["days_of_supply"] == pytest.approx(90 / WHOLE_DAY)
    [before] = await items(world, "/days_of_supply?at=-4d")
    assert (before["days_of_supply"], before["reason"]) == (None, "the stock is not known")
    [other] = await items(world, "/days_of_supply?warehouse=w-zwick")
    assert (other["days_of_supply"], other["reason"]) == (None, "no demand is planned")
    assert other["stock"] == 90
    page = (await world.get("/days_of_supply?at=-12h&known_at=-12h")).json()
    assert page["at"] == page["known_at"] == "2026-11-19T22:07:00Z"


async def test_the_demand_of_many_days(world: World, rows: SupplyRows) -> None:
    await world.database.execute("UPDATE stock_counts SET base_quantity = base_quantity * 20")
    [supply] = await items(world, "/days_of_supply")
    assert supply["stock"] == 1990
    # 24-hour days from 11:07: Friday's 653, none on Saturday; Sunday 11:07 to Monday 11:07 has
    # five hours and seven minutes less the break; then Monday's 653 and so on.
    monday = 60 * (5 + 7 / 60 - 0.5)
    left = 1990 - TODAY - monday
    assert supply["days_of_supply"] == pytest.approx(3 + left / WHOLE_DAY)
    [short] = await items(world, "/days_of_supply?days=2")
    assert (short["at_least"], short["days_of_supply"]) == (True, 2)


async def test_a_line_that_will_stop_leads_to_its_late_delivery(
    world: World, rows: SupplyRows
) -> None:
    await set_stock(rows, 90)
    [warning] = await items(world, f"/shortage_warnings?under={PLANT}")
    assert (warning["material"], warning["warehouse"], warning["stock"]) == ("M1", "w-emden", 90)
    assert warning["short_at"] == warning["empty_at"] == "2026-11-20T11:37:00Z"  # 90 at 60 an hour
    assert warning["until"] == warning["next_arrival"]["at"] == "2026-11-21T10:07:00Z"
    assert warning["lines"] == [{"equipment": LINE, "per_hour": 60, "minutes_at_risk": 563}]
    assert (warning["suppliers"], warning["reason"]) == (["kirchhoff"], None)
    [late] = warning["deliveries"]
    assert (late["supplier_name"], late["call_off"], late["open_quantity"]) == (
        "Kirchhoff AG", "r1-2", 30,
    )  # fmt: skip
    assert (late["expected_at"], late["delay_s"], late["shipments"]) == (None, 6 * 3600, [])
    event_id = event("r1-2/0")
    assert late["events"] == [{"event_id": str(event_id), "link": f"/api/v1/events/{event_id}"}]
    assert warning["text"] == (
        f"{LINE} will stop on 2026-11-20 12:37 CET for want of M1 bracket (w-emden): Kirchhoff AG "
        "owes 30 PCE of call-off r1-2, due 2026-11-19 23:07 CET, 6.0 h overdue, no date announced."
    )
    assert warning["code"] == "stop"
    german = await world.get("/shortage_warnings", headers={"Accept-Language": "de"})
    assert german.json()["items"][0]["text"] == (
        f"{LINE} steht ab 20.11.2026 12:37 MEZ still, weil M1 bracket fehlt (w-emden): "
        "Kirchhoff AG schuldet 30 PCE aus Abruf r1-2, fällig 19.11.2026 23:07 MEZ, "
        "6,0 h überfällig, kein Termin angekündigt."
    )


async def test_what_is_on_its_way_but_late_is_named(world: World, rows: SupplyRows) -> None:
    await set_stock(rows, 90)
    await add_shipment(rows, "r1", hours=2)
    [warning] = await items(world, "/shortage_warnings")
    assert warning["until"] == "2026-11-20T23:00:00Z"  # midnight in Emden
    [late] = warning["deliveries"]
    assert late["expected_at"] == "2026-11-20T23:00:00Z"
    assert late["delay_s"] == (18 * 60 + 53) * 60
    [shipment] = late["shipments"]
    assert (shipment["document"], shipment["open_quantity"]) == ("ASN-r1", 30)
    assert shipment["despatched_at"] == "2026-11-19T04:07:00Z"
    assert shipment["event"]["link"] == f"/api/v1/events/{event('ASN-r1/2')}"
    assert "18.9 h late" in warning["text"]


async def test_too_little_called_off_is_nobodys_delay(world: World, rows: SupplyRows) -> None:
    await set_stock(rows, 90)
    await world.database.execute("DELETE FROM due_lines WHERE due_from < $1", rows.now)
    [warning] = await items(world, "/shortage_warnings")
    assert (warning["deliveries"], warning["suppliers"]) == ([], [])
    assert warning["reason"] == "nothing_due_in_time"


async def test_enough_up_to_the_horizon_is_no_warning(world: World, rows: SupplyRows) -> None:
    await set_stock(rows, 100_000)
    assert await items(world, "/shortage_warnings?horizon_days=56") == []
    await set_stock(rows, 4000)
    assert await items(world, "/shortage_warnings?horizon_days=5") == []
    [warning] = await items(world, "/shortage_warnings")
    assert warning["next_arrival"] is None
    await world.database.execute("UPDATE line_materials SET minimum_quantity = 3500")
    [warning] = await items(world, "/shortage_warnings?horizon_days=1")
    # Until midnight only 653 are taken: less than the minimum, but not nothing.
    assert (warning["short_at"], warning["empty_at"]) == ("2026-11-20T18:27:00Z", None)
    assert "run short" in warning["text"]


async def test_a_key_is_warned_of_its_own_plant(world: World, rows: SupplyRows) -> None:
    await set_stock(rows, 90)
    await set_stock(rows, 5, "w-zwick/M2")
    mill = OTHER.rpartition("/")[0]
    await rows.add(
        "line_materials", equipment_id=world.ids[mill], material_id=rows.ids["M2"],
        warehouse_id=rows.ids["w-zwick"], quantity_per_item=1.0, items_per_hour=10.0,
    )  # fmt: skip
    every = await items(world, "/shortage_warnings")
    # The mill has no calendar: all time is planned. It stops first, in half an hour.
    assert [row["lines"][0]["equipment"] for row in every] == [mill, LINE]
    assert every[0]["short_at"] == "2026-11-20T10:37:00Z"
    assert every[0]["suppliers"] == ["kirchhoff", "lenz"]
    own = await world.get("/shortage_warnings", key="emden")
    assert [row["warehouse"] for row in own.json()["items"]] == ["w-emden"]
    assert "lenz" not in own.text
    foreign = await world.get(f"/shortage_warnings?under={mill}", key="emden")
    assert foreign.status_code == 403
    assert await items(world, f"/shortage_warnings?under={PRESS}") == []
    page = (await world.get("/shortage_warnings?limit=1")).json()
    rest = await items(world, f"/shortage_warnings?limit=1&cursor={page['next_cursor']}")
    assert [row["warehouse"] for row in rest] == ["w-emden"]
