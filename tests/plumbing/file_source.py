"""Controlled sources for connectors that read files: a folder, and an SFTP server."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbing.sftp import SftpServer
from werknetz.connector.contract import Connector

Create = Callable[[str, dict[str, Any], Path], Connector]
FileContent = Callable[[int, int], str]
"""Returns the content of a file with the numbers first … first+count-1."""


@dataclass
class FileSource:
    drop: Path
    state: Path
    create: Create
    content_of: FileContent
    suffix: str
    options: dict[str, Any]

    def inbox(self) -> dict[str, Any]:
        return {"folder": str(self.drop)}

    def new_connector(self) -> Connector:
        inbox = {**self.inbox(), "pattern": f"*.{self.suffix}", "settle_s": 0, "poll_s": 0.05}
        return self.create("conform", {"inbox": inbox, **self.options}, self.state)

    async def emit(self, first: int, count: int) -> None:
        part = self.drop / f"{first}.{self.suffix}.part"
        part.write_text(self.content_of(first, count))
        part.rename(self.drop / f"{first}.{self.suffix}")

    async def drop_sessions(self) -> None:
        """Replace the folder, as mounting the share again does."""
        old = self.drop.rename(self.drop.with_name("old"))
        self.drop.mkdir()
        for path in list(old.iterdir()):
            path.rename(self.drop / path.name)
        old.rmdir()

    async def go_offline(self) -> None:
        self.drop.rename(self.drop.with_name("offline"))

    async def go_online(self) -> None:
        self.drop.with_name("offline").rename(self.drop)


@dataclass
class SftpSource(FileSource):
    server: SftpServer

    def inbox(self) -> dict[str, Any]:
        return {"sftp": self.server.inbox()}

    async def drop_sessions(self) -> None:
        await self.server.disconnect_all()

    async def go_offline(self) -> None:
        await self.server.stop()

    async def go_online(self) -> None:
        await self.server.start()


@asynccontextmanager
async def file_source(
    kind: str,
    folder: Path,
    create: Create,
    content_of: FileContent,
    suffix: str,
    options: dict[str, Any] | None = None,
) -> AsyncIterator[FileSource]:
    """Yield a controlled source; `kind` is "folder" or "sftp"."""
    drop, state = folder / "drop", folder / "state"
    drop.mkdir()
    common = (drop, state, create, content_of, suffix, options or {})
    if kind == "folder":
        yield FileSource(*common)
        return
    server = SftpServer(drop)
    await server.start()
    yield SftpSource(*common, server)
    await server.stop()
