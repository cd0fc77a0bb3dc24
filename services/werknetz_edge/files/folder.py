"""An inbox in a folder of this machine or of a mounted share."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final, TypeVar

from werknetz.connector.contract import ConnectionLost
from werknetz_edge.files.file_system import READ_BYTES, FileReader, FileStamp, InboxFile

_STEP_S: Final = 30.0  # a share that does not answer for longer is lost
_T = TypeVar("_T")


@dataclass(slots=True)
class LocalFolder:
    """A `FileSystem` on a local path.

    All operations run in one thread of the session: a share whose server is gone blocks that
    thread, not the event loop, and a file is closed only after the read before it has ended.
    """

    folder: Path
    _thread: ThreadPoolExecutor | None = None
    _device_inode: tuple[int, int] | None = None  # changes when the share is mounted again

    async def open(self, subfolders: tuple[str, ...]) -> None:
        await self.close()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inbox folder")
        await self.run(self._open, subfolders)

    async def list_files(self) -> list[InboxFile]:
        return await self.run(self._list_files)

    @asynccontextmanager
    async def open_file(self, name: str) -> AsyncIterator[FileReader]:
        thread = self._session()
        opening = thread.submit(self._open_file, name)
        try:
            file = await _wait_for(opening)
            yield _LocalReader(self, file)
        finally:
            thread.submit(_close_file, opening)  # also where the wait for it was cancelled

    async def stat(self, name: str) -> FileStamp:
        return await self.run(self._stat, name)

    async def move(self, name: str, folder: str, candidates: Iterable[str]) -> str:
        return await self.run(self._move, name, folder, candidates)

    async def write_text(self, folder: str, name: str, text: str) -> None:
        await self.run(self._write_text, folder, name, text)

    async def close(self) -> None:
        self._device_inode = None
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown(wait=False)

    async def run(self, work: Callable[..., _T], *arguments: object) -> _T:
        """Run a blocking call in the session's thread; limited in time."""
        return await _wait_for(self._session().submit(work, *arguments))

    def _session(self) -> ThreadPoolExecutor:
        if self._thread is None:
            raise ConnectionLost("not connected")
        return self._thread

    def _open(self, subfolders: tuple[str, ...]) -> None:
        stat = self.folder.stat()
        for name in subfolders:
            (self.folder / name).mkdir(exist_ok=True)
        self._device_inode = (stat.st_dev, stat.st_ino)

    def _check_mount(self) -> None:
        stat = self.folder.stat()
        if (stat.st_dev, stat.st_ino) != self._device_inode:
            raise ConnectionLost(f"{self.folder} is another folder than before: mounted again?")

    def _list_files(self) -> list[InboxFile]:
        self._check_mount()
        return [
            InboxFile(entry.name, stat.st_size, stat.st_mtime_ns // 1000)
            for entry, stat in _regular_files(self.folder)
        ]

    def _open_file(self, name: str) -> FileIO:
        self._check_mount()
        return FileIO(self.folder / name)

    def _stat(self, name: str) -> FileStamp:
        self._check_mount()
        return _stamp_of((self.folder / name).stat(follow_symlinks=False))

    def _move(self, name: str, folder: str, candidates: Iterable[str]) -> str:
        self._check_mount()
        for candidate in candidates:
            with suppress(FileExistsError):
                _move_file(self.folder / name, self.folder / folder / candidate)
                return candidate
        raise FileExistsError(f"all names for {name} are taken in {self.folder / folder}")

    def _write_text(self, folder: str, name: str, text: str) -> None:
        self._check_mount()
        (self.folder / folder / name).write_text(text, encoding="utf-8")


@dataclass(slots=True)
class _LocalReader:
    folder: LocalFolder
    file: FileIO

    async def read(self) -> bytes:
        return await self.folder.run(self.file.read, READ_BYTES)

    async def stamp(self) -> FileStamp:
        return _stamp_of(await self.folder.run(os.fstat, self.file.fileno()))


def _stamp_of(stat: os.stat_result) -> FileStamp:
    return FileStamp(stat.st_size, stat.st_mtime_ns // 1000)


def _regular_files(folder: Path) -> Iterator[tuple["os.DirEntry[str]", os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # removed between listing and stat
                if entry.is_file(follow_symlinks=False):
                    yield entry, entry.stat(follow_symlinks=False)


def _move_file(source: Path, target: Path) -> None:
    """Move without overwriting: a hard link fails where the name is taken, a rename does not."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        if not target.samefile(source):  # the same file: killed between link and unlink
            raise
    except FileNotFoundError:
        raise
    except OSError:  # a share without hard links
        if target.exists():
            raise FileExistsError(str(target)) from None
        source.rename(target)
        return
    source.unlink()


def _close_file(opening: "Future[FileIO]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


async def _wait_for(future: "Future[_T]") -> _T:
    try:
        async with asyncio.timeout(_STEP_S):
            return await asyncio.wrap_future(future)
    except TimeoutError as error:
        raise ConnectionLost(f"the folder did not answer within {_STEP_S:g} s") from error
