"""Reads XLSX as a stream: values of formulas, dates as dates. Zip bombs are refused unopened."""

import datetime as dt
import stat
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from werknetz.connector.time_format import EXCEL_EPOCHS, excel_time
from werknetz_edge.files.inbox import FileRefused
from werknetz_edge.tables.config import TableSource
from werknetz_edge.tables.sheet import (
    COLUMNS_MAX,
    Sheet,
    SheetRow,
    UnreadableRow,
    check_header,
    header_of,
)
from werknetz_edge.tables.xlsx_formulas import (
    FormulaCells,
    FormulaWithoutValue,
    list_formulas_without_value,
)

RATIO_MAX: Final = 100
TOTAL_MAX: Final = 500_000_000
PARTS_MAX: Final = 5_000
TREE_MAX: Final = 4_000_000  # parts that are read into memory as a tree: styles, the workbook
STRINGS_RATIO_MAX: Final = 40  # shared strings are held in memory, each with 50 bytes of overhead
CELLS_MAX: Final = 50_000_000
_SMALL: Final = 100_000  # a part of this size is harmless at any compression


def open_xlsx(path: Path, source: TableSource) -> Iterator[Sheet]:
    """Yield the selected sheet; the file stays open until then. Raises FileRefused."""
    if not openpyxl.DEFUSEDXML:
        raise FileRefused("XLSX is read with defusedxml only: install it")
    check_zip(path)
    with path.open("rb") as file:  # closed here, also where openpyxl fails
        book = _open(file)
        try:
            sheet = _sheet(book, source.sheet)
            sheet.reset_dimensions()  # the dimensions in the file may be wrong
            rows = _rows(sheet, source.skip_rows, list_formulas_without_value(sheet))
            header = list(source.columns)
            if not header:
                first = _first_row(rows)
                if first is not None and source.header is False:
                    header = header_of([""] * len(first[1]))
                    rows = chain([first], rows)
                else:
                    header = header_of(first[1] if first is not None else [])
                    if len(header) > 1:  # the title of a single column may be a number
                        check_header(header, source)
            to_cell = _cell_reader(source, header, book.epoch)
            yield Sheet(header, _rows_of_width(rows, len(header), to_cell), is_typed=True)
        finally:
            book.close()


def _open(file: BinaryIO) -> openpyxl.Workbook:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions that are not used
            return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # openpyxl raises any exception for a broken file
        raise FileRefused(f"it is not a readable XLSX: {_root_cause_of(error)}") from error


