"""A wrong mapping is corrected afterwards, to the last row: replays and quarantine."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from plumbing.ingesting import books_of
from werknetz.connector.contract import Delivery, SourceRecord
from werknetz.domain.bucket import microseconds_of

from ..conftest import LINE, World  # noqa: TID252 - the fixture's world
from .conftest import SECOND, Edge, document, post


async def model(world: World, edge: Edge) -> dict[str, list[tuple[Any, ...]]]:
    """Return all stored data of a machine, without the names that differ on purpose."""
    database, path = world.database, f"{LINE}/{edge.machine}"
    samples = await database.fetch(
        "SELECT s.name, x.at, x.value, x.status, x.text FROM samples x JOIN signals s"
        " ON s.id = x.signal_id JOIN equipment e ON e.id = s.equipment_id"
        " WHERE e.path = $1 ORDER BY s.name, x.at, x.ctid",
        path,
    )
    events = await database.fetch(
        "SELECT kind, at, item, raw_hash, body - 'warehouse' FROM business_events"
        " WHERE connector_id = $1 ORDER BY at, item",
        edge.spool.connector,
    )
    signals = await database.fetch(
        "SELECT s.name, role, unit, datatype FROM signals s JOIN equipment e"
        " ON e.id = s.equipment_id WHERE e.path = $1 ORDER BY 1",
        path,
    )
    return {
        "samples": [tuple(row) for row in samples],
        "events": [tuple(row) for row in events],
        "signals": [tuple(row) for row in signals],
    }


async def wait_for_replay(world: World, started: httpx2.Response) -> dict[str, Any]:
    assert started.status_code == 202, started.text
    (job,) = started.json()
    async with asyncio.timeout(120):
        while job["state"] in {"waiting", "running"}:
            await asyncio.sleep(0.1)
            job = (await world.get(f"/replays/{job['id']}")).json()
    assert job["state"] == "done", job
    return dict(job)


@pytest.mark.asyncio
async def test_after_a_replay_all_data_equals_that_of_a_right_mapping(
    world: World, edges: tuple[Edge, Edge]
) -> None:
    wrong, right = edges
    expected = await model(world, right)
    assert await model(world, wrong) != expected
    groups = (await world.get("/quarantine/groups", params={"connector": "plc-press-w"})).json()[
        "items"
    ]
    counts: dict[str, int] = {}
    for group in groups:
        for source in group["sources"]:
            name = source["source"]
            counts[name] = counts.get(name, 0) + source["count"]
    assert (counts["p#temp"], counts["p#zustand"]) == (240, 80)

    repaired = document("press-w", 2, right=True)
    assert (await post(world, "/mappings", {"document": repaired})).status_code == 201
    activated = await post(world, "/mappings/presses-press-w/versions/2:activate", {})
    assert activated.json()["state"] == "active"
    job = await wait_for_replay(
        world, await post(world, "/quarantine:replay", {"connector": "plc-press-w"})
    )
    assert (job["inputs"], job["inputs_skipped"]) == (240, 0)
    assert await model(world, wrong) == expected
    open_now = await world.database.fetchval(
        "SELECT count(*) FROM quarantine WHERE connector_id = 'plc-press-w'"
        " AND state IN ('open', 'assigned')"
    )
    assert open_now == 0
    versions = await world.database.fetch(
        "SELECT DISTINCT s.name, v.version FROM samples x JOIN signals s ON s.id = x.signal_id"
        " JOIN mapping_versions v ON v.id = x.mapping_id WHERE s.connector_id = 'plc-press-w'"
    )
    assert {tuple(row) for row in versions} == {
        ("good", 1), ("pressure", 2), ("state", 1), ("state", 2), ("temperature", 2),
    }  # fmt: skip
    dirty = await world.database.fetchval(
        "SELECT count(*) FROM dirty_buckets d JOIN equipment e ON e.id = d.equipment_id"
        " WHERE e.path = $1",
        f"{LINE}/press-w",
    )
    assert dirty > 8

    # A repeated replay changes nothing.
    job = await wait_for_replay(
        world, await post(world, "/replays", {"mapping": "presses-press-w", "start": "-1h"})
    )
    assert (job["samples_removed"], job["samples_added"], job["events_changed"]) == (0, 0, 0)
    assert await model(world, wrong) == expected


@pytest.mark.asyncio
async def test_a_changed_event_has_a_revision(world: World, edges: tuple[Edge, Edge]) -> None:
    _, right = edges
    changed = document("press-r", 2, right=True).replace("field: menge,", "field: menge, scale: 2,")
    await post(world, "/mappings", {"document": changed})
    body = {"mapping": "presses-press-r", "version": 2, "start": "-1h"}
    job = await wait_for_replay(world, await post(world, "/replays", body))
    assert job["events_changed"] == 12
    rows = await world.database.fetch(
        "SELECT e.revision, (e.body->>'quantity')::float, (r.body->>'quantity')::float, e.mapping,"
        " r.mapping FROM business_events e JOIN business_event_revisions r USING (event_id)"
        " WHERE connector_id = $1",
        right.spool.connector,
    )
    assert len(rows) == 12
    assert all(row[0] == 2 and row[1] == 2 * row[2] for row in rows)
    assert {(row[3], row[4]) for row in rows} == {("presses-press-r@2", "presses-press-r@1")}


@pytest.mark.asyncio
async def test_entries_are_assigned_and_discarded_with_a_reason(
    world: World, edges: tuple[Edge, Edge]
) -> None:
    del edges
    selection = {"connector": "plc-press-w", "source": "lager"}
    response = await post(world, "/quarantine:assign", {**selection, "to": "anna"})
    entries = response.json()["entries"]
    assert entries == 12
    listed = (await world.get("/quarantine", params={"state": "assigned"})).json()["items"]
    assert {(row["assigned_to"], row["decided_by"]) for row in listed} == {("anna", "engineer")}
    shown = await world.get(f"/quarantine/{listed[0]['id']}", key="engineer")
    assert shown.json()["raw_text"].startswith('{"teil"')
    assert shown.json()["position"].startswith("line ")
    response = await post(world, "/quarantine:discard", {**selection, "note": "a test list"})
    assert response.json()["entries"] == 12
    listed = (await world.get("/quarantine", params={"state": "discarded"})).json()["items"]
    assert {row["note"] for row in listed} == {"a test list"}


@pytest.mark.asyncio
async def test_a_replay_changes_facts_only_where_they_are_as_delivered(world: World) -> None:
    """A fact was corrected, another one deleted: replays of all inputs undo neither."""
    edge = Edge(world, "press-r")
    await edge.start(document("press-r", 1, right=True))
    start_us = microseconds_of(datetime.now(UTC)) - 60 * SECOND

    def row(key: bytes, quantity: str, *, deleted: bool = False) -> SourceRecord:
        fields = {"teil": key.decode(), "menge": quantity}
        return SourceRecord("lager", fields, key, source_time_us=start_us, deleted=deleted)

    rounds = [row(b"A", "1"), row(b"B", "5"), row(b"A", "2"), row(b"B", "5", deleted=True)]
    for number, record in enumerate(rounds):
        await edge.send(Delivery(records=[record]), start_us + number * SECOND)
    world.now[0] = datetime.now(UTC) + timedelta(seconds=1)

    async def facts() -> dict[str, tuple[float, int, str | None]]:
        rows = await world.database.fetch(
            "SELECT body->>'material', (body->>'quantity')::float8, revision, withdrawal_reason"
            " FROM business_events WHERE connector_id = 'plc-press-r'"
        )
        return {row[0]: tuple(row[1:]) for row in rows}

    async def replay(version: int, text: str) -> int:
        await post(world, "/mappings", {"document": text})
        body = {"mapping": "presses-press-r", "version": version, "start": "-1h"}
        job = await wait_for_replay(world, await post(world, "/replays", body))
        return int(job["events_changed"])

    delivered = {"A": (2.0, 2, None), "B": (5.0, 2, "deleted")}
    assert await facts() == delivered
    books = await books_of(world.database, "plc-press-r")
    assert books == {"stored": 2, "revisions": 1, "withdrawn": 1}
    doubled = document("press-r", 2, right=True).replace("field: menge,", "field: menge, scale: 2,")
    assert await replay(2, doubled) == 1
    assert await facts() == {"A": (4.0, 3, None), "B": delivered["B"]}
    head = document("press-r", 3, right=True).partition("- source: lager")[0]
    assert await replay(3, head + "- source: lager\n  ignore: true\n") == 1
    gone = "not created by presses-press-r@3"
    assert await facts() == {"A": (4.0, 4, gone), "B": delivered["B"]}
    assert await replay(4, document("press-r", 4, right=True)) == 1
    assert await facts() == {"A": (2.0, 5, None), "B": delivered["B"]}
    assert await books_of(world.database, "plc-press-r") == books
