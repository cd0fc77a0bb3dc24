"""A file with a table → pieces of 1,000 rows; each is one delivery with one mark."""

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
from werknetz_edge.tables.clock import WallClock
from werknetz_edge.tables.config import SourceConfig, TablesConfig
from werknetz_edge.tables.csv_file import open_csv
from werknetz_edge.tables.readings import Addresses, ReadingMaker, Timed
from werknetz_edge.tables.row_records import Ordinals, RecordMaker
from werknetz_edge.tables.sheet import BadRow, Row, Sheet

# Where a piece ends is part of what the marks in a spool mean: see `Chunk`.
ROWS: Final = 1_000
SIZE: Final = 2_000_000
_XLSX: Final = (".xlsx", ".xlsm")


@dataclass(slots=True)
class TableParser:
    config: TablesConfig
    work: Path
    _addresses: Addresses = field(default_factory=Addresses)

    def source_of(self, name: str) -> SourceConfig | None:
        """The first source whose pattern fits the file's name."""
        low = name.lower()
        for source in self.config.sources:
            if any(fnmatch.fnmatchcase(low, pattern.lower()) for pattern in source.pattern):
                return source
        return None

    def scope(self, name: str) -> str:
        """Equal files of two sources are two files: two warehouses may count the same."""
        source = self.source_of(name)
        return "" if source is None else source.name

    def parse(self, file: LocalFile) -> Iterator[Chunk]:
        source = self.source_of(file.name)
        if source is None:
            raise FileRefused("no source has a pattern for its name: add one under `sources`")
        is_xlsx = source.format == "xlsx" or (
            source.format == "auto" and file.name.lower().endswith(_XLSX)
        )
        opened = open_xlsx(file.path, source) if is_xlsx else open_csv(file.path, source)
        with closing(opened):  # type: ignore[type-var]  # both are generators
            for sheet in opened:
                yield from self._pieces(file, source, sheet)

    def _pieces(self, file: LocalFile, source: SourceConfig, sheet: Sheet) -> Iterator[Chunk]:
        if not sheet.header:
            return
        with closing(Ordinals(self.work)) as ordinals:
            table = _Table(self._addresses, file, source, sheet.header, ordinals)
            for row in sheet.rows:
                table.take(row)
                if table.count >= ROWS or table.size >= SIZE:
                    yield table.piece()
            if table.count:
                yield table.piece()


def open_xlsx(path: Path, source: SourceConfig) -> Iterator[Sheet]:
    from werknetz_edge.tables import xlsx_file

    return xlsx_file.open_xlsx(path, source)


class _Table:
    """The rows of one file on their way into pieces."""

    def __init__(
        self, addresses: Addresses, file: LocalFile, source: SourceConfig, header: list[str],
        ordinals: Ordinals,
    ) -> None:  # fmt: skip
        self._source, self._file = source, to_printable(file.name)
        self._readings: ReadingMaker | None = None
        self._records: RecordMaker | None = None
        if source.kind == "readings":
            self._readings = ReadingMaker(source, header, addresses)
        else:
            self._records = RecordMaker(source, header, file.name, ordinals)
        self._clock = WallClock(source.time) if source.time is not None else None
        self._time = [header.index(name) for name in source.time.column] if source.time else []
        self._start()

    def _start(self) -> None:
        self.count, self.size = 0, 0
        self._rows: list[Timed] = []
        self._made: list[SourceRecord] = []
        self._bad: list[Unmapped] = []

    def take(self, row: Row | BadRow) -> None:
        self.count += 1
        self.size += row.size
        if isinstance(row, BadRow):
            self._refuse(row.place, row.reason, row.raw)
            return
        machine = self._readings.machine_of(row.cells) if self._readings else ""
        try:
            at_us, is_sure = self._when(row, machine)
        except UnreadableValue as error:
            self._refuse(f"line {row.line}", f"time: {error}", row.raw or repr(list(row.cells)))
            return
        if self._records is not None:
            self._made.append(self._records.make(row, at_us))
        else:
            self._rows.append(Timed(row, at_us, is_sure, machine))

    def piece(self) -> Chunk:
        readings: list[Reading] = []
        blocks: list[ReadingBlock] = []
        if self._readings is not None:
            readings, blocks = self._readings.make(self._rows)
        piece = Chunk(
            readings=readings, blocks=blocks, records=self._made, rejects=self._bad,
            lane=self._source.lane,
        )  # fmt: skip
        self._start()
        return piece

    def _when(self, row: Row, machine: str) -> tuple[int | None, bool]:
        if self._clock is None:
            return None, True
        written: Any = row.cells[self._time[0]]
        if len(self._time) > 1:
            written = " ".join(str(row.cells[index]).strip() for index in self._time)
        return self._clock.instant(written, machine)

    def _refuse(self, place: str, reason: str, raw: str) -> None:
        self._bad.append(
            Unmapped(
                source=self._source.name, reason=reason, raw=raw.encode(errors="replace")[:65_536],
                at_us=time.time_ns() // 1000, item=f"{place} of {self._file}",
            )
        )  # fmt: skip


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Check the options; raises pydantic's ValidationError."""
    config = TablesConfig.model_validate(options)
    parser = TableParser(config, folder)
    return create_file_connector(connector_id, config.inbox, folder, parser, scope=parser.scope)
