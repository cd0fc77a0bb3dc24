"""Stops through the API: whole, by id, and what people change about them."""

import asyncio
import json

import pytest

from werknetz_core.access.keys import generate_key

from .conftest import LINE, OTHER, PLANT, PRESS, ROBOT, World
from .stop_requests import (
    DAY,
    I,
    M,
    P,
    R,
    S,
    X,
    at,
    brief,
    code_of,
    id_of,
    list_stops,
    pieces,
    post,
    send,
)

pytestmark = pytest.mark.asyncio


async def test_a_stop_is_whole_whatever_is_queried(world: World) -> None:
    await pieces(
        world, PRESS,
        ("07:55", "08:00", P, "apt"), ("08:00", "08:15", M, "adet", "7", "A"),
        ("08:15", "08:20", M, "adet", "7", "B"), ("08:20", "08:30", M, "adot", "7"),
        ("08:30", "08:40", P, "apt"), ("08:40", "08:45", I, "adot"), ("08:45", "09:00", P, "apt"),
    )  # fmt: skip
    await pieces(world, ROBOT, ("08:00", "08:10", 5, "adet"))
    [stop] = await list_stops(world, f"start={DAY}T08:29:30Z&end={DAY}T08:30:30Z")
    assert (stop["duration_s"], stop["minor"], stop["in_span_s"]) == (1800, False, 30)
    assert (stop["adet_s"], stop["adot_s"], stop["lost_s"]) == (1200, 600, 1800)
    assert (stop["category"], stop["order_number"], stop["orders"]) == ("adet", "A", ["A", "B"])
    whole = await list_stops(world)
    assert brief(whole) == [
        ("08:00", "08:30", "malfunction", None), ("08:40", "08:45", "idle", None),
    ]  # fmt: skip
    assert whole[0] == {**stop, "in_span_s": 1800}
    by_size = await list_stops(world, "start=-5h&sort=-duration_s&min_s=600", LINE)
    assert [item["equipment"] for item in by_size] == [PRESS, ROBOT]
    short = await list_stops(world, f"start={DAY}T08:41:00Z&end={DAY}T08:42:00Z&min_s=300")
    assert [item["order_number"] for item in short] == [None]
    assert await list_stops(world, f"start={DAY}T08:41:00Z&end={DAY}T08:42:00Z&min_s=300.1") == []
    shown = await world.get(f"/stops/{stop['id']}")
    assert shown.json() == {**stop, "in_span_s": 1800}
    assert shown.headers["etag"] == '"0"'


async def test_the_threshold_is_one_for_list_and_machine(world: World) -> None:
    await pieces(world, PRESS, ("08:00", "08:01", M, "adet"), ("08:01", "08:09", P, "apt"))
    assert [stop["minor"] for stop in await list_stops(world)] == [True]
    body = {"minor_stop_s": 60, "valid_from": f"{DAY}T07:00:00Z"}
    assert (await send(world, "PUT", f"/stop_thresholds/{PLANT}", body)).status_code == 200
    assert [stop["minor"] for stop in await list_stops(world)] == [False]
    body = {"minor_stop_s": 61, "valid_from": f"{DAY}T08:00:00Z"}
    assert (await send(world, "PUT", f"/stop_thresholds/{PRESS}", body)).status_code == 200
    assert [stop["minor"] for stop in await list_stops(world)] == [True]
    body = {"minor_stop_s": None, "valid_from": f"{DAY}T08:00:00Z"}
    assert (await send(world, "PUT", f"/stop_thresholds/{PRESS}", body)).status_code == 200
    assert [stop["minor"] for stop in await list_stops(world)] == [False]
    rows = (await world.get(f"/stop_thresholds?under={LINE}")).json()["items"]
    assert [(row["equipment"], row["minor_stop_s"]) for row in rows] == [(PRESS, None)]
    shown = (await world.get(f"/stop_thresholds/{PRESS}")).json()["thresholds"]
    in_force = {row["name"]: (row["value"], row["set_at"]) for row in shown}
    assert in_force == {
        "minor_stop_s": (60, PLANT), "start_up_s": (900, None), "start_up_items": (0, None),
        "start_up_after_stop_s": (3600, None),
    }  # fmt: skip


