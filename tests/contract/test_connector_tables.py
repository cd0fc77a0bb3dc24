"""The tables connector keeps the promises of the contract, with a folder and with SFTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from plumbing.sftp import SftpServer
from werknetz.connector.conformance import CHECKS, Stand
from werknetz.connector.contract import Connector
from werknetz_edge.tables import create


@dataclass
class FolderStand:
    drop: Path
    state: Path

    def inbox(self) -> dict[str, Any]:
        return {"folder": str(self.drop)}

    def connector(self) -> Connector:
        source = {"name": "t", "as": "readings", "time": {"column": "us", "format": "unix_us"}}
        inbox = {**self.inbox(), "pattern": "*.csv", "settle_s": 0, "poll_s": 0.05}
        return create("conform", {"inbox": inbox, "sources": [source]}, self.state)

    async def give(self, first: int, count: int) -> None:
        rows = "".join(f"{1_790_000_000_000_000 + n},{n}\n" for n in range(first, first + count))
        part = self.drop / f"{first}.csv.part"
        part.write_text(f"us,n\n{rows}")
        part.rename(self.drop / f"{first}.csv")

    async def cut(self) -> None:
        """The share is mounted anew."""
        old = self.drop.rename(self.drop.with_name("old"))
        self.drop.mkdir()
        for each in list(old.iterdir()):
            each.rename(self.drop / each.name)
        old.rmdir()

    async def hide(self) -> None:
        self.drop.rename(self.drop.with_name("hidden"))

    async def show(self) -> None:
        self.drop.with_name("hidden").rename(self.drop)


@dataclass
class SftpStand(FolderStand):
    server: SftpServer

    def inbox(self) -> dict[str, Any]:
        return {"sftp": self.server.inbox()}

    async def cut(self) -> None:
        await self.server.cut()

    async def hide(self) -> None:
        await self.server.hide()

    async def show(self) -> None:
        await self.server.show()


@pytest_asyncio.fixture(params=["folder", "sftp"])
async def stand(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    drop, state = tmp_path / "drop", tmp_path / "state"
    drop.mkdir()
    if request.param == "folder":
        yield FolderStand(drop, state)
        return
    server = SftpServer(drop)
    await server.show()
    yield SftpStand(drop, state, server)
    await server.hide()


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_tables(check: Callable[[Stand], Awaitable[None]], stand: Stand) -> None:
    await check(stand)
