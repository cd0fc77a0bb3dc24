"""How far a plant has published its events, stored in a file so that the next start resumes."""

from pathlib import Path
from typing import Final

from werknetz_simulator.plants.plan import DAY_US

CATCH_UP_MAX_US: Final = DAY_US
"""Events older than this are not published after a restart: they remain a gap."""


class ResumePosition:
    """An instant that only grows; without a file it is lost when the process ends."""

    def __init__(self, file: Path | None, start_us: int) -> None:
        self._file = file
        stored_us = int(file.read_text()) if file is not None and file.exists() else start_us
        self.at_us = max(stored_us, start_us)

    def advance(self, at_us: int) -> None:
        if at_us <= self.at_us:
            return
        self.at_us = at_us
        if self._file is not None:
            draft = self._file.with_suffix(".new")
            draft.write_text(str(at_us))
            draft.replace(self._file)

    def resume_us(self, now_us: int) -> int:
        """Return the instant to resume from: this position, but at most a day ago."""
        return max(self.at_us, now_us - CATCH_UP_MAX_US)
