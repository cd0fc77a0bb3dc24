"""A wrong mapping: detected before activation, or corrected afterwards, to the last row."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio

from plumbing.delivery import FakeSpool
from plumbing.ingesting import books_of
from werknetz.connector.contract import Delivery, Reading, SourceMessage, SourceRecord, hash_message
from werknetz.connector.normalize import Normalizer
from werknetz.connector.raw import encode_delivery
from werknetz.domain.bucket import microseconds_of
from werknetz.link.receiver import Receiver
from werknetz_core.ingest.apply import Applier, accept_hello
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_core.mappings.replay_normalizer import parse_mapping_document

from .conftest import LINE, NOW, World

SECOND = 1_000_000
MAPPING = """
name: presses-{machine}
version: {version}
time_zone: Europe/Berlin
enums:
  zustand: {{LAEUFT: producing, STEHT: idle{codes}}}
rules:
- source: "{{m}}#zustand"
  equipment: {line}/{machine}
  signal: state
  role: state
  states: zustand
- source: "{{m}}#gut"
  equipment: {line}/{machine}
  signal: good
  role: good_count
- source: "{{m}}#temp"
  equipment: {line}/{machine}
  signal: temperature
  decimal: {decimal}
  unit: degC
- source: "{{m}}#druck"
  equipment: {line}/{machine}
  signal: pressure
  source_unit: {pressure}
  unit: bar
events:
- source: lager
  kind: stock_counted
  fields:
    material: teil
    quantity: {{field: menge, decimal: {decimal}{thousands}}}
    warehouse: {{constant: {machine}}}
