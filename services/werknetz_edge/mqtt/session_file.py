"""What a connector must remember of its session: that the broker had one, and for what."""

import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StoredSession:
    client_id: str
    filters: list[str]
    last_us: int


@dataclass(slots=True)
class SessionFile:
    path: Path
    _last: StoredSession | None = None

    def load(self) -> StoredSession | None:
        """Return what was remembered; a file that cannot be read is none: the broker knows."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            self._last = StoredSession(
                str(found["client_id"]), [str(f) for f in found["filters"]], int(found["last_us"])
            )
        except (OSError, ValueError, KeyError, TypeError):
            self._last = None
        return self._last

    def save(self, client_id: str, filters: list[str], last_us: int) -> None:
        self._last = StoredSession(client_id, filters, last_us)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"client_id": client_id, "filters": filters, "last_us": last_us})
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)

    def save_time(self, last_us: int) -> None:
        """The time up to which the session was surely there: where a gap would begin."""
        if self._last is not None:
            self.save(self._last.client_id, self._last.filters, last_us)
