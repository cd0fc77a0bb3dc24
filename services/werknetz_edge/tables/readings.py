"""Builds readings of signals from rows: a row is one moment of a machine, a column one signal.

Numbers of rows with a time become column blocks without an object per value; others single
readings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from werknetz.connector.content.numbers import (
    OtherForm,
    is_name_with_exponent,
    is_other_form,
    odd_texts,
    refusal_of,
)
from werknetz.connector.contract import NumberTexts, Reading, ReadingBlock
from werknetz.domain.status import GOOD, UNCERTAIN_TIME
from werknetz_edge.tables.config import COLUMN, TableSource
from werknetz_edge.tables.numbers import NumberFormat
from werknetz_edge.tables.sheet import SheetRow, check_columns

ADDRESSES_MAX: Final = 100_000  # then a new list starts: files may contain any names


@dataclass(slots=True)
class Addresses:
    """The address list of a connector: addresses are resolved once for all files."""

    names: list[str] = field(default_factory=list)
    _first: dict[tuple[str, tuple[str, ...]], int] = field(default_factory=dict)

    def reserve(self, row_addresses: set[str], columns: tuple[str, ...]) -> bool:
        """Return whether the addresses fit; a full list is not changed, a new one is started."""
        new_count = sum((address, columns) not in self._first for address in row_addresses)
        if len(self.names) + new_count * len(columns) > ADDRESSES_MAX:
            self.names, self._first = [], {}
        return len(row_addresses) * len(columns) <= ADDRESSES_MAX

    def first_index(self, address: str, columns: tuple[str, ...]) -> int:
        """Return the index of an address's first column; the others follow."""
        number = self._first.get((address, columns))
        if number is None:
            number = self._first[address, columns] = len(self.names)
            self.names.extend(f"{address}#{column}" for column in columns)
        return number


@dataclass(frozen=True, slots=True)
class TimedRow:
    row: SheetRow
    at_us: int | None
    is_sure: bool
    address: str


