"""The keys of a file's rows: by the columns `key`, else by the file's name and the row's number.

So a corrected file revises the facts of its rows instead of adding to them.
"""

import sqlite3
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from werknetz.connector.values import UnreadableValue
from werknetz_edge.files.inbox import LocalFile
from werknetz_edge.tables.config import TableSource

IN_MEMORY_MAX: Final = 300_000  # keys in memory; more are moved to a file
FIRST_ROWS: Final = 20
"""A file without `key` that begins with these rows of another one is remarked: they count twice."""
SNAPSHOT_ROWS_MAX: Final = 100_000
"""A larger file withdraws nothing: the keys of a snapshot travel in one message of 1.6 MB."""


class KeyIndex:
    """The keys of a file with a hash of their rows, in bounded memory for files of any size."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hashes: dict[bytes, bytes] = {}
        self._file: sqlite3.Connection | None = None
        self._name: tempfile._TemporaryFileWrapper[bytes] | None = None

    def add(self, key: bytes, row_hash: bytes) -> bytes | None:
        """Add a key; return the hash of its earlier row, None where it is the first."""
        before = self._hashes.get(key) or self._spilled_hash(key)
        if before is None:
            self._hashes[key] = row_hash
            if len(self._hashes) > IN_MEMORY_MAX:
                self._spill()
        return before

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._name is not None:
            self._name.close()
            self._name = None

    def _spilled_hash(self, key: bytes) -> bytes | None:
        if self._file is None:
            return None
        row = self._file.execute("SELECT hash FROM rows WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def _spill(self) -> None:
        """Move the keys into the file."""
        if self._file is None:
            self._name = tempfile.NamedTemporaryFile(dir=self._folder, suffix=".rows")  # noqa: SIM115  until close
            self._file = sqlite3.connect(self._name.name, check_same_thread=False)
            self._file.execute("PRAGMA journal_mode = OFF")  # useless after a crash
            self._file.execute("PRAGMA synchronous = OFF")
            self._file.execute(
                "CREATE TABLE rows (key BLOB PRIMARY KEY, hash BLOB NOT NULL) WITHOUT ROWID"
            )
        self._file.executemany("INSERT INTO rows VALUES (?, ?)", sorted(self._hashes.items()))
        self._hashes.clear()


@dataclass(slots=True)
class RowKeys:
    """Returns the key of each row of one file, in their order."""

    source: TableSource
    header: Sequence[str]
    document: bytes  # `document_of` the file
    rows_before: int  # of the file that was read under this name before
    index: KeyIndex
    count: int = 0  # rows so far, also those that could not be read
    snapshot_keys: list[bytes] = field(default_factory=list)
    first_rows: bytes = b""  # hash of the first `FIRST_ROWS` rows
    _columns: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._columns = [list(self.header).index(name) for name in self.source.key]

    @property
    def is_keyed(self) -> bool:
        return bool(self._columns)

    def next_key(self, cells: Sequence[Any]) -> tuple[bytes, bool]:
        """Return the key of the next row, and whether no row had it before.

        Raises UnreadableValue where another row of the file has the key, or the key is empty.
        """
        number = self.count
        self.count += 1
        if number < FIRST_ROWS:
            self.first_rows = digest_of([self.first_rows.hex(), *map(_text_of, cells)])
        if not self.is_keyed:
            return row_key_of(self.document, number), number >= self.rows_before
        values = [_text_of(cells[column]) for column in self._columns]
        names = ", ".join(self.source.key)
        if not any(values):
            raise UnreadableValue(f"its key ({names}) is empty")
        key = digest_of(values)
        before = self.index.add(key, digest_of([_text_of(cell) for cell in cells])[:8])
        if before is None:
            if self.source.snapshot and len(self.snapshot_keys) <= SNAPSHOT_ROWS_MAX:
                self.snapshot_keys.append(key)
        elif before != digest_of([_text_of(cell) for cell in cells])[:8]:
            raise UnreadableValue(
                f"an earlier row of the file has the same key ({names}) and other content: add a "
                "column to `key`"
            )
        return key, False

    def former_identity(self, cells: Sequence[Any]) -> bytes:
        return former_identity_of(self.source, [cells[column] for column in self._columns])

    def skip(self) -> None:
        """Count a row that cannot be read: the numbers of the others stay."""
        self.count += 1


def document_of(source: TableSource, file: LocalFile) -> bytes:
    """Identify the document that a file without `key` is: by its name, or also by its content."""
    parts = [file.name] if source.same_name == "replace" else [file.name, file.digest.hex()]
    return digest_of(["document", *parts])


def row_key_of(document: bytes, number: int) -> bytes:
    """Return the key of a row without key columns. Numbers start at 0."""
    return document + number.to_bytes(6, "big")


def former_identity_of(source: TableSource, cells: Sequence[Any]) -> bytes:
    """Return what version 0.1 had as the identity of a row with these cells of the key columns."""
    scope = blake2b(source.name.encode(errors="replace"), digest_size=16).digest()
    return digest_of(["" if cell is None else str(cell) for cell in cells], scope)


def digest_of(texts: Sequence[str], scope: bytes = b"") -> bytes:
    """Hash texts with their lengths: "ab", "c" differs from "a", "bc"."""
    lengths = ",".join(map(str, map(len, texts)))
    text = "\0".join((lengths, *texts)).encode(errors="surrogatepass")
    return blake2b(scope + text, digest_size=16).digest()


def _text_of(cell: Any) -> str:
    """Write 10, 10.0 and " 10" alike: the same system sends CSV one day and XLSX the other."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()
