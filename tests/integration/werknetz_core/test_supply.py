"""Suppliers and their deliveries through the API, and what a key of one plant sees of them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from plumbing.supplyrows import SupplyRows, event, fill_supply
from werknetz.store.master_data import CHANGE_LOCK
from werknetz.store.projection.outbox import LOCK_SHARED
from werknetz.texts.language import Language
from werknetz.texts.sentence import Sentence
from werknetz.texts.stored import stored_sentence

from .conftest import LINE, NOW, PLANT, World

pytestmark = pytest.mark.asyncio
LISTS = (
    "suppliers", "sites", "call_offs", "due_lines", "shipments", "receipts", "cumulatives",
    "materials", "warehouses", "stock_levels", "stock_movements", "line_materials", "line_rates",
    "findings",
)  # fmt: skip


@pytest_asyncio.fixture
async def rows(world: World) -> AsyncIterator[SupplyRows]:
    plants = {"emden": world.ids[PLANT], "zwick": world.ids["nordwerk/zwick-2"]}
    yield await fill_supply(world.database, plants, world.ids[LINE], NOW)


async def items(world: World, path: str, key: str = "viewer") -> list[dict[str, Any]]:
    answer = await world.get(path, key=key)
    assert answer.status_code == 200, answer.text
    page_items: list[dict[str, Any]] = answer.json()["items"]
    return page_items


async def put(world: World, path: str, body: object, key: str = "planner") -> Any:
    headers = {"X-API-Key": world.keys[key]}
    return await world.client.put(f"/api/v1/{path}", json=body, headers=headers)


async def take_queued(world: World) -> set[Any]:
    """Take what is to be projected again."""
    deleted = await world.database.fetch("DELETE FROM events_to_project RETURNING event_id")
    return {row["event_id"] for row in deleted}


async def dirty(world: World) -> set[int]:
    deleted = await world.database.fetch("DELETE FROM dirty_relations RETURNING relation_id")
    return {row["relation_id"] for row in deleted}


async def test_a_key_of_one_plant_sees_that_plants_supply_alone(
    world: World, rows: SupplyRows
) -> None:
    for path in LISTS:
        every = await world.get(f"/{path}?limit=1000")
        own = await world.get(f"/{path}?limit=1000", key="emden")
        assert (every.status_code, own.status_code) == (200, 200), path
        assert own.json()["items"], path
        foreign = ("zwick", "lenz", "M2", "r3", "r2-")
        assert not [word for word in foreign if word in own.text], path
        assert any(word in every.text for word in foreign) is not path.startswith("line_"), path
    [kirchhoff] = await items(world, "/suppliers", "emden")
    assert (kirchhoff["sites"], kirchhoff["relations"], kirchhoff["open_findings"]) == (
        ["emden"], 1, 1,
    )  # fmt: skip
    for path in (
        "suppliers/lenz", "suppliers/78", f"call_offs/{event('r2-2/0')}", "materials/M2",
        f"shipments/{rows.ids['ASN-r3']}", "warehouses/w-zwick", "due_lines?supplier=lenz",
        "stock_levels?warehouse=w-zwick", "findings?material=M2", "call_offs?site=zwick",
    ):  # fmt: skip
        answer = await world.get(f"/{path}", key="emden")
        assert answer.status_code == 404, (path, answer.text)
        assert "lenz" not in answer.json()["hint"]


async def test_what_belongs_to_no_plant_is_seen_by_keys_of_all_plants_only(
    world: World, rows: SupplyRows
) -> None:
    await world.database.execute("UPDATE sites SET equipment_id = NULL")
    for path in LISTS[:11]:
        assert await items(world, f"/{path}"), path
        assert path == "materials" or not await items(world, f"/{path}", "emden"), path
    assert [item["number"] for item in await items(world, "/materials", "emden")] == [
        "M1"
    ]  # a line


async def test_a_supplier_shows_what_is_open_and_the_policy_it_is_measured_by(
    world: World, rows: SupplyRows
) -> None:
    first, second = await items(world, "/suppliers")
    assert (first["key"], first["sites"], first["open_lines"], first["overdue_lines"]) == (
        "kirchhoff", ["emden", "zwick"], 4, 2,
    )  # fmt: skip
    assert (second["key"], second["open_findings"]) == ("lenz", 1)
    by_number = (await world.get("/suppliers/77")).json()
    assert [item["value"] for item in by_number["identities"]] == ["77"]
    assert by_number["policy"]["source"] == "built_in"
    wrong = await world.get("/suppliers/kirchhof")
    assert (wrong.status_code, "kirchhoff" in wrong.json()["hint"]) == (404, True)


async def test_policies_have_versions_and_mark_what_they_measure(
    world: World, rows: SupplyRows
) -> None:
    await dirty(world)
    document = {"early": "1d", "late": "4h", "tolerance": 0.02}
    created = await put(world, "suppliers/kirchhoff/policy", {"document": document})
    assert (created.status_code, created.json()["version"]) == (200, 1), created.text
    assert created.json()["created_by"] == "planner"
    assert await dirty(world) == {rows.ids["r1"], rows.ids["r2"]}
    again = await put(world, "suppliers/kirchhoff/policy", {"document": document})
    assert (again.json()["version"], await dirty(world)) == (1, set())
    default = await put(world, "supply_policies", {"document": {"frozen_days": 5}})
    assert default.json()["supplier"] is None
    # Also of the one that has its own: that begins only now.
    assert await dirty(world) == {rows.ids[name] for name in ("r1", "r2", "r3")}
    shown = (await world.get("/suppliers/kirchhoff")).json()["policy"]
    assert (shown["source"], shown["document"]["late"]) == ("supplier", "4h")
    assert "4 hours" in shown["text"]
    assert (await world.get("/suppliers/lenz")).json()["policy"]["source"] == "default"
    refused = await put(world, "supply_policies", {"document": {"late": "soon"}})
    assert (refused.status_code, "2bd" in refused.text) == (422, True)
    later = {"document": document, "valid_from": "2027-01-01T00:00:00+01:00"}
    assert (await put(world, "suppliers/lenz/policy", later)).json()["version"] == 1
    assert (await world.get("/suppliers/lenz")).json()["policy"]["source"] == "default"
    assert len(await items(world, "/supply_policies?supplier=kirchhoff")) == 1


async def test_a_number_moves_to_another_supplier_with_its_messages(
    world: World, rows: SupplyRows
) -> None:
    await take_queued(world)
    changed = await put(world, "suppliers/lenz", {"name": "Lenz SE", "identities": ["78", "77"]})
    assert changed.status_code == 200, changed.text
    assert [item["value"] for item in changed.json()["identities"]] == ["77", "78"]
    assert (await world.get("/suppliers/77")).json()["key"] == "lenz"
    again = await take_queued(world)
    assert {event("r1-1/0"), event("r3-2/0"), event("GR-r2"), event("ASN-r1/1")} <= again
    assert event("w-emden/out") not in again
    same = await put(world, "suppliers/lenz", {"identities": ["77", "78"]})
    assert (same.status_code, await take_queued(world)) == (200, set())
    created = await put(world, "suppliers/nova-7", {"name": "Nova", "identities": ["9"]})
    assert (created.status_code, created.json()["roles"]) == (200, ["supplier"])
    refused = await put(world, "suppliers/No Va", {})
    assert (refused.status_code, "lower-case" in refused.json()["hint"]) == (422, True)
    assert (await put(world, "suppliers/lenz", {"colour": 1})).status_code == 422
    assert (await put(world, "suppliers/lenz", {}, key="zwick")).status_code == 403


async def test_a_site_takes_its_codes_and_its_plant(world: World, rows: SupplyRows) -> None:
    await take_queued(world)
    body = {"identities": ["SHIP-emden", "SHIP-zwick"], "plant": PLANT, "name": "Emden"}
    changed = await put(world, "sites/emden", body)
    assert (changed.status_code, changed.json()["plant"]) == (200, PLANT), changed.text
    assert {event("r2-1/0"), event("r1-1/0")} <= await take_queued(world)
    assert (await put(world, "sites/emden", {"plant": "nordwerk/none"})).status_code == 404


async def test_call_offs_are_filtered_by_version_and_time(world: World, rows: SupplyRows) -> None:
    async def documents(query: str) -> list[str]:
        return sorted(item["document"] for item in await items(world, f"/call_offs?{query}"))

    assert len(await documents("")) == 6
    assert await documents("supplier=lenz") == ["r3-1", "r3-2"]
    assert await documents("material=K/1-7&state=replaced") == ["r1-1"]
    assert await documents("site=SHIP-zwick&state=in_force") == ["r2-2", "r3-2"]
    assert await documents("supplier=lenz&at=now") == ["r3-2"]
    assert await documents("supplier=lenz&at=-3d") == ["r3-1"]
    assert await documents("supplier=lenz&at=-6d") == []
    assert await documents("supplier=lenz&at=now&known_at=-3d") == ["r3-1"]
    assert await documents("supplier=lenz&known_at=-1d") == ["r3-2"]
    assert await documents("document=r1-1&document=r2-2") == ["r1-1", "r2-2"]
    assert (await world.get("/call_offs?state=lost")).status_code == 422
    assert (await world.get("/call_offs?at=soon")).status_code == 422


async def test_a_call_off_shows_what_it_changed(world: World, rows: SupplyRows) -> None:
    call_off = (await world.get(f"/call_offs/{event('r1-2/0')}")).json()
    assert (call_off["previous"], call_off["previous_id"]) == ("r1-1", str(event("r1-1/0")))
    assert [(item["previous_quantity"], item["change"]) for item in call_off["changes"]] == [
        (100.0, 20.0), (50.0, -50.0),
    ]  # fmt: skip
    [line] = call_off["lines"]
    assert line["event"] == f"/api/v1/events/{event('r1-2/0')}"
    first = (await world.get(f"/call_offs/{event('r1-1/1')}")).json()
    assert (first["previous"], first["changes"], len(first["lines"])) == (None, [], 2)
    assert (await world.get(f"/call_offs/{event('none')}")).status_code == 404


async def test_due_lines_show_what_is_late(world: World, rows: SupplyRows) -> None:
    late = await items(world, "/due_lines?late=true&supplier=kirchhoff")
    assert [item["open_quantity"] for item in late] == [30.0, 30.0]
    assert all(item["late"] for item in late)
    assert len(await items(world, "/due_lines?late=false")) == 6
    assert len(await items(world, "/due_lines?state=measured&material=M1")) == 1
    assert len(await items(world, "/due_lines?start=now&end=%2B2d")) == 3
    assert (await world.get("/due_lines?end=now")).status_code == 422


async def test_a_shipment_shows_lines_packing_and_receipts(world: World, rows: SupplyRows) -> None:
    listed = await items(world, "/shipments?material=M1&state=partly_received")
    assert [item["document"] for item in listed] == ["ASN-r1"]
    shipment = (await world.get(f"/shipments/{listed[0]['id']}")).json()
    first, second = shipment["lines"]
    assert (first["received_quantity"], first["receipts"][0]["document"]) == (40.0, "GR-r1")
    assert (second["open_quantity"], second["receipts"]) == (30.0, [])
    [pallet] = shipment["handling_units"]
    assert (pallet["label"], [box["label"] for box in pallet["contains"]]) == ("P1", ["B1", "B2"])
    assert pallet["contains"][1]["lines"] == [second["event_id"]]
    assert (await world.get("/shipments/0")).status_code == 404


async def test_receipts_cumulatives_and_findings(world: World, rows: SupplyRows) -> None:
    [receipt] = await items(world, "/receipts?delivery_note=DN-r1&warehouse=W-EMDEN")
    assert (receipt["material"], receipt["accepted_quantity"]) == ("M1", 40.0)
    await world.database.execute(
        "UPDATE receipt_lines SET known_to = now() WHERE document = 'GR-r1'"
    )
    assert len(await items(world, "/receipts")) == 2  # no longer believed
    [different] = await items(world, "/cumulatives?different=true")
    assert (different["supplier"], different["received_difference"]) == ("kirchhoff", -5.0)
    [finding] = await items(world, "/findings?kind=over_delivery&supplier=lenz&open=true")
    assert finding["messages"] == [
        {"event_id": str(event("r3-2/0")), "link": f"/api/v1/events/{event('r3-2/0')}"}
    ]
    assert finding["sentence"] is None  # of an earlier version: it stays English
    detail = Sentence("finding_detail.over_delivery", total=7.5, called_off=5.0, difference=2.5)
    await world.database.execute(
        "UPDATE findings SET detail = $1, sentence = $2 WHERE kind = 'over_delivery'",
        str(detail), stored_sentence(detail),
    )  # fmt: skip
    german = await world.get(
        "/findings?kind=over_delivery&supplier=lenz", headers={"Accept-Language": "de"}
    )
    [finding] = german.json()["items"]
    assert finding["detail"] == detail.in_language(Language.DE)
    assert finding["sentence"] == detail.document()
    cleared = await items(world, "/findings?open=false&warehouse=w-emden")
    assert [item["kind"] for item in cleared] == ["stock_below_zero"]
    assert len(await items(world, "/findings?start=-150m")) == 2
    assert (await world.get("/findings?kind=odd")).status_code == 422
    text = (await world.get("/findings?format=csv&fields=kind,detail")).text
    assert text.startswith("kind,detail\r\n")


async def test_call_offs_of_two_orders_do_not_replace_each_other(
    world: World, rows: SupplyRows
) -> None:
    relation = rows.ids["r3"]
    for order, days in (("A", 4), ("B", 3), ("A", 1)):
        document, issued = f"{order}{days}", rows.ago(days=days)
        entry_id = await rows.fact(
            "call_off_entries", document, issued, relation_id=relation, document=document,
            issued_at=issued, quantity=days * 10.0, base_quantity=days * 10.0,
            order_number=order, due_from=rows.now,
        )  # fmt: skip
        await rows.add(
            "call_offs", relation_id=relation, document=document, issued_at=issued,
            known_at=issued, in_force_from=issued, entries=1, quantity=days * 10.0,
            in_force_to=rows.ago(days=1) if document == "A4" else None,
            state="replaced" if document == "A4" else "in_force", event_ids=[entry_id],
        )  # fmt: skip

    async def documents(query: str) -> set[str]:
        return {
            item["document"] for item in await items(world, f"/call_offs?supplier=lenz&{query}")
        }

    assert await documents("at=now") == {"r3-2", "B3", "A1"}
    assert await documents("known_at=-2h") == {"r3-2", "B3", "A1"}
    assert await documents("known_at=-30h") == {"r3-2", "B3", "A4"}
    shown = (await world.get(f"/call_offs/{event('A1')}")).json()
    assert (shown["previous"], shown["changes"][0]["change"]) == ("A4", -30.0)
    assert (await world.get(f"/call_offs/{event('B3')}")).json()["previous"] is None


async def test_what_is_just_being_projected_is_not_left_behind(
    world: World, rows: SupplyRows
) -> None:
    """A projector at its end has read whose number it is; its facts are visible to the change."""
    await take_queued(world)
    moving: asyncio.Task[Any] | None = None
    async with world.database.transaction():
        await world.database.execute(LOCK_SHARED, CHANGE_LOCK)
        moving = asyncio.create_task(put(world, "suppliers/lenz", {"identities": ["77", "78"]}))
        await until_waiting(world)
        await rows.fact(
            "call_off_entries", "late", rows.now, relation_id=rows.ids["r1"], document="late",
            issued_at=rows.now, quantity=1.0, base_quantity=1.0,
        )  # fmt: skip
    assert (await moving).status_code == 200
    assert event("late") in await take_queued(world)


async def until_waiting(world: World) -> None:
    """Wait until somebody waits for a lock; it must not take long."""
    deadline = asyncio.get_running_loop().time() + 60
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ExclusiveLock'"
    while await world.database.fetchval(waiting) == 0:
        assert asyncio.get_running_loop().time() < deadline, "nobody waits"
        await asyncio.sleep(0.02)
