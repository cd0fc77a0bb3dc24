"""Records of fixed width: which column holds what, as tables; read and written by them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from werknetz_edge.edi.values import Wrong, shown

WIDTH: Final = 128
Kind = Literal["text", "digits", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    start: int
    length: int
    kind: Kind = "text"
    decimals: int = 0  # implied: the last digits are behind the mark that nobody writes

    def read(self, line: str) -> str:
        return line[self.start : self.start + self.length].strip()

    def number(self, line: str) -> float | None:
        """The number; None where the column is empty. Raise Wrong for what is none."""
        text = self.read(line)
        if not text:
            return None
        if not (text.isascii() and text.isdigit()):
            raise Wrong(f"{self.name}: {shown(text)} is no number (columns {self.place})")
        return float(int(text) / 10**self.decimals)

    @property
    def place(self) -> str:
        """As the recommendation counts: from 1."""
        return f"{self.start + 1}-{self.start + self.length}"


@dataclass(frozen=True)
class Layout:
    """One type of record. `versions` are those whose columns these are."""

    type: str
    columns: Mapping[str, Column]
    versions: frozenset[str]

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def write(self, values: Mapping[str, str | float], version: str = "") -> str:
        """A record of these values: what `read` reads back. Raise Wrong where one does not fit."""
        line = [*f"{self.type}{version or max(self.versions)}".ljust(WIDTH)]
        for name, value in values.items():
            column = self.columns[name]
            if isinstance(value, str):
                text = value.ljust(column.length)
            else:
                text = str(round(value * 10**column.decimals)).rjust(column.length, "0")
            if len(text) > column.length:
                raise Wrong(f"{name}: {shown(text.strip())} is longer than {column.length}")
            line[column.start : column.start + column.length] = text
        return "".join(line)


def layout(
    record: str, versions: str, *columns: tuple[str, int] | tuple[str, int, Kind, int]
) -> Layout:
    """Columns in their order behind the record's type and version; `-` is not read here."""
    at = 5
    table: dict[str, Column] = {}
    for name, length, *rest in columns:
        kind: Kind = rest[0] if rest else "text"  # type: ignore[assignment]  # a union of tuples
        decimals: int = rest[1] if rest else 0  # type: ignore[assignment]
        if name != "-":
            table[name] = Column(name, at, length, kind, decimals)
        at += length
    return Layout(record, table, frozenset(versions.split()))


def counters(record: str, *types: str) -> Layout:
    """A trailer: how many records of each type there are."""
    return layout(record, "01 02 03 04", *((each, 7, "number", 0) for each in types))
