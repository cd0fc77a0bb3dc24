"""Loss times over HTTP: the parts add up to the whole, with stops, money and supply chains."""

import csv

import pytest

from plumbing.loss_rows import Made, Piece, S, add_time

from ..conftest import LINE, OTHER, PLANT, PRESS, ROBOT, World  # noqa: TID252 - the fixture's world
from .test_supply_caused import add_late_delivery, pool_of

pytestmark = pytest.mark.asyncio
SPAN = "start=2026-11-19T08:00:00Z&end=2026-11-19T10:00:00Z"


async def add_two_hours(world: World) -> None:
    """Two hours of a press: 60 min production at 10 s a part, 15 of them scrap, and stops."""
    await add_time(
        world.database, world.ids[PRESS], "2026-11-19T08:00Z",
        [
            Piece(10, S.OFF, off=True), Piece(5, S.MAINTENANCE), Piece(60),
            Piece(12, S.SETUP, "tool"), Piece(1, S.MALFUNCTION, "jam", minor=True),
            Piece(3, S.IDLE), Piece(9, S.REPAIR, "motor"), Piece(5, S.IDLE, order=None),
            Piece(5, S.UNKNOWN), Piece(10, S.BLOCKED),
        ],
        Made(good=285, scrap=15, start_up=15),
    )  # fmt: skip


async def test_the_losses_of_a_machine(world: World) -> None:
    await add_two_hours(world)
    answer = await world.get(f"/loss_times?equipment={PRESS}&{SPAN}")
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["items"]
    steps = {step["name"]: step["seconds"] / 60 for step in item["steps"]}
    assert steps == {
        "calendar": 120, "planned": 110, "busy": 105, "production": 60, "net": 50, "good": 47.5
    }  # fmt: skip
    minutes = {part["category"]: part["seconds"] / 60 for part in item["parts"] if part["seconds"]}
    assert minutes == {
        "off_shift": 10, "planned_down": 5, "unknown": 5, "no_order": 5, "set_up": 12,
        "malfunction": 9, "minor_stop": 1, "idle": 3, "blocked": 10, "speed": 10, "start_up": 2.5,
    }  # fmt: skip
    stops = {part["category"]: part["stops"] for part in item["parts"] if part["stops"]}
    assert stops == {
        "off_shift": 1, "planned_down": 1, "unknown": 1, "no_order": 1, "set_up": 1,
        "malfunction": 1, "minor_stop": 1, "idle": 1, "blocked": 1,
    }  # fmt: skip
    assert item["kpi"]["value"] == pytest.approx(47.5 / 100)
    assert item["kpi"]["good_s"] / item["kpi"]["judged_s"] == pytest.approx(item["kpi"]["value"])
    assert (item["loss_s"], item["not_judged_s"]) == (52.5 * 60, 300)
    assert item["start"] == "2026-11-19T09:00:00+01:00"
    set_up = next(part for part in item["parts"] if part["category"] == "set_up")
    assert (set_up["pieces"], set_up["costs"]) == (72, [])
    assert set_up["big_loss"] == "set_up_and_adjustment"


async def test_scrap_of_start_ups(world: World) -> None:
    """Of 8 scrap parts, 5 belong to start-ups, in pieces, seconds and money."""
    await world.database.execute(
        "INSERT INTO line_rates (equipment_id, currency, per_hour) VALUES ($1, 'EUR', 720)",
        world.ids[PRESS],
    )
    await add_time(
        world.database, world.ids[PRESS], "2026-11-19T08:00Z",
        [Piece(10, S.OFF, off=True), Piece(5)], Made(good=20, scrap=4, start_up=4),
    )  # fmt: skip
    await add_time(
        world.database, world.ids[PRESS], "2026-11-19T08:15Z", [Piece(15)],
        Made(good=20, scrap=4, start_up=1),
    )  # fmt: skip
    (item,) = (await world.get(f"/loss_times?equipment={PRESS}&{SPAN}")).json()["items"]
    parts = {part["category"]: part for part in item["parts"]}
    assert {
        name: (parts[name]["seconds"], parts[name]["pieces"], parts[name]["costs"][0]["amount"])
        for name in ("start_up", "scrap")
    } == {"start_up": (50, 5, 10), "scrap": (30, 3, 6)}


async def test_a_line_is_its_machines_and_costs_its_rate(world: World) -> None:
    """An hour in which both machines stand costs 600 EUR, in which one stands, 300 EUR."""
    await add_two_hours(world)
    await add_time(world.database, world.ids[ROBOT], "2026-11-19T08:00Z", [Piece(60, S.IDLE)])
    await world.database.execute(
        "INSERT INTO line_rates (equipment_id, currency, per_hour) VALUES ($1, 'EUR', 600)",
        world.ids[LINE],
    )
    (line,) = (await world.get(f"/loss_times?equipment={LINE}&{SPAN}")).json()["items"]
    idle = next(part for part in line["parts"] if part["category"] == "idle")
    assert idle["seconds"] == 63 * 60
    assert idle["costs"] == [{"amount": 315.0, "currency": "EUR"}]
    (plant,) = (await world.get(f"/loss_times?equipment={PLANT}&{SPAN}")).json()["items"]
    assert plant["parts"] == line["parts"]


