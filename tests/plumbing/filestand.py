"""A stand for connectors that read files: a folder mounted anew, an SFTP server that is cut."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbing.sftp import SftpServer
from werknetz.connector.contract import Connector

Create = Callable[[str, dict[str, Any], Path], Connector]
Written = Callable[[int, int], str]
"""The content of a file that tells the numbers first … first+count-1."""


@dataclass
class FileStand:
    drop: Path
    state: Path
    create: Create
    written: Written
    suffix: str
    options: dict[str, Any]

    def inbox(self) -> dict[str, Any]:
        return {"folder": str(self.drop)}

    def connector(self) -> Connector:
        inbox = {**self.inbox(), "pattern": f"*.{self.suffix}", "settle_s": 0, "poll_s": 0.05}
        return self.create("conform", {"inbox": inbox, **self.options}, self.state)

    async def give(self, first: int, count: int) -> None:
        part = self.drop / f"{first}.{self.suffix}.part"
        part.write_text(self.written(first, count))
        part.rename(self.drop / f"{first}.{self.suffix}")

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
class SftpStand(FileStand):
    server: SftpServer

    def inbox(self) -> dict[str, Any]:
        return {"sftp": self.server.inbox()}

    async def cut(self) -> None:
        await self.server.disconnect_all()

    async def hide(self) -> None:
        await self.server.stop()

    async def show(self) -> None:
        await self.server.start()


@asynccontextmanager
async def file_stand(
    kind: str,
    folder: Path,
    create: Create,
    written: Written,
    suffix: str,
    options: dict[str, Any] | None = None,
) -> AsyncIterator[FileStand]:
    """`kind`: "folder" or "sftp"."""
    drop, state = folder / "drop", folder / "state"
    drop.mkdir()
    given = (drop, state, create, written, suffix, options or {})
    if kind == "folder":
        yield FileStand(*given)
        return
    server = SftpServer(drop)
    await server.start()
    yield SftpStand(*given, server)
    await server.stop()
