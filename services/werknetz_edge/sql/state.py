"""How far each source has come, and which rows were taken: one SQLite file, after the spool.

Written when a page is on disk. A crash in between gives the page again: its records have the
same identities, its readings the same marks.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from werknetz_edge.spool.sqlite_file import open_sidefile

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS cursors (source TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS rows (
  source TEXT NOT NULL, key BLOB NOT NULL, content BLOB NOT NULL, version INTEGER NOT NULL,
  sort, id BLOB, PRIMARY KEY (source, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rows_by_sort ON rows (source, sort);
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A row as it was taken; `content` is empty where it is deleted."""

    key: bytes
    content: bytes
    version: int
    sort: Any  # its place by the cursor: a number or a text
    id: bytes = b""  # its id as MessagePack, where deletions are to be told


class PollState:
    """Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def cursor(self, source: str) -> Any:
        row = self._db.execute("SELECT value FROM cursors WHERE source = ?", (source,)).fetchone()
        return None if row is None else msgspec.msgpack.decode(row[0])

    def known(self, source: str, keys: Sequence[bytes]) -> dict[bytes, tuple[bytes, int]]:
        """Content and version of those rows that were taken before."""
        found: dict[bytes, tuple[bytes, int]] = {}
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            marks = ",".join("?" * len(part))
            rows = self._db.execute(
                f"SELECT key, content, version FROM rows WHERE source = ? AND key IN ({marks})",  # noqa: S608  only question marks
                (source, *part),
            )
            found.update((bytes(key), (bytes(content), version)) for key, content, version in rows)
        return found

    def keep(self, source: str, rows: Iterable[Taken], cursor: Any) -> None:
        """In one transaction, once the page is in the spool."""
        with self._db as db:
            db.executemany(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?)",
                [(source, r.key, r.content, r.version, r.sort, r.id) for r in rows],
            )
            if cursor is not None:
                db.execute(
                    "INSERT OR REPLACE INTO cursors VALUES (?, ?)",
                    (source, msgspec.msgpack.encode(cursor)),
                )

    def forget(self, source: str, before: Any) -> None:
        """Rows that cannot come again: they lie before what is read at the next poll."""
        with self._db as db:
            db.execute("DELETE FROM rows WHERE source = ? AND sort < ?", (source, before))

    def present(self, source: str) -> dict[bytes, tuple[bytes, int]]:
        """Id and version of all rows that were not deleted, by key."""
        rows = self._db.execute(
            "SELECT key, id, version FROM rows WHERE source = ? AND content <> x''", (source,)
        )
        return {bytes(key): (bytes(row_id), version) for key, row_id, version in rows}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_sidefile(self._path, _SCHEMA)
        return self._connection
