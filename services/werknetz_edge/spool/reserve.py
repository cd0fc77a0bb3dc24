"""Room on the disk that facts never take: given up when the disk is full, so that we can act.

SQLite needs room even to delete. Without a reserve a spool on a full disk could neither say its
gap nor drop what the core has confirmed.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

BYTES_MIN: Final = 1024**2
_BYTES_MAX: Final = 8 * 1024**2  # SQLite's log before it is folded in, twice
_SHARE: Final = 0.05
_CHUNK: Final = bytes(256 * 1024)


class Reserve:
    """A file that takes room and holds nothing."""

    def __init__(self, path: Path, spool_bytes_max: int) -> None:
        self._path = path
        self._size = int(min(max(_SHARE * spool_bytes_max, BYTES_MIN), _BYTES_MAX))
        self.stands = False

    def make(self) -> bool:
        """Take the room; False: the disk has not so much. Cheap while it stands."""
        if self.stands:
            return True
        try:
            with self._path.open("wb") as file:
                self._take(file.fileno())
        except OSError:
            self.release()
            return False
        self.stands = True
        return True

    def _take(self, descriptor: int) -> None:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, self._size)
            return
        written = 0
        while written < self._size:
            written += os.write(descriptor, _CHUNK[: self._size - written])
        os.fsync(descriptor)

    def release(self) -> None:
        self.stands = False
        with suppress(FileNotFoundError):
            self._path.unlink()
