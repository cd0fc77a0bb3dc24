"""Parses a table file into chunks of 1,000 rows; each becomes one delivery."""

import fnmatch
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from werknetz.connector.contract import (
    Connector,
    Reading,
    ReadingBlock,
    SourceGroupEnd,
    SourceRecord,
)
from werknetz.connector.quarantine import RAW_MAX
from werknetz.connector.values import UnreadableValue
from werknetz.events.batch import Unmapped
from werknetz_edge.files.build import create_file_connector, open_ledger
from werknetz_edge.files.connector import Chunk
from werknetz_edge.files.inbox import FileRefused, LocalFile, to_printable
from werknetz_edge.files.ledger import Ledger
from werknetz_edge.tables.config import TablesConfig, TableSource
from werknetz_edge.tables.csv_file import open_csv
from werknetz_edge.tables.readings import Addresses, ReadingBuilder, TimedRow
from werknetz_edge.tables.row_keys import FIRST_ROWS, KeyIndex, RowKeys, digest_of, document_of
from werknetz_edge.tables.row_records import RecordBuilder, check_record_columns
from werknetz_edge.tables.sheet import Sheet, SheetRow, UnreadableRow
from werknetz_edge.tables.snapshot import SnapshotCheck

# The checkpoints in a spool depend on where a chunk ends: see `Chunk`.
ROWS: Final = 1_000
SIZE: Final = 2_000_000
_XLSX: Final = (".xlsx", ".xlsm")
_ROWS_PREFIX: Final = b"rows:"  # in the ledger: the number of rows of a document
_FIRST_PREFIX: Final = b"first:"  # the name of the file that began with these rows
_EMPTY: Final = "if that is right, set `empty: accept`"


@dataclass(slots=True)
class TableParser:
    """Parses the files of one connector. `ledger`: how many rows a file of a name had before."""

    config: TablesConfig
    work: Path
    ledger: Ledger | None = None
    _addresses: Addresses = field(default_factory=Addresses)

    def source_of(self, name: str) -> TableSource | None:
        """Return the first source whose pattern matches the file's name."""
        low = name.lower()
        for source in self.config.sources:
            if any(fnmatch.fnmatchcase(low, pattern.lower()) for pattern in source.pattern):
                return source
        return None

    def scope_of(self, name: str) -> str:
        """Equal files of two sources are different files: two warehouses may have equal counts."""
        source = self.source_of(name)
        return "" if source is None else source.name

    def parse(self, file: LocalFile) -> Iterator[Chunk]:
        source = self.source_of(file.name)
        if source is None:
            raise FileRefused(
                "no source has a pattern that matches its name: add one under `sources`"
            )
        is_xlsx = source.format == "xlsx" or (
            source.format == "auto" and file.name.lower().endswith(_XLSX)
        )
        opened = open_xlsx(file.path, source) if is_xlsx else open_csv(file.path, source)
        with closing(opened):  # type: ignore[type-var]  # both are generators
            for sheet in opened:
                yield from self._chunks(file, source, sheet)

    def document_of(self, name: str) -> bytes | None:
        """Return the key under which the latest content of a file name is noted; None: it is not.

        A correction of a correction may have the content of the first file, and is read again.
        """
        source = self.source_of(name)
        if source is None or source.kind != "records":
            return None
        return digest_of(["name", source.name, name])

    def _chunks(self, file: LocalFile, source: TableSource, sheet: Sheet) -> Iterator[Chunk]:
        if not sheet.header:
            yield from self._empty(source, file, "it is empty")
            return
        with closing(KeyIndex(self.work)) as index:
            document = document_of(source, file)
            count_key = _ROWS_PREFIX + digest_of([source.name, document.hex()])
            counted = None if self.ledger is None else self.ledger.get(count_key)
            rows_before = 0 if counted is None else int.from_bytes(counted)
            keys: RowKeys | None = None
            if source.kind == "records":
                check_record_columns(source, sheet.header)
                keys = RowKeys(source, sheet.header, document, rows_before, index)
            table = _Table(
                self._addresses, file, source, sheet.header, keys, is_typed=sheet.is_typed
            )
            if self.ledger is not None:
                table.withdraws_former = self.ledger.has_former_identities
            if self.ledger is not None and source.snapshot:
                table.check = SnapshotCheck(source, file, self.ledger)
            last: Chunk | None = None  # what is to be noted comes with the last chunk
            for chunk in self._table_chunks(source, file, sheet, table):
                if last is not None:
                    yield last
                last = chunk
            if last is not None:
                updates = self._updates_of(file, source, keys, count_key, table)
                yield replace(last, state_updates=updates) if updates else last
            if table.doubt:
                raise FileRefused(table.doubt)

    def _updates_of(
        self, file: LocalFile, source: TableSource, keys: RowKeys | None, count_key: bytes,
        table: "_Table",
    ) -> list[tuple[bytes, bytes]]:  # fmt: skip
        """Return what to note in the ledger of a file that was read."""
        update = table.snapshot_update()
        if update is not None:
            return [update]
        is_unchanged = keys is not None and not keys.count and source.on_empty != "accept"
        if keys is None or keys.is_keyed or is_unchanged:
            return []
        updates = [(count_key, keys.count.to_bytes(8, "big"))]
        if keys.count >= FIRST_ROWS:
            name = file.name.encode("utf-8", "replace")
            updates.append((first_rows_key_of(source, keys), name))
        return updates

    def _table_chunks(
        self, source: TableSource, file: LocalFile, sheet: Sheet, table: "_Table"
    ) -> Iterator[Chunk]:
        is_empty = True
        for row in sheet.rows:
            if table.take_trailer(row):
                continue
            is_empty = False
            table.add(row)
            if table.count >= ROWS or table.size >= SIZE:
                yield table.take_chunk()
        if is_empty:
            yield from self._empty(source, file, "it has a header and no rows")
            if source.on_empty != "accept":
                return
        for part in split_records(table.withdrawals(), ROWS):
            if table.count:
                yield table.take_chunk()
            yield Chunk(records=part)
        table.check_trailer()
        self._remark_repeated_rows(source, file, table)
        if table.end_snapshot() or table.has_rest:
            yield table.take_chunk()

    def _remark_repeated_rows(self, source: TableSource, file: LocalFile, table: "_Table") -> None:
        """Remark a file without `key` that begins with the rows of another: they count twice."""
        keys = table.keys
        if keys is None or keys.is_keyed or keys.count < FIRST_ROWS or self.ledger is None:
            return
        other = self.ledger.get(first_rows_key_of(source, keys))
        is_same_name = other == file.name.encode("utf-8", "replace")
        if other is not None and (not is_same_name or source.same_name == "add"):
            name = to_printable(other.decode(errors="replace"))
            table.remark(
                f"it begins with the same rows as {name}: they are stored as further rows; set "
                "`key` to the columns that identify a row"
            )

    def _empty(self, source: TableSource, file: LocalFile, reason: str) -> Iterator[Chunk]:
        """Remark or refuse a file without rows, as it is configured."""
        if source.on_empty == "refuse":
            raise FileRefused(f"{reason}: {_EMPTY}")
        if source.on_empty == "remark":
            yield Chunk(
                rejects=[
                    Unmapped(
                        source.name, f"{reason}: {_EMPTY}", b"", time.time_ns() // 1000,
                        size=file.size, item=f"the whole file {to_printable(file.name)}",
                    )
                ]
            )  # fmt: skip


