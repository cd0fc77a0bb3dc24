"""The REST connector keeps the promises of its contract."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from plumbing.restsource import RestSource, rest_source
from werknetz.connector.conformance import CHECKS, Stand
from werknetz.connector.contract import Connector
from werknetz_edge.rest import create


@dataclass
class RestStand:
    folder: Path
    source: RestSource

    def connector(self) -> Connector:
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
            "url": self.source.url,
            "allow": ["127.0.0.1/32"],
            "endpoints": {"rows": endpoint},
            "timeout_s": 5,
        }
        return create("conform", options, self.folder)

    async def give(self, first: int, count: int) -> None:
        now_us = time.time_ns() // 1_000
        self.source.rows += [{"n": first + n, "at_us": now_us + n} for n in range(count)]

    async def cut(self) -> None:
        self.source.drop_connections()

    async def hide(self) -> None:
        await self.source.stop()

    async def show(self) -> None:
        await self.source.start()


@pytest_asyncio.fixture
async def stand(tmp_path: Path) -> AsyncIterator[RestStand]:
    async with rest_source() as source:
        yield RestStand(tmp_path, source)


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_rest(check: Callable[[Stand], Awaitable[None]], stand: RestStand) -> None:
    await check(stand)
