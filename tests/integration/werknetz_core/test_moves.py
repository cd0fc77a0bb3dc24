"""What goes along with equipment that moves or gets another path, table by table."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from .conftest import LINE, NOW, PLANT, PRESS, World

pytestmark = pytest.mark.asyncio
AT = datetime.fromisoformat("2026-11-20T08:00:00+00:00")  # the edge of a bucket
EARLIER, LATER = AT - timedelta(hours=1), AT + timedelta(hours=1)
AREA = "nordwerk/zwick-2/mill"
NEW_LINE, NEW_PRESS = f"{AREA}/line-2", f"{AREA}/line-2/press-3"


async def move(world: World, path: str, new: str, **fields: Any) -> httpx2.Response:
    return await world.client.patch(
        f"/api/v1/equipment/{path}",
        headers={"X-API-Key": world.keys["engineer"]},
        json={"path": new, **fields},
    )


async def move_line(world: World) -> tuple[int, int]:
    """Move the line of the press to the other plant; return the new ids of line and press."""
    answer = await move(world, LINE, NEW_LINE, valid_from=AT.isoformat())
    assert answer.status_code == 200, answer.text
    rows = await world.database.fetch(
        "SELECT id FROM equipment WHERE path IN ($1, $2) ORDER BY path", NEW_LINE, NEW_PRESS
    )
    return rows[0]["id"], rows[1]["id"]


FROM_AN_INSTANT = [
    ("equipment_capacities", PRESS, "valid_from, items_per_hour, entered_by",
     (EARLIER, 400.0, "e")),
    ("stop_thresholds", LINE, "valid_from, minor_stop_s", (EARLIER, 90.0)),
    ("reason_codes", LINE, "state_code, reason", ("E17", "jam")),
    ("line_rates", LINE, "valid_from, currency, per_hour", (EARLIER, "EUR", 500.0)),
    ("energy_carriers", LINE, "carrier, valid_from, unit, kwh_per_unit, entered_by",
     ("gas", EARLIER, "m3", 10.0, "e")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "owner", "columns", "row"), FROM_AN_INSTANT, ids=[row[0] for row in FROM_AN_INSTANT]
)
async def test_what_holds_from_an_instant_holds_at_both_places(
    world: World, table: str, owner: str, columns: str, row: tuple[Any, ...]
) -> None:
    places = ", ".join(f"${number}" for number in range(2, len(row) + 2))
    await world.database.execute(
        f"INSERT INTO {table} (equipment_id, {columns}) VALUES ($1, {places})",
        world.ids[owner], *row,
    )  # fmt: skip
    line, press = await move_line(world)
    new = line if owner == LINE else press
    rows = await world.database.fetch(f"SELECT equipment_id, {columns} FROM {table}")
    assert {tuple(record) for record in rows} == {(world.ids[owner], *row), (new, *row)}


@pytest.mark.parametrize("table", ["stop_thresholds", "reason_codes"])
async def test_former_values_stay_at_the_former_place(world: World, table: str) -> None:
    values = {"stop_thresholds": "valid_from, minor_stop_s", "reason_codes": "state_code, reason"}
    rows = {"stop_thresholds": (EARLIER, 90.0), "reason_codes": ("E17", "jam")}
    await world.database.execute(
        f"INSERT INTO {table} (equipment_id, {values[table]}, known_to)"
        " VALUES ($1, $2, $3, $4)",
        world.ids[LINE], *rows[table], NOW,
    )  # fmt: skip
    await move_line(world)
    assert await world.database.fetchval(f"SELECT count(*) FROM {table}") == 1


CONSUMED = [
    ("before", EARLIER - timedelta(hours=1), EARLIER, [("old", -2, -1)]),
    ("over the move", EARLIER, LATER, [("new", 0, 1), ("old", -1, 0)]),
    ("without an end", EARLIER, None, [("new", 0, None), ("old", -1, 0)]),
    ("up to the move", EARLIER, AT, [("old", -1, 0)]),
    ("from the move on", AT, None, [("new", 0, None)]),
    ("after", LATER, None, [("new", 1, None)]),
]


@pytest.mark.parametrize(
    ("start", "end", "expected"), [row[1:] for row in CONSUMED], ids=[row[0] for row in CONSUMED]
)
async def test_what_a_line_consumes_is_at_one_place_at_a_time(
    world: World, start: datetime, end: datetime | None, expected: list[Any]
) -> None:
    database = world.database
    material = await database.fetchval(
        "INSERT INTO materials (number, unit) VALUES ('M', 'PCE') RETURNING id"
    )
    warehouse = await database.fetchval(
        "INSERT INTO warehouses (key, name, code) VALUES ('w', 'w', 'W') RETURNING id"
    )
    await database.execute(
        "INSERT INTO line_materials (equipment_id, material_id, warehouse_id, quantity_per_item,"
        " items_per_hour, valid_from, valid_to) VALUES ($1, $2, $3, 1, 60, $4, $5)",
        world.ids[LINE], material, warehouse, start, end,
    )  # fmt: skip
    line, _ = await move_line(world)
    rows = await database.fetch("SELECT equipment_id, valid_from, valid_to FROM line_materials")
    names = {world.ids[LINE]: "old", line: "new"}
    assert sorted((names[r[0]], _hours(r[1]), _hours(r[2])) for r in rows) == expected


def _hours(at: datetime | None) -> float | None:
    return None if at is None else (at - AT) / timedelta(hours=1)


ENTRIES = [
    ("before", -2, 0, [("old", -2, 0, False)]),
    ("over the move", -1, 1, [("new", 0, 1, True), ("old", -1, 0, False)]),
    ("after", 0, 1, [("new", 0, 1, True)]),
]


@pytest.mark.parametrize(
    ("start", "end", "expected"), [row[1:] for row in ENTRIES], ids=[row[0] for row in ENTRIES]
)
async def test_what_people_entered_is_where_the_machine_was(
    world: World, start: int, end: int, expected: list[Any]
) -> None:
    await world.database.execute(
        "INSERT INTO state_entries (equipment_id, start_at, end_at, state, reason, entered_by,"
        " change_id, is_open, follows_end) VALUES ($1, $2, $3, 3, 'jam', 'eva', 7, $4, true)",
        world.ids[PRESS], AT + timedelta(hours=start), AT + timedelta(hours=end), end > 0,
    )  # fmt: skip
    _, press = await move_line(world)
    rows = await world.database.fetch(
        "SELECT equipment_id, start_at, end_at, is_open, change_id, reason FROM state_entries"
        " WHERE known_to IS NULL"
    )
    names = {world.ids[PRESS]: "old", press: "new"}
    places = sorted((names[r[0]], _hours(r[1]), _hours(r[2]), r["is_open"]) for r in rows)
    assert places == expected
    assert {(row["change_id"], row["reason"]) for row in rows} == {(7, "jam")}


@pytest.mark.parametrize(("start", "place"), [(EARLIER, "old"), (AT, "new"), (LATER, "new")])
async def test_a_note_is_where_the_machine_was(world: World, start: datetime, place: str) -> None:
    await world.database.execute(
        "INSERT INTO annotations (equipment_id, start_at, text, entered_by)"
        " VALUES ($1, $2, 'worn', 'eva')",
        world.ids[PRESS], start,
    )  # fmt: skip
    _, press = await move_line(world)
    at = await world.database.fetchval("SELECT equipment_id FROM annotations")
    assert at == {"old": world.ids[PRESS], "new": press}[place]


@pytest.mark.parametrize("table", ["inspections", "consumptions"])
async def test_facts_of_the_time_after_a_move_are_projected_again(world: World, table: str) -> None:
    facts = {name: uuid4() for name in ("before", "at", "after")}
    columns = "event_id, revision, known_from, at, equipment_id, equipment"
    for (name, event), hours in zip(facts.items(), (-1, 0, 1), strict=True):
        await world.database.execute(
            f"INSERT INTO {table} ({columns}) VALUES ($1, 1, $2, $3, $4, $5)",
            event, NOW, AT + timedelta(hours=hours), world.ids[PRESS], f"{PRESS}/{name}",
        )  # fmt: skip
    await world.database.execute("DELETE FROM events_to_project")
    await move_line(world)
    rows = await world.database.fetch("SELECT event_id FROM events_to_project")
    assert {row["event_id"] for row in rows} == {facts["at"], facts["after"]}


async def test_a_plant_stays_in_its_enterprise(world: World) -> None:
    await world.database.execute(
        "INSERT INTO equipment (path, level, name) VALUES ('suedwerk', 'enterprise', 'suedwerk')"
    )
    answer = await move(world, PLANT, "suedwerk/emden-1")
    assert answer.status_code == 422
    assert answer.json()["detail"] == f"{PLANT} is a plant, which stays in its enterprise."
    assert "Rename it" in answer.json()["hint"]


async def test_keys_of_a_renamed_plant_go_on(world: World) -> None:
    await world.database.execute(
        "UPDATE api_keys SET plants = $1 WHERE name = 'viewer'", [PLANT, "nordwerk/zwick-2"]
    )
    assert (await move(world, PLANT, "nordwerk/emden-7")).status_code == 200
    plants = await world.database.fetchval("SELECT plants FROM api_keys WHERE name = 'viewer'")
    assert plants == ["nordwerk/emden-7", "nordwerk/zwick-2"]
