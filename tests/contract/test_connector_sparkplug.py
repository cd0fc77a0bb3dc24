"""The Sparkplug connector fulfils the `Connector` contract, against an edge node of our own."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from plumbing.sparkplug import EdgeNode
from plumbing.wire import Wire
from werknetz.connector.conformance import CHECKS, ControlledSource
from werknetz.connector.contract import Connector
from werknetz_edge.sparkplug import create


@dataclass
class SparkplugSource:
    url: str
    folder: Path
    wire: Wire
    group: str = field(default_factory=lambda: f"g{secrets.token_hex(4)}")
    node: EdgeNode | None = None

    def new_connector(self) -> Connector:
        parts = urlsplit(self.url)
        url = f"mqtt://{parts.username}:{parts.password}@127.0.0.1:{self.wire.listening}"
        options = {"url": url, "groups": [self.group], "reorder_s": 0.5, "rebirth_every_s": 5}
        return create(f"conform-{self.group}", options, self.folder)

    async def emit(self, first: int, count: int) -> None:
        await asyncio.to_thread(self._give, first, count)

    def _give(self, first: int, count: int) -> None:
        if self.node is None:
            self.node = EdgeNode(self.url, self.group, "edge")
            self.node.birth()
        self.node.give(first, count)

    async def drop_sessions(self) -> None:
        await self.wire.cut_connections()

    async def go_offline(self) -> None:
        await self.wire.hide()

    async def go_online(self) -> None:
        await self.wire.show()


@pytest_asyncio.fixture
async def source(mqtt_url: str, tmp_path: Path) -> AsyncIterator[SparkplugSource]:
    parts = urlsplit(mqtt_url)
    wire = Wire(parts.hostname or "", parts.port or 1883)
    await wire.show()
    controlled = SparkplugSource(mqtt_url, tmp_path, wire)
    yield controlled
    if controlled.node is not None:
        await asyncio.to_thread(controlled.node.close)
    await wire.hide()
    await asyncio.sleep(0.05)


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_sparkplug(
    check: Callable[[ControlledSource], Awaitable[None]], source: SparkplugSource
) -> None:
    await check(source)
