"""The overview over HTTP: one request has what a group's or plant's screen shows."""

from datetime import timedelta

import pytest

from plumbing.loss_rows import Made, Piece, S, add_time

from ..conftest import LINE, NOW, OTHER, PLANT, PRESS, ROBOT, World  # noqa: TID252 - the fixture's world
from .test_targets import BODY, add_periods, put

pytestmark = pytest.mark.asyncio


async def add_shift(world: World) -> None:
    """From 05:00 to 10:07 UTC, now; the early shift began at 05:00. The press has stopped."""
    await add_time(
        world.database, world.ids[PRESS], "2026-11-20T05:00Z",
        [Piece(200), Piece(80, S.SETUP), Piece(27, S.BLOCKED, "jam")], Made(good=900, scrap=100),
    )  # fmt: skip
    await add_time(
        world.database, world.ids[ROBOT], "2026-11-20T09:00Z", [Piece(67)], Made(good=90)
    )


async def test_the_lines_of_a_plant(world: World) -> None:
    await add_shift(world)
    answer = await world.get(f"/overview?under={PLANT}&depth=line")
    assert answer.status_code == 200, answer.text
    document = answer.json()
    (line,) = document["items"]
    assert (line["equipment"], line["level"], document["depth"]) == (LINE, "line", "line")
    assert (line["shift"]["name"], line["shift"]["is_running"]) == ("early", True)
    now = line["now"]
    assert now["oee"] == pytest.approx((900 + 90) * 10 / ((307 + 67) * 60))
    assert now["good"] == 990
    assert now["planned_quantity"] == pytest.approx((307 + 67) * 6)
    assert now["times_s"]["production"] == 267 * 60
    assert now["times_s"]["set_up"] == 80 * 60
    assert line["open_stops"] == 1
    assert line["worst_stop"] == {
        "equipment": PRESS, "state": "blocked", "code": "jam", "since": "2026-11-20T09:40:00Z",
        "seconds": 27 * 60,
    }  # fmt: skip
    assert len(line["spark"]) == 28
    assert line["spark"][-1] == pytest.approx(now["oee"])
    assert line["spark"][:-1] == [None] * 27
    assert document["under"]["equipment"] == PLANT
    assert document["under"]["now"] == now


async def test_it_agrees_with_kpi_values(world: World) -> None:
    await add_shift(world)
    await add_periods(world)
    item = (await world.get(f"/overview?under={PLANT}&depth=machine")).json()["items"][0]
    assert item["equipment"] == PRESS
    for name in ("oee", "availability", "effectiveness", "quality_ratio"):
        url = f"/kpi_values?equipment={PRESS}&kpi={name}&start={item['now']['start']}&end=now"
        (value,) = (await world.get(url.replace("+", "%2B"))).json()["items"]
        assert item["now"][name] == pytest.approx(value["value"])


async def test_the_plants_of_a_group_with_target_and_silence(world: World) -> None:
    await add_periods(world)
    await put(world, BODY)
    await put(world, {**BODY, "under": ["nordwerk"]}, key="group")
    await world.database.execute(
        "INSERT INTO outages (connector_id, start_at) VALUES ('emden-opcua', $1)",
        NOW - timedelta(minutes=9),
    )
    document = (await world.get("/overview?under=nordwerk")).json()
    emden, zwick = document["items"]
    assert document["under"]["targets"][0]["key"] == "group"
    assert emden["targets"][0]["headline"].startswith("+10.0 % of +33.3 %")
    german = await world.get("/overview?under=nordwerk", headers={"Accept-Language": "de"})
    assert german.json()["items"][0]["targets"][0]["headline"].startswith("+10,0 % von +33,3 %")
    assert (emden["silent_connectors"], zwick["silent_connectors"]) == (["emden-opcua"], [])
    assert (zwick["shift"], zwick["now"], zwick["week"]["oee"]) == (None, None, None)
    assert emden["week"]["oee"] == pytest.approx(0.66)
    assert emden["week_before_oee"] is None


async def test_nothing_is_no_error(world: World) -> None:
    document = (await world.get("/overview?under=nordwerk")).json()
    assert document["no_data"] is True
    assert [item["worst_stop"] for item in document["items"]] == [None, None]


@pytest.mark.parametrize(
    ("query", "status", "hint"),
    [
        ("under=nordwerk/emdn-1", 404, PLANT),
        (f"under={PRESS}", 422, "loss_times"),
        (f"under={PLANT}&depth=plant", 422, "below plant"),
        (f"under={PLANT}&depht=line", 422, "depth"),
        ("depth=line", 422, "errors"),
    ],
)
async def test_a_wrong_query_gets_a_hint(world: World, query: str, status: int, hint: str) -> None:
    answer = await world.get(f"/overview?{query}")
    assert answer.status_code == status, answer.text
    assert hint in answer.json()["hint"]


async def test_one_etag_and_the_plants_of_a_key(world: World) -> None:
    await add_shift(world)
    url = f"/overview?under={PLANT}"
    tag = (await world.get(url)).headers["etag"]
    await world.database.execute("ALTER TABLE elements RENAME TO away")
    assert (await world.get(url, headers={"If-None-Match": tag})).status_code == 304
    await world.database.execute("ALTER TABLE away RENAME TO elements")
    assert (await world.get(f"/overview?under={OTHER}", key="emden")).status_code == 403


