"""The common form of CSV and XLSX: a header, then rows with their position in the file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from werknetz_edge.files.inbox import FileRefused
from werknetz_edge.tables.config import TableSource
from werknetz_edge.tables.numbers import NumberFormat

COLUMNS_MAX: Final = 2_000


@dataclass(slots=True)
class SheetRow:
    line: int  # first line of the row
    cells: Sequence[Any]
    raw: str  # as written in the file; empty for XLSX
    size: int  # approximate bytes in memory


@dataclass(slots=True)
class UnreadableRow:
    position: str
    reason: str
    raw: str
    size: int = 0


@dataclass(slots=True)
class Sheet:
    header: list[str]
    rows: Iterator[SheetRow | UnreadableRow]
    is_typed: bool = False  # the cells have types: XLSX


def header_of(cells: Sequence[Any]) -> list[str]:
    """Return the column names, none empty and all different. Raises FileRefused."""
    if len(cells) > COLUMNS_MAX:
        raise FileRefused(f"it has {len(cells)} columns, more than {COLUMNS_MAX}")
    names: list[str] = []
    used: set[str] = set()
    for number, cell in enumerate(cells, start=1):
        name = base = ("" if cell is None else str(cell)).strip() or f"column_{number}"
        suffix = 2
        while name in used:
            name, suffix = f"{base}_{suffix}", suffix + 1
        used.add(name)
        names.append(name)
    return names


def check_header(header: Sequence[str], source: TableSource) -> None:
    """Raise FileRefused where the first row looks like data: it would be lost as a header.

    A row that has a configured column, such as one of the key, is the header.
    """
    if source.header is True or source.columns or not header:
        return
    names = {*source.key, *source.numbers, *source.texts, *source.address_columns}
    names |= set(source.time.column) if source.time is not None else set()
    if names & {*header}:
        return
    form = NumberFormat(source.decimal, source.thousands)
    cell = next((name for name in header if form.parse(name) is not None), None)
    if cell is not None:
        raise FileRefused(
            f"its first row has {cell!r} and looks like data: name its `columns`, or set"
            " `header: false` for column_1, column_2 …, or `header: true` if it is the header"
        )


def check_columns(header: Sequence[str], needed: Sequence[str]) -> None:
    """Raise FileRefused where a configured column is missing."""
    missing = [name for name in needed if name not in header]
    if missing:
        existing = ", ".join(header[:50])
        raise FileRefused(f"it has no column {missing[0]!r}; it has: {existing}")
