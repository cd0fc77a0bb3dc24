"""The inbox: lists complete files, copies them, and moves them to done/ or failed/.

It polls: network shares and SFTP servers send no notification when a file arrives.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from werknetz.connector.contract import ConnectionLost
from werknetz_edge.files.config import InboxConfig
from werknetz_edge.files.file_system import FileStamp, FileSystem, InboxFile
from werknetz_edge.files.settle import SettleFilter

HEAD_BYTES: Final = 4_096
DIGEST_SIZE: Final = 16
SAME_NAME_MAX: Final = 100_000


class FileRefused(Exception):
    """The file cannot be read as a whole: it goes to failed/, and its head to quarantine.

    The text names the fault and the remedy.
    """


@dataclass(frozen=True, slots=True)
class LocalFile:
    """Our own copy of a file: later writes to the original do not change what is read."""

    name: str
    path: Path
    size: int
    modified_us: int
    digest: bytes  # of the content, blake2b, 16 bytes


class Inbox:
    """One inbox folder. Used by one task; every wait ends by itself."""

    def __init__(self, config: InboxConfig, file_system: FileSystem, work: Path) -> None:
        """`work` is a local folder for the copies of the files that are being read."""
        self._config = config
        self._files = file_system
        self._work = work
        self._filter = SettleFilter(config.pattern, config.settle_s)
        self._copies = 0

    async def open(self) -> None:
        """Connect; create done/ and failed/; remove copies that a killed process left.

        Raises ConnectionLost or OSError (try again) or ConfigurationRejected (a person is needed).
        """
        await self._files.close()
        await asyncio.to_thread(self._clear_copies)
        await self._files.open((self._config.done, self._config.failed))

    async def list_ready(self) -> list[InboxFile]:
        """Return complete files, the oldest first, at most `LISTED_MAX`.

        Complete: neither size nor time has changed for `settle_s`; not hidden, no name of a
        partial file (.tmp, .part, .filepart …). Raises ConnectionLost when the folder is gone.
        """
        return self._filter.list_settled(await self._files.list_files())

    async def fetch(self, file: InboxFile) -> LocalFile | None:
        """Copy a file and compute its digest; None where it is gone or has changed since.

        Raises FileRefused where it is larger than allowed, ConnectionLost.
        """
        if file.size > self._config.bytes_max:
            raise FileRefused(f"{file.size} bytes: more than `bytes_max`, {self._config.bytes_max}")
        self._copies += 1
        target = self._work / f"{self._copies}.copy"
        digest, size = blake2b(digest_size=DIGEST_SIZE), 0
        try:
            async with self._files.open_file(file.name) as source:
                with target.open("wb") as copy:
                    while block := await source.read():
                        size += len(block)
                        if size > file.size:
                            return None  # still growing: it was not complete
                        digest.update(block)
                        await asyncio.to_thread(copy.write, block)
                stamp = await source.stamp()
        except FileNotFoundError:
            return None
        if not FileStamp(size, stamp.modified_us).matches(file):
            return None
        return LocalFile(file.name, target, size, file.modified_us, digest.digest())

    async def move_to_done(self, file: LocalFile) -> None:
        """Move a stored file to done/. A name taken there gets a suffix; nothing is overwritten.

        Safe to call again. A file that has changed since it was fetched stays, to be read again.
        """
        with suppress(FileNotFoundError):  # moved already, or removed: its content is stored
            stamp = await self._files.stat(file.name)
            if stamp.matches(FileStamp(file.size, file.modified_us)):
                await self._move(file.name, self._config.done)
        file.path.unlink(missing_ok=True)

    async def move_to_failed(self, file: InboxFile | LocalFile, reason: str) -> None:
        """Move to failed/, with the reason beside it in `<name>.reason.txt`. Safe to call again."""
        if isinstance(file, LocalFile):
            file.path.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            name = await self._move(file.name, self._config.failed)
            await self._files.write_text(self._config.failed, f"{name}.reason.txt", reason + "\n")

    async def close(self) -> None:
        """End the session. Safe to call twice, and before open."""
        await self._files.close()

    async def _move(self, name: str, folder: str) -> str:
        """Move under the first free name, and return it."""
        candidates = (add_suffix(name, number) for number in range(SAME_NAME_MAX))
        try:
            return await self._files.move(name, folder, candidates)
        except FileExistsError as error:
            raise ConnectionLost(
                f"{folder}/ has {SAME_NAME_MAX} files named like {name}: clear it"
            ) from error

    def _clear_copies(self) -> None:
        self._work.mkdir(parents=True, exist_ok=True)
        for copy in self._work.glob("*.copy"):
            copy.unlink(missing_ok=True)


def add_suffix(name: str, number: int) -> str:
    """Return the n-th name for a name that is taken: `orders.csv`, `orders.1.csv` …."""
    if number == 0:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem}.{number}.{ending}" if dot and stem else f"{name}.{number}"


def to_printable(name: str) -> str:
    """Return a file's name as text that can be stored, whatever bytes it has."""
    return name.encode(errors="backslashreplace").decode().replace("\0", "\\0")
