"""How far each source was read, and the stored rows: one SQLite file, written after the spool.

Written when a page is on disk. After a crash in between the page is read again: its records have
the same identities, its readings the same dedup keys.
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
class StoredRow:
    """A row that is on disk; `content` is empty where it was deleted."""

    key: bytes
    content: bytes
    version: int
    sort: Any  # position by the cursor: a number or a text
    id: bytes = b""  # the id as MessagePack, where deletions are detected


class SqlState:
    """Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def cursor(self, source: str) -> Any:
        row = self._db.execute("SELECT value FROM cursors WHERE source = ?", (source,)).fetchone()
        return None if row is None else msgspec.msgpack.decode(row[0])

    def get_rows(self, source: str, keys: Sequence[bytes]) -> dict[bytes, tuple[bytes, int]]:
        """Return content and version of the rows that are stored, by key."""
        stored: dict[bytes, tuple[bytes, int]] = {}
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            marks = ",".join("?" * len(part))
            # Only question marks are inserted into the statement.
            query = f"SELECT key, content, version FROM rows WHERE source = ? AND key IN ({marks})"  # noqa: S608
            rows = self._db.execute(query, (source, *part))
            stored.update((bytes(key), (bytes(content), version)) for key, content, version in rows)
        return stored

    def save(self, source: str, rows: Iterable[StoredRow], cursor: Any) -> None:
        """Save rows and cursor in one transaction, once the page is in the spool."""
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

    def delete_before(self, source: str, before: Any) -> None:
        """Delete rows before the start of the next poll: they are not read again."""
        with self._db as db:
            db.execute("DELETE FROM rows WHERE source = ? AND sort < ?", (source, before))

    def list_present(self, source: str) -> dict[bytes, tuple[bytes, int]]:
        """Return id and version of all rows that are not deleted, by key."""
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
