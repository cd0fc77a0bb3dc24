"""Parses a table file into chunks of 1,000 rows; each becomes one delivery."""

import fnmatch
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from werknetz.connector.contract import Connector, Reading, ReadingBlock, SourceRecord
from werknetz.connector.values import UnreadableValue
from werknetz.events.batch import Unmapped
from werknetz_edge.files.build import create_file_connector
from werknetz_edge.files.connector import Chunk
from werknetz_edge.files.inbox import FileRefused, LocalFile, to_printable
from werknetz_edge.tables.config import TablesConfig, TableSource
from werknetz_edge.tables.csv_file import open_csv
from werknetz_edge.tables.readings import Addresses, ReadingBuilder, TimedRow
from werknetz_edge.tables.row_records import RecordBuilder, RowCounts
from werknetz_edge.tables.sheet import Sheet, SheetRow, UnreadableRow

# The checkpoints in a spool depend on where a chunk ends: see `Chunk`.
ROWS: Final = 1_000
SIZE: Final = 2_000_000
_XLSX: Final = (".xlsx", ".xlsm")


@dataclass(slots=True)
class TableParser:
    config: TablesConfig
    work: Path
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

    def _chunks(self, file: LocalFile, source: TableSource, sheet: Sheet) -> Iterator[Chunk]:
        if not sheet.header:
            return
        with closing(RowCounts(self.work)) as row_counts:
            table = _Table(self._addresses, file, source, sheet.header, row_counts)
            for row in sheet.rows:
                table.add(row)
                if table.count >= ROWS or table.size >= SIZE:
                    yield table.take_chunk()
            if table.count:
                yield table.take_chunk()


def open_xlsx(path: Path, source: TableSource) -> Iterator[Sheet]:
    from werknetz_edge.tables import xlsx_file

    return xlsx_file.open_xlsx(path, source)


class _Table:
    """Collects the rows of one file into chunks."""

    def __init__(
        self, addresses: Addresses, file: LocalFile, source: TableSource, header: list[str],
        row_counts: RowCounts,
    ) -> None:  # fmt: skip
        self._source, self._file = source, to_printable(file.name)
        self._readings: ReadingBuilder | None = None
        self._records: RecordBuilder | None = None
        if source.kind == "readings":
            self._readings = ReadingBuilder(source, header, addresses)
        else:
            self._records = RecordBuilder(source, header, file.name, row_counts)
        self._clock = None if source.time is None else source.time.new_clock()
        self._arrival_us = time.time_ns() // 1000
        self._time = [header.index(name) for name in source.time.column] if source.time else []
        self._reset()

    def _reset(self) -> None:
        self.count, self.size = 0, 0
        self._rows: list[TimedRow] = []
        self._source_records: list[SourceRecord] = []
        self._rejects: list[Unmapped] = []

    def add(self, row: SheetRow | UnreadableRow) -> None:
        self.count += 1
        self.size += row.size
        if isinstance(row, UnreadableRow):
            self._reject(row.position, row.reason, row.raw)
            return
        address = self._readings.address_of_row(row.cells) if self._readings else ""
        try:
            at_us, is_sure = self._time_of(row, address)
        except UnreadableValue as error:
            self._reject(f"line {row.line}", f"time: {error}", row.raw or repr(list(row.cells)))
            return
        if self._records is not None:
            self._source_records.append(self._records.build(row, at_us))
        else:
            self._rows.append(TimedRow(row, at_us, is_sure, address))

    def take_chunk(self) -> Chunk:
        readings: list[Reading] = []
        blocks: list[ReadingBlock] = []
        if self._readings is not None:
            readings, blocks = self._readings.build(self._rows)
        chunk = Chunk(
            readings=readings, blocks=blocks, records=self._source_records, rejects=self._rejects,
            lane=self._source.lane,
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
        self._rejects.append(
            Unmapped(
                source=self._source.name, reason=reason, raw=raw.encode(errors="replace")[:65_536],
                at_us=time.time_ns() // 1000, item=f"{position} of {self._file}",
            )
        )  # fmt: skip


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Validate the options; raises pydantic's ValidationError."""
    config = TablesConfig.model_validate(options)
    parser = TableParser(config, folder)
    return create_file_connector(connector_id, config.inbox, folder, parser, scope=parser.scope_of)
