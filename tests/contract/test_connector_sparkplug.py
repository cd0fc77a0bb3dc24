"""The Sparkplug connector keeps the promises of its contract, against an edge node of our own."""

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
from werknetz.connector.conformance import CHECKS, Stand
from werknetz.connector.contract import Connector
from werknetz_edge.sparkplug import create


@dataclass
class SparkplugStand:
    url: str
    folder: Path
    wire: Wire
    group: str = field(default_factory=lambda: f"g{secrets.token_hex(4)}")
    node: EdgeNode | None = None

    def connector(self) -> Connector:
        parts = urlsplit(self.url)
        url = f"mqtt://{parts.username}:{parts.password}@127.0.0.1:{self.wire.listening}"
        options = {"url": url, "groups": [self.group], "reorder_s": 0.5, "rebirth_every_s": 5}
        return create(f"conform-{self.group}", options, self.folder)

    async def give(self, first: int, count: int) -> None:
        await asyncio.to_thread(self._give, first, count)

    def _give(self, first: int, count: int) -> None:
        if self.node is None:
            self.node = EdgeNode(self.url, self.group, "edge")
            self.node.birth()
        self.node.give(first, count)

    async def cut(self) -> None:
        await self.wire.cut()

    async def hide(self) -> None:
        await self.wire.hide()

    async def show(self) -> None:
        await self.wire.show()


@pytest_asyncio.fixture
async def stand(mqtt_url: str, tmp_path: Path) -> AsyncIterator[SparkplugStand]:
    parts = urlsplit(mqtt_url)
    wire = Wire(parts.hostname or "", parts.port or 1883)
    await wire.show()
    made = SparkplugStand(mqtt_url, tmp_path, wire)
    yield made
    if made.node is not None:
        await asyncio.to_thread(made.node.close)
    await wire.hide()
    await asyncio.sleep(0.05)


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_sparkplug(check: Callable[[Stand], Awaitable[None]], stand: SparkplugStand) -> None:
    await check(stand)
