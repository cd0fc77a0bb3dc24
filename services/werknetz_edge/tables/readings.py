"""Rows as readings of signals: a row is a moment of a machine, a column a signal.

Numbers of a row with a time go as columns, without an object a value; the rest one by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from werknetz.connector.contract import Reading, ReadingBlock
from werknetz.domain.status import GOOD, UNCERTAIN_TIME
from werknetz_edge.tables.config import COLUMN, SourceConfig
from werknetz_edge.tables.numbers import NumberForm
from werknetz_edge.tables.sheet import Row, check_columns

ADDRESSES_MAX: Final = 100_000  # then a new list begins: files may name anything


@dataclass(slots=True)
class Addresses:
    """Lives as long as the connector: what is resolved once need not be again."""

    names: list[str] = field(default_factory=list)
    _first: dict[tuple[str, tuple[str, ...]], int] = field(default_factory=dict)

    def have_room(self, machines: set[str], columns: tuple[str, ...]) -> bool:
        """Make room where that is possible: a list is never changed, a new one begins."""
        fresh = sum((machine, columns) not in self._first for machine in machines)
        if len(self.names) + fresh * len(columns) > ADDRESSES_MAX:
            self.names, self._first = [], {}
        return len(machines) * len(columns) <= ADDRESSES_MAX

    def first(self, machine: str, columns: tuple[str, ...]) -> int:
        """The number of a machine's first column; the others follow it."""
        number = self._first.get((machine, columns))
        if number is None:
            number = self._first[machine, columns] = len(self.names)
            self.names.extend(f"{machine}#{column}" for column in columns)
        return number


@dataclass(frozen=True, slots=True)
class Timed:
    row: Row
    at_us: int | None
    is_sure: bool
    machine: str


@dataclass(slots=True)
class ReadingMaker:
    """Of one file."""

    source: SourceConfig
    header: Sequence[str]
    addresses: Addresses
    _values: list[int] = field(init=False)
    _columns: tuple[str, ...] = field(init=False)
    _texts: set[str] = field(init=False)
    _form: NumberForm = field(init=False)
    machine_of: Callable[[Sequence[Any]], str] = field(init=False)

    def __post_init__(self) -> None:
        source, header = self.source, list(self.header)
        time = source.time.column if source.time else ()
        check_columns(header, [*time, *source.address_columns, *source.texts])
        used = {*time, *source.address_columns}
        self._values = [n for n, name in enumerate(header) if name not in used]
        self._columns = tuple(header[n] for n in self._values)
        self._texts = set(source.texts)
        self._form = NumberForm(source.decimal, source.thousands)
        self.machine_of = address_of(source.address or source.name, header)

    def make(self, rows: Sequence[Timed]) -> tuple[list[Reading], list[ReadingBlock]]:
        """Return the readings of rows, in the order of the file within each of both."""
        if not rows or not self._columns:
            return [], []
        machines = {timed.machine for timed in rows}
        if self.source.time is None or not self.addresses.have_room(machines, self._columns):
            return [r for timed in rows for r in self._one_by_one(timed)], []
        readings: list[Reading] = []
        values = np.full((len(rows), len(self._values)), np.nan)
        for place, (index, name) in enumerate(zip(self._values, self._columns, strict=True)):
            cells = [timed.row.cells[index] for timed in rows]
            if name in self._texts:
                numbers: list[float | None] = [None] * len(rows)
            else:
                numbers = self._form.column(cells)
            values[:, place] = numbers
            if None in numbers:
                readings += self._odd(rows, name, cells, numbers)
        return readings, self._block(rows, values)

    def _block(self, rows: Sequence[Timed], values: "np.ndarray[Any, Any]") -> list[ReadingBlock]:
        first = [self.addresses.first(timed.machine, self._columns) for timed in rows]
        address = np.array(first, np.int32)[:, None] + np.arange(values.shape[1], dtype=np.int32)
        at_us = np.array([timed.at_us for timed in rows], np.int64)
        status = np.array([GOOD if t.is_sure else UNCERTAIN_TIME for t in rows], np.uint32)
        there = ~np.isnan(values)
        if not there.any():
            return []
        width = values.shape[1]
        return [
            ReadingBlock(
                addresses=self.addresses.names,
                address=address[there],
                value=values[there],
                status=np.repeat(status, width).reshape(values.shape)[there],
                source_time_us=np.repeat(at_us, width).reshape(values.shape)[there],
            )
        ]

    def _odd(
        self, rows: Sequence[Timed], name: str, cells: Sequence[Any],
        numbers: Sequence[float | None],
    ) -> list[Reading]:  # fmt: skip
        """Texts, and what is no number: the mapping says what becomes of it. Nothing is nothing."""
        return [
            self._reading(timed, name, cell)
            for timed, cell, number in zip(rows, cells, numbers, strict=True)
            if number is None and not _is_empty(cell)
        ]

    def _one_by_one(self, timed: Timed) -> list[Reading]:
        fields = dict(zip(self.header, timed.row.cells, strict=True))
        found = []
        for name in self._columns:
            cell = fields[name]
            if not _is_empty(cell):
                number = None if name in self._texts else self._form.of(cell)
                found.append(self._reading(timed, name, cell if number is None else number, fields))
        return found

    @staticmethod
    def _reading(
        timed: Timed, name: str, value: Any, fields: dict[str, Any] | None = None
    ) -> Reading:
        return Reading(
            f"{timed.machine}#{name}", value, GOOD if timed.is_sure else UNCERTAIN_TIME,
            timed.at_us, raw=timed.row.raw.encode(errors="replace"), fields=fields,
        )  # fmt: skip


def address_of(template: str, header: Sequence[str]) -> Callable[[Sequence[Any]], str]:
    """Return what puts a row's cells into an address: `mes/{line}/{machine}`."""
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
