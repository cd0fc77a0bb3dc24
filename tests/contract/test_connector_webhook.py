"""The webhook connector fulfils the `Connector` contract.

The source is a sender that repeats a request until it receives 2xx. `drop_sessions` closes the
listening socket; `go_offline` occupies the port.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from plumbing.hooks import create_client, key_auth, send_until_accepted
from werknetz.connector.conformance import CHECKS, ControlledSource
from werknetz.connector.contract import Connector
from werknetz_demo.embedded.process import free_port
from werknetz_edge.webhook import create
from werknetz_edge.webhook.connector import WebhookConnector


@dataclass
class WebhookSource:
    folder: Path
    port: int = field(default_factory=free_port)
    connectors: list[WebhookConnector] = field(default_factory=list)
    requests: list[asyncio.Task[object]] = field(default_factory=list)
    blocker: socket.socket | None = None

    def new_connector(self) -> Connector:
        source = {
            "auth": key_auth(self.folder),
            "payload": "ndjson",
            "as": "readings",
            "readings": {"address": "numbers", "values": ["value"]},
        }
        options = {"port": self.port, "sources": {"numbers": source}, "answer_s": 1.0}
        connector = create("conform", options, self.folder)
        assert isinstance(connector, WebhookConnector)
        self.connectors.append(connector)
        return connector

    async def emit(self, first: int, count: int) -> None:
        body = "".join(f"{number}\n" for number in range(first, first + count))
        self.requests.append(asyncio.create_task(self._send(body)))

    async def _send(self, body: str) -> None:
        async with create_client(f"http://127.0.0.1:{self.port}") as client:
            await send_until_accepted(client, "/hooks/numbers", content=body)

    async def drop_sessions(self) -> None:
        server = self.connectors[-1]._server
        assert server is not None
        for listening in server._server.servers:
            listening.close()

    async def go_offline(self) -> None:
        self.blocker = socket.create_server(("127.0.0.1", self.port))

    async def go_online(self) -> None:
        assert self.blocker is not None
        self.blocker.close()


@pytest_asyncio.fixture
async def source(tmp_path: Path) -> AsyncIterator[WebhookSource]:
    controlled = WebhookSource(tmp_path)
    yield controlled
    for task in controlled.requests:
        task.cancel()
    await asyncio.gather(*controlled.requests, return_exceptions=True)


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_webhook(
    check: Callable[[ControlledSource], Awaitable[None]], source: WebhookSource
) -> None:
    await check(source)
