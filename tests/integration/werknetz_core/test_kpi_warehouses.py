"""KPI values of warehouses over HTTP: turns by value or quantity, stock-outs, what was lost."""

from datetime import date
from typing import Any

import pytest

from .conftest import PLANT, World

pytestmark = pytest.mark.asyncio
MARCH = "start=2026-03-02&end=2026-03-04"  # two days of 24 hours
DAY_S = 86_400.0


async def warehouse(world: World, key: str, plant: str = PLANT) -> int:
    number: int = await world.database.fetchval(
        "INSERT INTO warehouses (key, name, code, equipment_id) VALUES ($1, $1, $1, $2)"
        " RETURNING id",
        key,
        world.ids[plant],
    )
    return number


async def material(world: World, number: str, **values: Any) -> int:
    row = {"number": number, "unit": "PCE", **values}
    warehouse_id: int = await world.database.fetchval(
        f"INSERT INTO materials ({', '.join(row)})"
        f" VALUES ({', '.join(f'${n}' for n in range(1, len(row) + 1))}) RETURNING id",
        *row.values(),
    )
    return warehouse_id


async def day(world: World, house: int, part: int, on: str, **values: float) -> None:
    row: dict[str, Any] = {
        "closing": 0, "average": 0, "known_s": DAY_S, "inflow": 0, "outflow": 0,
        "stock_out_s": 0, "stock_outs": 0, **values,
    }  # fmt: skip
    row |= {"warehouse_id": house, "material_id": part, "day": date.fromisoformat(on)}
    await world.database.execute(
        f"INSERT INTO stock_days ({', '.join(row)})"
        f" VALUES ({', '.join(f'${n}' for n in range(1, len(row) + 1))})",
        *row.values(),
    )


async def values(world: World, query: str, key: str = "viewer") -> list[dict[str, Any]]:
    answer = await world.get(f"/kpi_values?{query}", key=key)
    assert answer.status_code == 200, answer.text
    kpi_values: list[dict[str, Any]] = answer.json()["items"]
    return kpi_values


async def test_turns_are_by_value_where_costs_are_known(world: World) -> None:
    house = await warehouse(world, "hall")
    dear = await material(world, "M1", unit_cost=10.0, currency="EUR")
    cheap = await material(world, "M2", unit_cost=1.0, currency="EUR")
    free = await material(world, "M3", unit="KGM")
    foreign = await material(world, "M4", unit_cost=5.0, currency="CZK")
    for on, average in (("2026-03-02", 30), ("2026-03-03", 10)):
        await day(world, house, dear, on, average=average, outflow=15)
        await day(world, house, cheap, on, average=100, outflow=50)
        await day(world, house, free, on, average=7, outflow=7000)
        await day(world, house, foreign, on, average=7, outflow=7000)
    names = "inventory_turns&kpi=inventory_turns_per_year&kpi=days_of_inventory"
    turns, annual, days = await values(world, f"warehouse=hall&kpi={names}&{MARCH}")
    # 2 × (150 + 50) out of 20 × 10 + 100 × 1 on average
    assert turns["value"] == pytest.approx(400 / 300)
    assert annual["value"] == pytest.approx(400 / 300 * 365 / 2)
    assert days["value"] == pytest.approx(1.5)
    assert (turns["warehouse"], turns["unit"], turns["coverage"]) == ("hall", "count", 1)
    inventory = turns["inventory"]
    assert (inventory["measured_by"], inventory["unit"], inventory["left_out"]) == (
        "value",
        "EUR",
        2,
    )
    assert "2 of them left out" in inventory["text"]
    by_day = await values(world, f"warehouse=hall&kpi=inventory_turns&granularity=1d&{MARCH}")
    assert [item["value"] for item in by_day] == pytest.approx([200 / 400, 200 / 200])


