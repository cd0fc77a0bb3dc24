"""Builds business records from rows, with the identity by which a repeated row is dropped."""

import sqlite3
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from werknetz.connector.contract import SourceRecord
from werknetz.domain.bucket import instant_of
from werknetz_edge.files.inbox import to_printable
from werknetz_edge.tables.config import TableSource
from werknetz_edge.tables.numbers import NumberFormat
from werknetz_edge.tables.sheet import SheetRow, check_columns

IN_MEMORY_MAX: Final = 300_000  # different rows counted in memory; more are moved to a file


class RowCounts:
    """Counts equal rows of a file, in bounded memory for files of any size.

    So a file that is sent again with more rows gives its earlier rows the same identity.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counts: dict[bytes, int] = {}
        self._file: sqlite3.Connection | None = None
        self._name: tempfile._TemporaryFileWrapper[bytes] | None = None

    def next_number(self, digest: bytes) -> int:
        if digest in self._counts:
            self._counts[digest] += 1
        else:
            self._counts[digest] = self._spilled_count(digest)
            if len(self._counts) > IN_MEMORY_MAX:
                self._spill()
                return self._spilled_count(digest) - 1
        return self._counts[digest]

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._name is not None:
            self._name.close()
            self._name = None

    def _spilled_count(self, digest: bytes) -> int:
        if self._file is None:
            return 0
        row = self._file.execute("SELECT count FROM rows WHERE digest = ?", (digest,)).fetchone()
        return 0 if row is None else int(row[0])

    def _spill(self) -> None:
        """Move the counts into the file."""
        if self._file is None:
            self._name = tempfile.NamedTemporaryFile(dir=self._folder, suffix=".rows")  # noqa: SIM115  until close
            self._file = sqlite3.connect(self._name.name, check_same_thread=False)
            self._file.execute("PRAGMA journal_mode = OFF")  # useless after a crash
            self._file.execute("PRAGMA synchronous = OFF")
            self._file.execute(
                "CREATE TABLE rows (digest BLOB PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID"
            )
        counts = sorted((digest, count + 1) for digest, count in self._counts.items())
        self._file.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?)", counts)
        self._counts.clear()


@dataclass(slots=True)
class RecordBuilder:
    """Builds the records of one file."""

    source: TableSource
    header: Sequence[str]
    file: str
    row_counts: RowCounts
    _key: list[int] = field(init=False)
    _numbers: list[tuple[str, int]] = field(init=False)
    _number_format: NumberFormat = field(init=False)
    _scope: bytes = field(init=False)
    _zone: str | None = field(init=False)
    _time_field: str = field(init=False)

    def __post_init__(self) -> None:
        source, header = self.source, list(self.header)
        time = source.time.column if source.time else ()
        check_columns(header, [*source.key, *source.numbers, *time])
        self._zone = None if source.time is None else source.time.zone or source.time.offset
        self._time_field = time[0] if len(time) == 1 else ""
        self._key = [header.index(name) for name in source.key]
        self._numbers = [(name, header.index(name)) for name in source.numbers]
        self._number_format = NumberFormat(source.decimal, source.thousands)
        self._scope = blake2b(source.name.encode(errors="replace"), digest_size=16).digest()
        self.file = to_printable(self.file)

    def build(self, row: SheetRow, at_us: int | None) -> SourceRecord:
        cells = row.cells
        fields: dict[str, Any] = dict(zip(self.header, cells, strict=True))
        for name, index in self._numbers:
            number = self._number_format.parse(cells[index])
            if number is not None:
                fields[name] = number
        fields["_file"] = self.file
        if at_us is not None:
            fields["_at"] = instant_of(at_us).isoformat()
        return SourceRecord(
            source=self.source.name, fields=fields, key=self._identity(cells),
            item=f"line {row.line} of {self.file}", source_time_us=at_us,
            raw=row.raw.encode(errors="replace"), zone=self._zone, time_field=self._time_field,
        )  # fmt: skip

    def _identity(self, cells: Sequence[Any]) -> bytes:
        if self._key:
            return digest_of(self._scope, [cells[index] for index in self._key])
        digest = digest_of(self._scope, cells)
        number = self.row_counts.next_number(digest)
        return digest if not number else digest + number.to_bytes(8, "big")


def digest_of(scope: bytes, cells: Sequence[Any]) -> bytes:
    """Hash cells with their lengths: "ab", "c" differs from "a", "bc"."""
    texts = ["" if cell is None else str(cell) for cell in cells]
    lengths = ",".join(map(str, map(len, texts)))
    text = "\0".join((lengths, *texts)).encode(errors="surrogatepass")
    return blake2b(scope + text, digest_size=16).digest()