def first_rows_key_of(source: TableSource, keys: RowKeys) -> bytes:
    return _FIRST_PREFIX + digest_of([source.name, keys.first_rows.hex()])


def split_records(records: Iterable[SourceRecord], size: int) -> Iterator[list[SourceRecord]]:
    rest = iter(records)
    while part := list(islice(rest, size)):
        yield part


def open_xlsx(path: Path, source: TableSource) -> Iterator[Sheet]:
    from werknetz_edge.tables import xlsx_file

    return xlsx_file.open_xlsx(path, source)


class _Table:
    """Collects the rows of one file into chunks."""

    def __init__(
        self, addresses: Addresses, file: LocalFile, source: TableSource, header: list[str],
        keys: RowKeys | None, *, is_typed: bool,
    ) -> None:  # fmt: skip
        self._source, self._file = source, to_printable(file.name)
        self._readings: ReadingBuilder | None = None
        self._records: RecordBuilder | None = None
        if keys is None:
            self._readings = ReadingBuilder(source, header, addresses, is_typed, self._file)
        else:
            self._records = RecordBuilder(source, header, file.name, keys)
        self.keys = keys
        self._has_rejects = False
        self.withdraws_former = False
        self.check: SnapshotCheck | None = None
        self.doubt = ""  # why a snapshot withdraws nothing, so that it is refused
        self._is_complete = False
        self._trailer = None if source.trailer is None else re.compile(source.trailer)
        self._trailer_rows: list[tuple[int, str | None]] = []  # rows before it, rows that it names
        self._clock = None if source.time is None else source.time.new_clock()
        self._arrival_us = time.time_ns() // 1000
        self._time = [header.index(name) for name in source.time.column] if source.time else []
        self._reset()

    def _reset(self) -> None:
        self.count, self.size = 0, 0
        self._rows: list[TimedRow] = []
        self._source_records: list[SourceRecord] = []
        self._rejects: list[Unmapped] = []
        self._group_ends: list[SourceGroupEnd] = []

    def add(self, row: SheetRow | UnreadableRow) -> None:
        self.count += 1
        self.size += row.size
        if isinstance(row, UnreadableRow):
            self._reject(row.position, row.reason, row.raw)
            self._skip_row()
            return
        address = self._readings.address_of_row(row.cells) if self._readings else ""
        try:
            at_us, is_sure = self._time_of(row, address)
        except UnreadableValue as error:
            self._reject(f"line {row.line}", f"time: {error}", row.raw or repr(list(row.cells)))
            self._skip_row()
            return
        if self.check is not None and (reason := self.check.reason_of(row)):
            self._reject(f"line {row.line}", reason, row.raw)
            self._skip_row()
            return
        if self._records is None:
            self._rows.append(TimedRow(row, at_us, is_sure, address))
            return
        try:
            self._source_records.append(self._records.build(row, at_us))
        except UnreadableValue as error:
            self._reject(f"line {row.line}", str(error), row.raw or repr(list(row.cells)))
            return
        former = self._records.withdrawal_of_former(row) if self.withdraws_former else None
        if former is not None:
            self._source_records.append(former)

    def withdrawals(self) -> Iterator[SourceRecord]:
        return iter(()) if self._records is None else self._records.withdrawals()

    def end_snapshot(self) -> bool:
        """Add the end of a snapshot to the last chunk, or the remark that it withdraws nothing."""
        end = None if self._records is None else self._records.end_of_snapshot()
        if end is None:
            return False
        if self.check is not None and self.keys is not None:
            self.doubt = self.check.doubt(self.keys.count)
            if self.doubt:
                return True  # its end is a chunk of its own, which notes the doubt
        if self._has_rejects:
            end = "some of its rows could not be read, so rows that it lacks are not withdrawn"
        if isinstance(end, str):
            self.remark(end)
        else:
            self._group_ends.append(end)
            self._is_complete = True
        return True

    def snapshot_update(self) -> tuple[bytes, bytes] | None:
        """Return what to note of a snapshot that is complete or doubtful."""
        if self.check is None or self.keys is None or not (self._is_complete or self.doubt):
            return None
        return self.check.update(self.keys.count, is_complete=self._is_complete)

    def take_trailer(self, row: SheetRow | UnreadableRow) -> bool:
        """Return whether a row is the trailer, which is no row."""
        if self._trailer is None or (match := self._trailer.fullmatch(row.raw.strip())) is None:
            return False
        rows = 0 if self.keys is None else self.keys.count
        self._trailer_rows.append((rows, match.groupdict().get("rows")))
        return True

    def check_trailer(self) -> None:
        """Remark a file whose trailer is missing, not at its end, or has another number of rows."""
        if self._trailer is None or self.keys is None:
            return
        rows = self.keys.count
        if not self._trailer_rows:
            self.remark("it has no trailer: is it cut off? Send the whole file")
            return
        position, named = self._trailer_rows[-1]
        if position != rows or len(self._trailer_rows) > 1:
            self.remark("its trailer is not its last line")
        elif named is not None and int(named) != rows:
            self.remark(f"it has {rows} rows, its trailer names {named}: is it cut off?")

    @property
    def has_rest(self) -> bool:
        return bool(self.count or self._rejects)

    def remark(self, reason: str) -> None:
        self._reject("the whole", reason, "")

    def _skip_row(self) -> None:
        if self._records is not None:
            self._records.keys.skip()

    def take_chunk(self) -> Chunk:
        readings: list[Reading] = []
        blocks: list[ReadingBlock] = []
        if self._readings is not None:
            readings, blocks = self._readings.build(self._rows)
        chunk = Chunk(
            readings=readings, blocks=blocks, records=self._source_records, rejects=self._rejects,
            lane=self._source.lane, group_ends=self._group_ends,
        )  # fmt: skip
        self._reset()
        return chunk

    def _time_of(self, row: SheetRow, address: str) -> tuple[int | None, bool]:
        if self._clock is None:
            return None, True
        value: Any = row.cells[self._time[0]]
        if len(self._time) > 1:
            value = " ".join(str(row.cells[index]).strip() for index in self._time)
        return self._clock.to_instant(value, address, arrival_us=self._arrival_us)

    def _reject(self, position: str, reason: str, raw: str) -> None:
        self._has_rejects = True
        content = raw.encode(errors="replace")
        self._rejects.append(
            Unmapped(
                source=self._source.name, reason=reason, raw=content[:RAW_MAX],
                size=len(content) if len(content) > RAW_MAX else 0,
                at_us=time.time_ns() // 1000, item=f"{position} of {self._file}",
            )
        )  # fmt: skip


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Validate the options; raises pydantic's ValidationError."""
    config = TablesConfig.model_validate(options)
    ledger = open_ledger(connector_id, folder)
    parser = TableParser(config, folder, ledger)
    return create_file_connector(
        connector_id, config.inbox, folder, parser,
        ledger=ledger, scope=parser.scope_of, document_of=parser.document_of,
    )  # fmt: skip