def check_zip(path: Path) -> None:
    """Refuse zip bombs and paths outside the archive, before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileRefused(f"it is not an XLSX: {_root_cause_of(error)}") from error
    if len(parts) > PARTS_MAX:
        raise FileRefused(f"it has {len(parts)} parts, more than {PARTS_MAX}")
    total = sum(part.file_size for part in parts)
    if total > TOTAL_MAX:
        raise FileRefused(f"unpacked it has {total} bytes, more than {TOTAL_MAX}: send it as CSV")
    compressed_size = path.stat().st_size
    if total > max(RATIO_MAX * compressed_size, _SMALL):
        raise FileRefused(
            f"unpacked it is {total // max(compressed_size, 1)} times as large: a bomb?"
        )
    for part in parts:
        _check_path(part)
        _check_size(part, compressed_size)


def _check_path(part: zipfile.ZipInfo) -> None:
    name = part.filename
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
        raise FileRefused(f"its part {name[:80]!r} is outside the archive")
    if stat.S_ISLNK(part.external_attr >> 16) or part.flag_bits & 0x1:
        raise FileRefused(f"its part {name[:80]!r} is a link or encrypted")


def _check_size(part: zipfile.ZipInfo, compressed_size: int) -> None:
    name, size = part.filename.lower(), part.file_size
    if size > max(RATIO_MAX * part.compress_size, _SMALL):
        raise FileRefused(f"its part {name[:80]!r} is compressed too much: a bomb?")
    if name.endswith("sharedstrings.xml"):
        if size > max(STRINGS_RATIO_MAX * compressed_size, _SMALL):
            raise FileRefused("its texts are compressed too much: a bomb? Send it as CSV")
    elif "worksheets/" not in name and size > TREE_MAX and name.endswith((".xml", ".rels")):
        raise FileRefused(f"its part {name[:80]!r} has more than {TREE_MAX} bytes")


def _sheet(book: openpyxl.Workbook, name: str | None) -> Any:
    sheets = [s for s in book.worksheets if name is None or s.title == name]
    if not sheets:
        existing = ", ".join(book.sheetnames[:20])
        raise FileRefused(f"it has no sheet {name!r}; it has: {existing}")
    return sheets[0]  # a ReadOnlyWorksheet, which is missing in the stubs


def _rows(
    sheet: Any, skip: int, without_value: Iterator[FormulaCells]
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    cells = 0
    rows = sheet.iter_rows(max_col=COLUMNS_MAX + 1, values_only=True)
    number = 0
    formulas = next(without_value, None)
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                row = next(rows, None)
        except Exception as error:  # as above
            raise FileRefused(
                f"row {number + 1} cannot be read: {_root_cause_of(error)}"
            ) from error
        if row is None:
            return
        number += 1
        cells += len(row)
        if cells > CELLS_MAX:
            raise FileRefused(f"it has more than {CELLS_MAX} cells: send it as CSV")
        while formulas is not None and formulas.row < number:
            formulas = next(without_value, None)
        if formulas is not None and formulas.row == number:
            row = formulas.mark(row)
        if number > skip:
            yield number, row


def _first_row(rows: Iterator[tuple[int, tuple[Any, ...]]]) -> tuple[int, tuple[Any, ...]] | None:
    for number, row in rows:
        cells = _strip_empty_end(row)
        if cells:
            return number, tuple(cells)
    return None


def _rows_of_width(
    rows: Iterator[tuple[int, tuple[Any, ...]]], width: int, to_cell: Callable[[int, Any], Any]
) -> Iterator[SheetRow | UnreadableRow]:
    for number, row in rows:
        cells = [to_cell(index, cell) for index, cell in enumerate(_strip_empty_end(row))]
        if not cells:
            continue
        missing = next((cell for cell in cells if isinstance(cell, FormulaWithoutValue)), None)
        if missing is not None:
            raw = repr([str(cell) for cell in cells])[:60_000]
            yield UnreadableRow(f"line {number}", missing.reason, raw, 8 * width)
            continue
        size = 8 * width + sum(len(cell) for cell in cells if isinstance(cell, str))
        if len(cells) > width:
            reason = f"it has {len(cells)} cells, the header has {width}"
            yield UnreadableRow(f"line {number}", reason, repr(cells)[:60_000], size)
            continue
        yield SheetRow(number, cells + [None] * (width - len(cells)), "", size)


def _strip_empty_end(row: tuple[Any, ...]) -> list[Any]:
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    return list(row[:end])


def _cell_reader(
    source: TableSource, header: Sequence[str], epoch: dt.datetime
) -> Callable[[int, Any], Any]:
    """Return a function that reads the cell of a column. `epoch` is that of the workbook."""
    time = source.time
    if time is None or time.format not in EXCEL_EPOCHS:
        return lambda _index, cell: _to_cell(cell)
    columns = {n for n, name in enumerate(header) if name in time.column}

    def read(index: int, cell: Any) -> Any:
        is_serial = isinstance(cell, (int, float)) and not isinstance(cell, bool)
        if index not in columns or not is_serial:
            return _to_cell(cell)
        form = "excel_1904" if epoch == CALENDAR_MAC_1904 else "excel"
        try:
            return excel_time(cell, form)
        except ValueError:
            return cell  # the clock refuses it, with its line

    return read


def _to_cell(cell: Any) -> Any:
    """Times of day and time spans have no date: they are read as text."""
    if isinstance(cell, (dt.time, dt.timedelta)):
        return str(cell)
    return cell


def _root_cause_of(error: BaseException) -> str:
    """Describe the first error: openpyxl wraps it in advice about other programs."""
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {str(error)[:200]}"
