"""A webhook connector with a test pump and a real spool, its secrets, and senders that retry."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx2

from werknetz.connector.contract import Delivery
from werknetz.connector.mapping.mapping import Mapping
from werknetz.events.batch import Record
from werknetz.events.codec import decode
from werknetz.link.memory import MemoryEdgeLink, MemoryServer
from werknetz_demo.embedded.process import free_port
from werknetz_edge.pipeline.lane import Lane
from werknetz_edge.webhook import create
from werknetz_edge.webhook.connector import WebhookConnector

_T = TypeVar("_T")
BATCH: Final = "/api/v1/events:batch"
EVENT: Final = {
    "kind": "stock_counted", "material": "M1", "quantity": 3, "at": "2026-11-24T06:00:00Z",
}  # fmt: skip
KEY = "f3b1c05e9a7d42d8"
MAPPING: dict[str, Any] = {
    "name": "shop",
    "version": 1,
    "time_zone": "Europe/Berlin",
    "rules": [
        {
            "source": "scales/{hall}#weight",
            "equipment": "nordwerk/emden-1/{hall}",
            "signal": "weight",
        }
    ],
    "events": [
        {
            "source": "hooks/wms",
            "kind": "stock_counted",
            "fields": {"material": "sku", "quantity": "qty"},
        }
    ],
}


def key_file(folder: Path, name: str = "key", text: str = KEY) -> Path:
    path = folder / name
    path.write_text(f"{text}\n")
    return path


def key_auth(folder: Path) -> dict[str, Any]:
    return {"method": "key", "secret": {"file": str(key_file(folder))}}


def options_of(folder: Path, **more: Any) -> dict[str, Any]:
    """Options of a server with every kind of source, on a free port."""
    auth = key_auth(folder)
    return {
        "port": free_port(),
        "events": auth,
        "sources": {
            "wms": {"auth": auth, "key": ["sku", "version"], "records": "data.items"},
            "lines": {"auth": auth, "payload": "ndjson"},
            "table": {"auth": auth, "payload": "csv"},
            "note": {"auth": auth, "payload": "text"},
            "scales": {
                "auth": auth,
                "as": "readings",
                "readings": {"address": "scales/{hall}", "values": ["weight"]},
                "time": {"path": "at"},
            },
        },
        **more,
    }


@dataclass
class WebhookStage:
    """A running connector, read by a test pump that stores each delivery in a real spool."""

    connector: WebhookConnector
    lane: Lane
    url: str
    deliveries: list[Delivery] = field(default_factory=list)
    may_read: asyncio.Event = field(default_factory=asyncio.Event)  # set: the pump reads

    async def run_pump(self) -> None:
        while True:
            await self.may_read.wait()
            delivery = await self.connector.read()
            await self.lane.store(delivery)
            self.deliveries.append(delivery)
            await delivery.acknowledge()

    async def list_stored(self, kind: type[_T]) -> list[_T]:
        """Return the records of a kind in the spool, in order."""

        def read_spool() -> list[Record]:
            spool = self.lane.spool
            return [
                record
                for batch in spool.read(spool.base_seq + 1, 100_000_000)
                for record in decode(batch.payload).records
            ]

        records = await self.lane.on_disk(read_spool)
        return [record for record in records if isinstance(record, kind)]


def counts_of(response: httpx2.Response) -> tuple[int, int, int]:
    """Return how many rows were accepted, duplicates, and quarantined."""
    assert response.status_code == 200, response.text
    document = response.json()
    return document["accepted"], document["duplicates"], document["quarantined"]


def lane_of(folder: Path) -> Lane:
    link = MemoryEdgeLink(MemoryServer(), "hooks")
    return Lane("hooks", folder, Mapping.model_validate(MAPPING), link, bytes_max=50_000_000)


@asynccontextmanager
async def start_webhook(folder: Path, **more: Any) -> AsyncIterator[WebhookStage]:
    connector = create("hooks", options_of(folder, **more), folder)
    assert isinstance(connector, WebhookConnector)
    lane = lane_of(folder)
    connector.restore_checkpoints(await lane.on_disk(lane.spool.checkpoints))
    try:
        await connector.connect()
    except BaseException:
        await lane.close()
        raise
    scheme = "https" if more.get("tls") else "http"
    stage = WebhookStage(connector, lane, f"{scheme}://127.0.0.1:{connector.port}")
    stage.may_read.set()
    reading = asyncio.create_task(stage.run_pump())
    try:
        yield stage
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await connector.close()
        await lane.close()


def create_client(url: str, key: str = KEY, **more: Any) -> httpx2.AsyncClient:
    headers = {"X-API-Key": key} if key else {}
    return httpx2.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False, **more)


async def send_until_accepted(
    client: httpx2.AsyncClient,
    path: str,
    *,
    within_s: float = 120,
    failures: Callable[[Exception | int], None] = lambda _: None,
    **request: Any,
) -> dict[str, Any]:
    """Post the same request until it is answered 2xx."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                answer = await client.post(path, **request)
            except httpx2.TransportError as error:
                failures(error)
            else:
                if answer.is_success:
                    document: dict[str, Any] = answer.json()
                    return document
                assert answer.status_code == 503, answer.text
                failures(answer.status_code)
            await asyncio.sleep(0.02 + secrets.randbelow(50) / 1000)
