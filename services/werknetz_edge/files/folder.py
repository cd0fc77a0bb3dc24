"""A watched folder: of this machine or a mounted share."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final, TypeVar

from werknetz.connector.contract import ConnectionLost
from werknetz_edge.files.config import InboxConfig
from werknetz_edge.files.inbox import (
    COPY_BYTES,
    DIGEST_SIZE,
    FileRefused,
    FoundFile,
    LocalFile,
    Settling,
    suffixed,
)

_STEP_S: Final = 30.0  # a share that hangs for longer is lost; copying has it for each part
_SAME_NAME_MAX: Final = 100_000
_T = TypeVar("_T")


@dataclass(slots=True)
class FolderInbox:
    config: InboxConfig
    work: Path  # where copies lie while they are read
    _settling: Settling
    _opened: tuple[int, int] | None = None  # device and inode: what is mounted anew is another
    _copies: int = 0

    @classmethod
    def of(cls, config: InboxConfig, work: Path) -> "FolderInbox":
        return cls(config, work, Settling(config.pattern, config.settle_s))

    @property
    def folder(self) -> Path:
        assert self.config.folder is not None  # noqa: S101  the configuration sees to it
        return self.config.folder

    async def open(self) -> None:
        await _in_time(self._open)

    async def look(self) -> list[FoundFile]:
        return self._settling.whole(await _in_time(self._present))

    async def fetch(self, found: FoundFile) -> LocalFile | None:
        if found.size > self.config.bytes_max:
            raise FileRefused(f"{found.size} bytes: more than `bytes_max`, {self.config.bytes_max}")
        return await asyncio.to_thread(self._copy, found)

    async def done(self, file: LocalFile) -> None:
        await _in_time(self._done, file)

    async def refuse(self, file: FoundFile | LocalFile, reason: str) -> None:
        await _in_time(self._refuse, file, reason)

    async def close(self) -> None:
        self._opened = None

    def _open(self) -> None:
        self._opened = None
        found = self.folder.stat()
        for name in (self.config.done, self.config.failed):
            (self.folder / name).mkdir(exist_ok=True)
        self.work.mkdir(parents=True, exist_ok=True)
        for left in self.work.glob("*.copy"):  # of a process that was killed
            left.unlink(missing_ok=True)
        self._opened = (found.st_dev, found.st_ino)

    def _present(self) -> list[FoundFile]:
        self._check()
        return [
            FoundFile(entry.name, stat.st_size, stat.st_mtime_ns // 1000)
            for entry, stat in _files(self.folder)
        ]

    def _check(self) -> None:
        if self._opened is None:
            raise ConnectionLost("not connected")
        now = self.folder.stat()
        if (now.st_dev, now.st_ino) != self._opened:
            raise ConnectionLost(f"{self.folder} is another folder than before: mounted anew?")

    def _copy(self, found: FoundFile) -> LocalFile | None:
        self._check()
        self._copies += 1
        target = self.work / f"{self._copies}.copy"
        hashed, size = blake2b(digest_size=DIGEST_SIZE), 0
        try:
            with (self.folder / found.name).open("rb") as source, target.open("wb") as copy:
                while part := source.read(COPY_BYTES):
                    size += len(part)
                    if size > found.size:
                        return None  # it grows: it was not whole
                    hashed.update(part)
                    copy.write(part)
                stat = os.fstat(source.fileno())
        except FileNotFoundError:
            return None
        if (size, stat.st_mtime_ns // 1000) != (found.size, found.modified_us):
            return None
        return LocalFile(found.name, target, size, found.modified_us, hashed.digest())

    def _done(self, file: LocalFile) -> None:
        self._check()
        source = self.folder / file.name
        with suppress(FileNotFoundError):  # moved already, or taken away: it is safe with us
            stat = source.stat(follow_symlinks=False)
            if (stat.st_size, stat.st_mtime_ns // 1000) == (file.size, file.modified_us):
                _move(source, self.folder / self.config.done)
        file.path.unlink(missing_ok=True)

    def _refuse(self, file: FoundFile | LocalFile, reason: str) -> None:
        self._check()
        if isinstance(file, LocalFile):
            file.path.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            moved = _move(self.folder / file.name, self.folder / self.config.failed)
            moved.with_name(f"{moved.name}.reason.txt").write_text(reason + "\n", encoding="utf-8")


def _files(folder: Path) -> Iterator[tuple["os.DirEntry[str]", os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # taken away between listing and asking
                if entry.is_file(follow_symlinks=False):
                    yield entry, entry.stat(follow_symlinks=False)


def _move(source: Path, folder: Path) -> Path:
    """Move without overwriting: a hard link fails where the name is taken, a rename does not."""
    for number in range(_SAME_NAME_MAX):
        target = folder / suffixed(source.name, number)
        try:
            os.link(source, target, follow_symlinks=False)
        except FileExistsError:
            if not target.samefile(source):  # else we were killed between link and unlink
                continue
        except FileNotFoundError:
            raise
        except OSError:  # a share without hard links
            if target.exists():
                continue
            source.rename(target)
            return target
        source.unlink()
        return target
    raise FileExistsError(f"{folder} has {_SAME_NAME_MAX} files named like {source.name}")


async def _in_time(work: Callable[..., _T], *given: object) -> _T:
    """In a thread: a share whose server is gone would stop everything else."""
    try:
        async with asyncio.timeout(_STEP_S):
            return await asyncio.to_thread(work, *given)
    except TimeoutError as error:
        raise ConnectionLost(f"the folder did not answer within {_STEP_S:g} s") from error