async def test_what_waits_for_a_person(world: World) -> None:
    await pieces(
        world, PRESS,
        ("08:00", "08:10", M, "adet", "E17"), ("08:10", "08:20", P, "apt"),
        ("08:20", "08:25", I, "adet"), ("08:25", "08:30", P, "apt"),
        ("08:30", "08:35", S, "aust"), ("08:35", "08:40", X, "pdot"),
    )  # fmt: skip
    body = {"state_code": "E17", "reason": "jam"}
    assert (await send(world, "PUT", f"/reason_codes/{LINE}", body)).status_code == 200
    page = (await world.get(f"/stops?under={PRESS}&start=-5h")).json()
    assert [(s["reason"], s["reason_source"], s["reason_de"]) for s in page["items"]] == [
        ("jam", "code", "Teil klemmt"), (None, None, None),
    ]  # fmt: skip
    assert page["totals"] == {
        "count": 2, "duration_s": 900, "lost_s": 900, "minor": 0, "open": 0, "unclassified": 1,
        "unclassified_lost_s": 300,
    }  # fmt: skip
    for query, starts in (
        ("classified=false", ["08:20"]), ("classified=true", ["08:00"]), ("reason=jam", ["08:00"]),
        ("state=setup&state=maintenance", ["08:30", "08:35"]), ("state=idle", ["08:20"]),
        ("open=true", []), ("minor=false", ["08:00", "08:20"]),
    ):  # fmt: skip
        stops = await list_stops(world, f"start=-5h&{query}")
        assert [stop["start"][11:16] for stop in stops] == starts, query
    refused = await world.get(f"/stops?under={PRESS}&clasified=false")
    assert "classified" in refused.json()["hint"]


async def test_stops_that_go_on_are_whole_and_those_of_the_span(world: World) -> None:
    """It is 10:07: what ends at 09:45 or later, where nothing follows, may go on."""
    await pieces(
        world, PRESS,
        ("06:00", "06:50", M, "adet"), ("06:50", "07:00", P, "apt"),
        ("07:00", "09:00", M, "adet"), ("09:00", "10:05", M, "adot"),
    )  # fmt: skip
    await pieces(world, ROBOT, ("08:00", "09:45", M, "adet"))
    both = [PRESS, ROBOT]
    for span, machines in (
        ("start=-24h", both), ("start=-1h", both), (f"start={DAY}T09:45:00Z", both[:1]),
        (f"start={DAY}T09:44:59Z", both), (f"start={DAY}T08:00:00Z&end={DAY}T08:10:00Z", both),
        (f"start={DAY}T07:10:00Z&end={DAY}T08:00:00Z", both[:1]),
        (f"start={DAY}T06:00:00Z&end={DAY}T07:00:00Z", []),
    ):  # fmt: skip
        everything = (await world.get(f"/stops?under={LINE}&{span}")).json()["items"]
        query = f"/stops?under={LINE}&open=true&sort=-duration_s&{span}"
        stops = (await world.get(query)).json()["items"]
        assert [stop["equipment"] for stop in stops] == machines, span
        assert stops == [
            stop
            for stop in sorted(everything, key=lambda stop: -stop["duration_s"])
            if stop["end"] is None
        ]
    await pieces(world, ROBOT, ("09:45", "09:50", P, "apt"))
    assert await list_stops(world, "start=-24h&open=true", ROBOT) == []


