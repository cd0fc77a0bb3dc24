"""Layouts of fixed-width records as tables of columns, to read and write them. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from werknetz_edge.edi.values import InvalidEdi, quote

WIDTH: Final = 128
ColumnKind = Literal["text", "digits", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    start: int
    length: int
    kind: ColumnKind = "text"
    decimals: int = 0  # implied: number of last digits after the decimal mark

    def read(self, line: str) -> str:
        return line[self.start : self.start + self.length].strip()

    def number(self, line: str) -> float | None:
        """Return the number; None where the column is empty. Raises InvalidEdi."""
        text = self.read(line)
        if not text:
            return None
        if not (text.isascii() and text.isdigit()):
            raise InvalidEdi(
                f"{self.name}: {quote(text)} is not a number (columns {self.position})"
            )
        return float(int(text) / 10**self.decimals)

    @property
    def position(self) -> str:
        """The range of columns, counted from 1 as in the recommendation."""
        return f"{self.start + 1}-{self.start + self.length}"


@dataclass(frozen=True)
class Layout:
    """The layout of a record type in its `versions`."""

    type: str
    columns: Mapping[str, Column]
    versions: frozenset[str]

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def write(self, values: Mapping[str, str | float], version: str = "") -> str:
        """Write a record that `read` reads back. Raises InvalidEdi where a value does not fit."""
        line = [*f"{self.type}{version or max(self.versions)}".ljust(WIDTH)]
        for name, value in values.items():
            column = self.columns[name]
            if isinstance(value, str):
                text = value.ljust(column.length)
            else:
                text = str(round(value * 10**column.decimals)).rjust(column.length, "0")
            if len(text) > column.length:
                raise InvalidEdi(f"{name}: {quote(text.strip())} is longer than {column.length}")
            line[column.start : column.start + column.length] = text
        return "".join(line)


def create_layout(
    record: str, versions: str, *columns: tuple[str, int] | tuple[str, int, ColumnKind, int]
) -> Layout:
    """Create a layout of columns in order, after type and version; `-` is a column not read."""
    at = 5
    table: dict[str, Column] = {}
    for name, length, *rest in columns:
        kind: ColumnKind = rest[0] if rest else "text"  # type: ignore[assignment]  # a union of tuples
        decimals: int = rest[1] if rest else 0  # type: ignore[assignment]
        if name != "-":
            table[name] = Column(name, at, length, kind, decimals)
        at += length
    return Layout(record, table, frozenset(versions.split()))


def trailer_layout(record: str, *types: str) -> Layout:
    """Create the layout of a trailer: the number of records of each type."""
    return create_layout(record, "01 02 03 04", *((type_, 7, "number", 0) for type_ in types))
