"""How far each source was read, and the stored rows: one SQLite file, written after the spool.

Written when a page is on disk. After a crash in between the page is read again: its records have
the same identities, its readings the same dedup keys.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from werknetz_edge.spool.sqlite_file import open_sidefile
from werknetz_edge.sql.progress import SourceProgress, decode_progress, encode_progress

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS cursors (source TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS rows (
  source TEXT NOT NULL, key BLOB NOT NULL, content BLOB NOT NULL, version INTEGER NOT NULL,
  sort, id BLOB, PRIMARY KEY (source, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rows_by_sort ON rows (source, sort);
CREATE TABLE IF NOT EXISTS progress (source TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
_ROWS_V2: Final = "ALTER TABLE rows ADD COLUMN revision INTEGER"


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row that is on disk; `content` is empty where it was deleted."""

    key: bytes
    content: bytes
    version: int  # counts the states of a row, where no cursor distinguishes them
    sort: Any  # position by the cursor: a number or a text
    id: bytes = b""  # the id as MessagePack, where deletions are detected
    revision: int | None = None  # the `version` of its record


class StoredContent(NamedTuple):
    content: bytes
    version: int
    revision: int | None = None
    is_former: bool = False  # stored by version 0.1, whose facts have other ids
    id: bytes = b""


_NO_REVISION: Final = -1  # null: stored by version 0.1


class SqlState:
    """Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def cursor(self, source: str) -> Any:
        row = self._db.execute("SELECT value FROM cursors WHERE source = ?", (source,)).fetchone()
        return None if row is None else msgspec.msgpack.decode(row[0])

    def progress(self, source: str) -> SourceProgress | None:
        """Return the progress; None for a new source, and in a state of version 0.1."""
        row = self._db.execute("SELECT value FROM progress WHERE source = ?", (source,)).fetchone()
        return None if row is None else decode_progress(row[0])

    def get_rows(self, source: str, keys: Sequence[bytes]) -> dict[bytes, StoredContent]:
        """Return the rows that are stored, by key."""
        stored: dict[bytes, StoredContent] = {}
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            marks = ",".join("?" * len(part))
            # Only question marks are inserted into the statement.
            query = (
                "SELECT key, content, version, revision, id FROM rows"  # noqa: S608
                f" WHERE source = ? AND key IN ({marks})"
            )
            for key, *columns in self._db.execute(query, (source, *part)):
                stored[bytes(key)] = _to_content(*columns)
        return stored

    def save(
        self, source: str, rows: Iterable[StoredRow], cursor: Any,
        progress: SourceProgress | None = None,
    ) -> None:  # fmt: skip
        """Save rows, cursor and progress in one transaction, once the page is in the spool."""
        with self._db as db:
            db.executemany(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        source,
                        r.key,
                        r.content,
                        r.version,
                        r.sort,
                        r.id,
                        _NO_REVISION if r.revision is None else r.revision,
                    )
                    for r in rows
                ],
            )
            if progress is not None:
                _save_progress(db, source, progress)
            if cursor is not None:
                db.execute(
                    "INSERT OR REPLACE INTO cursors VALUES (?, ?)",
                    (source, msgspec.msgpack.encode(cursor)),
                )

    def reset(self, source: str, progress: SourceProgress, *, with_rows: bool) -> None:
        """Forget cursor and, `with_rows`, rows: the source is read from its beginning."""
        with self._db as db:
            if with_rows:
                db.execute("DELETE FROM rows WHERE source = ?", (source,))
            db.execute("DELETE FROM cursors WHERE source = ?", (source,))
            _save_progress(db, source, progress)

    def delete_between(self, source: str, start: Any, end: Any) -> None:
        """Delete rows from `start` (None: the first) to before `end`: they are not read again."""
        with self._db as db:
            db.execute(
                "DELETE FROM rows WHERE source = ? AND sort < ? AND (? IS NULL OR sort >= ?)",
                (source, end, start, start),
            )

    def list_present(self, source: str) -> dict[bytes, StoredContent]:
        """Return all rows that are not deleted, by key."""
        rows = self._db.execute(
            "SELECT key, content, version, revision, id FROM rows"
            " WHERE source = ? AND content <> x''",
            (source,),
        )
        return {bytes(key): _to_content(*columns) for key, *columns in rows}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = open_sidefile(self._path, _SCHEMA)
            columns = {row[1] for row in connection.execute("PRAGMA table_info(rows)")}
            if "revision" not in columns:  # a state of version 0.1
                connection.execute(_ROWS_V2)
            self._connection = connection
        return self._connection


def _to_content(content: bytes, version: int, revision: int | None, row_id: bytes) -> StoredContent:
    known_revision = None if revision in (None, _NO_REVISION) else revision
    return StoredContent(
        bytes(content), version, known_revision, revision is None, bytes(row_id or b"")
    )


def _save_progress(db: sqlite3.Connection, source: str, progress: SourceProgress) -> None:
    db.execute("INSERT OR REPLACE INTO progress VALUES (?, ?)", (source, encode_progress(progress)))
