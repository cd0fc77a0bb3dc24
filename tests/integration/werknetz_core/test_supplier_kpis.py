"""Suppliers with their KPIs in one answer: rank, rates, delays, open lines by age, twelve weeks."""

import csv
from typing import Any

import pytest

from plumbing.supplyrows import SupplyRows

from .conftest import PLANT, World
from .test_kpi_suppliers import add, policy, supplier
from .test_supply import rows

pytestmark = pytest.mark.asyncio
__all__ = ["rows"]  # the fixture
ZWICK = "nordwerk/zwick-2"
LIST = "/suppliers?with=kpis&sort=rank"
HALF = {"lines_due": 10, "lines_on_time": 6, "lines_in_full": 8, "lines_otif": 5}
GOOD = {"lines_due": 4, "lines_on_time": 4, "lines_in_full": 4, "lines_otif": 4}


async def by_key(world: World, url: str, key: str = "viewer") -> dict[str, Any]:
    response = await world.get(url, key=key)
    assert response.status_code == 200, response.text
    return {row["key"]: row for row in response.json()["items"]}


async def test_the_worst_comes_first_and_few_lines_are_not_ranked(world: World) -> None:
    policy_id = await policy(world, None, early="2d", late="4h")
    for name, values in (("good", GOOD), ("half", HALF), ("fine", {**HALF, "lines_otif": 9})):
        relation = await supplier(world, name)
        await add(world, relation, "2026-11-18", policy_id=policy_id, **values)
    answer = (await world.get(LIST)).json()
    ranks = [(row["key"], row["kpis"]["rank"]) for row in answer["items"] if row["kpis"]]
    assert ranks == [("half", 1), ("fine", 2), ("good", None)]
    assert answer["ranked_lines_min"] == 5
    half = answer["items"][0]["kpis"]
    assert (half["otif"], half["on_time"], half["in_full"]) == (0.5, 0.6, 0.8)
    assert half["lines_due"] == 10
    assert half["policies"] == ["default:4"]
    [applied] = answer["policies"]
    assert (applied["key"], applied["early"], applied["late"]) == ("default:4", "2d", "4h")
    value = (
        await world.get("/kpi_values?supplier=half&kpi=otif&start=-28d&granularity=none")
    ).json()
    assert value["items"][0]["value"] == half["otif"]
    assert value["ranges"][0]["time_zone"] == answer["period"]["time_zone"]


async def test_twelve_weeks_up_to_now(world: World) -> None:
    relation = await supplier(world, "half")
    await add(world, relation, "2026-11-18", **HALF)
    await add(world, relation, "2026-09-08", **{**HALF, "lines_otif": 1})
    await add(world, relation, "2026-08-20", **HALF)
    answer = (await world.get(f"{LIST}&start=-7d")).json()
    weeks = answer["items"][0]["kpis"]["weeks"]
    assert len(answer["period"]["weeks"]) == len(weeks["otif"]) == 12
    assert (weeks["otif"][-1], weeks["lines_due"][-1]) == (0.5, 10)
    assert [otif for otif in weeks["otif"] if otif is not None] == [0.1, 0.5]
    assert answer["items"][0]["kpis"]["lines_due"] == 10


async def test_open_lines_by_age_and_the_median_delay(world: World, rows: SupplyRows) -> None:
    insert = (
        "INSERT INTO due_lines (relation_id, document, due_from, due_until, quantity,"
        " open_quantity, state, window_from, window_until, delay_s)"
        " SELECT $1, 'X', $2::timestamptz, $2, 5, open, 'measured', $2, $2, delay"
        " FROM unnest($3::float8[], $4::float8[]) AS l (open, delay)"
    )
    relation = rows.ids["r3"]
    await world.database.execute("DELETE FROM due_lines")
    await world.database.execute(insert, relation, rows.ago(hours=20), [5, 0], [3600, 7200])
    await world.database.execute(insert, relation, rows.ago(days=5), [5, 0], [7200, None])
    await world.database.execute(insert, relation, rows.ago(days=60), [5], [9e6])
    await world.database.execute(insert, relation, rows.ago(days=-2), [5], [None])
    lenz = (await by_key(world, LIST))["lenz"]["kpis"]
    assert lenz["open_by_age"] == {
        "not_due": 1, "overdue_1d": 1, "overdue_3d": 0, "overdue_7d": 1, "overdue_more": 1,
    }  # fmt: skip
    assert lenz["median_delay_s"] == 7200  # that of 60 days ago is outside the period
    assert lenz["otif"] is None
    assert lenz["reason_code"] is not None


