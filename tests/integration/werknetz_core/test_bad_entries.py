"""Bad input about stops, quantities, targets and comparisons: what is wrong, and what to do."""

import json
from typing import Any

import pytest

from .conftest import LINE, PLANT, PRESS, World

pytestmark = pytest.mark.asyncio
STOP = {"equipment": PRESS, "start": "2026-11-20T08:00:00Z", "end": "2026-11-20T08:10:00Z"}
QUANTITY = {"equipment": PRESS, "at": "2026-11-20T08:00:00Z", "kind": "good", "quantity": 1.0}
TARGET = {
    "name": "T", "under": [PLANT], "goal": 0.1, "due_on": "2027-12-31", "path": "linear",
    "baseline_start": "2026-11-10", "baseline_end": "2026-11-17",
}  # fmt: skip
NAN, INFINITE = float("nan"), float("inf")
FINITE = "The number is not finite."
CASES: list[tuple[str, str, str, dict[str, Any], str, str]] = [
    ("a reason that does not exist", "POST", "/stops", {**STOP, "reason": "jamm"},
     "There is no reason 'jamm'.", "Did you mean jam"),
    ("a reason of scrap", "POST", "/stops", {**STOP, "reason": "crack"},
     "a reason of scrap", "kind=stop"),
    ("a stop without a zone", "POST", "/stops", {**STOP, "start": "2026-11-20T08:00:00"},
     "timezone", "Add the time zone"),
    ("no time at all", "POST", "/stops", {**STOP, "start": "gestern"}, "/body/start",
     "Write it as 2026-11-27T08:00:00+01:00."),
    ("a stop that ends before it starts", "POST", "/stops", {**STOP, "end": STOP["start"]},
     "start 2026-11-20T08:00:00Z is not before end 2026-11-20T08:00:00Z.", "Send start"),
    ("a stop in the future", "POST", "/stops", {**STOP, "end": "2026-11-21T08:00:00Z"},
     "end 2026-11-21T08:00:00Z lies in the future", "check the time zone"),
    ("an unknown field", "POST", "/stops", {**STOP, "colour": "red"}, "/body/colour",
     "leave it out"),
    ("a missing field", "POST", "/stops", {"equipment": PRESS}, "/body/start", "Send it"),
    ("a stop of a line", "POST", "/stops", {**STOP, "equipment": LINE}, "is no machine", PRESS),
    ("a quantity in the future", "POST", "/quantity_entries",
     {**QUANTITY, "at": "2026-11-21T08:00:00Z"}, "at 2026-11-21T08:00:00Z lies in the future",
     "check the time zone"),
    ("a quantity of no time", "POST", "/quantity_entries", {**QUANTITY, "since": QUANTITY["at"]},
     "since 2026-11-20T08:00:00Z is not before at 2026-11-20T08:00:00Z.", "Send since"),
    ("a quantity that is no number", "POST", "/quantity_entries", {**QUANTITY, "quantity": NAN},
     FINITE, "neither NaN nor infinity"),
    ("an infinite quantity", "POST", "/quantity_entries", {**QUANTITY, "quantity": INFINITE},
     FINITE, "neither NaN nor infinity"),
    ("a capacity that is no number", "PUT", f"/equipment_capacities/{PRESS}",
     {"valid_from": "2026-11-01T00:00:00Z", "items_per_hour": NAN}, FINITE, "neither NaN"),
    ("a capacity of zero", "PUT", f"/equipment_capacities/{PRESS}",
     {"valid_from": "2026-11-01T00:00:00Z", "items_per_hour": 0}, "greater than 0", "/docs"),
    ("a rate that is no number", "PUT", f"/line_rates/{LINE}",
     {"currency": "EUR", "per_hour": NAN}, FINITE, "neither NaN"),
    ("a rate beyond all money", "PUT", f"/line_rates/{LINE}",
     {"currency": "EUR", "per_hour": 1e308}, "less than 1000000000000", "/docs"),
    *(
        (f"{path} of the year {year}", method, path, {**body, field: f"{year}-01-01T00:00:00Z"},
         f"/body/{field}: It is not between 1970 and 2200", "Correct the year.")
        for year in ("0001", "9999")
        for method, path, field, body in (
            ("POST", "/stops", "start", STOP),
            ("POST", "/quantity_entries", "at", QUANTITY),
            ("POST", "/annotations", "start", {"equipment": LINE, "text": "n"}),
            ("PUT", f"/line_rates/{LINE}", "valid_from", {"currency": "EUR", "per_hour": 1}),
            ("PUT", f"/stop_thresholds/{LINE}", "valid_from", {"minor_stop_s": 60}),
            ("PUT", f"/equipment_capacities/{PRESS}", "valid_from", {"items_per_hour": 1}),
            ("PUT", "/energy_carriers/gas", "valid_from",
             {"equipment": PLANT, "unit": "m3", "energy_per_unit": 10}),
            ("PATCH", f"/equipment/{PRESS}", "valid_to", {}),
        )
    ),
    ("a target without baseline data", "PUT", "/targets/t", TARGET,
     "The baseline has no value from 2026-11-10 00:00 to 2026-11-17 00:00 (Europe/Berlin): ",
     "Choose a period with data"),
    ("a baseline that has not ended", "PUT", "/targets/t", {**TARGET, "baseline_end": "2026-12-01"},
     "The baseline ends at 2026-12-01 00:00 (Europe/Berlin), which is not past.",
     "Choose a baseline that has ended"),
    ("a goal that is no number", "PUT", "/targets/t", {**TARGET, "goal": NAN}, "goal", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "route", "body", "detail", "hint"), [row[1:] for row in CASES],
    ids=[row[0] for row in CASES],
)  # fmt: skip
async def test_what_is_wrong_and_what_to_do(
    world: World, method: str, route: str, body: dict[str, Any], detail: str, hint: str
) -> None:
    answer = await world.client.request(
        method, f"/api/v1{route}", content=json.dumps(body),
        headers={"X-API-Key": world.keys["engineer"], "Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert detail in problem["detail"]
    assert hint in problem["hint"]


async def test_a_filter_of_a_reason_that_does_not_exist(world: World) -> None:
    answer = await world.get(f"/stops?under={PLANT}&reason=jam")
    assert answer.status_code == 200
    answer = await world.get(f"/stops?under={PLANT}&reason=jam&reason=jamm")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "There is no reason 'jamm'."
    assert "jam" in answer.json()["hint"]


async def test_a_reason_of_a_plant_can_be_filtered_by_those_who_see_the_plant(world: World) -> None:
    for plant in (PLANT, "nordwerk/zwick-2"):
        await world.database.execute(
            "INSERT INTO reasons (equipment_id, code, kind, name_en, name_de)"
            " VALUES ($1, $2, 'stop', 'x', 'x')",
            world.ids[plant], plant.rpartition("/")[2],
        )  # fmt: skip
    assert (await world.get(f"/stops?under={PLANT}&reason=emden-1")).status_code == 200
    assert (await world.get(f"/stops?under={PLANT}&reason=zwick-2")).status_code == 200
    statuses = [
        (await world.get(f"/stops?under={PLANT}&reason={code}", key="emden")).status_code
        for code in ("emden-1", "zwick-2", "jam")
    ]
    assert statuses == [200, 422, 200]


async def test_a_preview_shows_the_shifts_that_the_change_brings(world: World) -> None:
    document = {
        "time_zone": "Europe/Berlin", "cycle_days": 7, "anchor": "2026-01-05",
        "shifts": [{"name": "long", "start": "07:00", "end": "19:00", "days": [0, 1, 2, 3, 4]}],
    }  # fmt: skip
    answer = await world.client.post(
        f"/api/v1/equipment/{PLANT}/calendars:preview",
        headers={"X-API-Key": world.keys["engineer"]},
        json={"document": document, "valid_from": "2026-12-07"},
    )
    assert answer.status_code == 200, answer.text
    shifts = answer.json()["next_shifts"]
    assert {shift["name"] for shift in shifts} == {"long"}
    assert shifts[0]["start"] == "2026-12-07T07:00:00+01:00"
