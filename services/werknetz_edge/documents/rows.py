"""Reads a document into rows, part by part: each part is stored in one transaction.

So memory stays bounded. A row that cannot be read is a row with a reason; only a document that
has no rows at all is rejected as a whole.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

import msgspec

from werknetz.connector.content.numbers import parse_clear_number
from werknetz.connector.content.paths import value_at_path
from werknetz_edge.documents.config import DocumentConfig

PART_ROWS: Final = 1_000
PART_BYTES: Final = 500_000
ROWS_MAX: Final = 10_000  # of a JSON document, which is read at once
LINE_MAX: Final = 1_000_000
DEPTH_MAX: Final = 32
_DELIMITERS: Final = ",;\t|"


class UnreadableDocument(ValueError):
    """The document as a whole does not have the configured format."""


@dataclass(frozen=True, slots=True)
class DocumentRow:
    index: int  # from 0, over the whole document
    position: str  # "[3]", "line 12"
    raw: bytes
    fields: dict[str, Any] | None  # None: see `reason`
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DocumentPart:
    number: int
    content: bytes  # the bytes of these rows, with the header: a valid document by itself
    rows: list[DocumentRow]


def read_parts(content: IO[bytes], config: DocumentConfig) -> Iterator[DocumentPart]:
    """Read a document from its beginning; raise UnreadableDocument."""
    match config.payload:
        case "json":
            whole = content.read()
            yield DocumentPart(0, whole, _rows_of_json(whole, config.records))
        case "text":
            whole = content.read()
            yield DocumentPart(
                0, whole, [DocumentRow(0, "", whole, *_text_of(whole, config.encoding))]
            )
        case "ndjson":
            yield from _parts(_rows_of_ndjson(content), b"")
        case "csv":
            header = _Header.read(content, config)
            yield from _parts(_rows_of_csv(content, header), header.raw)


def _parts(rows: Iterator[tuple[DocumentRow, bytes]], header: bytes) -> Iterator[DocumentPart]:
    number, size = 0, 0
    part: list[DocumentRow] = []
    content = [header]
    for row, raw in rows:
        part.append(row)
        content.append(raw)
        size += len(raw)
        if len(part) >= PART_ROWS or size >= PART_BYTES:
            yield DocumentPart(number, b"".join(content), part)
            number, size, part, content = number + 1, 0, [], [header]
    if part:
        yield DocumentPart(number, b"".join(content), part)


def _rows_of_json(content: bytes, path: str) -> list[DocumentRow]:
    try:
        document = parse_json(content)
    except ValueError as error:
        raise UnreadableDocument(str(error)) from error
    if path and not isinstance(document, list):
        if not isinstance(document, dict):
            raise UnreadableDocument(f"the document is not an object: it has no {path!r}")
        document = value_at_path(document, path)
        if document is None:
            raise UnreadableDocument(f"the document has nothing at {path!r}")
    rows = document if isinstance(document, list) else [document]
    if len(rows) > ROWS_MAX:
        raise UnreadableDocument(
            f"the document has {len(rows)} rows, more than {ROWS_MAX}: send NDJSON, or fewer rows"
        )
    return [_row_of(index, f"[{index}]", _json(row), row) for index, row in enumerate(rows)]


def _rows_of_ndjson(content: IO[bytes]) -> Iterator[tuple[DocumentRow, bytes]]:
    index = 0
    for number, line in _lines(content):
        stripped = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if not stripped:
            continue
        position = f"line {number}"
        if len(line) >= LINE_MAX:
            row = DocumentRow(
                index, position, stripped, None, f"the line is longer than {LINE_MAX} bytes"
            )
        else:
            try:
                row = _row_of(index, position, stripped, parse_json(stripped))
            except ValueError as error:
                row = DocumentRow(index, position, stripped, None, str(error))
        yield row, line if line.endswith(b"\n") else line + b"\n"
        index += 1


@dataclass(frozen=True, slots=True)
class _Header:
    names: list[str]
    delimiter: str
    encoding: str
    raw: bytes

    @classmethod
    def read(cls, content: IO[bytes], config: DocumentConfig) -> "_Header":
        raw = content.readline(LINE_MAX)
        try:
            text = raw.decode(config.encoding).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            raise UnreadableDocument(f"the header is not {config.encoding}: {error}") from error
        delimiter = config.delimiter or max(_DELIMITERS, key=text.count)
        try:
            names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter), [])]
        except csv.Error as error:
            raise UnreadableDocument(f"the header is not CSV: {error}") from error
        if not any(names):
            raise UnreadableDocument("the first line must name the columns; it is empty")
        duplicate = next((name for name in names if names.count(name) > 1), None)
        if duplicate is not None:
            raise UnreadableDocument(f"the header has the column {duplicate[:80]!r} twice")
        number = next((name for name in names if parse_clear_number(name) is not None), None)
        if number is not None and config.paths.isdisjoint(names):
            raise UnreadableDocument(
                f"the first line has {number[:80]!r} and looks like data: it must name the columns"
            )
        return cls(names, delimiter, config.encoding, raw if raw.endswith(b"\n") else raw + b"\n")


def _rows_of_csv(content: IO[bytes], header: _Header) -> Iterator[tuple[DocumentRow, bytes]]:
    consumed: list[bytes] = []
    line_number = 1
    reason = ""

    def decode_lines() -> Iterator[str]:
        nonlocal line_number, reason
        for _, line in _lines(content):
            line_number += 1
            consumed.append(line)
            try:
                yield line.decode(header.encoding)
            except UnicodeDecodeError:
                reason = f"the row is not {header.encoding}"
                yield line.decode(header.encoding, errors="replace")

    reader = csv.reader(decode_lines(), delimiter=header.delimiter)
    index = 0
    while True:
        first_line, reason = line_number + 1, ""
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            values, reason = [], f"not CSV: {error}"
        raw = b"".join(consumed)
        consumed.clear()
        if not values and not reason:
            continue
        position = f"line {first_line}"
        if not reason and len(values) != len(header.names):
            reason = f"has {len(values)} fields where the header has {len(header.names)}"
        fields = dict(zip(header.names, values, strict=False)) if not reason else None
        yield DocumentRow(index, position, raw.strip(), fields, reason), raw
        index += 1


def _lines(content: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := content.readline(LINE_MAX):
        number += 1
        yield number, line


def _row_of(index: int, position: str, raw: bytes, value: Any) -> DocumentRow:
    """A bare number or word is a row with one field: `value`."""
    fields = value if isinstance(value, dict) else {"value": value}
    if _is_deeper(fields, DEPTH_MAX):
        return DocumentRow(index, position, raw, None, f"is nested deeper than {DEPTH_MAX} levels")
    return DocumentRow(index, position, raw, fields)


def _text_of(content: bytes, encoding: str) -> tuple[dict[str, Any] | None, str]:
    try:
        return {"text": content.decode(encoding)}, ""
    except UnicodeDecodeError as error:
        return None, f"the text is not {encoding}: {error}"


def parse_json(content: bytes) -> Any:
    """Read JSON, also with NaN and Infinity; raise ValueError with what is wrong."""
    try:
        return msgspec.json.decode(content)
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as strict:
        try:
            document = json.loads(content)
            msgspec.json.encode(document)  # half a surrogate pair cannot be stored
        except RecursionError:
            raise ValueError("the JSON is nested too deep") from None
        except UnicodeError:
            raise ValueError("the JSON contains text that is not Unicode") from None
        except ValueError:
            raise ValueError(f"not JSON: {strict}") from strict
        return document


def _json(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value, order="sorted")  # the same row, however it is written
    except (ValueError, RecursionError):
        return repr(value)[:4096].encode(errors="replace")


def _is_deeper(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        return levels == 0 or any(_is_deeper(item, levels - 1) for item in value.values())
    if isinstance(value, list):
        return levels == 0 or any(_is_deeper(item, levels - 1) for item in value)
    return False
