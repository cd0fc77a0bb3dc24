"""A webhook connector and what stands around it in tests: secrets, senders that repeat, a pump."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from werknetz.connector.contract import Delivery
from werknetz.connector.mapping.mapping import Mapping
from werknetz.link.memory import MemoryEdgeLink, MemoryServer
from werknetz_demo.embedded.process import free_port
from werknetz_edge.pipeline.lane import Lane
from werknetz_edge.webhook import create
from werknetz_edge.webhook.connector import WebhookConnector

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
    """A server with every kind of source, on a free port."""
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
class Desk:
    """A running connector, read by a pump of our own: each delivery is kept in a real spool."""

    connector: WebhookConnector
    lane: Lane
    url: str
    kept: list[Delivery] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)  # set: deliveries are kept

    async def read_on(self) -> None:
        while True:
            await self.hold.wait()
            delivery = await self.connector.read()
            await self.lane.store(delivery)
            self.kept.append(delivery)
            await delivery.acknowledge()


def lane_of(folder: Path) -> Lane:
    link = MemoryEdgeLink(MemoryServer(), "hooks")
    return Lane("hooks", folder, Mapping.model_validate(MAPPING), link, bytes_max=50_000_000)


@asynccontextmanager
async def desk_of(folder: Path, **more: Any) -> AsyncIterator[Desk]:
    connector = create("hooks", options_of(folder, **more), folder)
    assert isinstance(connector, WebhookConnector)
    lane = lane_of(folder)
    connector.restore_checkpoints(await lane.on_disk(lane.spool.marks))
    try:
        await connector.connect()
    except BaseException:
        await lane.close()
        raise
    scheme = "https" if more.get("tls") else "http"
    desk = Desk(connector, lane, f"{scheme}://127.0.0.1:{connector.port}")
    desk.hold.set()
    reading = asyncio.create_task(desk.read_on())
    try:
        yield desk
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await connector.close()
        await lane.close()


def client_of(url: str, key: str = KEY, **more: Any) -> httpx2.AsyncClient:
    headers = {"X-API-Key": key} if key else {}
    return httpx2.AsyncClient(base_url=url, headers=headers, timeout=20, trust_env=False, **more)


async def send_until_taken(
    client: httpx2.AsyncClient,
    path: str,
    *,
    within_s: float = 60,
    failures: Callable[[Exception | int], None] = lambda _: None,
    **request: Any,
) -> dict[str, Any]:
    """What an honest sender does: the same again until 2xx."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                answer = await client.post(path, **request)
            except httpx2.TransportError as error:
                failures(error)
            else:
                if answer.is_success:
                    found: dict[str, Any] = answer.json()
                    return found
                assert answer.status_code == 503, answer.text
                failures(answer.status_code)
            await asyncio.sleep(0.02 + secrets.randbelow(50) / 1000)
