"""Rows posted to a real server: what is answered 2xx is on disk, once."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from plumbing.hooks import (
    BATCH,
    EVENT,
    counts_of,
    create_client,
    send_until_accepted,
    start_webhook,
)
from werknetz.events.batch import BusinessEvent, EventWithdrawn, Samples, Unmapped
from werknetz.events.codec import columns_of
from werknetz.events.facts import StockCounted

pytestmark = pytest.mark.asyncio


async def test_good_rows_are_stored_and_bad_rows_are_reported(tmp_path: Path) -> None:
    rows = [
        EVENT,
        {**EVENT, "kind": "stock_counter"},
        {**EVENT, "quantity": "many"},
        {**EVENT, "at": "2026-11-24T06:00:00"},
        {**EVENT, "colour": "red"},
        {"kind": "stock_counted", "fields": {"material": "M2", "quantity": 4}},
        7,
    ]
    async with start_webhook(tmp_path) as stage, create_client(stage.url) as client:
        response = await client.post(BATCH, json={"events": rows})
        assert counts_of(response) == (2, 0, 5)
        reasons = {row["index"]: row["reason"] for row in response.json()["results"]}
        assert sorted(reasons) == [1, 2, 3, 4, 6]
        assert "did you mean 'stock_counted'" in reasons[1]
        assert "'many' is not a number" in reasons[2]
        assert "has no zone" in reasons[3]
        assert "no field 'colour'" in reasons[4]
        assert "`kind` is missing" in reasons[6]
        events = await stage.list_stored(BusinessEvent)
        assert [event.fact for event in events] == [
            StockCounted(material="M1", quantity=3.0),
            StockCounted(material="M2", quantity=4.0),
        ]
        refused = await stage.list_stored(Unmapped)
        assert len(refused) == 5
        assert all(record.raw and record.raw_hash for record in refused)
        assert counts_of(await client.post(BATCH, json={"events": rows})) == (0, 4, 3)
        assert len(await stage.list_stored(Unmapped)) == 5


async def test_reasons_are_in_the_language_of_the_sender(tmp_path: Path) -> None:
    rows = [{**EVENT, "quantity": "many"}, {**EVENT, "at": "2026-11-24T06:00:00"}, 7]
    async with start_webhook(tmp_path) as stage, create_client(stage.url) as client:
        headers = {"Accept-Language": "de"}
        response = await client.post(BATCH, json={"events": rows}, headers=headers)
        assert (counts_of(response), response.headers["content-language"]) == ((0, 0, 3), "de")
        number, time, kind = (row["reason"] for row in response.json()["results"])
        assert number == "quantity: 'many' ist keine Zahl"
        assert "hat keine Zone" in time
        assert kind.startswith("`kind` fehlt")
        stored = {record.reason for record in await stage.list_stored(Unmapped)}
        assert "quantity: 'many' is not a number" in stored


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", json.dumps([EVENT, {**EVENT, "material": "M2"}])),
        (
            "application/x-ndjson",
            f"{json.dumps(EVENT)}\r\n\n{json.dumps({**EVENT, 'material': 'M2'})}",
        ),
        (
            "text/csv; charset=utf-8",
            "\ufeffkind;material;quantity;at\r\n"  # noqa: ISC004  one body
            "stock_counted;M1;3;2026-11-24T06:00:00Z\r\n"
            'stock_counted;"M2";3.0;2026-11-24T07:00:00+01:00\r\n',
        ),
    ],
)
async def test_three_formats_are_read_alike(tmp_path: Path, kind: str, body: str) -> None:
    async with start_webhook(tmp_path) as stage, create_client(stage.url) as client:
        response = await client.post(BATCH, content=body.encode(), headers={"Content-Type": kind})
        assert counts_of(response) == (2, 0, 0)
        events = await stage.list_stored(BusinessEvent)
        assert [event.fact for event in events] == [
            StockCounted(material="M1", quantity=3.0),
            StockCounted(material="M2", quantity=3.0),
        ]
        assert {event.at_us for event in events} == {1_795_500_000_000_000}


async def test_there_is_no_2xx_before_the_commit(tmp_path: Path) -> None:
    async with start_webhook(tmp_path, answer_s=0.3) as stage, create_client(stage.url) as client:
        stage.may_read.clear()
        await asyncio.sleep(0.6)  # lets the read that is already running end
        response = await client.post(BATCH, json=[EVENT])
        if response.status_code == 200:  # that read took it: the next request waits
            response = await client.post(BATCH, json=[{**EVENT, "material": "M9"}])
        assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
        assert "Send the same request again" in response.json()["hint"]
        stage.may_read.set()
        again = await send_until_accepted(client, BATCH, json=[{**EVENT, "material": "M9"}])
        assert again["accepted"] + again["duplicates"] == 1
        assert (
            len([e for e in await stage.list_stored(BusinessEvent) if e.fact.material == "M9"]) == 1
        )


async def test_fifty_equal_requests_at_once_are_stored_once(tmp_path: Path) -> None:
    reading = {"hall": "hall-2", "weight": 4.5, "at": "2026-11-24T06:00:00Z"}
    async with start_webhook(tmp_path) as stage, create_client(stage.url) as client:
        responses = await asyncio.gather(
            *(client.post("/hooks/scales", json=reading) for _ in range(50)),
            *(client.post(BATCH, json=[{**EVENT, "id": "4711"}]) for _ in range(10)),
        )
        assert sorted(map(counts_of, responses[:50])) == [(0, 1, 0)] * 49 + [(1, 0, 0)]
        assert sorted(map(counts_of, responses[50:])) == [(0, 1, 0)] * 9 + [(1, 0, 0)]
        values = [v for s in await stage.list_stored(Samples) for v in columns_of(s).value.tolist()]
        assert values == [4.5]
        assert len(await stage.list_stored(BusinessEvent)) == 1


async def test_rows_stored_before_a_restart_are_duplicates(tmp_path: Path) -> None:
    rows = {"data": {"items": [{"sku": f"S{n}", "version": 1, "qty": n} for n in range(5)]}}
    async with start_webhook(tmp_path) as stage, create_client(stage.url) as client:
        assert counts_of(await client.post("/hooks/wms", json=rows)) == (5, 0, 0)
        assert counts_of(await client.post("/hooks/lines", content=b'{"a": 1}\n')) == (0, 0, 1)
    rows["data"]["items"].append({"sku": "S9", "version": 1, "qty": 9})
    async with start_webhook(tmp_path) as stage, create_client(stage.url) as client:
        assert counts_of(await client.post("/hooks/wms", json=rows)) == (1, 5, 0)
        assert counts_of(await client.post("/hooks/lines", content=b'{"a": 1}\n')) == (0, 1, 0)


async def test_the_same_key_with_other_content_goes_to_quarantine(tmp_path: Path) -> None:
    def row(qty: int, version: int = 1) -> dict[str, Any]:
        return {"data": {"items": [{"sku": "S1", "version": version, "qty": qty}]}}

    async with start_webhook(tmp_path) as stage, create_client(stage.url) as client:
        assert counts_of(await client.post("/hooks/wms", json=row(1))) == (1, 0, 0)
        response = await client.post("/hooks/wms", json=row(2))
        assert counts_of(response) == (0, 0, 1)
        assert "delivered before with other content" in response.json()["results"][0]["reason"]
        assert counts_of(await client.post("/hooks/wms", json=row(2))) == (0, 0, 1)
        assert len(await stage.list_stored(Unmapped)) == 1
        assert counts_of(await client.post("/hooks/wms", json=row(2, version=2))) == (1, 0, 0)
        assert len(await stage.list_stored(BusinessEvent)) == 2


async def test_an_idempotency_key_identifies_a_request(tmp_path: Path) -> None:
    async with start_webhook(tmp_path) as stage, create_client(stage.url) as client:

        async def send(key: str) -> tuple[int, int, int]:
            headers = {"Idempotency-Key": key}
            return counts_of(await client.post(BATCH, json=[EVENT], headers=headers))

        assert [await send("a"), await send("a"), await send("b")] == [
            (1, 0, 0), (0, 1, 0), (1, 0, 0),
        ]  # fmt: skip
        response = await client.post(BATCH, json=[EVENT], headers={"Idempotency-Key": "x" * 300})
        assert response.status_code == 400
        assert len(await stage.list_stored(BusinessEvent)) == 2


async def test_an_unreadable_body_is_refused_or_quarantined(tmp_path: Path) -> None:
    async with start_webhook(tmp_path) as stage, create_client(stage.url) as client:
        headers = {"Content-Type": "application/json"}
        response = await client.post(BATCH, content=b"{nonsense", headers=headers)
        assert response.status_code == 400
        assert response.json()["type"] == "urn:werknetz:problem:unreadable_document"
        # A machine cannot correct its body: it goes to quarantine for a person.
        assert counts_of(await client.post("/hooks/wms", content=b"{nonsense")) == (0, 0, 1)
        assert counts_of(await client.post("/hooks/wms", content=b"{nonsense")) == (0, 0, 1)
        refused = await stage.list_stored(Unmapped)
        assert [(r.source, r.raw) for r in refused] == [("hooks/wms", b"{nonsense")]


async def test_events_are_corrected_by_version_and_deleted(tmp_path: Path) -> None:
    event = {**EVENT, "id": "4711"}
    rows = [
        ({"version": 1}, (1, 0, 0)),
        ({"version": 1}, (0, 1, 0)),
        ({"version": 2, "quantity": 5}, (1, 0, 0)),
        ({"version": "x"}, (0, 0, 1)),
        ({"version": 3, "deleted": True}, (1, 0, 0)),
        ({"deleted": "maybe"}, (0, 0, 1)),
        ({"version": 3, "id": ""}, (0, 0, 1)),
        ({"deleted": True, "id": ""}, (0, 0, 1)),
    ]
    async with start_webhook(tmp_path) as stage, create_client(stage.url) as client:
        for more, counts in rows:
            response = await client.post(BATCH, json=[{**event, **more}])
            assert counts_of(response) == counts, more
        events = await stage.list_stored(BusinessEvent)
        withdrawn = await stage.list_stored(EventWithdrawn)
    assert [(e.version, e.can_revise) for e in events] == [(1, True), (2, True)]
    assert [(w.version, w.reason) for w in withdrawn] == [(3, "deleted")]
    assert {e.event_id for e in events} == {withdrawn[0].event_id}


async def test_an_id_without_a_version_has_one_content(tmp_path: Path) -> None:
    async with start_webhook(tmp_path) as stage, create_client(stage.url) as client:
        event = {**EVENT, "id": "4711"}
        assert counts_of(await client.post(BATCH, json=[event])) == (1, 0, 0)
        response = await client.post(BATCH, json=[{**event, "quantity": 9}])
        assert counts_of(response) == (0, 0, 1)
        (stored,) = await stage.list_stored(BusinessEvent)
    assert not stored.can_revise