MATERIAL = "INSERT INTO orders (equipment_id, order_number, material) VALUES ($1, 'A-1', $2)"


async def test_plants_are_ranked_only_where_they_are_comparable(world: World) -> None:
    await add_periods(world)
    await add_time(
        world.database, world.ids[OTHER], "2026-11-17T06:00Z", [Piece(80), Piece(20, S.IDLE)],
        Made(good=480),
    )  # fmt: skip
    url = "/comparisons?under=nordwerk&start=2026-11-16&end=2026-11-20"
    answer = await world.get(url)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [item["rank"] for item in items] == [None, None]
    assert all("no order names its material" in item["reasons"][0] for item in items)
    ignored = (await world.get(f"{url}&ignore=product_family")).json()["items"]
    assert [(i["rank"], i["equipment"]) for i in ignored] == [
        (1, "nordwerk/zwick-2"), (2, PLANT)
    ]  # fmt: skip
    assert ignored[0]["value"] == pytest.approx(0.8)
    for machine in (PRESS, OTHER):
        await world.database.execute(MATERIAL, world.ids[machine], "bracket")
    both = (await world.get(url)).json()["items"]
    assert [item["rank"] for item in both] == [1, 2]
    assert both[0]["trust"] == pytest.approx(1)
    await world.database.execute(
        "INSERT INTO stop_thresholds (equipment_id, valid_from, minor_stop_s)"
        " VALUES ($1, '2020-01-01Z', 60)", world.ids["nordwerk/zwick-2"],
    )  # fmt: skip
    other = (await world.get(url)).json()["items"]
    assert {item["rank"] for item in other} == {1, None}


async def change_material(world: World, number: str, **changes: str | None) -> None:
    answer = await world.client.put(
        f"/api/v1/materials/{number}", json=changes,
        headers={"X-API-Key": world.keys["admin"]},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert answer.json()["product_family"] == changes.get("product_family")


OPERATION = """
INSERT INTO operations (order_number, equipment, equipment_id, material_id)
SELECT 'A-1', path, id, (SELECT id FROM materials WHERE number = $2) FROM equipment
WHERE path = $1"""


async def test_families_of_materials_make_plants_comparable(world: World) -> None:
    """The plants use the same order number for other products: each has its own material."""
    await add_periods(world)
    await add_time(
        world.database, world.ids[OTHER], "2026-11-17T06:00Z",
        [Piece(60), Piece(20, order="B-2"), Piece(20, S.IDLE)], Made(good=480),
    )  # fmt: skip
    for number, equipment in (("ball valve", LINE), ("gate valve", OTHER)):
        await change_material(world, number, description="v")
        await world.database.execute(OPERATION, equipment, number)
    url = "/comparisons?under=nordwerk&start=2026-11-16&end=2026-11-20"
    first = await world.get(url)
    items = {item["equipment"]: item for item in first.json()["items"]}
    assert {item["rank"] for item in items.values()} == {1, None}
    zwick = items["nordwerk/zwick-2"]
    assert (zwick["rank"], zwick["materials_without_family"]) == (None, ["gate valve"])
    assert zwick["products"] == [
        {"product_family": None, "material": "gate valve", "share": pytest.approx(0.75)}
    ]
    assert zwick["product_unknown_share"] == pytest.approx(0.25)
    (reason,) = zwick["reasons"]
    assert reason.startswith("it makes other products: 0% of the run time is for those of the")
    assert reason.endswith("and for 25% the product is unknown")
    assert items[PLANT]["product_unknown_share"] == pytest.approx(0)
    for number in ("ball valve", "gate valve"):
        await change_material(world, number, product_family="valves")
    tag = {"If-None-Match": first.headers["etag"]}
    both = (await world.get(url, headers=tag)).json()["items"]
    assert [(i["rank"], i["equipment"]) for i in both] == [(1, "nordwerk/zwick-2"), (2, PLANT)]
    assert both[0]["parts"]["product_family"] == pytest.approx(0.75)
    assert [item["materials_without_family"] for item in both] == [[], []]
    assert both[1]["products"] == [
        {"product_family": "valves", "material": None, "share": pytest.approx(1)}
    ]
    await change_material(world, "gate valve", product_family=None)
    alone = (await world.get(url)).json()["items"]
    assert {item["rank"] for item in alone} == {1, None}


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("under=nordwerk&kpi=oe", "oee"), ("under=nordwerk&kpi=otif", "oee"),
        ("under=nordwerk&level=site", "errors"), ("under=nordwerk&ignore=mix", "errors"),
        ("under=nordwerk&lvl=line", "level"),
        (f"under={PLANT}", "send a lower `level`"), (f"under={PRESS}&level=machine", "`under`"),
    ],
)  # fmt: skip
async def test_a_wrong_comparison_gets_a_hint(world: World, query: str, hint: str) -> None:
    answer = await world.get(f"/comparisons?{query}")
    assert answer.status_code == 422
    assert hint in answer.json()["hint"]
