"""Data quality: shares of good, uncertain and bad values, unmapped tags, groups by reason."""

from datetime import timedelta
from uuid import uuid4

import httpx2
import pytest

from werknetz.connector.quarantine import NOT_FINITE

from .conftest import LINE, NOW, OTHER, PLANT, PRESS, ROBOT, World

pytestmark = pytest.mark.asyncio
UNCERTAIN, BAD = 0x4000_0000, -0x8000_0000
NO_RULE = "no rule of mapping m@1 matches this address"


async def _samples(world: World, path: str, *statuses: int, minutes: int = 10) -> None:
    for number, status in enumerate(statuses):
        await world.database.execute(
            "INSERT INTO samples (signal_id, at, value, status) VALUES ($1, $2, 1, $3)",
            world.ids[f"{path}#temperature"],
            NOW - timedelta(minutes=minutes, seconds=number),
            status,
        )


async def _refuse(
    world: World, connector: str, source: str, reason: str, *, count: int = 1, mapping: str = "m@1"
) -> int:
    number: int = await world.database.fetchval(
        "INSERT INTO quarantine (connector_id, spool_id, seq, source, reason, raw, size, at,"
        " count, mapping) VALUES ($1, $2, 1, $3, $4, 'x', 1, $5, $6, $7) RETURNING id",
        connector, uuid4(), source, reason, NOW, count, mapping,
    )  # fmt: skip
    return number


async def _post(
    world: World, path: str, body: dict[str, object], key: str = "engineer"
) -> httpx2.Response:
    headers = {"X-API-Key": world.keys[key]}
    return await world.client.post(f"/api/v1{path}", json=body, headers=headers)


async def test_shares_are_those_of_the_values_of_the_period(world: World) -> None:
    await _samples(world, PRESS, 0, 0, 0, UNCERTAIN)
    await _samples(world, ROBOT, BAD, 0)
    await _samples(world, PRESS, BAD, BAD, minutes=70)
    await _samples(world, OTHER, 0)
    quality = (await world.get("/data_quality")).json()
    plants = {plant["equipment"]: plant for plant in quality["plants"]}
    emden = plants[PLANT]
    assert (emden["good"], emden["uncertain"], emden["bad"], emden["values"]) == (4, 1, 1, 6)
    assert emden["good_share"] == pytest.approx(4 / 6)
    assert plants["nordwerk/zwick-2"]["good_share"] == 1
    assert quality["total"]["values"] == 7
    longer = (await world.get("/data_quality?start=-2h")).json()
    assert longer["total"]["bad"] == 3
    machine = (await world.get(f"/data_quality?under={ROBOT}")).json()
    assert [(p["equipment"], p["bad_share"]) for p in machine["plants"]] == [(ROBOT, 0.5)]
    line = (await world.get(f"/data_quality?under={LINE}")).json()
    assert line["plants"][0]["values"] == 6


async def test_a_key_of_a_plant_counts_only_its_own(world: World) -> None:
    await _samples(world, PRESS, 0)
    await _samples(world, OTHER, BAD)
    await _refuse(world, "zwick-mqtt", "z#x", NO_RULE)
    own = (await world.get("/data_quality", key="emden")).json()
    assert [plant["equipment"] for plant in own["plants"]] == [PLANT]
    assert (own["total"]["values"], own["unmapped_total"]) == (1, 0)
    assert (await world.get(f"/data_quality?under={OTHER}", key="emden")).status_code == 403
    groups = (await world.get("/quarantine/groups", key="emden")).json()["items"]
    assert {s["connector_id"] for group in groups for s in group["sources"]} == {"emden-opcua"}


async def test_without_a_value_there_is_no_share(world: World) -> None:
    quality = (await world.get("/data_quality")).json()
    assert quality["no_data"] is True
    assert {plant["good_share"] for plant in quality["plants"]} == {None}
    assert quality["total"]["bad_share"] is None


async def test_a_period_that_is_too_long_and_unknown_parameters_are_refused(world: World) -> None:
    assert (await world.get("/data_quality?start=-40d")).status_code == 422
    assert (await world.get("/data_quality?plant=x")).status_code == 422


async def test_an_unchanged_answer_is_304_until_something_is_quarantined(world: World) -> None:
    first = await world.get("/data_quality")
    headers = {"If-None-Match": first.headers["etag"]}
    assert (await world.get("/data_quality", headers=headers)).status_code == 304
    await _refuse(world, "emden-opcua", "ns=2;s=New", NO_RULE)
    after = await world.get("/data_quality", headers=headers)
    assert (after.status_code, after.json()["unmapped_total"]) == (200, 1)
    groups = await world.get("/quarantine/groups")
    headers = {"If-None-Match": groups.headers["etag"]}
    assert (await world.get("/quarantine/groups", headers=headers)).status_code == 304


async def test_unmapped_tags_are_listed_once_with_their_values(world: World) -> None:
    for count in (1, 40):
        await _refuse(world, "emden-opcua", "ns=2;s=New", NO_RULE, count=count)
    quality = (await world.get("/data_quality")).json()
    (tag,) = quality["unmapped"]
    assert (tag["source"], tag["count"], tag["connector_id"]) == ("ns=2;s=New", 41, "emden-opcua")
    assert quality["quarantined"] == 4  # with the two of the world


