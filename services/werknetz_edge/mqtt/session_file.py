"""What a connector stores about its session: the client id, its subscriptions and a time."""

import json
from dataclasses import dataclass
from pathlib import Path

from werknetz_edge.durable_file import write_durably


@dataclass(frozen=True, slots=True)
class StoredSession:
    client_id: str
    filters: list[str]
    last_us: int  # until when the session surely existed: a gap would begin here


@dataclass(slots=True)
class SessionFile:
    path: Path
    _last: StoredSession | None = None

    def load(self) -> StoredSession | None:
        """Return what was stored; None where the file is missing or cannot be read."""
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            self._last = StoredSession(
                str(content["client_id"]),
                [str(topic_filter) for topic_filter in content["filters"]],
                int(content["last_us"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            self._last = None
        return self._last

    def save(self, client_id: str, filters: list[str], last_us: int) -> None:
        self._last = StoredSession(client_id, filters, last_us)
        content = {"client_id": client_id, "filters": filters, "last_us": last_us}
        write_durably(self.path, json.dumps(content))

    def save_time(self, last_us: int) -> None:
        """Move the time up to which the session surely existed."""
        if self._last is not None:
            self.save(self._last.client_id, self._last.filters, last_us)
