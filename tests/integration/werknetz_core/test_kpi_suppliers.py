"""KPI values of suppliers over HTTP: days, sums, the policy beside each number, who sees what."""

import json
from datetime import date
from typing import Any

import pytest

from .conftest import PLANT, World

pytestmark = pytest.mark.asyncio
NOVEMBER = "start=2026-11-01&end=2026-12-01"
FULL = {"lines_due": 10, "lines_on_time": 9, "lines_in_full": 8, "lines_otif": 7}


async def supplier(world: World, key: str, plant: str = PLANT) -> int:
    """Return a new relation of a supplier to a site of a plant."""
    partner = await world.database.fetchval(
        "INSERT INTO partners AS old (key, name) VALUES ($1, $1)"
        " ON CONFLICT (key) DO UPDATE SET name = old.name RETURNING id",
        key,
    )
    site = await world.database.fetchval(
        "INSERT INTO sites (key, name, equipment_id)"
        " VALUES ('s' || (SELECT count(*) FROM sites), 's', $1) RETURNING id",
        world.ids[plant],
    )
    part = await world.database.fetchval(
        "INSERT INTO materials (number) VALUES ((SELECT count(*) FROM materials)::text)"
        " RETURNING id"
    )
    relation: int = await world.database.fetchval(
        "INSERT INTO supply_relations (supplier_id, material_id, site_id) VALUES ($1, $2, $3)"
        " RETURNING id",
        partner,
        part,
        site,
    )
    return relation


async def add(world: World, relation: int, day: str, **values: Any) -> None:
    row = {"relation_id": relation, "day": date.fromisoformat(day), **values}
    await world.database.execute(
        f"INSERT INTO supply_elements ({', '.join(row)})"
        f" VALUES ({', '.join(f'${n}' for n in range(1, len(row) + 1))})",
        *row.values(),
    )


async def policy(world: World, key: str | None, **document: object) -> int:
    number: int = await world.database.fetchval(
        "INSERT INTO supply_policies (supplier_id, version, valid_from, document) VALUES"
        " ((SELECT id FROM partners WHERE key = $1), 4, '2026-01-01Z', $2) RETURNING id",
        key,
        json.dumps(document),
    )
    return number


async def due_line(world: World, relation: int, order: str, *, good: bool) -> None:
    await world.database.execute(
        "INSERT INTO due_lines (relation_id, group_key, order_number, document, due_from,"
        " due_until, quantity, state, on_time, in_full, window_from, window_until)"
        " VALUES ($1, $2, $2, 'A', '2026-11-10Z', '2026-11-11Z', 5, 'measured', $3, true,"
        " '2026-11-10Z', '2026-11-11Z')",
        relation,
        order,
        good,
    )


async def test_relations_are_summed_and_the_policy_stands_beside(world: World) -> None:
    policy_id = await policy(world, None, early="2d", late="4h", tolerance=0.05)
    for day in ("2026-11-02", "2026-11-30"):
        await add(world, await supplier(world, "alfa"), day, policy_id=policy_id, **FULL)
    await add(world, await supplier(world, "alfa"), "2026-12-01", policy_id=policy_id, **FULL)
    answer = await world.get(
        f"/kpi_values?supplier=alfa&kpi=otif&kpi=on_time_delivery&kpi=delay_severity&{NOVEMBER}"
    )
    assert answer.status_code == 200, answer.text
    otif, on_time, delay = answer.json()["items"]
    assert (otif["value"], on_time["value"], delay["value"]) == (0.7, 0.9, 0.0)
    assert (otif["supplier"], otif["inputs"]) == ("alfa", {"lines_otif": 14, "lines_due": 20})
    assert otif["start"] == "2026-11-01T00:00:00+01:00"  # all plants are in one zone: theirs
    assert otif["end"] == "2026-12-01T00:00:00+01:00"
    [beside] = otif["policies"]
    assert (beside["version"], beside["early"], beside["late"]) == (4, "2d", "4h")
    assert (beside["tolerance"], beside["level"]) == (0.05, "line")
    assert "2 days before the requested date" in beside["text"]
    assert otif["evidence_href"].startswith("/api/v1/due_lines?supplier=alfa&state=measured&start=")
    assert answer.json()["ranges"][0]["supplier"] == "alfa"


@pytest.mark.parametrize(
    ("granularity", "values"),
    [("1d", [0.5, None, 1.0]), ("1w", [0.5, 1.0]), ("1mo", [0.75]), ("none", [0.75])],
)
async def test_days_weeks_and_months(
    world: World, granularity: str, values: list[float | None]
) -> None:
    relation = await supplier(world, "alfa")
    await add(world, relation, "2026-11-07", lines_due=2, lines_otif=1)
    await add(world, relation, "2026-11-09", lines_due=2, lines_otif=2)
    answer = await world.get(
        f"/kpi_values?supplier=alfa&kpi=otif&granularity={granularity}"
        "&start=2026-11-07&end=2026-11-10&tz=Europe/Berlin"
    )
    items = answer.json()["items"]
    assert [item["value"] for item in items] == values
    assert [i["reason"] for i in items if i["value"] is None] == ["no data"] * values.count(None)
    assert all("policies" in item for item in items if item["value"] is not None)
    assert items[0]["start"].endswith("T00:00:00+01:00")