async def test_without_costs_one_unit_is_counted_and_several_are_not(world: World) -> None:
    house = await warehouse(world, "hall")
    await day(world, house, await material(world, "M1"), "2026-03-02", average=10, outflow=20)
    await day(world, house, await material(world, "M2"), "2026-03-02", average=30, outflow=20)
    url = "warehouse=hall&kpi=inventory_turns&start=2026-03-02&end=2026-03-03"
    [turns] = await values(world, url)
    assert (turns["value"], turns["inventory"]["measured_by"]) == (1, "quantity")
    other = await material(world, "M3", unit="KGM")
    await day(world, house, other, "2026-03-02", average=30, outflow=20)
    [apart] = await values(world, url)
    assert (apart["value"], apart["inventory"]["measured_by"]) == (None, None)
    assert "different units" in apart["reason"]


async def test_stock_outs_and_what_is_not_known(world: World) -> None:
    house, part = await warehouse(world, "hall"), await material(world, "M1")
    await day(world, house, part, "2026-03-02", known_s=DAY_S / 2, stock_out_s=4320, stock_outs=2)
    await day(world, house, part, "2026-03-03", known_s=0)
    names = "stock_out_ratio&kpi=stock_outs&kpi=stock_out_duration"
    share, count, mean = await values(world, f"warehouse=*&kpi={names}&{MARCH}")
    assert (share["value"], count["value"], mean["value"]) == (0.1, 2, 2160)
    assert share["coverage"] == 0.25
    url = f"warehouse=hall&kpi=stock_outs&granularity=1d&{MARCH}"
    first, second = await values(world, url)
    assert (first["value"], second["value"], second["reason"]) == (2, None, "no good data")


async def test_lost_messages_lower_the_coverage(world: World) -> None:
    house, part = await warehouse(world, "hall"), await material(world, "M1")
    await day(world, house, part, "2026-11-19", average=5, outflow=5)
    item = await world.database.fetchval(
        "INSERT INTO stock_items (warehouse_id, material_id) VALUES ($1, $2) RETURNING id",
        house, part,
    )  # fmt: skip
    event_id = await world.database.fetchval("SELECT event_id FROM business_events LIMIT 1")
    await world.database.execute(
        "INSERT INTO stock_counts (event_id, revision, known_from, at, stock_item_id)"
        " VALUES ($1, 1, now(), '2026-11-18Z', $2)", event_id, item,
    )  # fmt: skip
    url = "warehouse=hall&kpi=inventory_turns&start=2026-11-19&end=2026-11-20&tz=Europe/Berlin"
    [whole] = await values(world, url)
    assert (whole["value"], whole["coverage"]) == (1, 1)
    await world.database.execute(
        "UPDATE gaps SET start_at = '2026-11-19T11:00Z', end_at = '2026-11-19T17:00Z'"
        " WHERE connector_id = 'zwick-mqtt'"
    )
    [less] = await values(world, url)
    assert (less["value"], less["coverage"]) == (1, 0.75)


async def test_who_sees_what_and_304(world: World) -> None:
    part = await material(world, "M1")
    for key, plant in (("hall", PLANT), ("mill", "nordwerk/zwick-2")):
        await day(world, await warehouse(world, key, plant), part, "2026-03-02", average=1)
    url = f"warehouse=*&kpi=stock_outs&{MARCH}"
    assert [item["warehouse"] for item in await values(world, url)] == ["hall", "mill"]
    assert [item["warehouse"] for item in await values(world, url, "emden")] == ["hall"]
    hidden = await world.get(f"/kpi_values?warehouse=mill&kpi=stock_outs&{MARCH}", key="emden")
    assert (hidden.status_code, "mill" in hidden.json()["hint"]) == (404, False)
    wrong = await world.get(f"/kpi_values?warehouse=hal&kpi=stock_outs&{MARCH}")
    assert (wrong.status_code, "hall" in wrong.json()["hint"]) == (404, True)
    hours = await world.get("/kpi_values?warehouse=hall&kpi=stock_outs&granularity=hour")
    assert (hours.status_code, "1d, 1w" in hours.json()["hint"]) == (422, True)
    first = await world.get(f"/kpi_values?{url}")
    tag = {"If-None-Match": first.headers["etag"]}
    assert (await world.get(f"/kpi_values?{url}", headers=tag)).status_code == 304
    await world.database.execute("UPDATE materials SET unit_cost = 3")
    assert (await world.get(f"/kpi_values?{url}", headers=tag)).status_code == 200
    assert (await world.get("/kpis/inventory_turns")).json()["number"] == 24
