"""Detects the encoding and delimiter of a CSV file, and refuses lines without an end."""

import codecs
import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from werknetz_edge.files.inbox import FileRefused

BLOCK: Final = 1 << 20
SAMPLE_LINES: Final = 20
LINE_MAX: Final = 2 * BLOCK
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is a prefix of it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS: Final = ("\t", ";", "|", ",")  # a comma comes last: it may be a decimal comma
_EXCEL: Final = re.compile(r"sep=(.)\s*", re.IGNORECASE)


def detect_encoding(path: Path, declared: str) -> str:
    """Return the encoding; raise FileRefused where the file does not have it, or is not text.

    Reads the whole file, so that it is refused before its first row is delivered.
    """
    with path.open("rb") as file:
        head = file.read(4)
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), None)
    encoding = marked or ("utf-8" if declared == "auto" else declared)
    decoder = codecs.getincrementaldecoder(encoding)()
    bytes_read, line_length = 0, 0
    with path.open("rb") as file:
        while True:
            block = file.read(BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeError as error:
                raise FileRefused(
                    _wrong_encoding_text(encoding, declared, bytes_read, error)
                ) from error
            if not block:
                return encoding
            bytes_read += len(block)
            line_length = 0 if "\n" in text or "\r" in text else line_length + len(text)
            if line_length >= LINE_MAX:
                raise FileRefused(f"a line is longer than {LINE_MAX} characters: is this a CSV?")


def _wrong_encoding_text(encoding: str, declared: str, bytes_read: int, error: UnicodeError) -> str:
    at = f"near byte {bytes_read + getattr(error, 'start', 0)}"
    if declared == "auto" and encoding == "utf-8":
        return f"it is not UTF-8 ({at}): if it comes from Windows, write `encoding: cp1252`"
    return f"it is not {encoding} ({at}): correct `encoding`, or the file"


def detect_delimiter(lines: Sequence[str], quote: str) -> tuple[str, bool]:
    """Return the delimiter, and whether the first line declares it (`sep=;`, as Excel writes).

    Raises FileRefused where it is ambiguous.
    """
    match = _EXCEL.fullmatch(lines[0].rstrip("\r\n")) if lines else None
    if match is not None:
        return match.group(1), True
    sample = [line for line in lines[:SAMPLE_LINES] if line.strip()]
    present = [character for character in _DELIMITERS if any(character in line for line in sample)]
    if len(present) < 2:
        return present[0] if present else ",", False  # without any: one column
    for character in present:
        widths = {len(row) for row in _rows(sample, character, quote) if row}
        if len(widths) == 1 and widths.pop() > 1:
            return character, False
    candidates = " ".join("\\t" if character == "\t" else character for character in present)
    raise FileRefused(f"its delimiter is ambiguous (one of {candidates}): set `delimiter`")


def _rows(lines: Sequence[str], delimiter: str, quote: str) -> list[list[str]]:
    try:
        return list(reader_of(lines, delimiter, quote))
    except csv.Error:
        return []


def reader_of(lines: "Sequence[str] | csv._reader", delimiter: str, quote: str) -> "csv._reader":  # type: ignore[name-defined]  # any iterable of lines
    return csv.reader(
        lines,
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        strict=False,
    )
