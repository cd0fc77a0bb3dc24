"""The files that are done, by content, and a key-value store for parsers; one SQLite file.

Bounded: the oldest rows are deleted. May be used from any thread. Written only after the spool's
commit: after a crash in between, the marks in the spool complete it.
"""

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from werknetz_edge.spool.sqlite_file import open_sidefile

FILES_MAX: Final = 200_000
STATE_KEYS_MAX: Final = 200_000
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS files (
  number INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, name TEXT NOT NULL,
  moved INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS memory (
  number INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL);
"""
_STORE: Final = (
    "INSERT INTO memory (key, value) VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_LATEST_PREFIX: Final = b"latest:"
_VERSION: Final = 2


class Ledger:
    """Opened at first use, so that creating a connector does not touch the disk."""

    def __init__(
        self, path: Path, *, files_max: int = FILES_MAX, state_keys_max: int = STATE_KEYS_MAX
    ) -> None:
        self._path = path
        self._row_limits = {"files": files_max, "memory": state_keys_max}
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def get(self, key: bytes) -> bytes | None:
        """Return the value stored under a key."""
        with self._lock:
            row = self._db.execute("SELECT value FROM memory WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def store(self, key: bytes, value: bytes) -> None:
        self.store_all([(key, value)])

    def store_all(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        """Store values in one transaction. Parsers pass them on as `Chunk.state_updates`."""
        with self._lock, self._db as db:
            db.executemany(_STORE, pairs)
            self._trim("memory")

    def first_name_of(self, key: bytes) -> str | None:
        """Return the file name under which this content was first done; None: it is new."""
        with self._lock:
            row = self._db.execute("SELECT name FROM files WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def is_moved(self, key: bytes) -> bool:
        with self._lock:
            row = self._db.execute("SELECT moved FROM files WHERE key = ?", (key,)).fetchone()
        return row is not None and bool(row[0])

    def add_file(self, key: bytes, name: str, document: bytes | None = None) -> None:
        """Record that the content is stored; the file may still have to be moved.

        `document`: the content is the latest of this document.
        """
        with self._lock, self._db as db:
            db.execute(
                "INSERT OR IGNORE INTO files (key, name, moved) VALUES (?, ?, 0)", (key, name)
            )
            self._trim("files")
            if document is not None:
                db.execute(_STORE, (_LATEST_PREFIX + document, key))
                self._trim("memory")

    def latest_of(self, document: bytes) -> bytes | None:
        """Return the key of the latest content of a document."""
        return self.get(_LATEST_PREFIX + document)

    def mark_moved(self, key: bytes) -> None:
        with self._lock, self._db as db:
            db.execute("UPDATE files SET moved = 1 WHERE key = ?", (key,))

    @property
    def has_former_identities(self) -> bool:
        """Whether version 0.1 wrote to the ledger: it identified records in another way."""
        with self._lock:
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
        return int(version) < _VERSION

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = open_sidefile(self._path, _SCHEMA)
            (is_new,) = connection.execute(
                "SELECT NOT EXISTS (SELECT 1 FROM files) AND NOT EXISTS (SELECT 1 FROM memory)"
            ).fetchone()
            if is_new:
                connection.execute(f"PRAGMA user_version = {_VERSION}")
            self._connection = connection
        return self._connection

    def _trim(self, table: str) -> None:
        self._db.execute(
            f"DELETE FROM {table} WHERE number <= (SELECT max(number) FROM {table}) - ?",  # noqa: S608  one of two names
            (self._row_limits[table],),
        )
