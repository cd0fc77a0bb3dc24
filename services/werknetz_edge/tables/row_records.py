"""Builds business records from the rows of one file, and the withdrawals of rows it lacks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from werknetz.connector.content.numbers import is_other_form, refusal_of
from werknetz.connector.contract import SourceGroupEnd, SourceRecord
from werknetz.connector.values import UnreadableValue
from werknetz.domain.bucket import instant_of
from werknetz_edge.files.inbox import to_printable
from werknetz_edge.tables.config import TableSource
from werknetz_edge.tables.numbers import NumberFormat
from werknetz_edge.tables.row_keys import SNAPSHOT_ROWS_MAX, RowKeys, row_key_of
from werknetz_edge.tables.sheet import SheetRow, check_columns


@dataclass(slots=True)
class RecordBuilder:
    """Builds the records of one file."""

    source: TableSource
    header: Sequence[str]
    file: str
    keys: RowKeys
    _numbers: list[tuple[str, int]] = field(init=False)
    _number_format: NumberFormat = field(init=False)

    def __post_init__(self) -> None:
        source, header = self.source, list(self.header)
        self._numbers = [(name, header.index(name)) for name in source.numbers]
        self._number_format = NumberFormat(source.decimal, source.thousands)
        self.file = to_printable(self.file)

    def build(self, row: SheetRow, at_us: int | None) -> SourceRecord:
        """Return the record of the next row.

        Raises UnreadableValue where its key is wrong, or a number has another form than declared.
        """
        cells = row.cells
        key, is_new = self.keys.next_key(cells)
        fields: dict[str, Any] = dict(zip(self.header, cells, strict=True))
        form = (self.source.decimal, self.source.thousands)
        for name, index in self._numbers:
            number = self._number_format.parse(cells[index])
            if number is not None:
                fields[name] = number
            elif form != ("point", "") and is_other_form(str(cells[index]), *form):
                raise UnreadableValue(f"{name}: {refusal_of(str(cells[index]), *form)}")
        fields["_file"] = self.file
        if at_us is not None:
            fields["_at"] = instant_of(at_us).isoformat()
        time = self.source.time
        return SourceRecord(
            source=self.source.name, fields=fields, key=key,
            item=f"line {row.line} of {self.file}", source_time_us=at_us,
            raw=row.raw.encode(errors="replace"), group=self._group, is_new=is_new,
            zone=None if time is None else time.zone or time.offset,
            time_field=time.column[0] if time is not None and len(time.column) == 1 else "",
        )  # fmt: skip

    def withdrawal_of_former(self, row: SheetRow) -> SourceRecord | None:
        """Return the withdrawal of the fact that version 0.1 made of a row with this key."""
        if not self.keys.is_keyed:
            return None
        return SourceRecord(
            source=self.source.name, fields={}, key=self.keys.former_identity(row.cells),
            item=f"line {row.line} of {self.file}", deleted=True, has_former_identity=True,
        )  # fmt: skip

    def withdrawals(self) -> Iterator[SourceRecord]:
        """Yield a withdrawal of each row that the file of this name had before, and now lacks."""
        if self.keys.is_keyed:
            return
        for number in range(self.keys.count, self.keys.rows_before):
            yield SourceRecord(
                source=self.source.name, fields={"_file": self.file},
                key=row_key_of(self.keys.document, number), deleted=True, group=self._group,
                item=f"row {number + 1} of {self.file}, which it no longer has",
            )  # fmt: skip

    def end_of_snapshot(self) -> SourceGroupEnd | str | None:
        """Return the end of a snapshot, the reason why nothing is withdrawn, or None."""
        if not self.source.snapshot:
            return None
        if len(self.keys.snapshot_keys) > SNAPSHOT_ROWS_MAX:
            return (
                f"it has more than {SNAPSHOT_ROWS_MAX} rows: rows that it lacks are not withdrawn; "
                "split the source"
            )
        return SourceGroupEnd(
            self.source.name, self._group, self.keys.snapshot_keys, item=self.file, reason="missing"
        )

    @property
    def _group(self) -> bytes:
        if self.source.snapshot:
            return b"snapshot"
        return b"" if self.keys.is_keyed else self.keys.document


def check_record_columns(source: TableSource, header: Sequence[str]) -> None:
    """Raise FileRefused where a configured column is missing."""
    time = source.time.column if source.time else ()
    check_columns(list(header), [*source.key, *source.numbers, *time])
