"""The life of a key: scopes, last use, rotation with an overlap, and keys from before scopes."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from werknetz_core import admin

from .conftest import NOW, World
from .test_schema_entries import _migrate

pytestmark = pytest.mark.asyncio
ROTATE = "/api/v1/api_keys/{}:rotate"


async def create(world: World, **fields: object) -> dict[str, Any]:
    answer = await world.client.post(
        "/api/v1/api_keys", json={"name": "mes", **fields},
        headers={"X-API-Key": world.keys["admin"]},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def rotate(world: World, prefix: str, **fields: object) -> Any:
    return await world.client.post(
        ROTATE.format(prefix), json=fields, headers={"X-API-Key": world.keys["admin"]}
    )


async def status_of(world: World, key: str) -> int:
    world.app.state.context.keys._cache.clear()  # as five seconds later
    answer = await world.client.get("/api/v1/plants", headers={"X-API-Key": key})
    return answer.status_code


async def test_a_programs_key_has_scopes_and_no_role(world: World) -> None:
    created = await create(world, scopes=["ingest", "read", "read"])
    assert (created["role"], created["scopes"]) == (None, ["read", "ingest"])
    assert await status_of(world, created["key"]) == 200
    only_ingest = await create(world, scopes=["ingest"])
    assert await status_of(world, only_ingest["key"]) == 403
    both = await create(world, role="operator", scopes=["supply"])
    assert (both["role"], both["scopes"]) == ("operator", ["supply"])
    assert (await create(world))["role"] == "viewer"
    entry = (await world.get("/audit?subject=key", "admin")).json()["items"][-1]
    assert entry["after"]["scopes"] == ["read", "ingest"]
    refused = await world.client.post(
        "/api/v1/api_keys", json={"name": "x", "scopes": ["everything"]},
        headers={"X-API-Key": world.keys["admin"]},
    )  # fmt: skip
    assert refused.status_code == 422
    assert "configuration" in refused.text


async def test_the_former_secret_works_until_the_overlap_ends(world: World) -> None:
    created = await create(world, scopes=["read"])
    prefix, first = created["prefix"], created["key"]
    answer = await rotate(world, prefix, overlap_hours=24)
    assert answer.status_code == 200, answer.text
    second = answer.json()["key"]
    assert answer.json()["former_valid_until"] == "2026-11-21T10:07:00Z"
    assert answer.json()["expires_at"] == created["expires_at"]
    assert second != first
    assert second.startswith(f"wn_{prefix}_")
    assert [await status_of(world, key) for key in (first, second)] == [200, 200]
    world.now[0] = NOW + timedelta(hours=24) - timedelta(microseconds=1)
    assert await status_of(world, first) == 200
    world.now[0] = NOW + timedelta(hours=24)
    assert [await status_of(world, key) for key in (first, second)] == [401, 200]
    at_once = (await rotate(world, prefix, overlap_hours=0)).json()["key"]
    assert [await status_of(world, key) for key in (first, second, at_once)] == [401, 401, 200]
    entries = (await world.get(f"/audit?subject=key&subject_id={prefix}", "admin")).json()["items"]
    assert [entry["action"] for entry in entries] == ["rotated", "rotated", "created"]
    assert not [key for key in (first, second, at_once) if key[-64:] in str(entries)]


async def test_what_cannot_be_rotated(world: World) -> None:
    assert (await rotate(world, "none")).status_code == 404
    created = await create(world, expires_days=1)
    world.now[0] = NOW + timedelta(days=1)
    expired = await rotate(world, created["prefix"])
    assert (expired.status_code, "expires_days" in expired.json()["hint"]) == (409, True)
    renewed = await rotate(world, created["prefix"], expires_days=2, overlap_hours=48)
    assert renewed.json()["expires_at"] == "2026-11-23T10:07:00Z"
    assert await status_of(world, renewed.json()["key"]) == 200
    for fields in ({"overlap_hours": -1}, {"overlap_hours": 2161}, {"overlap": 1}):
        assert (await rotate(world, created["prefix"], **fields)).status_code == 422
    await world.client.delete(
        f"/api/v1/api_keys/{created['prefix']}", headers={"X-API-Key": world.keys["admin"]}
    )
    assert await status_of(world, renewed.json()["key"]) == 401
    assert (await rotate(world, created["prefix"])).status_code == 404


async def test_the_last_use_is_written_at_most_once_a_minute(world: World) -> None:
    created = await create(world)

    async def last_used() -> Any:
        return await world.database.fetchval(
            "SELECT last_used_at FROM api_keys WHERE prefix = $1", created["prefix"]
        )

    wrong = created["key"][:-1] + ("0" if created["key"][-1] != "0" else "1")
    assert await status_of(world, wrong) == 401
    assert await last_used() is None
    assert await status_of(world, created["key"]) == 200
    used = await last_used()
    assert used is not None
    assert await status_of(world, created["key"]) == 200
    assert await last_used() == used
    await world.database.execute(
        "UPDATE api_keys SET last_used_at = now() - interval '1 minute' WHERE prefix = $1",
        created["prefix"],
    )
    assert await status_of(world, created["key"]) == 200
    assert await last_used() >= used
    listed = (await world.get("/api_keys?limit=1000", "admin")).json()["items"]
    [shown] = [key for key in listed if key["prefix"] == created["prefix"]]
    assert shown["last_used_at"] is not None
    assert not {"hash", "former_hash", "id"} & shown.keys()


async def test_a_key_is_rotated_in_the_database(database_url: str) -> None:
    first = await admin.create_key(
        database_url, "edge", role=None, scopes=["ingest"], plants=None, expires_at=None
    )
    prefix = first.split("_")[1]
    name, second, until = await admin.rotate_key(database_url, prefix, overlap=timedelta(days=7))
    assert (name, second.startswith(f"wn_{prefix}_"), second != first) == ("edge", True, True)
    [listed] = await admin.list_keys(database_url)
    assert (listed["role"], listed["scopes"]) == (None, ["ingest"])
    assert (listed["former_valid_until"], listed["expires_at"]) == (until, None)
    with pytest.raises(admin.AdminError, match="no scope 'god'") as caught:
        await admin.create_key(
            database_url, "x", role=None, scopes=["god"], plants=None, expires_at=None
        )
    assert "ingest" in caught.value.remedy
    with pytest.raises(admin.AdminError, match="no valid key"):
        await admin.rotate_key(database_url, "none", overlap=timedelta())


async def test_keys_of_0023_may_do_what_they_could(
    database_url: str,
) -> None:
    """Engineers, planners and operators could do the same, and still can."""
    database = await asyncpg.connect(database_url)
    await database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await _migrate(database_url, upgrade_to="0023")
    roles = ("viewer", "engineer", "planner", "operator", "admin")
    for role in roles:
        await database.execute(
            "INSERT INTO api_keys (prefix, hash, name, role) VALUES ($1, 'x', $1, $1)", role
        )
    await _migrate(database_url, upgrade_to="0024")
    rows = await database.fetch("SELECT name, role, scopes FROM api_keys")
    assert {(row["name"], row["role"], tuple(row["scopes"])) for row in rows} == {
        ("viewer", "viewer", ()), ("admin", "admin", ()),
        *((role, "engineer", ("supply",)) for role in ("engineer", "planner", "operator")),
    }  # fmt: skip
    for name, scopes in (("read", ["read", "ingest"]), ("ingest", ["ingest"]), ("all", ["admin"])):
        await database.execute(
            "INSERT INTO api_keys (prefix, hash, name, scopes) VALUES ($1, 'x', $1, $2)",
            name, scopes,
        )  # fmt: skip
    await _migrate(database_url, downgrade_to="0023")
    rows = await database.fetch("SELECT name, role, revoked_at IS NULL AS is_valid FROM api_keys")
    assert {tuple(row) for row in rows} == {
        ("viewer", "viewer", True), ("admin", "admin", True), ("engineer", "engineer", True),
        ("planner", "engineer", True), ("operator", "engineer", True),
        ("read", "viewer", True), ("ingest", "viewer", False), ("all", "admin", True),
    }  # fmt: skip
    await database.close()
