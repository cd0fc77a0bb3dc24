"""Disk space held back from records and released when the disk is full.

SQLite needs space even to delete. Without a reserve a spool on a full disk could neither append a
gap record nor trim batches that the core has acknowledged.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

BYTES_MIN: Final = 1024**2
_BYTES_MAX: Final = 8 * 1024**2  # twice SQLite's write-ahead log before a checkpoint
_SHARE_OF_SPOOL: Final = 0.05
_CHUNK: Final = bytes(256 * 1024)


class Reserve:
    """A file of zeros that occupies disk space."""

    def __init__(self, path: Path, spool_bytes_max: int) -> None:
        self._path = path
        self._size = int(min(max(_SHARE_OF_SPOOL * spool_bytes_max, BYTES_MIN), _BYTES_MAX))
        self.is_held = False

    def acquire(self) -> bool:
        """Allocate the file; False: the disk has not enough space. Cheap while it is held."""
        if self.is_held:
            return True
        try:
            with self._path.open("wb") as file:
                self._allocate(file.fileno())
        except OSError:
            self.release()
            return False
        self.is_held = True
        return True

    def _allocate(self, descriptor: int) -> None:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, self._size)
            return
        written = 0
        while written < self._size:
            written += os.write(descriptor, _CHUNK[: self._size - written])
        os.fsync(descriptor)

    def release(self) -> None:
        self.is_held = False
        with suppress(FileNotFoundError):
            self._path.unlink()
