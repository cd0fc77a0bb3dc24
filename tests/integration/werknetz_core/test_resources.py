"""Resources of the API beside KPIs: samples, intervals, counts, connectors, gaps, quarantine."""

import base64
import csv
import json
from datetime import UTC, datetime, timedelta

import pytest

from plumbing.facts import receipt, withdrawal
from plumbing.ingesting import Ingest
from werknetz.link.redis import status_key
from werknetz.store.tables import BOOK_COUNTS
from werknetz_core.settings import CoreSettings

from .conftest import LINE, NOW, PLANT, PRESS, ROBOT, World, add_bucket, open_world

pytestmark = pytest.mark.asyncio


async def _sample(world: World, at: datetime, value: float, *, status: int = 0) -> None:
    await world.database.execute(
        "INSERT INTO samples (signal_id, at, value, status, text) VALUES ($1, $2, $3, $4, $5)",
        world.ids[f"{PRESS}#temperature"],
        at,
        value,
        status,
        None if value == value else "a word",  # noqa: PLR0124 - NaN
    )


async def _pieces(world: World, path: str, *pieces: tuple[str, str, int, str]) -> None:
    for start, end, state, category in pieces:
        await world.database.execute(
            "INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category, code)"
            " VALUES ($1, $2, $3, $4, $5, '7')",
            world.ids[path],
            datetime.fromisoformat(f"2026-11-20T{start}+00:00"),
            datetime.fromisoformat(f"2026-11-20T{end}+00:00"),
            state,
            category,
        )


