"""A small file with the time up to which all polled values are on disk, for the next process."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from werknetz_edge.durable_file import write_durably

SAVE_EVERY_US: Final = 5_000_000  # after a crash a gap begins too early by at most this much


@dataclass(slots=True)
class PollProgress:
    """Deliveries are numbered and acknowledged in order."""

    path: Path
    stored_us: int | None = None
    _delivered: int = 0
    _acknowledged: int = 0
    _saved_us: int | None = None

    def load(self) -> int | None:
        """Return the time that an earlier process saved; None: there is no file. Raises OSError."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            text = ""
        try:
            self.stored_us = int(json.loads(text)["kept_us"])
        except (ValueError, KeyError, TypeError):
            # A damaged file still shows that a process has run, until its modification time.
            self.stored_us = self.path.stat().st_mtime_ns // 1_000
        return self.stored_us

    def next_delivery(self) -> int:
        """Return the number of the next delivery."""
        self._delivered += 1
        return self._delivered

    def acknowledge(self, number: int, polled_us: int) -> None:
        """Note that a delivery is on disk."""
        if number == self._acknowledged + 1:
            self._acknowledged = number
            self.stored_us = polled_us

    def note_quiet_poll(self, polled_us: int) -> None:
        """Note a poll without changes: if no delivery is pending, everything is on disk."""
        if self._acknowledged == self._delivered:
            self.stored_us = polled_us

    @property
    def is_due(self) -> bool:
        if self.stored_us is None:
            return False
        return self._saved_us is None or abs(self.stored_us - self._saved_us) >= SAVE_EVERY_US

    def save(self) -> None:
        """Save `stored_us`. Raises OSError."""
        if self.stored_us is None or self.stored_us == self._saved_us:
            return
        stored_us = self.stored_us
        write_durably(self.path, json.dumps({"kept_us": stored_us}))
        self._saved_us = stored_us
