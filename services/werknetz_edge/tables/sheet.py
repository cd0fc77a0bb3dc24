"""What CSV and XLSX have in common: a header, then rows, each with its place in the file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from werknetz_edge.files.inbox import FileRefused

COLUMNS_MAX: Final = 2_000


@dataclass(slots=True)
class Row:
    line: int  # where it starts
    cells: Sequence[Any]
    raw: str  # as it was written; empty where only the cells tell
    size: int  # about how much it takes


@dataclass(slots=True)
class BadRow:
    place: str
    reason: str
    raw: str
    size: int = 0


@dataclass(slots=True)
class Sheet:
    header: list[str]
    rows: Iterator[Row | BadRow]


def header_of(cells: Sequence[Any]) -> list[str]:
    """Names of columns: none is empty, no two are equal. Raises FileRefused."""
    if len(cells) > COLUMNS_MAX:
        raise FileRefused(f"it has {len(cells)} columns, more than {COLUMNS_MAX}")
    names: list[str] = []
    known: set[str] = set()
    for number, cell in enumerate(cells, start=1):
        name = base = ("" if cell is None else str(cell)).strip() or f"column_{number}"
        again = 2
        while name in known:
            name, again = f"{base}_{again}", again + 1
        known.add(name)
        names.append(name)
    return names


def check_columns(header: Sequence[str], needed: Sequence[str]) -> None:
    """Raise FileRefused where a column that the configuration names is not there."""
    missing = [name for name in needed if name not in header]
    if missing:
        there = ", ".join(header[:50])
        raise FileRefused(f"it has no column {missing[0]!r}; it has: {there}")
