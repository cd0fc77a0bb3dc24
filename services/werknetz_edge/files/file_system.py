"""The few file operations that an inbox needs, on a local folder or an SFTP server.

Every method raises FileNotFoundError for a file that is gone, PermissionError or another OSError
as the file system reports it, and ConnectionLost when the session has ended or does not answer in
time. `name` is a file in the inbox; `folder` is a subfolder of it (done/ or failed/).
"""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

READ_BYTES: Final = 1 << 20  # of one `FileReader.read`: the time limit applies to each


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file in the inbox, as its listing describes it."""

    name: str  # without folders
    size: int
    modified_us: int  # by the clock of the machine that holds the file


@dataclass(frozen=True, slots=True)
class FileStamp:
    """Size and time of a file: they change when somebody writes to it."""

    size: int
    modified_us: int

    def matches(self, file: "InboxFile | FileStamp") -> bool:
        return (self.size, self.modified_us) == (file.size, file.modified_us)


class FileReader(Protocol):
    """An open file."""

    async def read(self) -> bytes:
        """Return the next `READ_BYTES` at most; empty at the end."""

    async def stamp(self) -> FileStamp:
        """Return size and time of the file that is open, whatever its name has become."""


class FileSystem(Protocol):
    """One inbox folder. Used by one task; every wait ends by itself."""

    async def open(self, subfolders: tuple[str, ...]) -> None:
        """Open the session and create the missing subfolders.

        Raises ConnectionLost or OSError (try again) or ConfigurationRejected (a person is needed).
        """

    async def list_files(self) -> list[InboxFile]:
        """Return the regular files of the inbox; links and folders are left out."""

    def open_file(self, name: str) -> AbstractAsyncContextManager[FileReader]:
        """Open a file for reading."""

    async def stat(self, name: str) -> FileStamp:
        """Return size and time of a file, without following a link."""

    async def move(self, name: str, folder: str, candidates: Iterable[str]) -> str:
        """Move a file into a subfolder under the first candidate that is free; return that name.

        Never overwrites. Safe to call again with the same names after a crash in the middle.
        Raises FileExistsError where all names are taken.
        """

    async def write_text(self, folder: str, name: str, text: str) -> None:
        """Write a small file into a subfolder."""

    async def close(self) -> None:
        """End the session. Safe to call twice, and before open."""
