"""Events through the API: accepted by a real webhook edge, listed, traced to their message."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from plumbing.facts import id_of, receipt, withdrawal
from plumbing.hooks import KEY, WebhookStage, start_webhook
from plumbing.ingesting import Ingest
from werknetz.connector.contract import Delivery, SourceMessage, SourceRecord, hash_message
from werknetz.connector.raw import encode_delivery
from werknetz.domain.bucket import instant_of
from werknetz.store.ingest.records import ADD_RAW_INPUT
from werknetz_core.settings import CoreSettings
from werknetz_demo.embedded.process import free_port

from .conftest import EVENT_ID, NOW, PLANT, World, open_world

pytestmark = pytest.mark.asyncio
EVENT = {"kind": "stock_counted", "material": "M1", "quantity": 3}


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[WebhookStage]:
    async with start_webhook(tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def world_with_edge(
    database_url: str, redis_url: str, stage: WebhookStage
) -> AsyncIterator[World]:
    settings = CoreSettings(database_url, redis_url, webhook_url=stage.url, webhook_key=KEY)
    async with open_world(settings) as opened:
        yield opened


async def post(world: World, key: str = "engineer", **request: Any) -> Any:
    headers = {"X-API-Key": world.keys[key], **request.pop("headers", {})}
    return await world.client.post("/api/v1/events:batch", headers=headers, **request)


async def test_accepted_events_are_in_the_edges_spool(
    world_with_edge: World, stage: WebhookStage
) -> None:
    response = await post(world_with_edge, json=[EVENT, {"kind": "none"}])
    assert response.status_code == 200, response.text
    assert {**response.json(), "results": None} == {
        "accepted": 1, "duplicates": 0, "quarantined": 1, "results": None,
    }  # fmt: skip
    assert response.json()["results"][0]["index"] == 1
    again = await post(world_with_edge, json=[EVENT, {"kind": "none"}])
    assert again.json()["duplicates"] == 2
    # A delivery without records may follow: it counts the duplicates in the books.
    assert [len(d.records) for d in stage.deliveries if d.records] == [2]
    own = {"Idempotency-Key": "k-1"}
    assert (await post(world_with_edge, json=[EVENT], headers=own)).json()["accepted"] == 1


async def test_a_large_body_is_streamed_to_the_edge(
    world_with_edge: World, stage: WebhookStage
) -> None:
    line = json.dumps(EVENT | {"document": "x" * 200}).encode() + b"\n"

    async def body() -> AsyncIterator[bytes]:
        for _ in range(60):
            yield line * 100

    response = await post(
        world_with_edge, content=body(), headers={"Content-Type": "application/x-ndjson"}
    )
    assert response.json()["accepted"] == 6_000
    assert len(line) * 6_000 > world_with_edge.app.state.context.settings.body_max_bytes
    other = await world_with_edge.client.post(
        "/api/v1/api_keys",
        content=b"x" * 1_000_001,
        headers={"X-API-Key": world_with_edge.keys["admin"]},
    )
    assert other.status_code == 413


async def test_errors_of_the_edge_are_passed_on(world_with_edge: World) -> None:
    wrong = await post(world_with_edge, content=b"{", headers={"Content-Type": "application/json"})
    assert (wrong.status_code, wrong.json()["type"][-19:]) == (400, "unreadable_document")
    assert wrong.headers["Content-Type"] == "application/problem+json"
    kind = await post(world_with_edge, content=b"x", headers={"Content-Type": "text/plain"})
    assert kind.status_code == 415
    foreign = await post(world_with_edge, key="zwick", json=[EVENT])
    assert (foreign.status_code, foreign.json()["type"][-17:]) == (403, "plant_not_allowed")


@pytest.mark.parametrize("case", ["none", "unreachable", "other key"])
async def test_without_an_edge_the_response_has_a_hint(
    database_url: str, redis_url: str, stage: WebhookStage, case: str
) -> None:
    url = {"none": None, "unreachable": f"http://127.0.0.1:{free_port()}", "other key": stage.url}[
        case
    ]
    settings = CoreSettings(database_url, redis_url, webhook_url=url, webhook_key="another key")
    async with open_world(settings) as world:
        response = await post(world, json=[EVENT])
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    hints = {
        "none": "WERKNETZ_WEBHOOK_URL",
        "unreachable": "Repeat the request",
        "other key": "KEY_FILE",
    }
    assert hints[case] in response.json()["hint"]


async def fill(database: asyncpg.Connection) -> list[UUID]:
    """Five events of the press shop, the newest two at the same instant."""
    event_ids = []
    for number, minutes in enumerate((50, 40, 30, 20, 20)):
        event_ids.append(uuid4())
        await database.execute(
            "INSERT INTO business_events (event_id, kind, connector_id, spool_id, seq, source, at,"
            " mapping, body) VALUES ($1, $2, 'emden-opcua', $3, $4, 'emden/mes', $5, 'mes@2', $6)",
            event_ids[-1], "job_started" if number % 2 else "job_finished", uuid4(), number,
            NOW - timedelta(minutes=minutes), '{"equipment": "e", "order_number": "1"}',
        )  # fmt: skip
    return event_ids


async def test_lists_are_filtered_paged_and_newest_first(world: World) -> None:
    event_ids = await fill(world.database)

    async def list_ids(query: str = "", key: str = "engineer") -> list[UUID]:
        ids: list[UUID] = []
        cursor: str | None = ""
        while cursor is not None:
            response = await world.get(f"/events?limit=2{query}&{cursor}", key=key)
            assert response.status_code == 200, response.text
            ids += [UUID(item["event_id"]) for item in response.json()["items"]]
            after = response.json()["next_cursor"]
            cursor = None if after is None else f"cursor={after}"
        return ids

    everything = await list_ids()
    assert sorted(everything) == sorted([*event_ids, EVENT_ID])
    assert everything[:2] == sorted(event_ids[3:], reverse=True)
    assert everything[2:] == [event_ids[2], EVENT_ID, event_ids[1], event_ids[0]]
    assert set(await list_ids("&kind=job_started")) == {event_ids[1], event_ids[3]}
    assert await list_ids("&kind=stock_counted&kind=goods_received") == [EVENT_ID]
    assert set(await list_ids("&connector=emden-opcua")) == set(event_ids)
    assert await list_ids("&source=zwick/wms") == [EVENT_ID]
    start, end = "2026-11-20T09:27:00Z", "2026-11-20T09:37:00Z"  # half-open
    assert await list_ids(f"&start={start}&end={end}") == [EVENT_ID, event_ids[1]]
    assert await list_ids(key="zwick") == [EVENT_ID]
    assert (await world.get("/events?cursor=WzEsMV0", key="engineer")).status_code == 422
    assert (await world.get("/events?end=now", key="engineer")).status_code == 422
    assert (await world.get("/events")).status_code == 403


async def test_an_event_is_traced_to_its_message(world: World) -> None:
    content = b'[{"kind":"stock_counted","material":"M1","quantity":4}]'
    digest = hash_message(content)
    record = SourceRecord("zwick/wms", {"material": "M1"}, b"i", message_hash=digest)
    message = SourceMessage("zwick/wms", content, digest)
    raw = encode_delivery(Delivery(records=[record], messages=[message]), 1, "m@1")
    assert raw is not None
    at = datetime.now(UTC)
    await world.database.execute(
        ADD_RAW_INPUT, "zwick-mqtt", uuid4(), 9, at, at, at, raw.count, raw.mapping, raw.codec,
        raw.payload, raw.hashes,
    )  # fmt: skip
    await world.database.execute(
        "UPDATE business_events SET raw_hash = $1, revision = 2 WHERE event_id = $2",
        digest, EVENT_ID,
    )  # fmt: skip
    await world.database.execute(
        "INSERT INTO business_event_revisions (event_id, revision, at, mapping, body, known_from)"
        " VALUES ($1, 1, $2, 'm@0', '{\"material\": \"M0\"}', $2)",
        EVENT_ID,
        instant_of(1),
    )
    event = (await world.get(f"/events/{EVENT_ID}", key="engineer")).json()
    assert base64.b64decode(event["raw"]["base64"]) == content
    assert (event["raw"]["hash"], event["raw"]["size"]) == (digest.hex(), len(content))
    assert (event["fields"]["quantity"], event["mapping"], event["seq"]) == (4.0, "m@1", 9)
    assert [(r["revision"], r["fields"]) for r in event["revisions"]] == [(1, {"material": "M0"})]
    await world.database.execute("UPDATE raw_inputs SET payload = '\\x00'")
    damaged = (await world.get(f"/events/{EVENT_ID}", key="engineer")).json()["raw"]
    assert (damaged["base64"], "is not readable" in damaged["note"]) == (None, True)
    await world.database.execute("DELETE FROM raw_inputs")
    expired = (await world.get(f"/events/{EVENT_ID}", key="engineer")).json()["raw"]
    assert (expired["base64"], "30 days" in expired["note"]) == (None, True)
    assert (await world.get(f"/events/{uuid4()}", key="engineer")).status_code == 404
    await world.database.execute("UPDATE api_keys SET role = 'engineer' WHERE name = 'emden'")
    foreign = await world.get(f"/events/{EVENT_ID}", key="emden")
    assert (foreign.status_code, PLANT in foreign.text) == (404, False)


async def test_a_withdrawn_event_is_shown_with_its_former_revisions(world: World) -> None:
    event_ids = await fill(world.database)
    ingest = Ingest(world.database)
    for record in (receipt("D1", 500), receipt("D1", 450), withdrawal("D1")):
        await ingest.send(record, connector="emden-opcua")
    withdrawn_id = str(id_of("D1"))

    async def list_ids(query: str = "") -> set[str]:
        response = await world.get(f"/events?limit=100{query}", key="engineer")
        return {item["event_id"] for item in response.json()["items"]}

    in_force = {str(event_id) for event_id in (*event_ids, EVENT_ID)}
    assert await list_ids() == await list_ids("&withdrawn=false") == in_force
    assert await list_ids("&withdrawn=true") == in_force | {withdrawn_id}
    event = (await world.get(f"/events/{withdrawn_id}", key="engineer")).json()
    assert (event["revision"], event["withdrawal_reason"]) == (3, "deleted")
    assert event["withdrawn_at"] == event["stored_at"]
    shown = [
        (r["revision"], r["fields"]["quantity"], r["delivered_by"], r["withdrawal_reason"])
        for r in event["revisions"]
    ]
    assert shown == [(2, 450.0, "emden-opcua", None), (1, 500.0, "emden-opcua", None)]
