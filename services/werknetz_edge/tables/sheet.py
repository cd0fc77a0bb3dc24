"""The common form of CSV and XLSX: a header, then rows with their position in the file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from werknetz_edge.files.inbox import FileRefused

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


def check_columns(header: Sequence[str], needed: Sequence[str]) -> None:
    """Raise FileRefused where a configured column is missing."""
    missing = [name for name in needed if name not in header]
    if missing:
        existing = ", ".join(header[:50])
        raise FileRefused(f"it has no column {missing[0]!r}; it has: {existing}")
