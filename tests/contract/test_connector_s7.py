"""The S7 connector fulfils the `Connector` contract, against python-snap7's server."""

import asyncio
import struct
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from snap7.server import Server
from snap7.type import SrvArea, SrvEvent

from plumbing.wire import Wire
from werknetz.connector.conformance import CHECKS, ControlledSource
from werknetz.connector.contract import Connector
from werknetz_edge.s7 import create

WORDS = 10


@dataclass
class S7Source:
    """After each answer the next numbers are in the block: what is not polled is overwritten."""

    folder: Path
    wire: Wire
    block: bytearray
    waiting: deque[int] = field(default_factory=deque)

    def new_connector(self) -> Connector:
        options = {
            "host": "127.0.0.1",
            "port": self.wire.listening,
            "period_s": 0.01,
            "timeout_s": 3,
            "items": [{"address": "DB1.DBW0:INT", "count": WORDS}],
        }
        return create("conform", options, self.folder)

    def advance(self, _: SrvEvent) -> None:
        for index in range(min(WORDS, len(self.waiting))):
            struct.pack_into(">h", self.block, 2 * index, self.waiting.popleft())

    async def emit(self, first: int, count: int) -> None:
        self.waiting.extend(range(first, first + count))

    async def drop_sessions(self) -> None:
        await self.wire.cut_connections()

    async def go_offline(self) -> None:
        await self.wire.hide()

    async def go_online(self) -> None:
        await self.wire.show()


@pytest_asyncio.fixture
async def s7_source(tmp_path: Path) -> AsyncIterator[S7Source]:
    server = Server(log=False)
    block = bytearray(struct.pack(">h", -1) * WORDS)
    server.register_area(SrvArea.DB, 1, block)
    server.start(0)
    wire = Wire("127.0.0.1", server.server_socket.getsockname()[1])
    source = S7Source(tmp_path, wire, block)
    server.set_read_events_callback(source.advance)
    await wire.show()
    yield source
    await wire.hide()
    await asyncio.to_thread(server.stop)


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_s7(
    check: Callable[[ControlledSource], Awaitable[None]], s7_source: S7Source
) -> None:
    await check(s7_source)
