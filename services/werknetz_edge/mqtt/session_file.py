"""What a connector stores about its session: the client id, its subscriptions and a time."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from werknetz.runtime.moment import Moment, current_moment
from werknetz_edge.durable_file import write_durably


@dataclass(frozen=True, slots=True)
class StoredSession:
    client_id: str
    filters: list[str]
    last_us: int  # until when the session surely existed: a gap would begin here
    uptime_us: int = field(default=0, compare=False)  # at that moment
    boot_id: str = field(default="", compare=False)

    @property
    def moment(self) -> Moment:
        return Moment(self.last_us, self.uptime_us, self.boot_id)


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
                int(content.get("uptime_us", 0)),
                str(content.get("boot_id", "")),
            )
        except (OSError, ValueError, KeyError, TypeError):
            self._last = None
        return self._last

    def save(self, client_id: str, filters: list[str], last_us: int) -> None:
        now = current_moment()
        uptime_us = now.uptime_us + last_us - now.wall_us
        self._last = StoredSession(client_id, filters, last_us, uptime_us, now.boot_id)
        write_durably(self.path, json.dumps(asdict(self._last)))

    def save_time(self, last_us: int) -> None:
        """Move the time up to which the session surely existed."""
        if self._last is not None:
            self.save(self._last.client_id, self._last.filters, last_us)
