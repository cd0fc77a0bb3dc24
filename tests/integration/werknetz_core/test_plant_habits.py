"""The language and the clock of a plant: set by an engineer, shown with it, audited."""

import json
from typing import Any

import asyncpg
import httpx2
import pytest

from .conftest import LINE, PLANT, World
from .test_schema_entries import _migrate as migrate
from .test_schema_entries import database  # noqa: F401 - a fixture

pytestmark = pytest.mark.asyncio


async def change(world: World, path: str, key: str = "engineer", **body: Any) -> httpx2.Response:
    return await world.client.patch(
        f"/api/v1/equipment/{path}", headers={"X-API-Key": world.keys[key]}, json=body
    )


async def show_plant(world: World) -> dict[str, Any]:
    plants = (await world.get("/plants")).json()["items"]
    plant: dict[str, Any] = next(item for item in plants if item["path"] == PLANT)
    return plant


async def test_a_plant_has_a_language_and_a_clock(world: World) -> None:
    assert (await show_plant(world))["clock"] is None
    answer = await change(world, PLANT, name="Emden", language="de", clock="12h", reason="visitors")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["language"], answer.json()["clock"]) == ("de", "12h")
    plant = await show_plant(world)
    assert (plant["name"], plant["language"], plant["clock"]) == ("Emden", "de", "12h")
    (entry,) = await world.database.fetch(
        "SELECT before::text AS before, after::text AS after, reason FROM audit_log"
    )
    assert json.loads(entry["after"]) == {"name": "Emden", "language": "de", "clock": "12h"}
    assert json.loads(entry["before"])["clock"] is None
    assert entry["reason"] == "visitors"
    await change(world, PLANT, clock=None)
    plant = await show_plant(world)
    assert (plant["language"], plant["clock"]) == ("de", None)


async def test_what_cannot_be_is_refused(world: World) -> None:
    refused = await change(world, LINE, clock="12h")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/clock"
    assert (await change(world, PLANT, clock="13h")).status_code == 422
    assert (await change(world, PLANT, language="Deutsch")).status_code == 422
    assert (await change(world, PLANT, key="viewer", clock="12h")).status_code == 403


async def test_plants_of_an_older_version_have_none(
    database: asyncpg.Connection,  # noqa: F811
    database_url: str,
) -> None:
    await migrate(database_url, upgrade_to="0037")
    await database.execute(
        "INSERT INTO equipment (path, level, name) VALUES ('n', 'enterprise', 'n')"
    )
    await migrate(database_url, upgrade_to="0039")
    row = await database.fetchrow("SELECT name, language, clock FROM equipment")
    assert tuple(row) == ("n", None, None)
    await migrate(database_url, downgrade_to="0037")