@dataclass(slots=True)
class ReadingBuilder:
    """Builds the readings of one file."""

    source: TableSource
    header: Sequence[str]
    addresses: Addresses
    is_typed: bool = False  # the cells have types: a text is not a number
    file: str = ""  # its name, for quarantine
    _values: list[int] = field(init=False)
    _columns: tuple[str, ...] = field(init=False)
    _texts: set[str] = field(init=False)
    _number_format: NumberFormat = field(init=False)
    address_of_row: Callable[[Sequence[Any]], str] = field(init=False)

    def __post_init__(self) -> None:
        source, header = self.source, list(self.header)
        time = source.time.column if source.time else ()
        check_columns(header, [*time, *source.address_columns, *source.texts])
        used = {*time, *source.address_columns}
        self._values = [n for n, name in enumerate(header) if name not in used]
        self._columns = tuple(header[n] for n in self._values)
        self._texts = set(source.texts)
        self._number_format = NumberFormat(source.decimal, source.thousands)
        self.address_of_row = address_of(source.address or source.name, header)

    def build(self, rows: Sequence[TimedRow]) -> tuple[list[Reading], list[ReadingBlock]]:
        """Return single readings and blocks, each in the order of the file."""
        if not rows or not self._columns:
            return [], []
        row_addresses = {timed.address for timed in rows}
        if self.source.time is None or not self.addresses.reserve(row_addresses, self._columns):
            return [r for timed in rows for r in self._single_readings(timed)], []
        readings: list[Reading] = []
        values = np.full((len(rows), len(self._values)), np.nan)
        odd: dict[int, str] = {}
        for column, (index, name) in enumerate(zip(self._values, self._columns, strict=True)):
            cells = [timed.row.cells[index] for timed in rows]
            if name in self._texts:
                numbers: list[float | None] = [None] * len(rows)
            else:
                numbers = self._numbers_of(cells)
                width = len(self._values)
                texts = odd_texts(cells, self.source.decimal)
                odd |= {row * width + column: text for row, text in texts}
            values[:, column] = numbers
            if None in numbers:
                readings += self._non_numeric(rows, name, cells, numbers)
        return readings, self._block(rows, values, odd)

    def _numbers_of(self, cells: Sequence[Any]) -> list[float | None]:
        """Return the number of every cell; None where it is text: names stay names."""
        if self.is_typed and (self.source.decimal, self.source.thousands) == ("point", ""):
            return [None if isinstance(c, str) else self._number_format.parse(c) for c in cells]
        numbers = self._number_format.parse_column(cells)
        for index, cell in enumerate(cells):
            if isinstance(cell, str) and is_name_with_exponent(cell):
                numbers[index] = None
        return numbers

    def _block(
        self, rows: Sequence[TimedRow], values: "np.ndarray[Any, Any]", odd: dict[int, str]
    ) -> list[ReadingBlock]:
        """`odd`: texts of cells that are not the plain form of a number, by their position."""
        first = [self.addresses.first_index(timed.address, self._columns) for timed in rows]
        address = np.array(first, np.int32)[:, None] + np.arange(values.shape[1], dtype=np.int32)
        at_us = np.array([timed.at_us for timed in rows], np.int64)
        status = np.array([GOOD if t.is_sure else UNCERTAIN_TIME for t in rows], np.uint32)
        is_number = ~np.isnan(values)
        if not is_number.any():
            return []
        width = values.shape[1]
        return [
            ReadingBlock(
                addresses=self.addresses.names,
                address=address[is_number],
                value=values[is_number],
                status=np.repeat(status, width).reshape(values.shape)[is_number],
                source_time_us=np.repeat(at_us, width).reshape(values.shape)[is_number],
                texts=self._texts_of(is_number.ravel(), odd),
            )
        ]

    def _texts_of(self, is_number: "np.ndarray[Any, Any]", odd: dict[int, str]) -> NumberTexts:
        positions = np.array(sorted(odd), np.int32)
        texts = [odd[position] for position in positions.tolist()]
        of_cells = NumberTexts(positions, texts, self.source.decimal == "comma")
        return of_cells.where(is_number)

    def _non_numeric(
        self, rows: Sequence[TimedRow], name: str, cells: Sequence[Any],
        numbers: Sequence[float | None],
    ) -> list[Reading]:  # fmt: skip
        """Return texts and other values for the mapping; empty cells have no reading."""
        readings: list[Reading] = []
        for timed, cell, number in zip(rows, cells, numbers, strict=True):
            if number is not None or _is_empty(cell):
                continue
            readings.append(self._reading(timed, name, self._text_of(name, cell)))
        return readings

    def _text_of(self, name: str, cell: Any) -> Any:
        """Return the cell; one that is a number in another form is text for texts only."""
        form = (self.source.decimal, self.source.thousands)
        if name in self._texts or not isinstance(cell, str) or form == ("point", ""):
            return cell
        if not is_other_form(cell, *form):
            return cell
        return OtherForm(cell, f"{refusal_of(cell, *form)}; texts need a rule of a text")

    def _single_readings(self, timed: TimedRow) -> list[Reading]:
        fields = dict(zip(self.header, timed.row.cells, strict=True))
        readings = []
        for name in self._columns:
            cell = fields[name]
            if _is_empty(cell):
                continue
            number = None if name in self._texts else self._numbers_of([cell])[0]
            if number is None:
                reading = self._reading(timed, name, self._text_of(name, cell), fields)
            else:
                text = cell if isinstance(cell, str) else None
                reading = self._reading(timed, name, number, fields, text)
            readings.append(reading)
        return readings

    def _reading(
        self, timed: TimedRow, name: str, value: Any, fields: dict[str, Any] | None = None,
        text: str | None = None,
    ) -> Reading:  # fmt: skip
        return Reading(
            f"{timed.address}#{name}", value, GOOD if timed.is_sure else UNCERTAIN_TIME,
            timed.at_us, raw=timed.row.raw.encode(errors="replace"), fields=fields, text=text,
            item=f"line {timed.row.line}, column {name} of {self.file}",
        )  # fmt: skip


def address_of(template: str, header: Sequence[str]) -> Callable[[Sequence[Any]], str]:
    """Return a function that fills a row's cells into an address: `mes/{line}/{machine}`."""
    parts = COLUMN.split(template)
    if len(parts) == 1:
        return lambda _cells: template
    indices = [header.index(name) for name in parts[1::2]]
    texts = parts[::2]

    def fill(cells: Sequence[Any]) -> str:
        out = texts[0]
        for index, text in zip(indices, texts[1:], strict=True):
            cell = cells[index]
            out += ("" if cell is None else str(cell).strip()) + text
        return out

    return fill


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
