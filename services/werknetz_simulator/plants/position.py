"""How far a plant has told its story: kept in a file, so that the next start goes on there."""

from pathlib import Path
from typing import Final

from werknetz_simulator.plants.plan import DAY_US

CATCH_UP_MAX_US: Final = DAY_US
"""What happened longer ago is not told any more: it stays a gap."""


class Position:
    """An instant that only grows; without a file it is forgotten at the end."""

    def __init__(self, file: Path | None, start_us: int) -> None:
        self._file = file
        kept = int(file.read_text()) if file is not None and file.exists() else start_us
        self.at_us = max(kept, start_us)

    def advance(self, at_us: int) -> None:
        if at_us <= self.at_us:
            return
        self.at_us = at_us
        if self._file is not None:
            draft = self._file.with_suffix(".new")
            draft.write_text(str(at_us))
            draft.replace(self._file)

    def bounded(self, now_us: int) -> int:
        """Return from where on to tell: from here, but no longer ago than a day."""
        return max(self.at_us, now_us - CATCH_UP_MAX_US)