async def test_classify_again_and_undo_step_by_step(world: World) -> None:
    await pieces(world, PRESS, ("08:00", "08:10", I, "adet", "9", "A"))
    path = f"/stops/{id_of(world, PRESS, '08:00')}"
    first = await post(world, f"{path}:classify", {"reason": "tool_change", "comment": "mould 7"})
    [stop] = first["stops"]
    assert (stop["state"], stop["reason"], stop["entered_by"]) == (
        "setup",
        "tool_change",
        "engineer",
    )
    assert (stop["comment"], stop["planned"], stop["version"]) == ("mould 7", True, first["change"])
    assert stop["code"] == "9"
    body = {"reason": "break", "version": first["change"]}
    second = await post(world, f"{path}:classify", body, "admin")
    [stop] = second["stops"]
    assert (stop["state"], stop["reason"], stop["entered_by"]) == ("idle", "break", "admin")
    entries = await world.database.fetch(
        "SELECT state, reason, is_planned, known_to IS NULL AS holds FROM state_entries ORDER BY id"
    )
    assert [tuple(row) for row in entries] == [
        (S, "tool_change", None, False), (None, "break", True, True),
    ]  # fmt: skip
    undone = await post(world, f"{path}:undo", {"version": second["change"]})
    assert brief(undone["stops"]) == [("08:00", "08:10", "setup", "tool_change")]
    assert undone["stops"][0]["version"] == first["change"]
    again = await post(world, f"{path}:undo", {"version": first["change"]})
    assert brief(again["stops"]) == [("08:00", "08:10", "idle", None)]
    nothing = await send(world, "POST", f"{path}:undo", {"version": 0})
    assert await code_of(nothing) == (409, "nothing_to_undo")
    audit = (await world.get("/audit?subject=stop", "engineer")).json()["items"]
    assert [row["action"] for row in audit] == ["undone", "undone", "classified", "classified"]
    assert audit[2]["before"]["reason"] == "tool_change"
    assert (audit[2]["after"]["reason"], audit[2]["equipment"]) == ("break", PRESS)


async def test_a_change_marks_the_buckets_in_its_transaction(world: World) -> None:
    await pieces(world, PRESS, ("08:10", "08:40", I, "adet"))
    path = f"/stops/{id_of(world, PRESS, '08:10')}"
    refused = await send(world, "POST", f"{path}:classify", {"reason": "jamm"})
    assert await code_of(refused) == (422, "unknown_reason")
    assert await world.database.fetch("SELECT * FROM dirty_buckets") == []
    assert await world.database.fetchval("SELECT count(*) FROM audit_log") == 0
    await post(world, f"{path}:classify", {"reason": "jam"})
    marks = await world.database.fetch("SELECT * FROM dirty_buckets ORDER BY bucket_at")
    assert {row["equipment_id"] for row in marks} == {world.ids[PRESS]}
    assert [row["bucket_at"] for row in marks] == [at("08:00"), at("08:15"), at("08:30")]


async def test_split_and_merge(world: World) -> None:
    await pieces(
        world, PRESS, ("08:00", "08:15", M, "adet", "7"), ("08:15", "08:20", M, "adet", "7"),
        ("08:20", "08:30", R, "adet", "8"), ("08:30", "08:31", P, "apt"),
        ("08:31", "08:40", M, "adet"),
    )  # fmt: skip
    path = f"/stops/{id_of(world, PRESS, '08:00')}"
    split = await post(world, f"{path}:split", {"at": f"{DAY}T08:12:00Z"})
    assert [(s["start"][11:16], s["end"][11:16], s["id"]) for s in split["stops"]] == [
        ("08:00", "08:12", id_of(world, PRESS, "08:00")),
        ("08:12", "08:20", id_of(world, PRESS, "08:12")),
    ]  # fmt: skip
    version = split["change"]
    second = f"/stops/{id_of(world, PRESS, '08:12')}"
    await post(world, f"{second}:classify", {"reason": "jam", "version": version})
    assert brief(await list_stops(world)) == [
        ("08:00", "08:12", "malfunction", None), ("08:12", "08:20", "malfunction", "jam"),
        ("08:20", "08:30", "repair", None), ("08:31", "08:40", "malfunction", None),
    ]  # fmt: skip
    blocked = await send(world, "POST", f"{path}:undo", {"version": version})
    assert await code_of(blocked) == (409, "changed_since")
    [jam] = await list_stops(world, "start=-5h&reason=jam")
    ids = [
        {"id": id_of(world, PRESS, "08:20")}, {"id": jam["id"], "version": jam["version"]},
    ]  # fmt: skip
    unclear = await send(world, "POST", "/stops:merge", {"stops": ids})
    assert await code_of(unclear) == (422, "states_differ")
    merged = await post(world, "/stops:merge", {"stops": ids, "reason": "repair"})
    assert brief(merged["stops"]) == [("08:12", "08:30", "repair", "repair")]
    undone = await post(
        world, f"{second}:undo", {"version": merged["change"], "why": "wrong machine"}
    )
    assert brief(undone["stops"]) == [
        ("08:12", "08:20", "malfunction", "jam"), ("08:20", "08:30", "repair", None),
    ]  # fmt: skip
    last = (await world.get("/audit?limit=1", "engineer")).json()["items"][0]
    assert (last["action"], last["reason"], last["by"]) == ("undone", "wrong machine", "engineer")