async def test_raw_samples_come_in_pages_without_loss(world: World) -> None:
    start = NOW - timedelta(minutes=30)
    for number in range(25):
        await _sample(world, start + timedelta(seconds=number // 5), number)
    path = f"/signals/{world.ids[f'{PRESS}#temperature']}/samples"
    span = "start=2026-11-20T09:00:00Z&end=2026-11-20T10:00:00Z"
    values: list[float] = []
    cursor = ""
    for _ in range(30):
        response = await world.get(f"{path}?{span}&limit=3{cursor}")
        values += [item["value"] for item in response.json()["items"]]
        if response.json()["next_cursor"] is None:
            break
        assert 'rel="next"' in response.headers["link"]
        cursor = f"&cursor={response.json()['next_cursor']}"
    assert values == [float(number) for number in range(25)]


async def test_reduced_samples_keep_peaks_and_ignore_bad_values(world: World) -> None:
    start = NOW - timedelta(hours=1)
    for number in range(200):
        await _sample(world, start + timedelta(seconds=number), 5 if number != 150 else 900)
    await _sample(world, start, float("nan"))
    await _sample(world, start, float("inf"))
    await _sample(world, start, -7e9, status=-0x8000_0000)
    path = f"/signals/{world.ids[f'{PRESS}#temperature']}/samples"
    thin = (await world.get(f"{path}?start=-1h&max_points=10")).json()
    assert len(thin["items"]) <= 10
    assert max(item["max"] for item in thin["items"]) == 900
    assert min(item["min"] for item in thin["items"]) == 5
    assert sum(item["count"] for item in thin["items"]) == 200
    for granularity in ("10s", "1m", "5m", "1h", "shift", "1d", "1w", "1mo"):
        by = (await world.get(f"{path}?start=-2h&granularity={granularity}")).json()
        assert sum(item["count"] for item in by["items"]) == 200, granularity
    raw = (await world.get(f"{path}?start=-2h&limit=1000")).json()["items"]
    first = [item for item in raw if item["at"] == "2026-11-20T09:07:00Z"]
    assert sorted((item["value"] or 0, item["quality"]) for item in first) == [
        (-7e9, "bad"), (0, "good"), (0, "good"), (5, "good"),
    ]  # fmt: skip
    empty = (await world.get(f"{path}?start=2020-01-01&end=2020-01-02")).json()
    assert (empty["no_data"], empty["items"], empty["time_zone"]) == (True, [], "Europe/Berlin")


async def test_pieces_of_states_are_merged_and_stops_are_lost_time(world: World) -> None:
    await _pieces(
        world,
        PRESS,
        ("08:00", "08:15", 1, "apt"),
        ("08:15", "08:20", 1, "apt"),
        ("08:20", "08:30", 4, "adet"),
        ("08:30", "08:40", 4, "adet"),
        ("08:40", "08:41", 1, "apt"),
        ("08:41", "08:42", 4, "adet"),
        ("08:42", "10:07", 1, "apt"),
    )
    await _pieces(world, ROBOT, ("08:00", "08:10", 5, "adet"))
    states = (await world.get(f"/equipment/{PRESS}/states?start=-3h")).json()["items"]
    assert [(item["state"], item["duration_s"]) for item in states] == [
        ("producing", 1200), ("malfunction", 1200), ("producing", 60), ("malfunction", 60),
        ("producing", 5100),
    ]  # fmt: skip
    assert [item["end"] is None for item in states] == [False] * 4 + [True]
    stops = (await world.get(f"/stops?under={LINE}&start=-3h")).json()["items"]
    assert [(item["equipment"], item["minor"]) for item in stops] == [
        (ROBOT, False), (PRESS, False), (PRESS, True),
    ]  # fmt: skip
    starts: list[str] = []
    cursor = ""
    while True:
        page = (await world.get(f"/equipment/{LINE}/stops?start=-3h&limit=1{cursor}")).json()
        starts += [item["start"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert starts == [item["start"] for item in stops]
    long = (await world.get(f"/equipment/{LINE}/stops?start=-3h&min_s=120")).json()["items"]
    assert len(long) == 2


async def test_counts_shifts_orders(world: World) -> None:
    await add_bucket(world, PRESS, "2026-11-20T05:00Z", pq=10)
    await add_bucket(world, ROBOT, "2026-11-20T06:00Z", pq=7)
    counts = (await world.get(f"/equipment/{LINE}/counts?start=day:today&granularity=shift")).json()
    assert [item["produced"] for item in counts["items"]] == [17]
    url = f"/equipment/{LINE}/counts?start=day:today&granularity=shift&format=csv"
    answer = await world.get(url)
    assert 'filename="counts.csv"' in answer.headers["content-disposition"]
    [row] = csv.DictReader(answer.text.splitlines())
    assert (row["equipment"], row["window"], float(row["produced"])) == (LINE, "early", 17)
    share = counts["items"][0]["reported_share"]["produced"]
    assert float(row["produced_reported_share"]) == pytest.approx(share)
    etag = {"If-None-Match": answer.headers["etag"]}
    assert (await world.get(url, headers=etag)).status_code == 304
    [line] = (await world.get(url.replace("=csv", "=ndjson"))).text.splitlines()
    assert json.loads(line)["produced"] == 17
    shifts = (await world.get(f"/shifts?equipment={PRESS}")).json()
    assert [item["name"] for item in shifts["items"]] == ["early", "late"]
    assert shifts["items"][0]["breaks"][0]["start"] == "2026-11-20T10:00:00+01:00"
    await world.database.execute(
        "INSERT INTO orders (equipment_id, order_number, started_at)"
        " VALUES ($1, 'A1', '2026-11-20T05:00Z'), ($1, 'A2', '2026-11-20T09:00Z')",
        world.ids[PRESS],
    )
    first = (await world.get("/orders?limit=1")).json()
    assert first["items"][0]["order_number"] == "A1"
    second = (await world.get(f"/orders?limit=1&cursor={first['next_cursor']}")).json()
    assert (second["items"][0]["order_number"], second["next_cursor"]) == ("A2", None)
    late = (await world.get("/orders?start=-8h&end=2026-11-20T06:00:00Z")).json()["items"]
    assert [item["order_number"] for item in late] == ["A1"]


STATUS = {
    "state": "connected", "detail": "", "protocol": "opcua", "backlog": "3", "lag_s": "0.5",
    "last_good_us": "1795000000000000", "epoch": "1", "acked": "1", "last_seq": "4",
    "spool_id": "x", "spool_bytes": "9", "pid": "1", "version": "1", "rss_bytes": "5",
    "at_us": "1795000000000000", "details": "{}",
}  # fmt: skip


async def test_connectors_gaps_quarantine(world: World) -> None:
    await world.app.state.context.redis.hset(status_key("emden-opcua"), mapping=STATUS)
    emden, zwick = (await world.get("/connectors")).json()["items"]
    assert (emden["state"], emden["backlog"], emden["lag_s"]) == ("connected", 3, 0.5)
    assert emden["last_good_at"] is not None
    assert (zwick["state"], zwick["backlog"], zwick["open_gaps"]) == ("silent", None, 1)
    newest = (await world.get("/gaps?limit=1")).json()
    assert newest["items"][0]["cause"] == "queue overflow"
    older = (await world.get(f"/gaps?limit=1&cursor={newest['next_cursor']}")).json()
    assert older["items"][0]["cause"] == "spool full"
    entry = (await world.get("/quarantine?connector=emden-opcua")).json()["items"][0]
    assert "raw_base64" not in entry
    whole = (await world.get(f"/quarantine/{entry['id']}", key="engineer")).json()
    assert base64.b64decode(whole["raw_base64"]) == b"\x00\xff"
    assert (await world.get("/quarantine/99", key="engineer")).status_code == 404


@pytest.mark.parametrize(
    ("live", "history", "shown"),
    [
        ({}, {}, {}),
        ({"late": "A."}, None, {"late": "A."}),
        (None, {"late": "B."}, {"late": "B."}),
        ({"late": "A."}, {"ahead": "B."}, {"late": "A.", "ahead": "B."}),
        ({"ids": "A."}, {"ids": "A."}, {"ids": "A."}),  # of the connector: both lanes have it
        ({"late": "A."}, {"late": "B."}, {"late": "A. In the backfill: B."}),
    ],
)
async def test_findings_of_both_lanes_are_shown(
    world: World,
    live: dict[str, str] | None,
    history: dict[str, str] | None,
    shown: dict[str, str],
) -> None:
    for name, findings in (("emden-opcua", live), ("emden-opcua~backfill", history)):
        if findings is not None:
            status = STATUS | {"findings": json.dumps(findings)}
            await world.app.state.context.redis.hset(status_key(name), mapping=status)
    assert (await world.get("/connectors/emden-opcua")).json()["findings"] == shown
    assert (await world.get("/connectors")).json()["items"][0]["findings"] == shown
    assert (await world.get("/connectors/emden-opcua~backfill")).status_code == 404


async def test_a_connector_shows_its_books(world: World) -> None:
    ingest = Ingest(world.database)
    for record in (receipt("D1", 1), receipt("D1", 1), receipt("D1", 2), withdrawal("D1")):
        await ingest.send(record, connector="emden-opcua")
    emden, zwick = (await world.get("/connectors")).json()["items"]
    books = (await world.get("/connectors/emden-opcua")).json()["books"]
    assert books == emden["books"]
    since = books.pop("since")
    assert datetime.fromisoformat(since) <= datetime.now(UTC)
    assert books == {
        "taken": 4, "stored": 1, "duplicates": 1, "revisions": 1, "withdrawn": 1, "ignored": 0,
        "quarantined": 0, "balanced": True,
    }  # fmt: skip
    assert zwick["books"] is None  # nothing was delivered
    for count in BOOK_COUNTS:
        await world.database.execute(f"UPDATE connector_books SET {count} = {count} + 1")
        wrong = (await world.get("/connectors/emden-opcua")).json()["books"]
        assert (count, wrong["balanced"]) == (count, False)
        await world.database.execute(f"UPDATE connector_books SET {count} = {count} - 1")


async def test_equipment_is_filtered_by_path_level_and_depth(world: World) -> None:
    assert [item["path"] for item in (await world.get("/plants")).json()["items"]] == [
        PLANT, "nordwerk/zwick-2",
    ]  # fmt: skip
    machines = (await world.get(f"/equipment?kind=machine&under={PLANT}")).json()["items"]
    assert [item["path"] for item in machines] == [PRESS, ROBOT]
    assert machines[0]["time_zone"] == "Europe/Berlin"
    shallow = (await world.get(f"/equipment?under={PLANT}&depth=1")).json()["items"]
    assert [item["level"] for item in shallow] == ["plant", "area"]
    signal = (await world.get(f"/signals?under={LINE}&role=process_value")).json()["items"][0]
    assert signal["equipment"] == PRESS
    assert (await world.get(f"/signals/{signal['id']}")).json()["key"] == f"{PRESS}/temperature"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/equipment?cursor=rubbish", 422),
        ("/equipment?cursor=W10", 422),
        ("/equipment?limit=1001", 422),
        ("/equipment?under=nordwerk/emden", 404),
        ("/equipment/nordwerk/emden-7/states", 404),
        ("/signals/999999", 404),
        ("/signals/9223372036854775807", 404),
        ("/signals/99999999999999999999", 422),
        ("/signals/abc", 422),
        ("/signals/1/samples?granularity=0s", 422),
        ("/signals/1/samples?granularity=1s&start=2020-01-01", 422),
        ("/signals/1/samples?max_points=0", 422),
        ("/shifts?equipment=nordwerk&start=1971-01-01", 422),
        ("/connectors/none", 404),
        ("/nowhere", 404),
    ],
)
async def test_invalid_requests_have_a_hint(world: World, path: str, status: int) -> None:
    response = await world.get(path)
    assert (response.status_code, bool(response.json()["hint"])) == (status, True), response.text
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_body_that_is_too_large_is_rejected(world: World) -> None:
    response = await world.client.post(
        "/api/v1/kpi_values:query",
        content=b" " * 1_200_000,
        headers={"X-API-Key": world.keys["viewer"], "Content-Type": "application/json"},
    )
    assert response.status_code == 413
    assert response.json()["hint"]


async def test_health_and_metrics(world: World) -> None:
    ready = await world.client.get("/api/v1/health/ready")
    running = {"state": "running", "restarts": 0, "last_error": None}
    assert ready.json() == {
        "status": "ready",
        "database": "ok",
        "redis": "ok",
        "limits": "shared",
        "background": [
            {"name": "equipment_tree"} | running,
            {"name": "kpi_definitions"} | running,
            {"name": "key_slots"} | running,
            {"name": "stops"} | running,
        ],
    }
    assert (await world.client.get("/api/v1/info")).json()["name"] == "Werknetz"
    await world.get("/plants")
    figures = (await world.get("/metrics")).text
    assert 'route="/plants"' in figures
    assert ready.headers["x-content-type-options"] == "nosniff"
    assert ready.headers["cache-control"] == "no-store"


async def test_the_api_works_without_redis(database_url: str) -> None:
    async with open_world(CoreSettings(database_url, "redis://127.0.0.1:1/0")) as world:
        response = await world.get(f"/kpi_values?equipment={PLANT}&kpi=oee")
        assert (response.status_code, "etag" in response.headers) == (200, True)  # of the content
        assert (await world.get("/connectors")).json()["items"][0]["state"] == "silent"
        ready = (await world.client.get("/api/v1/health/ready")).json()
        assert ready["redis"].startswith("does not answer")


async def test_without_postgresql_requests_answer_503_with_a_hint(world: World) -> None:
    await world.app.state.context.database.close()
    response = await world.get("/plants")
    assert response.status_code == 503
    assert "doctor" in response.json()["hint"]
    assert (await world.client.get("/api/v1/health/live")).status_code == 200
    assert (await world.client.get("/api/v1/health/ready")).status_code == 503