"""
CODES = ("LAEUFT", "STEHT", "LAEUFT", "STOERUNG", "LAEUFT", "RUESTEN")


def document(machine: str, version: int, *, right: bool) -> str:
    return MAPPING.format(
        machine=machine, version=version, line=LINE,
        codes=", STOERUNG: malfunction, RUESTEN: setup" if right else "",
        decimal="comma" if right else "point",
        thousands=", thousands: '.'" if right else "",
        pressure="mbar" if right else "bar",
    )  # fmt: skip


@dataclass
class Edge:
    """Does what an edge does: normalizes, stores the raw input, and sends; here to the writer."""

    world: World
    machine: str
    spool: FakeSpool = field(init=False)
    normalizer: Normalizer = field(init=False)

    def __post_init__(self) -> None:
        self.spool = FakeSpool(f"plc-{self.machine}")
        self._applier = Applier(PartitionMaker(ahead_days=0))
        self._receiver = Receiver(self.spool.connector, uuid4())

    async def start(self, text: str) -> None:
        mapping = parse_mapping_document(text, "m")
        self.normalizer = Normalizer(mapping, self.spool.connector)
        response = await accept_hello(
            self.world.database, self.spool.connector, self.spool.hello(), uuid4()
        )
        self.spool.epoch = response.epoch

    async def send(self, delivery: Delivery, arrival_us: int) -> None:
        records = self.normalizer.normalize(delivery, arrival_us)
        raw = encode_delivery(delivery, arrival_us, self.normalizer.mapping.label)
        assert raw is not None
        envelope = self.spool.add(*records, raw)
        await self._applier.apply(self.world.database, self._receiver, [envelope])

    async def report_repeats(self, arrival_us: int) -> None:
        """Send the counted repeats, as a minute later."""
        if records := self.normalizer.take_all_unmapped(arrival_us):
            envelope = self.spool.add(*records)
            await self._applier.apply(self.world.database, self._receiver, [envelope])


def deliveries(start_us: int, machine: str) -> list[tuple[int, Delivery]]:
    """Two hours of a press that writes German numbers, with a stock list every half hour."""
    items = []
    for n in range(240):
        at_us = start_us + n * 30 * SECOND
        readings = [
            Reading("p#zustand", CODES[n // 10 % len(CODES)], source_time_us=at_us),
            Reading("p#gut", n * 3, source_time_us=at_us),
            Reading("p#temp", f"4{n % 10},{n % 7}", source_time_us=at_us),
            Reading("p#druck", 5_000 + n, source_time_us=at_us),
        ]
        records, messages = [], []
        if n % 60 == 0:
            body = f"liste {n}".encode()
            records = [
                SourceRecord(
                    "lager", {"teil": f"T{k}", "menge": f"1.{k}00,5"},
                    f"{machine} {n} {k}".encode(), item=f"line {k}", source_time_us=at_us,
                    message_hash=hash_message(body),
                )
                for k in range(3)
            ]  # fmt: skip
            messages = [SourceMessage("lager", body, hash_message(body))]
        items.append((at_us, Delivery(readings, records=records, messages=messages)))
    return items


@pytest_asyncio.fixture
async def edges(world: World) -> AsyncIterator[tuple[Edge, Edge]]:
    """One edge with a wrong mapping and one with the right mapping, over the same input."""
    start_us = microseconds_of(NOW - timedelta(hours=3, minutes=7))  # in the early shift
    wrong, right = Edge(world, "press-w"), Edge(world, "press-r")
    await wrong.start(document("press-w", 1, right=False))
    await right.start(document("press-r", 1, right=True))
    for edge in (wrong, right):
        for at_us, delivery in deliveries(start_us, edge.machine):
            await edge.send(delivery, at_us + 1)
        await edge.report_repeats(at_us + 90 * SECOND)
    world.now[0] = datetime.now(UTC) + timedelta(seconds=1)  # after all that was stored
    yield wrong, right


async def post(
    world: World, path: str, body: dict[str, Any], key: str = "engineer"
) -> httpx2.Response:
    headers = {"X-API-Key": world.keys[key]}
    return await world.client.post(f"/api/v1{path}", json=body, headers=headers)


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
    async with asyncio.timeout(30):
        while job["state"] in {"waiting", "running"}:
            await asyncio.sleep(0.1)
            job = (await world.get(f"/replays/{job['id']}")).json()
    assert job["state"] == "done", job
    return dict(job)


@pytest.mark.asyncio
async def test_a_wrong_mapping_is_detected_before_activation(
    world: World, edges: tuple[Edge, Edge]
) -> None:
    """Diff the wrong document as the next version of the right edge's mapping."""
    _, right = edges
    wrong = document("press-r", 2, right=False)
    response = await post(world, "/mappings:diff", {"document": wrong, "start": "-1h"})
    assert response.status_code == 200, response.text
    diff = response.json()
    assert (diff["complete"], diff["inputs"], diff["inputs_skipped"]) == (True, 240, 0)
    assert diff["unmapped_before"]["text"] == "0 of 4 state codes unmapped = 0.0% of the time"
    assert diff["unmapped_after"]["codes"] == ["RUESTEN", "STOERUNG"]
    assert diff["unmapped_after"]["text"].startswith("2 of 4 state codes unmapped = 3")
    points = {point["key"].rpartition(":")[2]: point for point in diff["points"]}
    assert points["pressure"]["changed"] == 240
    assert points["pressure"]["examples"][0]["before"] == pytest.approx(5.0)
    assert points["pressure"]["examples"][0]["after"] == pytest.approx(5000.0)
    assert (points["temperature"]["samples_before"], points["temperature"]["samples_after"]) == (
        240,
        0,
    )
    assert "good" not in points
    assert diff["points_same"] == 1
    (stock,) = diff["events"]
    assert (stock["kind"], stock["before"], stock["after"]) == ("stock_counted", 12, 0)
    refused = {(r["source"], r["reason"]): (r["before"], r["after"]) for r in diff["refused"]}
    assert any(source == "p#temp" and "not a number" in why for source, why in refused)
    assert sum(after for _, after in refused.values()) > 240
    changed = {(kpi["kpi"]): kpi for kpi in diff["kpis"]}
    assert "availability" not in changed  # both know the producing state
    assert changed["setup_ratio"]["before"] > 0.1
    assert changed["setup_ratio"]["after"] == 0.0
    states = {(s["state"]): (s["before_s"], s["after_s"]) for s in diff["states"]}
    assert states["malfunction"][1] == 0.0
    assert states["unknown"][0] == 0.0
    assert states["unknown"][1] == pytest.approx(states["malfunction"][0] + states["setup"][0])

    response = await post(world, "/mappings:preview", {"document": wrong, "minutes": 60})
    assert response.status_code == 200, response.text
    preview = response.json()
    assert preview["unmapped_states"]["codes"] == ["RUESTEN", "STOERUNG"]
    assert {r["source"] for r in preview["refused"]} >= {"p#temp", "lager"}
    assert right.normalizer.mapping.version == 1


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
    counts = {(g["source"], g["reason"]): g["count"] for g in groups}
    assert sum(count for (source, _), count in counts.items() if source == "p#temp") == 240
    assert sum(count for (source, _), count in counts.items() if source == "p#zustand") == 80

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
async def test_versions_are_stored_and_never_change(world: World, edges: tuple[Edge, Edge]) -> None:
    del edges
    text = document("press-r", 2, right=False)
    first = await post(world, "/mappings", {"document": text, "note": "a try"})
    assert (first.status_code, first.json()["state"]) == (201, "draft")
    same = await post(world, "/mappings", {"document": "# a comment\n" + text})
    assert same.json()["digest"] == first.json()["digest"]
    other = await post(world, "/mappings", {"document": document("press-r", 2, right=True)})
    assert other.status_code == 409
    assert "version: 3" in other.json()["hint"]
    listed = (await world.get("/mappings")).json()["items"]
    assert {"name": "presses-press-r", "newest": 2, "active": None, "versions": 2,
            "connectors": ["plc-press-r"]} in listed  # fmt: skip
    shown = await world.get("/mappings/presses-press-r/versions/2", key="engineer")
    assert shown.json()["document"] == text
    assert shown.json()["note"] == "a try"


@pytest.mark.asyncio
async def test_invalid_requests_have_a_hint(world: World, edges: tuple[Edge, Edge]) -> None:
    del edges
    bad = document("press-r", 2, right=True).replace("degC", "degX")
    response = await post(world, "/mappings", {"document": bad})
    assert response.status_code == 422
    assert "degX" in response.json()["detail"]
    assert "line" in response.json()["errors"][0]["detail"]
    for path, body, status in (
        ("/mappings", {"document": "a: ["}, 422),
        ("/mappings:diff", {}, 422),
        ("/mappings:diff", {"name": "nobody", "version": 1}, 404),
        ("/mappings:preview", {"document": document("press-x", 1, right=True)}, 404),
        ("/mappings/presses-press-r/versions/9:activate", {}, 404),
        ("/replays", {"mapping": "presses-press-r"}, 409),
        ("/quarantine:replay", {}, 404),
        ("/quarantine:discard", {"connector": "plc-press-w", "note": ""}, 422),
    ):
        response = await post(world, path, body)
        assert response.status_code == status, (path, response.text)
        assert response.json()["hint"]
    assert (await post(world, "/mappings", {"document": bad}, key="viewer")).status_code == 403
    assert (await post(world, "/mappings", {"document": bad}, key="zwick")).status_code == 403


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