async def test_starved_time_has_its_supply_chain(world: World) -> None:
    """Starved from 08:10 to 09:50; the material was out until 09:30. Off shift does not count."""
    await add_late_delivery(world, await pool_of(world))
    await add_time(
        world.database, world.ids[PRESS], "2026-11-19T08:00Z",
        [Piece(10), Piece(100, S.STARVED), Piece(5, S.STARVED, order=None), Piece(5)],
        Made(good=90),
    )  # fmt: skip
    (item,) = (await world.get(f"/loss_times?equipment={PRESS}&{SPAN}")).json()["items"]
    minutes = {part["category"]: part["seconds"] / 60 for part in item["parts"] if part["seconds"]}
    assert minutes == {"supply_caused": 80, "starved": 20, "no_order": 5}
    (chain,) = item["supply_caused"]
    assert (chain["line"], chain["material"], chain["seconds"]) == (LINE, "40231-10", 4800)
    assert chain["suppliers"] == ["weserguss"]
    assert "LAB-17" in chain["text"]


async def test_a_machine_that_cannot_be_judged(world: World) -> None:
    """Without a planned run time its production is neither good nor lost; its stops are."""
    await add_time(
        world.database, world.ids[PRESS], "2026-11-19T08:00Z", [Piece(45), Piece(15, S.IDLE)],
        Made(good=100, is_judged=False, run_s=0),
    )  # fmt: skip
    (item,) = (await world.get(f"/loss_times?equipment={PRESS}&{SPAN}")).json()["items"]
    minutes = {part["category"]: part["seconds"] / 60 for part in item["parts"] if part["seconds"]}
    assert minutes == {"idle": 15, "speed_not_judged": 45}
    assert item["kpi"]["value"] is None
    assert item["kpi"]["reason"]
    assert all(part["pieces"] is None for part in item["parts"])


async def test_nothing_is_no_error_and_no_zero(world: World) -> None:
    answer = (await world.get(f"/loss_times?equipment={PRESS}&start=-8h")).json()
    (item,) = answer["items"]
    assert (answer["no_data"], item["no_data"], item["kpi"]["reason"]) == (True, True, "no data")
    assert all(step["share"] is None for step in item["steps"])
    assert item["untagged_share"] is None


@pytest.mark.parametrize(
    ("query", "status", "hint"),
    [
        ("equipment=nordwerk/emdn-1", 404, PLANT),
        ("", 422, "errors"),
        (f"equipment={PRESS}&strat=-8h", 422, "start"),
        (f"equipment={PRESS}&start=now&end=-8h", 422, "before"),
        (f"equipment={PRESS}&tz=Mars/Olympus", 422, "Europe/Berlin"),
    ],
)
async def test_a_wrong_query_gets_a_hint(world: World, query: str, status: int, hint: str) -> None:
    answer = await world.get(f"/loss_times?{query}")
    assert answer.status_code == status, answer.text
    assert hint in answer.json()["hint"]


async def test_a_key_sees_its_plants(world: World) -> None:
    assert (await world.get(f"/loss_times?equipment={OTHER}", key="emden")).status_code == 403
    assert (await world.get(f"/loss_times?equipment={PLANT}", key="emden")).status_code == 200


async def test_unchanged_is_304_without_a_query(world: World) -> None:
    await add_two_hours(world)
    url = f"/loss_times?equipment={PRESS}&{SPAN}"
    tag = (await world.get(url)).headers["etag"]
    await world.database.execute("ALTER TABLE elements RENAME TO away")
    same = await world.get(url, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    await world.database.execute("ALTER TABLE away RENAME TO elements")
    await world.app.state.context.redis.hincrby("wn:mark", PRESS, 1)
    assert (await world.get(url, headers={"If-None-Match": tag})).status_code == 200


async def test_the_same_times_as_csv(world: World) -> None:
    """A row for each step and part of each equipment, in the order of the steps."""
    await add_two_hours(world)
    url = f"/loss_times?equipment={PRESS}&equipment={LINE}&{SPAN}"
    items = (await world.get(url)).json()["items"]
    answer = await world.get(url, headers={"Accept": "text/csv"})
    assert 'filename="loss_times.csv"' in answer.headers["content-disposition"]
    rows = [*csv.DictReader(answer.text.splitlines())]
    for item in items:
        own = [row for row in rows if row["equipment"] == item["equipment"]]
        assert [(row["step"], float(row["seconds"])) for row in own if row["kind"] == "step"] == [
            (step["name"], step["seconds"]) for step in item["steps"]
        ]
        parts = {row["category"]: float(row["seconds"]) for row in own if row["kind"] != "step"}
        assert parts == {part["category"]: part["seconds"] for part in item["parts"]}
    etag = {"If-None-Match": answer.headers["etag"], "Accept": "text/csv"}
    assert (await world.get(url, headers=etag)).status_code == 304
    lines = (await world.get(f"{url}&format=ndjson")).text.splitlines()
    assert len(lines) == len(rows)
