"""What people enter about stops and quantities, up to the KPIs that a worker computes again."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from werknetz.domain.bucket import microseconds_of
from werknetz_core.stops.following import follow_open_stops
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.watermarks import WatermarkPublisher

from .conftest import NOW, PLANT, PRESS, World
from .stop_requests import at, brief, list_stops, post, send

pytestmark = pytest.mark.asyncio
START = "07:00"  # 8:00 in Emden: the early shift runs, without a break until 10:00 local time


async def add_machine(world: World, *samples: tuple[str, float, str | None]) -> None:
    """A press with a state signal and a counter of good parts: 60 an hour, one minute each."""
    await world.database.execute("DELETE FROM gaps")  # an open one makes the state unknown
    signals = {}
    for role in ("state", "order", "planned_run_time", "good_count"):
        signals[role] = await world.database.fetchval(
            "INSERT INTO signals (key, equipment_id, connector_id, name, role, datatype, source,"
            " mapping) VALUES ($1, $2, 'emden-opcua', $3, $3, 'float', 's', 'm@1') RETURNING id",
            f"{PRESS}:{role}", world.ids[PRESS], role,
        )  # fmt: skip
    rows: list[tuple[str, str, float | None, str | None]] = [
        ("order", START, None, "A1"), ("planned_run_time", START, 60.0, None),
        *(("state", clock, value, code) for clock, value, code in samples),
        *(("good_count", f"{7 + n // 60:02}:{n % 60:02}", n, None) for n in range(0, 186, 5)),
    ]  # fmt: skip
    await world.database.executemany(
        "INSERT INTO samples (signal_id, at, value, status, text) VALUES ($1, $2, $3, 0, $4)",
        [(signals[role], at(clock), value, text) for role, clock, value, text in rows],
    )
    await world.database.executemany(
        "INSERT INTO dirty_buckets (equipment_id, bucket_at) VALUES ($1, $2)",
        [(world.ids[PRESS], at(START) + timedelta(minutes=15 * n)) for n in range(13)],
    )
    await work(world)


async def work(world: World) -> None:
    """Compute as a worker does, with a pool of its own."""
    url = world.url
    async with asyncpg.create_pool(url, min_size=1, max_size=2, timeout=60) as pool:
        now_us = microseconds_of(world.now[0])
        while await compute_dirty_buckets(
            pool, WatermarkPublisher(None), now_us=now_us, quiet_s=0.0
        ):
            pass


async def sums(world: World, *names: str) -> tuple[float, ...]:
    columns = ", ".join(f"sum({name})" for name in names)
    row = await world.database.fetchrow(f"SELECT {columns} FROM elements")
    assert row is not None
    return tuple(row)


async def values(world: World, *kpis: str) -> list[Any]:
    query = "&".join(f"kpi={kpi}" for kpi in kpis)
    url = f"/kpi_values?equipment={PRESS}&{query}&start=2026-11-20T07:00Z&end=2026-11-20T09:00Z"
    items = (await world.get(url)).json()["items"]
    return [round(item["value"], 6) for item in items]


async def test_a_classified_stop_changes_the_kpi_and_the_former_value_stays(world: World) -> None:
    await add_machine(
        world, (START, 1, "run"), ("08:00", 3, "wait"), ("08:20", 1, "run"), ("10:00", 1, "run")
    )
    assert await values(world, "availability") == [round(100 / 120, 6)]
    [stop] = await list_stops(world, "start=2026-11-20T07:00Z&end=2026-11-20T09:00Z")
    assert (stop["state"], stop["duration_s"], stop["code"]) == ("idle", 1200, "wait")
    first = await post(world, f"/stops/{stop['id']}:classify", {"reason": "meeting"})
    await work(world)
    assert await values(world, "availability") == [1.0]
    assert await world.database.fetchval("SELECT count(*) FROM element_revisions") > 0
    body = {"reason": "tool_change", "version": first["change"]}
    second = await post(world, f"/stops/{stop['id']}:classify", body)
    await work(world)
    assert await values(world, "availability", "setup_ratio") == [
        round(100 / 120, 6), round(20 / 120, 6),
    ]  # fmt: skip
    await post(world, f"/stops/{stop['id']}:undo", {"version": second["change"]})
    await post(world, f"/stops/{stop['id']}:undo", {"version": first["change"]})
    await work(world)
    assert await values(world, "availability") == [round(100 / 120, 6)]
    assert brief(await list_stops(world, "start=2026-11-20T07:00Z&end=2026-11-20T09:00Z")) == [
        ("08:00", "08:20", "idle", None),
    ]  # fmt: skip


async def test_a_reason_without_a_state_counts_by_its_category(world: World) -> None:
    """As the codes of machines do that stand for such a reason."""
    for code, category in (("rigging", "aust"), ("no_work", "adot")):
        reason = {
            "name_en": code, "name_de": code, "category": category, "plant": PLANT,
            "counts_against_availability": True,
        }  # fmt: skip
        answer = await send(world, "PUT", f"/reasons/{code}", reason, "admin")
        assert answer.status_code < 300, answer.text
    await add_machine(world, (START, 1, "run"), ("08:00", 3, "wait"), ("08:20", 1, "run"))
    [stop] = await list_stops(world, "start=2026-11-20T07:00Z&end=2026-11-20T09:00Z")
    version = 0
    for code, minutes in (("no_order", (20, 0)), ("rigging", (0, 20)), ("no_work", (20, 0))):
        body = {"reason": code, "version": version}
        version = (await post(world, f"/stops/{stop['id']}:classify", body))["change"]
        await work(world)
        assert await sums(world, "adot_s", "aust_s") == (minutes[0] * 60, minutes[1] * 60), code
    changed = {"category": "adet", "plant": PLANT, "name_en": "no work", "name_de": "no work"}
    assert (await send(world, "PUT", "/reasons/no_work", changed, "admin")).status_code < 300
    await work(world)
    assert await sums(world, "adot_s", "adet_s") == (0, 1200)


async def test_a_reason_alone_is_in_the_stored_states(world: World) -> None:
    await add_machine(world, (START, 1, "run"), ("08:00", 4, "E17"), ("08:20", 1, "run"))
    [stop] = await list_stops(world, "start=2026-11-20T07:00Z&end=2026-11-20T09:00Z")
    await post(world, f"/stops/{stop['id']}:classify", {"reason": "jam"})
    await work(world)
    codes = await world.database.fetch("SELECT DISTINCT code FROM state_pieces WHERE state = 4")
    assert [row["code"] for row in codes] == ["jam"]
    [shown] = await list_stops(world, "start=2026-11-20T07:00Z&end=2026-11-20T09:00Z")
    assert (shown["id"], shown["code"], shown["reason"]) == (stop["id"], "E17", "jam")


async def test_an_entered_and_split_stop_is_computed(world: World) -> None:
    await add_machine(world, (START, 1, "run"))
    body = {
        "equipment": PRESS, "start": "2026-11-20T08:00:00Z", "end": "2026-11-20T08:30:00Z",
        "reason": "jam",
    }  # fmt: skip
    entered = await post(world, "/stops", body)
    await work(world)
    assert await sums(world, "malfunction_s", "fe") == (1800, 1)
    path = f"/stops/{entered['stops'][0]['id']}"
    split = {"at": "2026-11-20T08:10:00Z", "version": entered["change"]}
    parts = (await post(world, f"{path}:split", split))["stops"]
    await post(
        world,
        f"/stops/{parts[1]['id']}:classify",
        {"reason": "meeting", "version": parts[1]["version"]},
    )
    await work(world)
    assert await sums(world, "malfunction_s", "fe") == (600, 1)
    stops = await list_stops(world, "start=2026-11-20T07:00Z&end=2026-11-20T09:00Z")
    assert [stop["reason"] for stop in stops] == ["jam", "meeting"]
    assert [(stop["adet_s"], stop["pdot_s"]) for stop in stops] == [(600, 0), (0, 1200)]


async def test_quantities_are_computed(world: World) -> None:
    await add_machine(world, (START, 1, "run"))
    before = (await sums(world, "gq"))[0]
    body = {"equipment": PRESS, "at": "2026-11-20T08:10:00Z", "kind": "scrap", "quantity": 6}
    created = await post(world, "/quantity_entries", {**body, "reason": "crack"})
    less = await post(world, "/quantity_entries", {**body, "kind": "good", "quantity": -6})
    await work(world)
    assert await sums(world, "gq", "sq") == (before - 6, 6)
    refused = await send(world, "POST", "/quantity_entries", {**body, "quantity": -7})
    assert refused.status_code == 422
    await post(world, f"/quantity_entries/{created['id']}:undo", {})
    await post(world, f"/quantity_entries/{less['id']}:undo", {})
    await work(world)
    assert await sums(world, "gq", "sq") == (before, 0)


async def test_the_threshold_decides_failures(world: World) -> None:
    await add_machine(world, (START, 1, "run"), ("08:00", 4, "E1"), ("08:03", 1, "run"))
    assert await sums(world, "fe", "minor_stops", "minor_stop_s") == (1, 0, 0)
    body = {"minor_stop_s": 181, "valid_from": "2026-11-20T08:00:00Z"}
    assert (await send(world, "PUT", f"/stop_thresholds/{PRESS}", body)).status_code == 200
    await work(world)
    assert await sums(world, "fe", "minor_stops", "minor_stop_s") == (0, 1, 180)
    [stop] = await list_stops(world, "start=2026-11-20T08:01Z&end=2026-11-20T08:02Z")
    assert stop["minor"]
    later = {"minor_stop_s": 180, "valid_from": "2026-11-20T08:00:00Z"}
    await send(world, "PUT", f"/stop_thresholds/{PRESS}", later)
    await work(world)
    assert await sums(world, "fe", "minor_stops", "minor_stop_s") == (1, 0, 0)


async def test_what_is_entered_about_an_open_stop_grows_with_it(world: World) -> None:
    world.now[0] = at("08:40")
    await add_machine(world, (START, 1, "run"), ("08:35", 3, "wait"))
    [stop] = await list_stops(world)
    assert stop["end"] is None
    await post(world, f"/stops/{stop['id']}:classify", {"reason": "no_order"})
    database = world.app.state.context.database
    await work(world)
    world.now[0] = at("08:55")
    await world.database.execute(
        "INSERT INTO dirty_buckets (equipment_id, bucket_at) SELECT $1, t FROM"
        " generate_series($2::timestamptz, $3, interval '15 minutes') AS t"
        " ON CONFLICT DO NOTHING",
        world.ids[PRESS], at("08:30"), at("08:45"),
    )  # fmt: skip
    await work(world)
    await follow_open_stops(database)  # so does the background task of the API, now and then
    await work(world)
    [grown] = await list_stops(world)
    assert (grown["id"], grown["end"], grown["reason"]) == (stop["id"], None, "no_order")
    assert grown["duration_s"] == 1200
    state = await world.database.fetchval("SELECT id FROM signals WHERE role = 'state'")
    await world.database.execute(
        "INSERT INTO samples (signal_id, at, value, status, text) VALUES ($1, $2, 1, 0, 'run')",
        state, at("08:57"),
    )  # fmt: skip
    world.now[0] = NOW
    await world.database.execute(
        "INSERT INTO dirty_buckets (equipment_id, bucket_at) SELECT $1, t FROM"
        " generate_series($2::timestamptz, $3, interval '15 minutes') AS t"
        " ON CONFLICT DO NOTHING",
        world.ids[PRESS], at("08:45"), at("10:00"),
    )  # fmt: skip
    await work(world)
    await follow_open_stops(database)
    assert await world.database.fetchval("SELECT bool_or(is_open) FROM state_entries") is False
    [ended] = await list_stops(world)
    assert (ended["end"][11:16], ended["reason"]) == ("08:57", "no_order")
    assert await follow_open_stops(database) == 0


async def test_a_shift_report(world: World) -> None:
    await add_machine(
        world, (START, 1, "run"), ("08:00", 4, "E1"), ("08:01", 1, "run"), ("08:10", 3, "wait"),
        ("08:20", 1, "run"),
    )  # fmt: skip
    scrap = {"equipment": PRESS, "at": "2026-11-20T08:05:00Z", "kind": "scrap"}
    await post(world, "/quantity_entries", {**scrap, "quantity": 4, "reason": "crack"})
    await post(world, "/quantity_entries", {**scrap, "quantity": 1})
    await work(world)
    note = {"equipment": PRESS, "text": "mould 7 is worn", "start": "2026-11-20T08:30:00Z"}
    await post(world, "/annotations", note)
    url = f"/shift_reports/{PRESS}?start=shift:current"
    report = (await world.get(url)).json()
    assert (report["shift"]["name"], report["shift"]["is_running"]) == ("early", True)
    assert report["start"] == "2026-11-20T06:00:00+01:00"
    assert [stop["state"] for stop in report["top_stops"]] == ["idle"]
    assert (report["stops"], report["minor_stops"]) == (1, {"count": 1, "lost_s": 60})
    assert (report["lost_s"], report["untagged_s"], report["untagged_share"]) == (660, 660, 1)
    assert [(row["reason"], row["quantity"]) for row in report["scrap_reasons"]] == [
        ("crack", 4), (None, 1),
    ]  # fmt: skip
    assert report["counts"]["scrap"] == 5
    oee = next(row["value"] for row in report["kpis"] if row["kpi"] == "oee")
    assert report["counts"]["target"] == pytest.approx(report["counts"]["good"] / oee)
    [order] = report["orders"]
    assert (order["order_number"], order["lost_s"]) == ("A1", 660)
    assert (order["good"], order["scrap"], order["rework"]) == (report["counts"]["good"], 5, None)
    assert [row["text"] for row in report["notes"]] == ["mould 7 is worn"]
    [stop] = report["top_stops"]
    await post(world, f"/stops/{stop['id']}:classify", {"reason": "no_operator"})
    assert (await world.get(url)).json()["untagged_s"] == 60
    etag = (await world.get(url)).headers["etag"]
    assert (await world.get(url, headers={"If-None-Match": etag})).status_code == 304
    assert (await world.get(f"/shift_reports/{PRESS}", "zwick")).status_code == 403
    assert (await world.get(f"/shift_reports/{PRESS}x")).status_code == 404
    empty = (await world.get(f"/shift_reports/{PRESS}?start=2026-11-02&end=2026-11-03")).json()
    assert (empty["no_data"], empty["shift"], empty["untagged_share"]) == (True, None, None)
