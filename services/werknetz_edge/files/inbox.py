"""Where files come from and go to: what a watched folder and an SFTP server have in common.

Looking is polling: network shares and SFTP servers tell nobody that a file has come.
"""

import fnmatch
import heapq
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

LOOK_MAX: Final = 1_000
"""Files of one look, the oldest: those behind them have their turn when these are gone."""

COPY_BYTES: Final = 1 << 20
HEAD_BYTES: Final = 4_096
DIGEST_SIZE: Final = 16
_HALF_WRITTEN: Final = (".tmp", ".part", ".filepart", ".partial", ".crdownload")


class FileRefused(Exception):
    """The file cannot be read as a whole: it goes to failed/, and its head to quarantine.

    The text says what is wrong and what to do.
    """


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A whole file in the inbox."""

    name: str  # without folders
    size: int
    modified_us: int  # by the clock of the place where it lies


@dataclass(frozen=True, slots=True)
class LocalFile:
    """Our own copy of a file: a writer that comes back cannot change what is being read."""

    name: str
    path: Path
    size: int
    modified_us: int
    digest: bytes  # of the content, blake2b, 16 bytes


class Inbox(Protocol):
    """One place that is looked into. Used by one task; every wait ends by itself."""

    async def open(self) -> None:
        """Get ready to look; make done/ and failed/.

        Raises ConnectionLost or OSError (try again) or ConfigurationRejected (a person is needed).
        """

    async def look(self) -> list[FoundFile]:
        """Return whole files, the oldest first, at most `LOOK_MAX`.

        Whole: neither size nor time changed for `settle_s`; not hidden, not named as half-written
        (.tmp, .part, .filepart …). Raises ConnectionLost when the place is gone.
        """

    async def fetch(self, found: FoundFile) -> LocalFile | None:
        """Copy a file and digest it on the way; None where it is gone or has changed since.

        Raises FileRefused where it is larger than allowed, ConnectionLost.
        """

    async def done(self, file: LocalFile) -> None:
        """Move to done/ what is safe. A name taken there gets a suffix; nothing is overwritten.

        Safe to call again. A file that has changed since it was fetched stays, to be read anew.
        """

    async def refuse(self, file: FoundFile | LocalFile, reason: str) -> None:
        """Move to failed/, with the reason beside it in `<name>.reason.txt`. Safe to call again."""

    async def close(self) -> None:
        """Safe to call twice, and before open."""


@dataclass(slots=True)
class Settling:
    """Which of the files that are there have not changed for long enough.

    By our own clock: that of a file server may be wrong.
    """

    patterns: Sequence[str]
    settle_s: float
    now_s: Callable[[], float] = time.monotonic
    _since: dict[str, tuple[int, int, float]] = field(default_factory=dict)

    def whole(self, present: Iterable[FoundFile]) -> list[FoundFile]:
        """Take everything that is there now; return what has settled, the oldest first."""
        oldest = heapq.nsmallest(
            LOOK_MAX,
            (found for found in present if self._is_wanted(found.name)),
            key=lambda found: (found.modified_us, found.name),
        )
        now_s, before = self.now_s(), self._since
        self._since = {}
        whole = []
        for found in oldest:
            size, modified_us, since_s = before.get(found.name, (-1, -1, now_s))
            if (size, modified_us) != (found.size, found.modified_us):
                since_s = now_s
            self._since[found.name] = (found.size, found.modified_us, since_s)
            if now_s - since_s >= self.settle_s:
                whole.append(found)
        return whole

    def _is_wanted(self, name: str) -> bool:
        low = name.lower()
        if low.startswith((".", "~$")) or low.endswith(_HALF_WRITTEN):
            return False
        if "/" in name or "\\" in name or "\0" in name:
            return False
        return any(fnmatch.fnmatchcase(low, pattern.lower()) for pattern in self.patterns)


def suffixed(name: str, number: int) -> str:
    """`orders.csv`, `orders.1.csv`, `orders.2.csv` …: the n-th of its name in done/."""
    if number == 0:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem}.{number}.{ending}" if dot and stem else f"{name}.{number}"


def printable(name: str) -> str:
    """A file's name as text that can be stored, whatever bytes it has."""
    return name.encode(errors="backslashreplace").decode().replace("\0", "\\0")
