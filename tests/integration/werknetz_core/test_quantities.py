"""Quantities by people: entered, corrected, withdrawn, undone; never more than was counted."""

from typing import Any

import pytest

from .conftest import LINE, PRESS, World, add_bucket
from .stop_requests import code_of, post, send

pytestmark = pytest.mark.asyncio
BODY = {"equipment": PRESS, "at": "2026-11-20T09:00:00Z", "kind": "scrap", "quantity": 3}


async def in_force(world: World) -> list[tuple[Any, ...]]:
    rows = await world.database.fetch(
        "SELECT at, role, quantity FROM quantity_entries WHERE known_to IS NULL ORDER BY at, id"
    )
    return [(row["at"].strftime("%H:%M"), row["role"], row["quantity"]) for row in rows]


async def marks(world: World) -> list[str]:
    rows = await world.database.fetch("SELECT bucket_at FROM dirty_buckets ORDER BY 1")
    await world.database.execute("DELETE FROM dirty_buckets")
    return [row["bucket_at"].strftime("%H:%M") for row in rows]


async def test_enter_correct_undo_withdraw(world: World) -> None:
    entry = {**BODY, "reason": "crack", "comment": "batch 7"}
    created = await post(world, "/quantity_entries", entry)
    assert (created["quantity"], created["kind"], created["reason"]) == (3, "scrap", "crack")
    assert await marks(world) == ["08:45"]  # an edge belongs to the bucket that ends with it
    path = f"/quantity_entries/{created['id']}"
    change = {"quantity": 5, "reason": "surface", "version": created["version"], "why": "recounted"}
    corrected = (await send(world, "PATCH", path, change)).json()
    assert (corrected["quantity"], corrected["reason"], corrected["comment"]) == (
        5, "surface", "batch 7",
    )  # fmt: skip
    assert corrected["id"] == created["id"]
    assert await marks(world) == ["08:45"]
    stale = await send(world, "PATCH", path, change)
    assert await code_of(stale) == (409, "changed_meanwhile")
    undone = await post(world, f"{path}:undo", {"version": corrected["version"]})
    assert (undone["quantity"], undone["version"]) == (3, created["version"])
    assert await in_force(world) == [("09:00", "scrap_count", 3)]
    assert (await send(world, "DELETE", path)).status_code == 204
    assert await in_force(world) == []
    assert await code_of(await send(world, "PATCH", path, {"quantity": 1})) == (
        409, "quantity_withdrawn",
    )  # fmt: skip
    assert (await post(world, f"{path}:undo", {}))["quantity"] == 3
    assert await post(world, f"{path}:undo", {}) is None
    assert await in_force(world) == []
    former = await world.database.fetchval("SELECT count(*) FROM quantity_entries")
    assert former == 4  # every value that ever was stays
    log = (await world.get("/audit?subject=quantity", "admin")).json()["items"]
    assert [row["action"] for row in log] == [
        "undone", "undone", "withdrawn", "undone", "corrected", "entered",
    ]  # fmt: skip
    assert log[4]["before"]["quantity"] == 3
    assert (log[4]["after"]["quantity"], log[4]["reason"]) == (5, "recounted")


async def test_no_more_is_taken_away_than_was_counted(world: World) -> None:
    await add_bucket(world, PRESS, "2026-11-20T08:30Z", pq=4)
    await add_bucket(world, PRESS, "2026-11-20T08:45Z", pq=6)
    good = {**BODY, "kind": "good"}
    for quantity in (-7, -6.5):
        refused = await send(world, "POST", "/quantity_entries", {**good, "quantity": quantity})
        assert await code_of(refused) == (422, "more_than_counted")
        assert "6 were counted" in refused.json()["detail"]
    await post(world, "/quantity_entries", {**good, "quantity": -6})
    again = await send(world, "POST", "/quantity_entries", {**good, "quantity": -1})
    assert await code_of(again) == (422, "more_than_counted")
    longer = {**good, "since": "2026-11-20T08:30:00Z"}
    refused = await send(world, "POST", "/quantity_entries", {**longer, "quantity": -5})
    assert await code_of(refused) == (422, "more_than_counted")
    await post(world, "/quantity_entries", {**longer, "quantity": -4})
    assert await in_force(world) == [("08:45", "good_count", -4), ("09:00", "good_count", -6)]


