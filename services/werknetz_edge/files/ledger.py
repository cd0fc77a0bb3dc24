"""Which files are done, by content, and a small memory for parsers; one SQLite file.

Bounded: the oldest entries go. May be used from any thread. Written only after the spool's
commit: a crash in between is healed by the marks in the spool.
"""

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from werknetz_edge.spool.sqlite_file import open_sidefile

DIGESTS_KEPT: Final = 200_000
KEYS_KEPT: Final = 200_000
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS files (
  number INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, name TEXT NOT NULL,
  moved INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS memory (
  number INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL);
"""


class Ledger:
    """Opened at first use, so that making a connector touches no disk."""

    def __init__(
        self, path: Path, *, digests_kept: int = DIGESTS_KEPT, keys_kept: int = KEYS_KEPT
    ) -> None:
        self._path = path
        self._kept = {"files": digests_kept, "memory": keys_kept}
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def seen(self, key: bytes) -> bytes | None:
        """What was remembered under a key."""
        with self._lock:
            row = self._db.execute("SELECT value FROM memory WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def remember(self, key: bytes, value: bytes) -> None:
        self.remember_all([(key, value)])

    def remember_all(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        """In one transaction. Parsers leave it to the connector: see `Chunk.remember`."""
        statement = (
            "INSERT INTO memory (key, value) VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        )
        with self._lock, self._db as db:
            db.executemany(statement, pairs)
            self._forget("memory")

    def name_of(self, key: bytes) -> str | None:
        """The name under which this content was done first; None: it is new."""
        with self._lock:
            row = self._db.execute("SELECT name FROM files WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def is_moved(self, key: bytes) -> bool:
        with self._lock:
            row = self._db.execute("SELECT moved FROM files WHERE key = ?", (key,)).fetchone()
        return row is not None and bool(row[0])

    def keep(self, key: bytes, name: str) -> None:
        """The content is done; it may still have to be moved."""
        with self._lock, self._db as db:
            db.execute(
                "INSERT OR IGNORE INTO files (key, name, moved) VALUES (?, ?, 0)", (key, name)
            )
            self._forget("files")

    def moved(self, key: bytes) -> None:
        with self._lock, self._db as db:
            db.execute("UPDATE files SET moved = 1 WHERE key = ?", (key,))

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_sidefile(self._path, _SCHEMA)
        return self._connection

    def _forget(self, table: str) -> None:
        self._db.execute(
            f"DELETE FROM {table} WHERE number <= (SELECT max(number) FROM {table}) - ?",  # noqa: S608  one of two names
            (self._kept[table],),
        )
