"""How far each endpoint was read. Saved after the spool's commit: it may lag, but never lead."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Bookmark:
    cursor_us: int | None = None  # time of the latest change that is on disk
    url: str = ""  # that `etag` belongs to
    etag: str = ""
    modified: str = ""  # Last-Modified
    floor_us: int | None = None  # rows before were read by version 0.1, which had other keys
    listing: str = ""  # hash of the keys of the last complete listing


@dataclass(slots=True)
class BookmarkFile:
    path: Path
    _bookmarks: dict[str, Bookmark] = field(default_factory=dict)

    def load(self) -> None:
        """Read the file. An unreadable file counts as missing: reading rows again is harmless."""
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
            self._bookmarks = {str(name): _bookmark_of(entry) for name, entry in document.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._bookmarks = {}

    def get(self, endpoint: str) -> Bookmark:
        return self._bookmarks.get(endpoint, Bookmark())

    def save(self, endpoint: str, bookmark: Bookmark) -> None:
        if self._bookmarks.get(endpoint) == bookmark:
            return
        self._bookmarks[endpoint] = bookmark
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new_file = self.path.with_suffix(".new")
        with new_file.open("w", encoding="utf-8") as file:
            json.dump({name: asdict(entry) for name, entry in self._bookmarks.items()}, file)
            file.flush()
            os.fsync(file.fileno())
        new_file.replace(self.path)


def _bookmark_of(entry: dict[str, Any]) -> Bookmark:
    cursor = None if entry["cursor_us"] is None else int(entry["cursor_us"])
    floor = entry.get("floor_us", cursor)  # version 0.1 had none
    return Bookmark(
        cursor, str(entry["url"]), str(entry["etag"]), str(entry["modified"]),
        None if floor is None else int(floor), str(entry.get("listing", "")),
    )  # fmt: skip