async def test_enter_a_stop_over_what_the_machine_reports(world: World) -> None:
    await pieces(world, PRESS, ("08:00", "09:00", P, "apt"), ("09:00", "09:10", I, "adet"))
    body = {
        "equipment": PRESS, "start": f"{DAY}T08:10:00Z", "end": f"{DAY}T08:20:00Z",
        "reason": "meeting", "why": "the line was counted as running",
    }  # fmt: skip
    entered = await post(world, "/stops", body)
    assert brief(entered["stops"]) == [("08:10", "08:20", "idle", "meeting")]
    assert brief(await list_stops(world)) == [
        ("08:10", "08:20", "idle", "meeting"), ("09:00", "09:10", "idle", None),
    ]  # fmt: skip
    twice = await send(world, "POST", "/stops", body)
    assert await code_of(twice) == (409, "stop_overlaps")
    beside = {**body, "start": f"{DAY}T08:20:00Z", "end": f"{DAY}T08:30:00Z", "reason": "jam"}
    assert brief((await post(world, "/stops", beside))["stops"]) == [
        ("08:20", "08:30", "malfunction", "jam"),
    ]  # fmt: skip
    path = f"/stops/{entered['stops'][0]['id']}"
    undone = await post(world, f"{path}:undo", {"version": entered["change"]})
    assert undone["stops"] == []
    assert (await world.get(path)).status_code == 404


async def test_late_data_move_a_stop_and_its_id(world: World) -> None:
    await pieces(world, PRESS, ("08:00", "08:10", I, "adet"))
    path = f"/stops/{id_of(world, PRESS, '08:00')}"
    await post(world, f"{path}:classify", {"reason": "no_operator", "state": "idle"})
    await world.database.execute("DELETE FROM state_pieces")
    await pieces(world, PRESS, ("07:58", "08:13", I, "adet"))
    assert brief(await list_stops(world)) == [("07:58", "08:13", "idle", "no_operator")]
    assert (await world.get(path)).json()["id"] == id_of(world, PRESS, "07:58")
    await world.database.execute("DELETE FROM state_pieces")
    await pieces(world, PRESS, ("08:04", "08:13", I, "adet"))
    assert (await world.get(path)).json()["id"] == id_of(world, PRESS, "08:04")
    await world.database.execute("DELETE FROM state_pieces")
    await pieces(world, PRESS, ("08:06", "08:13", I, "adet"))
    assert (await world.get(path)).status_code == 404