async def test_a_correction_over_a_time_is_taken_from_the_last_buckets(world: World) -> None:
    for start, count in (("08:00", 4), ("08:15", 0), ("08:30", 4), ("08:45", 6)):
        await add_bucket(world, PRESS, f"2026-11-20T{start}Z", pq=count)
    body = {
        **BODY, "kind": "produced", "quantity": -11, "since": "2026-11-20T08:00:00Z",
        "at": "2026-11-20T08:52:00Z",
    }  # fmt: skip
    created = await post(world, "/quantity_entries", body)
    assert created["quantity"] == -11
    assert await in_force(world) == [
        ("08:15", "total_count", -1), ("08:45", "total_count", -4), ("08:52", "total_count", -6),
    ]  # fmt: skip
    assert await marks(world) == ["08:00", "08:30", "08:45"]
    listed = (await world.get(f"/quantity_entries?under={LINE}&kind=produced")).json()["items"]
    assert [(row["id"], row["quantity"]) for row in listed] == [(created["id"], -11)]


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"quantity": 0}, 422, "zero_quantity"),
    ({"quantity": "NaN"}, 422, "invalid_parameter"),
    ({"quantity": 1e300}, 422, "invalid_parameter"),
    ({"quantity": -1}, 422, "more_than_counted"),
    ({"at": "2026-11-20T10:07:01Z"}, 422, "in_future"),
    ({"at": "2026-11-20T09:00:00"}, 422, "invalid_parameter"),
    ({"since": "2026-11-20T09:00:00Z"}, 422, "invalid_span"),
    ({"kind": "goods"}, 422, "invalid_parameter"),
    ({"reason": "crakc"}, 422, "unknown_reason"),
    ({"reason": "jam"}, 422, "wrong_reason_kind"),
    ({"kind": "good", "reason": "crack"}, 422, "reason_without_scrap"),
    ({"equipment": LINE}, 422, "not_a_machine"),
    ({"equipment": f"{PRESS}x"}, 404, "unknown_equipment"),
    ({"amount": 1}, 422, "invalid_parameter"),
]


@pytest.mark.parametrize(
    ("change", "status", "code"), BAD, ids=[f"{n}-{row[2]}" for n, row in enumerate(BAD)]
)
async def test_bad_quantities_are_refused(
    world: World, change: dict[str, Any], status: int, code: str
) -> None:
    response = await send(world, "POST", "/quantity_entries", {**BODY, **change})
    assert await code_of(response) == (status, code), response.text
    for table in ("quantity_entries", "audit_log", "dirty_buckets"):
        assert await world.database.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_nan_as_json_is_refused(world: World) -> None:
    response = await world.client.post(
        "/api/v1/quantity_entries",
        content=f'{{"equipment": "{PRESS}", "at": "2026-11-20T09:00:00Z", "kind": "good",'
        ' "quantity": NaN}',
        headers={"X-API-Key": world.keys["engineer"], "Content-Type": "application/json"},
    )
    assert response.status_code == 422


async def test_roles_and_plants(world: World) -> None:
    created = await post(world, "/quantity_entries", BODY)
    path = f"/quantity_entries/{created['id']}"
    denied, foreign = (403, "permission_missing"), (403, "plant_not_allowed")
    unknown = (404, "unknown_quantity")  # as if it were not there
    for method, where, body, of_zwick in (
        ("POST", "/quantity_entries", BODY, foreign), ("PATCH", path, {"quantity": 1}, unknown),
        ("DELETE", path, None, unknown), ("POST", f"{path}:undo", {}, unknown),
    ):  # fmt: skip
        assert await code_of(await send(world, method, where, body, "viewer")) == denied
        assert await code_of(await send(world, method, where, body, "zwick")) == of_zwick
    missing = await send(world, "PATCH", "/quantity_entries/999999999999", {"quantity": 1})
    assert await code_of(missing) == (404, "unknown_quantity")


async def test_losses_of_material_are_entered_and_counted_by_nobody_else(world: World) -> None:
    await add_bucket(world, PRESS, "2026-11-20T08:45Z", pq=60)
    entered = {**BODY, "kind": "production_loss", "quantity": 2.5}
    created = await post(world, "/quantity_entries", entered)
    assert (created["kind"], created["quantity"]) == ("production_loss", 2.5)
    assert await in_force(world) == [("09:00", "production_loss", 2.5)]
    less = await send(world, "POST", "/quantity_entries", {**entered, "quantity": -1})
    assert await code_of(less) == (422, "more_than_counted")
    assert "Correct or withdraw" in less.json()["hint"]
    path = f"/quantity_entries/{created['id']}"
    corrected = (await send(world, "PATCH", path, {"quantity": 1.5})).json()
    assert corrected["quantity"] == 1.5
    response = await world.get("/quantity_entries?kind=production_loss")
    assert [row["quantity"] for row in response.json()["items"]] == [1.5]
