"""Until when all that was polled is on disk: in a small file, for the edge that comes after."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SAVE_EVERY_US: Final = 5_000_000  # after a kill, a gap begins so much too early, never too late


@dataclass(slots=True)
class PollProgress:
    """Deliveries are numbered: what is acknowledged in order is on disk."""

    path: Path
    stored_us: int | None = None
    _given: int = 0
    _acknowledged: int = 0
    _saved_us: int | None = None

    def load(self) -> int | None:
        """Return what an edge before us had on disk; None: there was none. Raises OSError."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            text = ""
        try:
            self.stored_us = int(json.loads(text)["kept_us"])
        except (ValueError, KeyError, TypeError):
            # A damaged file says that there was an edge, and its own time says until when.
            self.stored_us = self.path.stat().st_mtime_ns // 1_000
        return self.stored_us

    def next_delivery(self) -> int:
        """Number a delivery that is given out."""
        self._given += 1
        return self._given

    def acknowledge(self, number: int, polled_us: int) -> None:
        """The delivery is on disk."""
        if number == self._acknowledged + 1:
            self._acknowledged = number
            self.stored_us = polled_us

    def note_quiet_poll(self, polled_us: int) -> None:
        """A poll that had nothing to tell: with nothing on the way, all is on disk."""
        if self._acknowledged == self._given:
            self.stored_us = polled_us

    @property
    def is_due(self) -> bool:
        if self.stored_us is None:
            return False
        return self._saved_us is None or abs(self.stored_us - self._saved_us) >= SAVE_EVERY_US

    def save(self) -> None:
        """Write down `kept_us`. Raises OSError."""
        if self.stored_us is None or self.stored_us == self._saved_us:
            return
        kept_us = self.stored_us
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(json.dumps({"kept_us": kept_us}))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        self._saved_us = kept_us
