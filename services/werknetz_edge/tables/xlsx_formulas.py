"""Finds formulas without a stored value: programs that do not calculate write them.

openpyxl reads such a cell as empty, like a formula with an empty text as its value.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from defusedxml.ElementTree import ParseError, iterparse
from openpyxl.utils.cell import coordinate_to_tuple, get_column_letter

from werknetz_edge.files.inbox import FileRefused

_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s/>]")
_DAMAGES: Final = (ParseError, zipfile.BadZipFile, zlib.error, EOFError, KeyError)
_BLOCK: Final = 1 << 20
_OVERLAP: Final = 64


@dataclass(frozen=True, slots=True)
class FormulaWithoutValue:
    """Takes the place of the cell in its row."""

    cell: str  # "C5"

    @property
    def reason(self) -> str:
        return (
            f"cell {self.cell} has a formula without a stored value: open the file in a"
            " spreadsheet program and save it, or export it as CSV"
        )

    def __str__(self) -> str:
        return f"(formula in {self.cell})"


@dataclass(frozen=True, slots=True)
class FormulaCells:
    """The formulas without a value in one row, by column from 0."""

    row: int
    columns: list[int]

    def mark(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the row with these cells replaced."""
        cells = list(row)
        for column in self.columns:
            cells += [None] * (column + 1 - len(cells))
            cells[column] = FormulaWithoutValue(f"{get_column_letter(column + 1)}{self.row}")
        return tuple(cells)


def list_formulas_without_value(sheet: Any) -> Iterator[FormulaCells]:
    """Yield the rows of a read-only worksheet that have such formulas, in their order."""
    archive, part = sheet.parent._archive, sheet._worksheet_path  # noqa: SLF001  no public access
    try:
        with archive.open(part) as content:
            has_formulas = _has_formulas(content)
        if has_formulas:
            with archive.open(part) as content:
                yield from _rows_with_formulas(content)
    except (*_DAMAGES, ValueError, OSError) as error:
        raise FileRefused(f"its formulas cannot be read: {error}") from error


def _has_formulas(content: Any) -> bool:
    tail = b""
    while block := content.read(_BLOCK):
        if _FORMULA.search(tail + block):
            return True
        tail = block[-_OVERLAP:]
    return False


def _rows_with_formulas(content: Any) -> Iterator[FormulaCells]:
    number = 0
    table: Any = None
    for event, element in iterparse(content, events=("start", "end")):
        name = _local_name(element)
        if event == "start" and name == "sheetData":
            table = element
        if event == "start" or name != "row":
            continue
        number = int(element.get("r", number + 1))
        columns: list[int] = []
        column = -1
        for cell in element:
            reference = cell.get("r")
            column = column + 1 if reference is None else coordinate_to_tuple(reference)[1] - 1
            names = {_local_name(part) for part in cell}
            if "f" in names and "v" not in names:
                columns.append(column)
        if table is not None:
            table.clear()  # rows that were read take no memory
        if columns:
            yield FormulaCells(number, columns)


def _local_name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