async def test_a_missing_state_code_is_one_group_with_its_machines(world: World) -> None:
    reason = "state code 'STEHT' is not in table 'zustand'"
    for connector, mapping in (("emden-opcua", "m@1"), ("zwick-mqtt", "z@4")):
        await _refuse(world, connector, "ns=2;s=T", reason, count=5, mapping=mapping)
    await _refuse(world, "zwick-mqtt", "t#2", "state code 'AUS' is not in table 'zustand'")
    groups = (await world.get("/quarantine/groups")).json()["items"]
    steht, *others = [group for group in groups if group["code"] == "quarantine.state_code"]
    assert steht["fields"] == {"code": "STEHT", "table": "zustand"}
    assert (steht["count"], steht["entries"], steht["repair"]) == (10, 2, "map_state")
    assert steht["mappings"] == ["m@1", "z@4"]
    # Two machines of Emden have a signal with this address: the first path names the source.
    assert {source["equipment"] for source in steht["sources"]} == {min(PRESS, ROBOT), OTHER}
    assert [group["fields"]["code"] for group in others] == ["AUS"]
    german = await world.get("/quarantine/groups", headers={"Accept-Language": "de"})
    assert "Der Zustandscode 'STEHT' fehlt" in german.text
    entries = await world.get("/quarantine", params={"reason": steht["reason"]})
    assert len(entries.json()["items"]) == 2
    assert {entry["group"] for entry in entries.json()["items"]} == {steht["reason"]}


async def test_an_entry_is_found_by_its_id_and_names_its_group(world: World) -> None:
    await _refuse(world, "emden-opcua", "ns=2;s=New", NO_RULE)
    (group,) = (
        group
        for group in (await world.get("/quarantine/groups")).json()["items"]
        if group["code"] == "quarantine.no_rule"
    )
    number = group["example_id"]
    named = await world.get("/quarantine", params={"id": [number, 2**63 - 1]})
    assert [(entry["id"], entry["group"]) for entry in named.json()["items"]] == [
        (number, group["reason"])
    ]
    assert (await world.get(f"/quarantine/{number}", key="engineer")).json()["group"] == group[
        "reason"
    ]


@pytest.mark.parametrize(
    ("reason", "code", "repair"),
    [
        ("kind: 'S' is not in its table of values", "value_code", "map_value"),
        (NO_RULE, "no_rule", "add_rule"),
        ("'12,5' is not a number; is it `decimal: comma`?", "not_a_number", "set_rule"),
        ("quantity: '12O' is not a number", "not_a_number", "none"),
        ("no event rule of mapping m@1 matches this source", "no_event_rule", "none"),
        (NOT_FINITE, "not_finite", "none"),
        ("the file is empty", "other", "none"),
    ],
)
async def test_a_reason_has_its_repair(world: World, reason: str, code: str, repair: str) -> None:
    number = await _refuse(world, "emden-opcua", "s", reason)
    groups = (await world.get("/quarantine/groups")).json()["items"]
    group = next(group for group in groups if group["example_id"] == number)
    assert (group["code"], group["repair"]) == (f"quarantine.{code}", repair)


async def test_a_decision_is_taken_back(world: World) -> None:
    numbers = [await _refuse(world, "emden-opcua", "s", f"line {n} is cut") for n in (1, 2)]
    (reason,) = {
        group["reason"]
        for group in (await world.get("/quarantine/groups")).json()["items"]
        if group["example_id"] == numbers[-1]
    }
    body = {"reason": reason, "note": "sent again"}
    done = (await _post(world, "/quarantine:discard", body)).json()
    assert done["entries"] == 2
    refused = await _post(world, "/quarantine:reopen", {"reason": reason}, key="viewer")
    assert refused.status_code == 403
    other = {"reason": reason, "decided_at": "2026-01-01T00:00:00Z"}
    assert (await _post(world, "/quarantine:reopen", other)).status_code == 404
    again = {"reason": reason, "decided_at": done["decided_at"]}
    assert (await _post(world, "/quarantine:reopen", again)).json()["entries"] == 2
    rows = await world.database.fetch(
        "SELECT state, note FROM quarantine WHERE id = ANY($1::bigint[])", numbers
    )
    assert {tuple(row) for row in rows} == {("open", "")}
    audit = (await world.get("/audit?limit=5", key="engineer")).json()["items"]
    assert [entry["action"] for entry in audit][:2] == ["open", "discarded"]


@pytest.mark.parametrize("sort", ["-count", "entries", "reason", "-reason", "first_at", "-last_at"])
async def test_pages_of_groups_hold_each_group_once(world: World, sort: str) -> None:
    for number, code in enumerate("ABCDE"):
        await _refuse(
            world, "emden-opcua", "s", f"state code {code!r} is not in table 't'",
            count=1 + number // 2,
        )  # fmt: skip
    whole = (await world.get("/quarantine/groups", params={"sort": sort})).json()["items"]
    paged: list[int] = []
    cursor: str | None = None
    while cursor is not None or not paged:
        params = {"sort": sort, "limit": 2} | ({} if cursor is None else {"cursor": cursor})
        page = await world.get("/quarantine/groups", params=params)
        assert page.status_code == 200, page.text
        paged += [group["example_id"] for group in page.json()["items"]]
        cursor = page.json()["next_cursor"]
    assert len(paged) == 7  # with the two of the world
    assert paged == [group["example_id"] for group in whole]
