"""Targets over HTTP: baseline, gap, contributions, scenario, audit, and targets that cannot be."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from plumbing.loss_rows import Made, Piece, S, add_time

from ..conftest import LINE, OTHER, PLANT, PRESS, ROBOT, World  # noqa: TID252 - the fixture's world

pytestmark = pytest.mark.asyncio
BODY: dict[str, Any] = {
    "name": "One third more", "under": [PLANT], "goal": 1 / 3, "due_on": "2027-12-31",
    "baseline_start": "2026-11-02", "baseline_end": "2026-11-09", "now_days": 7,
}  # fmt: skip
THIRD = 100 / 3


async def put(world: World, body: dict[str, Any], key: str = "third") -> httpx2.Response:
    return await world.client.put(
        f"/api/v1/targets/{key}", json=body, headers={"X-API-Key": world.keys["engineer"]}
    )


async def add_periods(world: World) -> None:
    """Baseline: 60 of 100 min good, 20 set-up, 20 idle. Now: 66 good, 20 set-up, 14 idle."""
    for start, good, idle in (("2026-11-03T06:00Z", 60, 20), ("2026-11-17T06:00Z", 66, 14)):
        await add_time(
            world.database, world.ids[PRESS], start,
            [Piece(good), Piece(20, S.SETUP), Piece(idle, S.IDLE)], Made(good=good * 6),
        )  # fmt: skip


async def test_a_target_from_baseline_to_contributions(world: World) -> None:
    await add_periods(world)
    answer = await put(world, BODY)
    assert answer.status_code == 200, answer.text
    target = answer.json()
    assert target["baseline"]["productivity"] == pytest.approx(60 * 0.6)
    assert target["baseline"]["unit"] == "earned min / h of machines"
    assert (target["baseline"]["output"], target["baseline"]["judged_share"]) == (60, 1)
    assert target["change"] == pytest.approx(0.1)
    assert target["gap_points"] == pytest.approx(THIRD - 10)
    assert target["state"] == "on_path"
    assert target["headline"].startswith("+10.0 % of +33.3 %, gap 23.3 points, ")
    gaps = {(row["line"], row["loss"]): row["gap_points"] for row in target["contributions"]}
    assert gaps == pytest.approx({(LINE, "set_up"): 16.6667, (LINE, "idle"): 6.6667}, abs=1e-3)
    assert sum(gaps.values()) == pytest.approx(target["gap_points"])
    changes = sum(row["change_points"] for row in target["contributions"])
    assert changes == pytest.approx(10)
    assert target["contributions"][0]["plant"] == PLANT
    (listed,) = (await world.get("/targets")).json()["items"]
    assert listed["headline"] == target["headline"]
    assert "contributions" not in listed
    german = await world.get("/targets", headers={"Accept-Language": "de"})
    assert german.headers["Content-Language"] == "de"
    assert german.json()["items"][0]["headline"].startswith("+10,0 % von +33,3 %, Abstand 23,3 ")


async def test_the_periods_are_a_list_and_a_file(world: World) -> None:
    await add_periods(world)
    target = (await put(world, BODY)).json()
    assert target["now_days"] == 7
    points = (await world.get("/targets/third/points?limit=1000")).json()["items"]
    assert points == target["series"]
    page = (await world.get("/targets/third/points?limit=1&sort=-start")).json()
    assert page["items"] == points[-1:]
    table = (await world.get("/targets/third/points?format=csv&limit=1000")).text.splitlines()
    assert table[0] == "start,end,change,path_change"
    assert len(table) == len(points) + 1
    assert (await world.get("/targets/none/points")).status_code == 404


async def test_the_baseline_is_frozen(world: World) -> None:
    """Later data of the baseline do not move it; another period does."""
    await add_periods(world)
    first = (await put(world, BODY)).json()
    await add_time(
        world.database, world.ids[ROBOT], "2026-11-04T06:00Z", [Piece(60)], Made(good=360)
    )
    renamed = (await put(world, {**BODY, "name": "Again", "goal": 0.2})).json()
    assert renamed["baseline"] == first["baseline"]
    assert (renamed["name"], renamed["goal"]) == ("Again", 0.2)
    moved = (await put(world, {**BODY, "baseline_end": "2026-11-10"})).json()
    assert moved["baseline"]["output"] == 120
    assert moved["baseline"]["machines"] == 2


async def test_changes_are_audited(world: World) -> None:
    await add_periods(world)
    await put(world, BODY)
    await put(world, {**BODY, "goal": 0.2, "reason": "the board decided"})
    gone = await world.client.delete(
        "/api/v1/targets/third?reason=reached", headers={"X-API-Key": world.keys["engineer"]}
    )
    assert gone.status_code == 204
    assert (await world.get("/targets/third")).status_code == 404
    rows = await world.database.fetch(
        "SELECT action, by, equipment, reason, before->>'goal' AS before, after->>'goal' AS after"
        " FROM audit_log WHERE subject = 'target' AND subject_id = 'third' ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [
        ("created", "engineer", PLANT, None, None, str(1 / 3)),
        ("changed", "engineer", PLANT, "the board decided", str(1 / 3), "0.2"),
        ("withdrawn", "engineer", PLANT, "reached", "0.2", None),
    ]
    assert (await put(world, BODY)).status_code == 200  # the key is free again


async def test_a_scenario(world: World) -> None:
    await add_periods(world)
    await put(world, BODY)
    target = (await world.get("/targets/third?scenario=set_up:0.5")).json()
    scenario = target["scenario"]
    assert scenario["change"] == pytest.approx(1.1 * 76 / 66 - 1)
    assert scenario["gained_points"] == pytest.approx(1.1 * 1000 / 66)
    both = (await world.get("/targets/third?scenario=set_up:0&scenario=idle:0")).json()
    assert both["scenario"]["change"] == pytest.approx(100 / 60 - 1)


async def test_a_past_due_date_is_stated(world: World) -> None:
    """The goal was due on 10 November; between baseline and then 66 of 100 minutes were good."""
    await add_periods(world)
    await add_time(
        world.database, world.ids[PRESS], "2026-11-10T06:00Z",
        [Piece(63), Piece(37, S.IDLE)], Made(good=378),
    )  # fmt: skip
    answer = await put(world, {**BODY, "due_on": "2026-11-10"})
    target = answer.json()
    assert (target["state"], target["change_at_due"]) == ("missed", pytest.approx(0.05))
    assert target["text"][0] == "Missed by 28.3 points on 2026-11-10; now at +10.0 % of +33.3 %."
    by = (await world.get("/targets/third?reach_by=2027-05-20")).json()
    assert by["reach_by"] == "2027-05-20"
    assert by["needed_per_month"] == pytest.approx((4 / 3 / 1.1) ** (30.4375 / 181) - 1)
    assert by["text"][1].endswith("a month to reach it by 2027-05-20.")


async def test_cost_as_input(world: World) -> None:
    await add_periods(world)
    missing = await put(world, {**BODY, "input": "cost"})
    assert missing.status_code == 422
    assert f"PUT /api/v1/line_rates/{LINE}" in missing.json()["detail"]
    await world.database.execute(
        "INSERT INTO line_rates (equipment_id, currency, per_hour) VALUES ($1, 'EUR', 600)",
        world.ids[LINE],
    )
    target = (await put(world, {**BODY, "input": "cost"})).json()
    # Two machines share the rate of the line: an hour of one costs 300 EUR.
    assert target["baseline"]["input"] == pytest.approx(100 / 60 * 300)
    assert target["change"] == pytest.approx(0.1)


async def test_attended_hours_as_input(world: World) -> None:
    """Two people in the baseline, three now: a tenth more output is less per attended hour."""
    await add_periods(world)
    for day, people in (("03", ("anna", "ben")), ("17", ("anna", "ben", "cem"))):
        for person in people:
            await world.database.execute(
                "INSERT INTO machine_reports (event_id, equipment_id, kind, at, until_at, person)"
                " VALUES ($1, $2, 'attendance_recorded', $3, $4, $5)",
                uuid4(), world.ids[PRESS], datetime.fromisoformat(f"2026-11-{day}T06:00Z"),
                datetime.fromisoformat(f"2026-11-{day}T08:00Z"), person,
            )  # fmt: skip
    answer = await put(world, {**BODY, "input": "attended_hours"})
    assert answer.status_code == 200, answer.text
    target = answer.json()
    assert target["baseline"]["input"] == pytest.approx(4)
    assert target["change"] == pytest.approx(66 / 6 / (60 / 4) - 1)
    gaps = {row["loss"]: row["gap_points"] for row in target["contributions"]}
    assert sum(gaps.values()) == pytest.approx(target["gap_points"])
    assert gaps["input"] > 40  # more people for the same machine hours


async def test_output_of_a_line_without_attendance_has_no_input(world: World) -> None:
    """Its parts would count against the hours of other people."""
    await add_periods(world)
    await add_time(world.database, world.ids[OTHER], "2026-11-03T06:00Z", [Piece(60)], Made(good=9))
    await world.database.execute(
        "INSERT INTO machine_reports (event_id, equipment_id, kind, at, until_at, person)"
        " VALUES ($1, $2, 'attendance_recorded', $3, $4, 'anna')",
        uuid4(), world.ids[PRESS], datetime.fromisoformat("2026-11-03T06:00Z"),
        datetime.fromisoformat("2026-11-03T08:00Z"),
    )  # fmt: skip
    line = OTHER.rpartition("/")[0]
    body = {**BODY, "input": "attended_hours", "under": [*BODY["under"], line]}
    answer = await put(world, body)
    assert answer.status_code == 422
    assert (
        f"nobody reports attendance at {line}, whose output would count"
        in (answer.json()["detail"])
    )


async def test_good_parts_have_no_contributions(world: World) -> None:
    await add_periods(world)
    target = (await put(world, {**BODY, "output": "good_parts"})).json()
    assert (target["mix_adjusted"], target["contributions"]) == (False, [])
    assert "earned standard minutes" in target["contributions_reason"]
    assert target["change"] == pytest.approx(0.1)


async def test_no_time_after_the_baseline(world: World) -> None:
    await add_periods(world)
    target = (await put(world, {**BODY, "baseline_end": "2026-11-20T10:00Z"})).json()
    assert (target["change"], target["state"]) == (None, "unknown")
    assert "just ended" in target["reason"]
    assert target["headline"] == "no current value, goal +33.3 %"
    german = (await world.get("/targets/third", headers={"Accept-Language": "de"})).json()
    assert german["headline"] == "kein aktueller Wert, Ziel +33,3 %"
    assert german["reason"].startswith("der Vergleichszeitraum ist eben erst zu Ende")


async def test_several_targets_and_the_keys_of_plants(world: World) -> None:
    await add_periods(world)
    await put(world, BODY)
    await put(world, {**BODY, "under": ["nordwerk"]}, key="group")
    items = (await world.get("/targets")).json()["items"]
    assert [item["key"] for item in items] == ["group", "third"]
    own = (await world.get("/targets", key="emden")).json()["items"]
    assert [item["key"] for item in own] == ["third"]
    assert (await world.get("/targets/group", key="emden")).status_code == 404
    assert (await world.get("/targets/none")).json()["hint"] == "Targets: group, third."


@pytest.mark.parametrize(
    ("changes", "status", "code", "hint"),
    [
        ({"baseline_start": "2026-10-01", "baseline_end": "2026-10-08"}, 422, "no_baseline_data",
         "Choose a period with data"),
        ({"due_on": "2026-11-08"}, 422, "invalid_target", "later due date"),
        ({"due_on": "2026-11-09"}, 422, "invalid_target", "later due date"),
        ({"goal": 0}, 422, "invalid_target", "0.3333"),
        ({"goal": -0.2}, 422, "invalid_target", "0.3333"),
        ({"under": ["nordwerk/emdn-1"]}, 404, "unknown_equipment", PLANT),
        ({"under": [PLANT, PRESS]}, 422, "invalid_target", "counts twice"),
        ({"under": []}, 422, "invalid_parameter", "errors"),
        ({"path": "steps"}, 422, "invalid_target", "at least one"),
        ({"path": "steps", "steps": [{"due_on": "2027-02-01", "change": 0.2},
                                     {"due_on": "2027-03-01", "change": 0.1}]},
         422, "invalid_target", "higher change"),
        ({"steps": [{"due_on": "2027-02-01", "change": 0.2}]}, 422, "invalid_target", "steps"),
        ({"baseline_end": "2026-12-09"}, 422, "invalid_target", "has ended"),
        ({"baseline_end": "2026-11-01"}, 422, "invalid_parameter", "before"),
        ({"input": "attended_hours"}, 422, "no_baseline_data", "Choose a period"),
        ({"input": "kwh"}, 422, "invalid_parameter", "errors"),
        ({"colour": "red"}, 422, "invalid_parameter", "errors"),
        ({"now_days": 0}, 422, "invalid_parameter", "errors"),
    ],
)  # fmt: skip
async def test_a_target_that_cannot_be(
    world: World, changes: dict[str, Any], status: int, code: str, hint: str
) -> None:
    await add_periods(world)
    answer = await put(world, {**BODY, **changes})
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (status, f"urn:werknetz:problem:{code}"), (
        problem
    )
    assert hint in problem["hint"], problem


async def test_a_baseline_in_which_nothing_good_was_made(world: World) -> None:
    await add_time(world.database, world.ids[PRESS], "2026-11-03T06:00Z", [Piece(60, S.IDLE)])
    answer = await put(world, BODY)
    assert answer.json()["type"].endswith("no_baseline_data")
    assert "nothing good was produced" in answer.json()["detail"]


@pytest.mark.parametrize("scenario", ["set_up:-1", "set_up:x", "colour:0.5", "off_shift:0.5"])
async def test_a_scenario_that_cannot_be(world: World, scenario: str) -> None:
    await add_periods(world)
    await put(world, BODY)
    answer = await world.get(f"/targets/third?scenario={scenario}")
    assert answer.status_code == 422
    assert "set_up:0.5" in answer.json()["hint"]


async def test_viewers_set_no_targets(world: World) -> None:
    answer = await world.client.put(
        "/api/v1/targets/third", json=BODY, headers={"X-API-Key": world.keys["viewer"]}
    )
    assert answer.status_code == 403
    other = await world.client.put(
        "/api/v1/targets/third", json={**BODY, "under": [OTHER]},
        headers={"X-API-Key": world.keys["emden"]},
    )  # fmt: skip
    assert other.status_code == 403


async def test_unchanged_is_304_and_a_change_is_not(world: World) -> None:
    await add_periods(world)
    await put(world, BODY)
    for url in ("/targets", "/targets/third"):
        tag = (await world.get(url)).headers["etag"]
        assert (await world.get(url, headers={"If-None-Match": tag})).status_code == 304
        await put(world, {**BODY, "goal": 0.2})
        assert (await world.get(url, headers={"If-None-Match": tag})).status_code == 200
        await put(world, BODY)
