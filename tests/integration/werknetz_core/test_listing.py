"""Every list: no item is skipped or repeated, in any order and for any page size."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from plumbing.supplyrows import fill_supply
from werknetz_core.http.responses import VARY

from .conftest import LINE, NOW, OTHER, PLANT, PRESS, ROBOT, World, add_bucket

pytestmark = pytest.mark.asyncio
ZWICK = "nordwerk/zwick-2"
SORTED = {
    "/plants": ("path", "name", "machines"),
    "/equipment": ("path", "name", "valid_from"),
    "/signals": ("id", "key", "name", "role"),
    "/orders": ("equipment", "order_number", "started_at"),
    "/connectors": ("id", "open_gaps", "samples"),
    "/gaps": ("start", "cause", "connector_id"),
    "/quarantine": ("id", "at", "stored_at", "size"),
    "/api_keys": ("prefix", "name", "created_at"),
    "/suppliers": ("key", "name"),
    "/sites": ("key", "name"),
    "/supply_policies": ("supplier", "valid_from", "version"),
    "/call_offs": ("issued_at", "known_at", "document", "supplier", "material"),
    "/due_lines": ("due_from", "due_until", "supplier", "material", "delay_s"),
    "/shipments": ("announced_at", "arrives_at", "document", "supplier"),
    "/receipts": ("received_at", "document", "supplier", "material"),
    "/cumulatives": ("supplier", "material", "as_of"),
    "/materials": ("number", "description"),
    "/warehouses": ("key", "name"),
    "/stock_levels": ("warehouse", "material", "location"),
    "/stock_movements": ("at", "warehouse", "material"),
    "/line_materials": ("equipment", "material", "warehouse"),
    "/line_rates": ("equipment",),
    "/findings": ("at", "first_seen_at", "kind", "supplier"),
    "/operations": ("order_number", "equipment", "started_at"),
    f"/stops?under={LINE}&start=-5h": ("start", "duration_s"),
    f"/equipment/{LINE}/states?start=-5h": ("start", "duration_s"),
    f"/shifts?equipment={PRESS}&start=-3d": ("start", "name"),
}
ORDERS = [
    (path, f"{sign}{key}") for path, keys in SORTED.items() for key in keys for sign in ("", "-")
]


async def fill(world: World) -> None:
    """Add items with equal sort values to every list."""
    rows = await fill_supply(
        world.database, {"emden": world.ids[PLANT], "zwick": world.ids[ZWICK]},
        world.ids[LINE], NOW,
    )  # fmt: skip
    await rows.add(
        "line_materials", equipment_id=world.ids[OTHER], material_id=rows.ids["M2"],
        warehouse_id=rows.ids["w-zwick"], quantity_per_item=1.0, items_per_hour=10.0,
    )  # fmt: skip
    await rows.add("line_rates", equipment_id=world.ids[OTHER], currency="EUR", per_hour=9.0)
    for version in (1, 2):
        await rows.add("supply_policies", version=version, valid_from=NOW, document="{}")
    for number in range(7):
        await world.database.execute(
            "INSERT INTO orders (equipment_id, order_number, started_at) VALUES ($1, $2, $3)",
            world.ids[(PRESS, ROBOT, OTHER)[number % 3]],
            f"A{number // 2}-{number}",
            None if number % 3 == 0 else NOW - timedelta(hours=number // 3),
        )
        await world.database.execute(
            "INSERT INTO gaps (gap_id, connector_id, source, signal_keys, start_at, cause)"
            " VALUES (gen_random_uuid(), 'emden-opcua', 's', '{}', $1, 'fork')",
            NOW - timedelta(hours=number // 3),
        )
        await world.database.execute(
            "INSERT INTO quarantine (connector_id, spool_id, seq, source, reason, raw, size, at)"
            " VALUES ('zwick-mqtt', gen_random_uuid(), 1, 't', 'no', '', 5, $1)",
            NOW,
        )
        for path in (PRESS, ROBOT):
            start = NOW - timedelta(minutes=20 * (7 - number))
            await world.database.execute(
                "INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category)"
                " VALUES ($1, $2, $3, $4, 'adet')",
                world.ids[path], start, start + timedelta(minutes=5 + number % 2), 4 + number % 3,
            )  # fmt: skip


def with_query(path: str, query: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{query}"


async def items_of(world: World, path: str) -> list[dict[str, Any]]:
    response = await world.get(path, key="admin")
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


@pytest.mark.timeout(300)
async def test_pages_in_every_order(world: World) -> None:
    await fill(world)
    for path, order in ORDERS:
        whole = await items_of(world, with_query(path, f"sort={order}&limit=1000"))
        assert len(whole) > 1, path
        name = order.removeprefix("-")
        values = [item.get(name) for item in whole]
        if None not in values and name not in {"path", "key", "id", "name", "equipment", "cause"}:
            assert values == sorted(values, reverse=order.startswith("-")), (path, order)
        paged: list[dict[str, Any]] = []
        cursor = ""
        for _ in range(len(whole) + 1):
            url = with_query(path, f"sort={order}&limit=1{cursor}")
            response = await world.get(url, key="admin")
            page = response.json()
            paged += page["items"]
            if page["next_cursor"] is None:
                break
            assert 'rel="next"' in response.headers["link"]
            cursor = f"&cursor={page['next_cursor']}"
        assert paged == whole, (path, order)


@pytest.mark.parametrize("path", SORTED)
async def test_an_unknown_order_or_field_is_rejected(world: World, path: str) -> None:
    for query, hint in (("sort=colour", SORTED[path][0]), ("fields=colour", "Fields: ")):
        response = await world.get(with_query(path, query), key="admin")
        assert response.status_code == 422, (path, query)
        assert hint in response.json()["hint"]
    for query in ("format=xml", "csv_dialect=martian", "sort=id,-name"):
        assert (await world.get(with_query(path, query), key="admin")).status_code == 422


async def test_a_cursor_is_valid_for_its_order_only(world: World) -> None:
    await fill(world)
    cursor = (await world.get("/gaps?sort=start&limit=1")).json()["next_cursor"]
    response = await world.get(f"/gaps?sort=-start&limit=1&cursor={cursor}")
    assert response.status_code == 422
    assert "same sort" in response.json()["hint"]


async def test_fields_and_formats(world: World) -> None:
    await fill(world)
    some = await items_of(world, "/gaps?fields=cause,start&fields=cause")
    assert all(set(item) == {"cause", "start"} for item in some)
    response = await world.get("/gaps?fields=start,cause&format=csv&limit=3&sort=cause")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="gaps.csv"' in response.headers["content-disposition"]
    assert 'rel="next"' in response.headers["link"]
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["cause"] for row in rows] == ["fork"] * 3
    lines = await world.get("/gaps?limit=4", headers={"Accept": "application/x-ndjson"})
    assert lines.headers["vary"] == VARY
    items = [msgspec.json.decode(line) for line in lines.text.splitlines()]
    assert items == (await world.get("/gaps?limit=4")).json()["items"]


async def test_text_of_a_machine_is_not_a_formula_in_a_spreadsheet(world: World) -> None:
    await world.database.execute(
        "INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category, code)"
        " VALUES ($1, $2, $3, 1, 'apt', '=cmd|calc')",
        world.ids[PRESS], NOW - timedelta(hours=1), NOW - timedelta(minutes=30.5),
    )  # fmt: skip
    address = f"/equipment/{PRESS}/states?start=-2h&csv_dialect=excel-de&fields=duration_s,code"
    response = await world.get(address)
    assert response.content == b"\xef\xbb\xbfduration_s;code\r\n1770,0;'=cmd|calc\r\n"


async def test_samples_newest_first_and_as_csv(world: World) -> None:
    number = world.ids[f"{PRESS}#temperature"]
    start = NOW - timedelta(minutes=30)
    await world.database.executemany(
        "INSERT INTO samples (signal_id, at, value, status) VALUES ($1, $2, $3, 0)",
        [(number, start + timedelta(seconds=n // 5), n + 0.5) for n in range(25)],
    )
    path = f"/signals/{number}/samples?start=2026-11-20T09:00:00Z&end=2026-11-20T10:00:00Z"
    values: list[float] = []
    cursor = ""
    while True:
        page = (await world.get(f"{path}&limit=3&sort=-at{cursor}")).json()
        values += [item["value"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert values == [n + 0.5 for n in reversed(range(25))]
    text = (await world.get(f"{path}&csv_dialect=excel-de&fields=value,quality&limit=2")).text
    assert text == "\ufeffvalue;quality\r\n0,5;good\r\n1,5;good\r\n"
    windows = await world.get(f"{path}&granularity=5s&format=csv&aggregates=max&sort=-at")
    assert windows.text.splitlines() == [
        "start,end,max",
        "2026-11-20T09:37:00Z,2026-11-20T09:37:05Z,24.5",
    ]
    assert (await world.get(f"{path}&sort=value")).status_code == 422
    assert (await world.get(f"{path}&granularity=5s&fields=avg&aggregates=max")).status_code == 422


async def test_kpi_values_in_each_format_have_their_own_etag(world: World) -> None:
    await add_bucket(world, PRESS, "2026-11-20T05:00Z", pq=72)
    await add_bucket(world, ROBOT, "2026-11-20T06:15Z", pq=36)
    span = "start=2026-11-20T05:00Z&end=2026-11-20T08:00Z&granularity=hour"
    url = f"/kpi_values?equipment={PLANT}&kpi=oee&{span}"
    plain = await world.get(url)
    assert plain.headers["vary"] == VARY
    shaped_url = f"{url}&fields=value,start&sort=-value"
    shaped = await world.get(shaped_url)
    assert [item["value"] for item in shaped.json()["items"]] == [
        pytest.approx(0.8), pytest.approx(0.4), None,
    ]  # fmt: skip
    assert shaped.json()["granularity"] == "hour"
    table = await world.get(shaped_url, headers={"Accept": "text/csv"})
    assert table.text.splitlines()[1] == "0.8,2026-11-20T06:00:00+01:00"
    tags = {response.headers["etag"] for response in (plain, shaped, table)}
    assert len(tags) == 3
    again = await world.get(
        shaped_url, headers={"Accept": "text/csv", "If-None-Match": table.headers["etag"]}
    )
    assert (again.status_code, again.headers["vary"]) == (304, VARY)
    for wrong in ("sort=colour", "fields=colour", "format=xml", "csv_dialect=x"):
        assert (await world.get(f"{url}&{wrong}")).status_code == 422, wrong


async def test_instants_have_a_time_zone(world: World) -> None:
    [item] = await items_of(world, "/gaps?connector=emden-opcua&fields=start")
    assert datetime.fromisoformat(item["start"]).tzinfo is not None