STOP_BODY = {"equipment": PRESS, "start": f"{DAY}T08:00:00Z", "end": f"{DAY}T08:05:00Z"}
BAD = [
    ("{other}:classify", {"reason": "jam"}, 404, "unknown_stop"),
    ("/stops/999999-1:classify", {"reason": "jam"}, 404, "unknown_stop"),
    ("/stops/x:classify", {"reason": "jam"}, 404, "unknown_stop"),
    ("{stop}:classify", {"reason": "tool_chnage"}, 422, "unknown_reason"),
    ("{stop}:classify", {"reason": "Werkzeugwechsl"}, 422, "unknown_reason"),
    ("{stop}:classify", {"reason": "crack"}, 422, "wrong_reason_kind"),
    ("{stop}:classify", {"reason": "mould_cooling"}, 422, "reason_of_other_plant"),
    ("{stop}:classify", {"reason": "old"}, 422, "retired_reason"),
    ("{stop}:classify", {"reason": "jam", "version": 7}, 409, "changed_meanwhile"),
    ("{stop}:classify", {"state": "broken"}, 422, "invalid_parameter"),
    ("{stop}:classify", {"rason": "jam"}, 422, "invalid_parameter"),
    ("{stop}:split", {"at": f"{DAY}T08:00:00Z"}, 422, "split_outside_stop"),
    ("{stop}:split", {"at": f"{DAY}T08:10:00Z"}, 422, "split_outside_stop"),
    ("{stop}:split", {"at": f"{DAY}T08:05:00"}, 422, "invalid_parameter"),
    ("{stop}:undo", {"version": 0}, 409, "nothing_to_undo"),
    ("/stops:merge", {"stops": ["{s}", "{robot}"]}, 422, "different_machines"),
    ("/stops:merge", {"stops": ["{s}", "{later}"]}, 422, "not_adjacent"),
    ("/stops:merge", {"stops": ["{s}", "{s}"]}, 422, "one_stop"),
    ("/stops:merge", {"stops": ["{s}"]}, 422, "invalid_parameter"),
    ("/stops", {**STOP_BODY, "end": "2026-11-20T10:07:01Z"}, 422, "in_future"),
    ("/stops", {**STOP_BODY, "start": f"{DAY}T08:05:00Z"}, 422, "invalid_span"),
    ("/stops", {**STOP_BODY, "start": "2026-10-19T08:00:00Z"}, 422, "span_too_long"),
    ("/stops", {**STOP_BODY, "start": f"{DAY}T08:00:00"}, 422, "invalid_parameter"),
    ("/stops", {**STOP_BODY, "equipment": LINE}, 422, "not_a_machine"),
    ("/stops", {**STOP_BODY, "equipment": f"{PRESS}x"}, 404, "unknown_equipment"),
    ("/stops", {**STOP_BODY, "reason": "jam\0"}, 422, "invalid_parameter"),
]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"), BAD, ids=[f"{n}-{row[3]}" for n, row in enumerate(BAD)]
)
async def test_bad_input_is_refused(
    world: World, path: str, body: object, status: int, code: str
) -> None:
    await pieces(
        world, PRESS, ("08:00", "08:10", I, "adet"), ("08:10", "08:11", P, "apt"),
        ("08:11", "08:20", I, "adet"),
    )  # fmt: skip
    await pieces(world, ROBOT, ("08:00", "08:10", I, "adet"))
    await world.database.execute(
        "INSERT INTO reasons (equipment_id, code, kind, name_en, name_de, retired_at) VALUES"
        " ($1, 'mould_cooling', 'stop', 'Cooling', 'Kühlung', NULL),"
        " (NULL, 'old', 'stop', 'Old', 'Alt', now())",
        world.ids["nordwerk/zwick-2"],
    )
    names = {
        "{s}": id_of(world, PRESS, "08:00"), "{later}": id_of(world, PRESS, "08:11"),
        "{robot}": id_of(world, ROBOT, "08:00"),
    }  # fmt: skip
    text = json.dumps(body)
    for name, value in names.items():
        text = text.replace(f'"{name}"', json.dumps({"id": value}))
    path = path.replace("{stop}", f"/stops/{names['{s}']}")
    path = path.replace("{other}", f"/stops/{id_of(world, PRESS, '09:00')}")
    response = await send(world, "POST", path, json.loads(text))
    assert await code_of(response) == (status, code), response.text
    assert response.json()["hint"]
    for table in ("state_entries", "audit_log", "dirty_buckets"):
        assert await world.database.fetchval(f"SELECT count(*) FROM {table}") == 0, table


