"""How far each endpoint was read: kept after the spool's commit, so it may lag, never lead."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Bookmark:
    cursor_us: int | None = None  # the latest change that is on disk
    url: str = ""  # of which `etag` holds
    etag: str = ""
    modified: str = ""  # Last-Modified


@dataclass(slots=True)
class Bookmarks:
    path: Path
    _known: dict[str, Bookmark] = field(default_factory=dict)

    def load(self) -> None:
        """Read the file; one that cannot be read is none: reading again is harmless."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            self._known = {str(name): _bookmark(each) for name, each in found.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._known = {}

    def of(self, endpoint: str) -> Bookmark:
        return self._known.get(endpoint, Bookmark())

    def keep(self, endpoint: str, bookmark: Bookmark) -> None:
        if self._known.get(endpoint) == bookmark:
            return
        self._known[endpoint] = bookmark
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump({name: asdict(each) for name, each in self._known.items()}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)


def _bookmark(found: dict[str, Any]) -> Bookmark:
    cursor = found["cursor_us"]
    return Bookmark(
        None if cursor is None else int(cursor),
        str(found["url"]), str(found["etag"]), str(found["modified"]),
    )  # fmt: skip
