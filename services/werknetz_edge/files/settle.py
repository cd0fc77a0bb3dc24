"""Which files of a listing are complete: those that have not changed for `settle_s`."""

import fnmatch
import heapq
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from werknetz_edge.files.file_system import InboxFile

LISTED_MAX: Final = 1_000
"""Files of one listing, the oldest: the rest follow when these have left the inbox."""

_PARTIAL_ENDINGS: Final = (".tmp", ".part", ".filepart", ".partial", ".crdownload")


@dataclass(slots=True)
class SettleFilter:
    """Selects the files that have not changed for long enough.

    Measured by our own clock: that of a file server may be wrong.
    """

    patterns: Sequence[str]
    settle_s: float
    now_s: Callable[[], float] = time.monotonic
    _since: dict[str, tuple[int, int, float]] = field(default_factory=dict)

    def list_settled(self, listing: Iterable[InboxFile]) -> list[InboxFile]:
        """Return the files of a complete listing that have settled, the oldest first."""
        oldest = heapq.nsmallest(
            LISTED_MAX,
            (file for file in listing if self._matches(file.name)),
            key=lambda file: (file.modified_us, file.name),
        )
        now_s, before = self.now_s(), self._since
        self._since = {}
        settled = []
        for file in oldest:
            size, modified_us, since_s = before.get(file.name, (-1, -1, now_s))
            if (size, modified_us) != (file.size, file.modified_us):
                since_s = now_s
            self._since[file.name] = (file.size, file.modified_us, since_s)
            if now_s - since_s >= self.settle_s:
                settled.append(file)
        return settled

    def _matches(self, name: str) -> bool:
        low = name.lower()
        if low.startswith((".", "~$")) or low.endswith(_PARTIAL_ENDINGS):
            return False
        if "/" in name or "\\" in name or "\0" in name:
            return False
        return any(fnmatch.fnmatchcase(low, pattern.lower()) for pattern in self.patterns)
