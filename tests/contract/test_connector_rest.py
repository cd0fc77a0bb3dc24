"""The REST connector fulfils the `Connector` contract."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from plumbing.rest_source import RestSource, rest_source
from werknetz.connector.conformance import CHECKS, ControlledSource
from werknetz.connector.contract import Connector
from werknetz_edge.rest import create


@dataclass
class ControlledRestSource:
    folder: Path
    server: RestSource

    def new_connector(self) -> Connector:
        endpoint = {
            "path": "/rows",
            "parameters": {"since": "{cursor}"},
            "records": "data.items",
            "key": "n",
            "as": "readings",
            "readings": {"address": "numbers", "values": ["n"]},
            "time": {"path": "at_us", "format": "unix_us"},
            "changed_at": {"path": "at_us", "format": "unix_us"},
            "cursor": {"format": "unix_us", "lag_s": 5},
            "paging": {"style": "token", "path": "next", "parameter": "token"},
            "period_s": 0.05,
        }
        options = {
            "url": self.server.url,
            "allow": ["127.0.0.1/32"],
            "endpoints": {"rows": endpoint},
            "timeout_s": 5,
        }
        return create("conform", options, self.folder)

    async def emit(self, first: int, count: int) -> None:
        now_us = time.time_ns() // 1_000
        self.server.rows += [{"n": first + n, "at_us": now_us + n} for n in range(count)]

    async def drop_sessions(self) -> None:
        self.server.drop_connections()

    async def go_offline(self) -> None:
        await self.server.stop()

    async def go_online(self) -> None:
        await self.server.start()


@pytest_asyncio.fixture
async def source(tmp_path: Path) -> AsyncIterator[ControlledRestSource]:
    async with rest_source() as server:
        yield ControlledRestSource(tmp_path, server)


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_rest(
    check: Callable[[ControlledSource], Awaitable[None]], source: ControlledRestSource
) -> None:
    await check(source)