async def test_every_supplier_at_once_and_only_those_a_key_may_see(world: World) -> None:
    await add(world, await supplier(world, "alfa"), "2026-11-02", lines_due=2, lines_otif=1)
    other = await supplier(world, "beta", "nordwerk/zwick-2")
    await add(world, other, "2026-11-02", lines_due=2, lines_otif=2)
    mixed = await supplier(world, "alfa", "nordwerk/zwick-2")
    await add(world, mixed, "2026-11-02", lines_due=2, lines_otif=2)
    url = f"/kpi_values?supplier=*&kpi=otif&{NOVEMBER}"
    kpi_values = (await world.get(url)).json()["items"]
    assert [(item["supplier"], item["value"]) for item in kpi_values] == [
        ("alfa", 0.75),
        ("beta", 1),
    ]
    own = (await world.get(url, key="emden")).json()["items"]
    assert [(item["supplier"], item["value"]) for item in own] == [("alfa", 0.5)]
    for name in ("beta", "bet", "nobody"):  # another plant's supplier is none, and not suggested
        none = await world.get(f"/kpi_values?supplier={name}&kpi=otif&{NOVEMBER}", key="emden")
        assert (none.status_code, "beta" in none.json()["hint"]) == (404, False)
    near = await world.get(f"/kpi_values?supplier=bet&kpi=otif&{NOVEMBER}")
    assert (near.status_code, near.json()["hint"]) == (404, "Did you mean beta?")
    await world.database.execute("INSERT INTO partners (key, name) VALUES ('gamma', 'g')")
    without = await world.get(f"/kpi_values?supplier=gamma&kpi=otif&{NOVEMBER}")
    assert without.json()["no_data"] is True
    table = await world.get(f"{url}&format=csv&sort=-value&fields=supplier,kpi,value")
    assert table.text.splitlines()[1].split(",")[0] == "beta"


async def test_lost_messages_make_the_value_uncertain(world: World) -> None:
    relation = await supplier(world, "alfa")
    await add(world, relation, "2026-11-02", lines_due=4, lines_otif=1, uncertain_lines=1)
    await add(world, relation, "2026-11-03", lines_due=2, uncertain_lines=2)
    url = "/kpi_values?supplier=alfa&kpi=otif&granularity=1d&start=2026-11-02&end=2026-11-04"
    first, second = (await world.get(url)).json()["items"]
    assert (first["coverage"], first["value"]) == (0.75, 0.25)
    assert (second["coverage"], second["value"], second["reason"]) == (0, None, "no good data")


async def test_a_policy_of_orders_counts_orders(world: World) -> None:
    policy_id = await policy(world, None, level="order")
    first_relation, other = await supplier(world, "alfa"), await supplier(world, "alfa")
    for relation in (first_relation, other):
        await add(world, relation, "2026-11-10", policy_id=policy_id, lines_due=2, lines_otif=1)
    # Two orders over both relations: one line of P1 is late, and so is all of it.
    await due_line(world, first_relation, "P1", good=True)
    await due_line(world, other, "P1", good=False)
    await due_line(world, first_relation, "P2", good=True)
    await due_line(world, other, "P2", good=True)
    answer = await world.get(f"/kpi_values?supplier=alfa&kpi=otif&kpi=otif_orders&{NOVEMBER}")
    lines, orders = answer.json()["items"]
    assert (lines["value"], lines["inputs"]["lines_due"]) == (0.5, 2)
    assert (orders["value"], orders["inputs"]["orders_due"]) == (0.5, 2)
    assert "every line of an order" in lines["policies"][0]["text"]


async def test_unchanged_is_304_until_something_was_reconciled(world: World) -> None:
    relation = await supplier(world, "alfa")
    await add(world, relation, "2026-11-02", lines_due=4, lines_otif=1)
    url = f"/kpi_values?supplier=alfa&kpi=otif&{NOVEMBER}"
    first = await world.get(url)
    tag = first.headers["etag"]
    assert (await world.get(url, headers={"If-None-Match": tag})).status_code == 304
    await world.app.state.context.redis.hincrby("wn:mark", "#supply", 1)
    assert (await world.get(url, headers={"If-None-Match": tag})).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "code", "hint"),
    [
        ("supplier=alpha&kpi=otif", 404, "unknown_supplier", "alfa"),
        ("supplier=alfa&kpi=oee", 422, "other_scope", "equipment="),
        ("equipment=nordwerk&kpi=otif", 422, "other_scope", "supplier="),
        ("equipment=nordwerk&supplier=alfa&kpi=oee", 422, "invalid_parameter", "two requests"),
        ("supplier=alfa&kpi=otif&granularity=hour", 422, "invalid_parameter", "1d, 1w, 1mo"),
        ("supplier=alfa&kpi=otiff", 422, "unknown_kpi", "otif"),
    ],
)
async def test_a_wrong_query_gets_a_hint(
    world: World, query: str, status: int, code: str, hint: str
) -> None:
    await supplier(world, "alfa")
    answer = await world.get(f"/kpi_values?{query}")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (status, f"urn:werknetz:problem:{code}")
    assert hint in problem["hint"]


async def test_many_questions_may_be_of_both(world: World) -> None:
    await add(world, await supplier(world, "alfa"), "2026-11-02", lines_due=2, lines_otif=1)
    queries = [
        {"supplier": ["alfa"], "kpi": ["otif"], "start": "2026-11-01", "end": "2026-12-01"},
        {"equipment": [PLANT], "kpi": ["oee"], "start": "-8h"},
        {"kpi": ["oee"]},
    ]
    answer = await world.client.post(
        "/api/v1/kpi_values:query",
        json={"queries": queries},
        headers={"X-API-Key": world.keys["viewer"]},
    )
    first, second, third = answer.json()["results"]
    assert first["answer"]["items"][0]["value"] == 0.5
    assert second["answer"]["items"][0]["equipment"] == PLANT
    assert third["problem"]["status"] == 422
    assert len((await world.get("/kpis")).json()) > 30
    assert (await world.get("/kpis/otif")).json()["scope"] == ["supplier"]