async def test_the_nearest_reason_is_named(world: World) -> None:
    await pieces(world, PRESS, ("08:00", "08:10", I, "adet"))
    path = f"/stops/{id_of(world, PRESS, '08:00')}:classify"
    for word in ("tool_chnage", "Werkzeugwechsl", "Tool chang"):
        response = await send(world, "POST", path, {"reason": word})
        assert "tool_change" in response.json()["hint"], word


async def test_roles_and_plants(world: World) -> None:
    await pieces(world, PRESS, ("08:00", "08:10", I, "adet"))
    path = f"/stops/{id_of(world, PRESS, '08:00')}"
    for role in ("operator", "planner"):
        key = generate_key()
        world.keys[role] = key.key
        await world.database.execute(
            "INSERT INTO api_keys (prefix, hash, name, role, plants) VALUES ($1, $2, $3, $3, $4)",
            key.prefix, key.hash, role, [PLANT],
        )  # fmt: skip
    for key_name, code in (
        ("viewer", "permission_missing"), ("planner", "permission_missing"),
        ("zwick", "plant_not_allowed"),
    ):  # fmt: skip
        response = await send(world, "POST", f"{path}:classify", {"reason": "jam"}, key_name)
        assert await code_of(response) == (403, code)
        response = await send(world, "POST", "/stops", {**STOP_BODY}, key_name)
        assert await code_of(response) == (403, code)
    assert (await world.get(path, "zwick")).status_code == 403
    assert (await world.get(f"/stops?under={PLANT}", "zwick")).status_code == 403
    changed = await post(world, f"{path}:classify", {"reason": "jam"}, "operator")
    assert changed["stops"][0]["entered_by"] == "operator"
    other = generate_key()
    assert other.key not in json.dumps(changed)
    assert OTHER not in json.dumps((await world.get("/audit", "operator")).json())


async def test_two_people_at_one_stop(world: World) -> None:
    await pieces(world, PRESS, ("08:00", "08:10", I, "adet"))
    path = f"/stops/{id_of(world, PRESS, '08:00')}"
    responses = await asyncio.gather(
        send(world, "POST", f"{path}:classify", {"reason": "jam"}, "engineer"),
        send(world, "POST", f"{path}:classify", {"reason": "no_operator"}, "admin"),
    )
    assert sorted(response.status_code for response in responses) == [200, 409]
    [shown] = await list_stops(world)
    [won] = [r.json()["stops"][0] for r in responses if r.status_code == 200]
    assert shown["reason"] == won["reason"]
    etag = (await world.get(path)).headers["etag"]
    stale = await send(world, "POST", f"{path}:classify", {"reason": "jam"}, **{"If-Match": '"0"'})
    assert await code_of(stale) == (409, "changed_meanwhile")
    assert shown["entered_by"] in stale.json()["detail"]
    fresh = await send(world, "POST", f"{path}:classify", {"reason": "jam"}, **{"If-Match": etag})
    assert fresh.status_code == 200
    odd = await send(world, "POST", f"{path}:classify", {}, **{"If-Match": '"x"'})
    assert odd.status_code == 422


async def test_polled_answers_have_an_etag(world: World) -> None:
    await pieces(world, PRESS, ("08:00", "08:10", I, "adet"))
    for path in (f"/stops?under={LINE}&start=-5h", f"/equipment/{LINE}/states?start=-5h"):
        etag = (await world.get(path)).headers["etag"]
        unchanged = await world.get(path, headers={"If-None-Match": etag})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        stop = f"/stops/{id_of(world, PRESS, '08:00')}"
        version = (await world.get(stop)).json()["version"]
        await post(world, f"{stop}:classify", {"comment": path, "version": version})
        changed = await world.get(path, headers={"If-None-Match": etag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != etag
