"""Events of connectors without signals: a plant's key sees those of its sites and machines."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from plumbing.supplyrows import SupplyRows, event, fill_supply
from werknetz.domain.bucket import microseconds_of
from werknetz.store.session import Database
from werknetz_worker.projection.projector import project

from .conftest import LINE, NOW, OTHER, PLANT, PRESS, World

pytestmark = pytest.mark.asyncio
EDI, WMS = "edi-group", "wms-zwick"  # of both plants; of one
DUE_US = microseconds_of(NOW + timedelta(days=1))
CALL_OFF = {"material": "M2", "quantity": 10.0, "unit": "PCE", "due_from_us": DUE_US,
            "due_until_us": DUE_US}  # fmt: skip
COUNT = {"quantity": 5.0, "unit": "PCE"}
JOB = {"order_number": "A9", "operation": "10"}
EVENTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "call-emden": (EDI, "delivery_called_off", {
        **CALL_OFF, "document": "C1", "supplier": "77", "ship_to": "SHIP-emden", "material": "M1",
    }),
    "call-zwick": (EDI, "delivery_called_off", {
        **CALL_OFF, "document": "C2", "supplier": "78", "ship_to": "SHIP-zwick",
    }),
    "advice-zwick": (EDI, "shipment_announced", {
        "document": "S2", "supplier": "78", "ship_to": "SHIP-zwick", "material": "M2",
        "quantity": 10.0, "unit": "PCE",
    }),
    "nowhere": (EDI, "delivery_called_off", {
        **CALL_OFF, "document": "C3", "supplier": "78", "ship_to": "unknown place",
    }),
    "receipt-zwick": (EDI, "goods_received", {
        "document": "G2", "material": "M2", "quantity": 2.0, "unit": "PCE", "warehouse": "W-ZWICK",
    }),
    "count-emden": (EDI, "stock_counted", {**COUNT, "material": "M1", "warehouse": "W-EMDEN"}),
    "count-zwick": (WMS, "stock_counted", {**COUNT, "material": "M2", "warehouse": "W-ZWICK"}),
    "job-emden": (EDI, "job_started", {**JOB, "equipment": PRESS}),
    "job-zwick": (EDI, "job_started", {**JOB, "equipment": OTHER}),
    "state-zwick": (EDI, "state_changed", {"equipment": OTHER, "state": "producing"}),
    "use-emden": (EDI, "material_consumed", {**COUNT, "material": "M1", "equipment": PRESS}),
    "check-zwick": (EDI, "quality_inspected", {"equipment": OTHER, "good_quantity": 1.0}),
}  # fmt: skip
OF_EMDEN = {name for name in EVENTS if name.endswith("-emden")}
OF_ZWICK = {name for name in EVENTS if name.endswith("-zwick")}


@pytest_asyncio.fixture
async def rows(world: World) -> AsyncIterator[SupplyRows]:
    plants = {"emden": world.ids[PLANT], "zwick": world.ids["nordwerk/zwick-2"]}
    filled = await fill_supply(world.database, plants, world.ids[LINE], NOW)
    await world.database.execute("INSERT INTO connectors (id) VALUES ($1), ($2)", EDI, WMS)
    await world.database.execute("UPDATE api_keys SET role = 'engineer' WHERE name = 'emden'")
    for name, (connector, kind, body) in EVENTS.items():
        await add_event(world, name, connector, kind, NOW, body)
    await settle(world)
    yield filled


async def add_event(
    world: World, name: str, connector: str, kind: str, at: datetime, body: dict[str, Any]
) -> UUID:
    await world.database.execute(
        "INSERT INTO business_events (event_id, kind, connector_id, spool_id, seq, source, at,"
        " mapping, raw_hash, body) VALUES ($1, $2, $3, $4, 1, 's', $5, 'm@1', '\\x01', $6)",
        event(name), kind, connector, uuid4(), at, json.dumps(body),
    )  # fmt: skip
    return event(name)


async def settle(world: World) -> None:
    pool: Database = world.owner
    while await project(pool):
        pass


async def list_names(world: World, key: str, query: str = "") -> set[str]:
    answer = await world.get(f"/events?limit=200{query}", key=key)
    assert answer.status_code == 200, answer.text
    by_id = {str(event(name)): name for name in EVENTS}
    return {by_id[item["event_id"]] for item in answer.json()["items"] if item["event_id"] in by_id}


async def quarantine(world: World, connector: str) -> int:
    added: int = await world.database.fetchval(
        "INSERT INTO quarantine (connector_id, spool_id, seq, source, reason, raw, size, at)"
        " VALUES ($1, $2, 1, 's', 'no date', '\\x41', 1, now()) RETURNING id",
        connector, uuid4(),
    )  # fmt: skip
    return added


@pytest.mark.usefixtures("rows")
async def test_a_plant_sees_the_events_of_its_sites_stock_and_machines(world: World) -> None:
    assert await list_names(world, "engineer") == set(EVENTS)
    assert await list_names(world, "emden") == OF_EMDEN
    assert await list_names(world, "zwick") == OF_ZWICK
    assert await list_names(world, "emden", "&withdrawn=true") == OF_EMDEN
    for name in EVENTS:
        for key, own in (("emden", OF_EMDEN), ("zwick", OF_ZWICK), ("engineer", set(EVENTS))):
            answer = await world.get(f"/events/{event(name)}", key=key)
            assert answer.status_code == (200 if name in own else 404), (name, key)


@pytest.mark.usefixtures("rows")
async def test_a_connector_is_visible_while_it_serves_the_keys_plants_alone(world: World) -> None:
    entries = {connector: await quarantine(world, connector) for connector in (EDI, WMS)}

    async def visible(key: str) -> set[str]:
        listed = (await world.get("/connectors", key=key)).json()["items"]
        page = (await world.get("/quarantine?limit=200", key=key)).json()["items"]
        entry_ids = {item["id"] for item in page}
        of_quarantine = {name for name, entry in entries.items() if entry in entry_ids}
        assert of_quarantine == {item["id"] for item in listed} & {EDI, WMS}
        for connector, entry in entries.items():
            status = (await world.get(f"/quarantine/{entry}", key=key)).status_code
            assert status == (200 if connector in of_quarantine else 404)
        return of_quarantine

    assert await visible("engineer") == {EDI, WMS}
    assert await visible("zwick") == {WMS}
    assert await visible("emden") == set()
    body = {**COUNT, "material": "M1", "warehouse": "W-EMDEN"}
    await add_event(world, "count-other", WMS, "stock_counted", NOW, body)
    await settle(world)
    assert await visible("zwick") == set()
    assert await list_names(world, "zwick") == OF_ZWICK


@pytest.mark.usefixtures("rows")
async def test_raw_messages_of_a_shared_connector_are_withheld(world: World) -> None:
    shared = (await world.get(f"/events/{event('call-zwick')}", key="zwick")).json()["raw"]
    assert (shared["base64"], shared["size"]) == (None, None)
    assert "A key for all plants shows it" in shared["note"]
    own = (await world.get(f"/events/{event('count-zwick')}", key="zwick")).json()["raw"]
    assert "30 days" in own["note"]  # read, though expired


@pytest.mark.usefixtures("rows")
async def test_an_event_that_moves_to_another_plant_takes_its_revision_along(world: World) -> None:
    """A correction names another site: each plant sees the revisions that were its own."""
    database, moved = world.database, event("call-zwick")
    await database.execute(
        "INSERT INTO business_event_revisions"
        " (event_id, revision, at, mapping, body, known_from, delivered_by)"
        " SELECT event_id, 1, at, mapping, body, now() - interval '1 hour', connector_id"
        " FROM business_events WHERE event_id = $1", moved,
    )  # fmt: skip
    await database.execute(
        "UPDATE business_events SET revision = 2, stored_at = now(),"
        " body = body || '{\"ship_to\": \"SHIP-emden\"}' WHERE event_id = $1", moved,
    )  # fmt: skip
    await settle(world)
    assert (await world.get(f"/events/{moved}", key="zwick")).status_code == 404
    shown = (await world.get(f"/events/{moved}", key="emden")).json()
    assert (shown["fields"]["ship_to"], shown["revisions"]) == ("SHIP-emden", [])
    full = (await world.get(f"/events/{moved}", key="engineer")).json()
    assert [r["fields"]["ship_to"] for r in full["revisions"]] == ["SHIP-zwick"]
    await database.execute(
        "UPDATE business_events SET revision = 3, withdrawn_at = now(),"
        " withdrawal_reason = 'deleted' WHERE event_id = $1", moved,
    )  # fmt: skip
    await database.execute(
        "INSERT INTO business_event_revisions"
        " (event_id, revision, at, mapping, body, known_from, delivered_by)"
        " SELECT event_id, 2, at, mapping, body, stored_at, connector_id"
        " FROM business_events WHERE event_id = $1", moved,
    )  # fmt: skip
    await settle(world)
    assert "call-zwick" in await list_names(world, "emden", "&withdrawn=true")
    assert "call-zwick" not in await list_names(world, "zwick", "&withdrawn=true")


@pytest.mark.usefixtures("rows")
async def test_a_replay_names_no_mapping_that_another_plant_uses(world: World) -> None:
    headers = {"X-API-Key": world.keys["emden"]}
    await world.database.execute(
        "INSERT INTO mapping_versions (name, version, state, document, digest, created_by)"
        " VALUES ('wms', 1, 'draft', '', '\\x00', 'x')"
    )
    answers = [
        await world.client.post(
            "/api/v1/replays", json={"mapping": name, "start": "-1d"}, headers=headers
        )
        for name in ("wms", "never")
    ]
    assert [(a.status_code, a.json()["type"].rpartition(":")[2]) for a in answers] == [
        (404, "unknown_connector"), (404, "unknown_connector"),
    ]  # fmt: skip
