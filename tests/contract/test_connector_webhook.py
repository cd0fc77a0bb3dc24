"""The webhook connector keeps the promises of its contract.

Its source is a sender that repeats until it hears 2xx. To cut is to take the listening socket
away; to hide is to hold the port.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from plumbing.hooks import client_of, key_auth, send_until_taken
from werknetz.connector.conformance import CHECKS, Stand
from werknetz.connector.contract import Connector
from werknetz_demo.embedded.process import free_port
from werknetz_edge.webhook import create
from werknetz_edge.webhook.connector import WebhookConnector


@dataclass
class WebhookStand:
    folder: Path
    port: int = field(default_factory=free_port)
    made: list[WebhookConnector] = field(default_factory=list)
    sending: list[asyncio.Task[object]] = field(default_factory=list)
    holder: socket.socket | None = None

    def connector(self) -> Connector:
        source = {
            "auth": key_auth(self.folder),
            "payload": "ndjson",
            "as": "readings",
            "readings": {"address": "numbers", "values": ["value"]},
        }
        options = {"port": self.port, "sources": {"numbers": source}, "answer_s": 1.0}
        connector = create("conform", options, self.folder)
        assert isinstance(connector, WebhookConnector)
        self.made.append(connector)
        return connector

    async def give(self, first: int, count: int) -> None:
        body = "".join(f"{number}\n" for number in range(first, first + count))
        self.sending.append(asyncio.create_task(self._send(body)))

    async def _send(self, body: str) -> None:
        async with client_of(f"http://127.0.0.1:{self.port}") as client:
            await send_until_taken(client, "/hooks/numbers", content=body)

    async def cut(self) -> None:
        server = self.made[-1]._server
        assert server is not None
        for listening in server._server.servers:
            listening.close()

    async def hide(self) -> None:
        self.holder = socket.create_server(("127.0.0.1", self.port))

    async def show(self) -> None:
        assert self.holder is not None
        self.holder.close()


@pytest_asyncio.fixture
async def stand(tmp_path: Path) -> AsyncIterator[WebhookStand]:
    made = WebhookStand(tmp_path)
    yield made
    for task in made.sending:
        task.cancel()
    await asyncio.gather(*made.sending, return_exceptions=True)


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_webhook(check: Callable[[Stand], Awaitable[None]], stand: WebhookStand) -> None:
    await check(stand)
