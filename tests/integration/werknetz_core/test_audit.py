"""The audit log: one table for every change by a person; who sees which of its entries."""

import json
from typing import Any

import pytest

from werknetz_core import admin

from .conftest import CALENDAR, LINE, OTHER, PLANT, PRESS, World
from .stop_requests import post, send

pytestmark = pytest.mark.asyncio


async def entries(world: World, query: str = "", key: str = "admin") -> list[Any]:
    response = await world.get(f"/audit?{query}", key)
    assert response.status_code == 200, response.text
    items: list[Any] = response.json()["items"]
    return items


CHANGES = [
    ("PUT", f"/line_rates/{LINE}", {"per_hour": 200, "currency": "EUR"}, "line_rate"),
    ("PUT", "/suppliers/kirchhoff", {"name": "Kirchhoff AG"}, "supplier"),
    ("PUT", "/sites/s1", {"name": "Site"}, "site"),
    ("PUT", "/materials/M1", {"description": "Bracket"}, "material"),
    ("PUT", "/warehouses/w1", {"name": "Store"}, "warehouse"),
    ("PUT", f"/line_materials/{LINE}", {"items": []}, "line_materials"),
    ("POST", "/api_keys", {"name": "new", "role": "viewer"}, "key"),
    ("POST", "/quarantine:discard", {"connector": "emden-opcua", "note": "test"}, "quarantine"),
    ("POST", "/quarantine:assign", {"connector": "zwick-mqtt", "to": "Eva"}, "quarantine"),
    ("PUT", f"/stop_thresholds/{LINE}", {"minor_stop_s": 60}, "stop_threshold"),
    ("PUT", f"/reason_codes/{LINE}", {"state_code": "7", "reason": "jam"}, "reason_code"),
    ("PUT", "/reasons/glue", {"name_en": "Glue", "name_de": "Kleber"}, "reason"),
    ("POST", "/annotations", {"equipment": LINE, "text": "mould 7 is worn"}, "annotation"),
    ("POST", "/users", {"name": "eva", "plants": [PLANT]}, "user"),
    (
        "PUT", f"/equipment/{PLANT}/calendars",
        {"document": json.loads(CALENDAR), "valid_from": "2026-12-01"}, "calendar",
    ),
    ("PUT", "/supply_policies", {"document": {"frozen_days": 5}}, "policy"),
    (
        "PUT", f"/equipment_capacities/{PRESS}",
        {"items_per_hour": 9, "valid_from": "2026-11-01T00:00:00Z"}, "equipment_capacity",
    ),
    (
        "PUT", "/energy_carriers/gas",
        {"equipment": PLANT, "valid_from": "2026-11-01T00:00:00Z", "unit": "m^3",
         "energy_per_unit": 10}, "energy_carrier",
    ),
    ("PATCH", f"/equipment/{PRESS}", {"name": "Press 3"}, "equipment"),
    (
        "POST", "/quantity_entries",
        {"equipment": PRESS, "at": "2026-11-20T09:00:00Z", "kind": "scrap", "quantity": 2},
        "quantity",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body", "subject"), CHANGES, ids=[f"{c[0]}-{c[3]}" for c in CHANGES]
)
async def test_each_change_is_in_the_log(
    world: World, method: str, path: str, body: dict[str, Any], subject: str
) -> None:
    response = await send(world, method, path, body, "admin")
    assert response.status_code < 300, response.text
    [entry] = await entries(world)
    assert (entry["by"], entry["subject"]) == ("admin", subject)
    assert entry["after"]
    assert await entries(world, f"subject={subject}&by=admin&action={entry['action']}")
    assert await entries(world, "subject=other") == []
    refused = await send(world, method, path, body, "viewer")
    assert refused.status_code == 403
    assert len(await entries(world)) == 1


async def test_a_revoked_key_is_in_the_log_without_its_secret(world: World) -> None:
    created = await post(world, "/api_keys", {"name": "new", "role": "operator"}, "admin")
    await send(world, "DELETE", f"/api_keys/{created['prefix']}", key="admin")
    shown = await entries(world, "subject=key")
    assert [entry["action"] for entry in shown] == ["revoked", "created"]
    assert created["key"] not in str(shown)
    assert shown[0]["before"] == shown[1]["after"]
    assert shown[0]["before"].keys() == {"name", "role", "scopes", "plants", "expires_at"}
    assert shown[0]["before"]["role"] == "operator"
    assert shown[0]["before"]["expires_at"].startswith("202")


async def test_a_second_change_records_what_the_first_one_left(world: World) -> None:
    changes = [
        (f"/line_rates/{LINE}", {"per_hour": 200.0, "currency": "EUR"}, {"per_hour": 300.0}),
        ("/suppliers/k", {"name": "K", "identities": ["1", "2"]}, {"identities": ["2"]}),
        ("/sites/s1", {"name": "S", "plant": PLANT, "identities": ["9"]}, {"identities": []}),
        (
            "/materials/M1", {"description": "B", "units": [{"unit": "box", "factor": 4.0}]},
            {"units": []},
        ),
        ("/warehouses/w1", {"name": "W"}, {"name": "V"}),
        (
            f"/line_materials/{LINE}",
            {"items": [{
                "material": "M1", "warehouse": "w1", "quantity_per_item": 1.0,
                "items_per_hour": 2.0, "minimum_quantity": 0.0,
            }]},
            {"items": []},
        ),
    ]  # fmt: skip
    for path, first, second in changes:
        for body in (first, first | second):
            response = await send(world, "PUT", path, body, "admin")
            assert response.status_code < 300, response.text
        newest, oldest = (await entries(world))[:2]
        assert oldest["before"] in (None, {"items": []}), path
        assert newest["before"] == oldest["after"] == first, path
        assert newest["after"] == first | second, path


async def test_a_decision_on_quarantine_records_what_it_covers_and_what_was_before(
    world: World,
) -> None:
    selection = {"connector": "emden-opcua"}
    await post(world, "/quarantine:assign", {**selection, "to": "Eva"}, "admin")
    await post(world, "/quarantine:discard", {**selection, "note": "test"}, "admin")
    discarded, assigned = await entries(world, "subject=quarantine")
    [group] = assigned["before"]["groups"]
    assert (group["state"], group["assigned_to"]) == ("open", None)
    assert group["entries"] == assigned["after"]["entries"]
    assert group["first_id"] <= group["last_id"]
    assert discarded["before"]["groups"] == [{**group, "state": "assigned", "assigned_to": "Eva"}]
    assert assigned["after"]["assigned_to"] == "Eva"
    assert (discarded["after"]["state"], discarded["reason"]) == ("discarded", "test")


async def test_pages_filters_and_plants(world: World) -> None:
    for path in (PRESS, OTHER, LINE):
        for seconds in (30, 60):
            body = {"minor_stop_s": seconds, "why": "agreed"}
            await send(world, "PUT", f"/stop_thresholds/{path}", body, "admin")
    await send(world, "PUT", "/suppliers/k", {"name": "K"}, "admin")
    whole = await entries(world)
    assert [entry["id"] for entry in whole] == sorted((e["id"] for e in whole), reverse=True)
    page = (await world.get("/audit?limit=3&sort=id", "admin")).json()
    ids = [entry["id"] for entry in page["items"]]
    while page["next_cursor"]:
        query = f"/audit?limit=3&sort=id&cursor={page['next_cursor']}"
        page = (await world.get(query, "admin")).json()
        ids += [entry["id"] for entry in page["items"]]
    assert ids == [entry["id"] for entry in reversed(whole)]
    assert len(ids) == 7
    assert len(await entries(world, f"under={LINE}")) == 4
    assert len(await entries(world, f"under={OTHER}&under={PRESS}")) == 4
    assert len(await entries(world, f"subject_id={PRESS}")) == 2
    assert {e["equipment"] for e in await entries(world, key="emden")} == {PRESS, LINE}
    assert (await world.get(f"/audit?under={PLANT}", "zwick")).status_code == 403
    assert len(await entries(world, key="viewer")) == 6  # no change that concerns no equipment
    assert whole[1]["reason"] == "agreed"
    assert await entries(world, "start=2000-01-01&end=2000-01-02") == []
    wrong = await world.get("/audit?subjekt=stop", "admin")
    assert wrong.status_code == 422
    assert "subject" in wrong.json()["hint"]


async def test_changes_are_found_by_present_and_former_paths(world: World) -> None:
    for path in (PRESS, LINE):
        await send(world, "PUT", f"/stop_thresholds/{path}", {"minor_stop_s": 30}, "admin")
    renamed = f"{LINE}/press-33"
    await send(world, "PATCH", f"/equipment/{PRESS}", {"path": renamed}, "admin")
    await send(world, "PUT", f"/stop_thresholds/{renamed}", {"minor_stop_s": 60}, "admin")
    ids_by_path = [
        [entry["id"] for entry in await entries(world, f"subject=stop_threshold&under={path}")]
        for path in (renamed, PRESS)
    ]
    assert [len(ids) for ids in ids_by_path] == [2, 2]
    assert ids_by_path[0] == ids_by_path[1]
    assert len(await entries(world, f"subject=stop_threshold&under={LINE}")) == 3
    plant = "nordwerk/emden-9"
    await send(world, "PATCH", f"/equipment/{PLANT}", {"path": plant}, "admin")
    assert len(await entries(world, f"subject=stop_threshold&under={plant}", "emden")) == 3
    assert (await world.get(f"/audit?under={plant}", "zwick")).status_code == 403


async def test_keys_of_the_command_line_are_in_the_log(world: World, database_url: str) -> None:
    key = await admin.create_key(
        database_url, "first", role="admin", plants=[PLANT], expires_at=None
    )
    assert await admin.revoke_key(database_url, key.split("_")[1]) == "first"
    shown = await entries(world, "subject=key")
    assert [(entry["action"], entry["by"]) for entry in shown] == [
        ("revoked", "database"), ("created", "database"),
    ]  # fmt: skip
    assert key not in str(shown)
    for entry in shown:
        assert (entry["address"], entry["trace_id"]) == ("127.0.0.1", None)
        assert entry["client"].startswith("werknetz (")
    document = {
        "name": "first", "role": "admin", "scopes": [], "plants": [PLANT], "expires_at": None,
    }  # fmt: skip
    assert (shown[0]["before"], shown[1]["after"]) == (document, document)