async def test_a_key_sees_what_comes_to_its_plants(world: World) -> None:
    await add(world, await supplier(world, "both", PLANT), "2026-11-18", **HALF)
    await add(world, await supplier(world, "both", ZWICK), "2026-11-18", **GOOD)
    await add(world, await supplier(world, "other", ZWICK), "2026-11-18", **HALF)
    assert (await by_key(world, LIST))["both"]["kpis"]["lines_due"] == 14
    own = await by_key(world, LIST, "emden")
    assert (own.keys(), own["both"]["kpis"]["lines_due"]) == ({"both"}, 10)


async def test_an_unchanged_answer_is_not_sent_again(world: World) -> None:
    await add(world, await supplier(world, "half"), "2026-11-18", **HALF)
    etag = (await world.get(LIST)).headers["etag"]
    again = await world.get(LIST, headers={"If-None-Match": etag})
    assert again.status_code == 304
    await add(world, await supplier(world, "half"), "2026-11-18", **HALF)
    changed = await world.get(LIST, headers={"If-None-Match": etag})
    assert changed.status_code == 200


async def test_a_table_has_the_kpis_as_columns(world: World) -> None:
    await add(world, await supplier(world, "half"), "2026-11-18", **HALF)
    [row] = csv.DictReader((await world.get(f"{LIST}&format=csv")).text.splitlines())
    assert (row["key"], row["otif"], row["overdue_1d"], row["policies"]) == (
        "half", "0.5", "0", "built_in:0",
    )  # fmt: skip


async def test_without_kpis_the_list_is_as_before(world: World, rows: SupplyRows) -> None:
    plain = (await world.get("/suppliers")).json()
    assert plain.keys() == {"items", "next_cursor"}
    for url in ("/suppliers?start=-7d", "/suppliers?with=kpi", "/suppliers?sort=rank"):
        assert (await world.get(url)).status_code == 422, url


async def test_a_refused_policy_names_its_field(world: World) -> None:
    for document, field in (
        ({"late": "4x"}, "late"), ({"lat": "4h"}, "lat"), ({"asn_expected": 1}, "asn_expected"),
        ({"holidays": ["x"]}, "holidays"), ({"business_days": []}, "business_days"),
        ({"a/b": 1}, "a~1b"),
    ):  # fmt: skip
        refused = await world.client.put(
            "/api/v1/supply_policies",
            json={"document": document},
            headers={"X-API-Key": world.keys["planner"]},
        )
        [error] = refused.json()["errors"]
        assert error["pointer"] == f"/body/document/{field}"


async def test_a_supplier_that_gets_a_rank_moves_no_other_to_the_next_page(world: World) -> None:
    for name, lines_otif in (("half", 5), ("fine", 9)):
        await add(
            world, await supplier(world, name), "2026-11-18", **{**HALF, "lines_otif": lines_otif}
        )
    first = (await world.get(f"{LIST}&limit=1")).json()
    assert [row["key"] for row in first["items"]] == ["half"]
    await add(world, await supplier(world, "bad"), "2026-11-18", **{**HALF, "lines_otif": 1})
    second = (await world.get(f"{LIST}&limit=1&cursor={first['next_cursor']}")).json()
    assert [(row["key"], row["kpis"]["rank"]) for row in second["items"]] == [("fine", 3)]


async def test_a_policy_of_a_supplier_has_another_key_than_the_default(world: World) -> None:
    relation = await supplier(world, "default")
    for owner, day in ((None, "2026-11-17"), ("default", "2026-11-18")):
        number = await policy(world, owner, early="2d")
        await add(world, relation, day, policy_id=number, **HALF)
    await world.database.execute("UPDATE supply_policies SET version = 1")
    answer = (await world.get(LIST)).json()
    [own] = [row["kpis"] for row in answer["items"] if row["key"] == "default"]
    assert sorted(own["policies"]) == ["default:1", "supplier:default:1"]
    assert [policy["key"] for policy in answer["policies"]] == sorted(own["policies"])
