"""Bytes → rows, part by part: a part is kept in one transaction, and memory stays bounded.

A row that cannot be read is a row with a reason; only a document without rows is refused whole.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

import msgspec

from werknetz.connector.records import value_at_path
from werknetz_edge.documents.config import DocumentConfig

PART_ROWS: Final = 1_000
PART_BYTES: Final = 500_000
ROWS_MAX: Final = 10_000  # of a JSON document, which is read at once
LINE_MAX: Final = 1_000_000
DEPTH_MAX: Final = 32
_DELIMITERS: Final = ",;\t|"


class UnreadableDocument(ValueError):
    """The document as a whole is not what was agreed."""


@dataclass(frozen=True, slots=True)
class Row:
    index: int  # from 0, over the whole document
    position: str  # "[3]", "line 12"
    raw: bytes
    fields: dict[str, Any] | None  # None: see `reason`
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DocumentPart:
    number: int
    content: bytes  # what these rows were read from; readable by itself
    rows: list[Row]


def read_parts(content: IO[bytes], form: DocumentConfig) -> Iterator[DocumentPart]:
    """Read a document from its beginning; raise UnreadableDocument."""
    match form.payload:
        case "json":
            whole = content.read()
            yield DocumentPart(0, whole, _rows_of_json(whole, form.records))
        case "text":
            whole = content.read()
            yield DocumentPart(0, whole, [Row(0, "", whole, *_text_of(whole, form.encoding))])
        case "ndjson":
            yield from _parts(_rows_of_ndjson(content), b"")
        case "csv":
            header = _Header.read(content, form)
            yield from _parts(_rows_of_csv(content, header), header.raw)


def _parts(rows: Iterator[tuple[Row, bytes]], header: bytes) -> Iterator[DocumentPart]:
    number, size = 0, 0
    some: list[Row] = []
    content = [header]
    for row, written in rows:
        some.append(row)
        content.append(written)
        size += len(written)
        if len(some) >= PART_ROWS or size >= PART_BYTES:
            yield DocumentPart(number, b"".join(content), some)
            number, size, some, content = number + 1, 0, [], [header]
    if some:
        yield DocumentPart(number, b"".join(content), some)


def _rows_of_json(content: bytes, path: str) -> list[Row]:
    try:
        found = parse_json(content)
    except ValueError as error:
        raise UnreadableDocument(str(error)) from error
    if path and not isinstance(found, list):
        if not isinstance(found, dict):
            raise UnreadableDocument(f"the document is no object: it has no {path!r}")
        found = value_at_path(found, path)
        if found is None:
            raise UnreadableDocument(f"there is nothing at {path!r}")
    rows = found if isinstance(found, list) else [found]
    if len(rows) > ROWS_MAX:
        raise UnreadableDocument(
            f"the document has {len(rows)} rows, more than {ROWS_MAX}: send NDJSON, or less at once"
        )
    return [_row_of(index, f"[{index}]", _json(row), row) for index, row in enumerate(rows)]


def _rows_of_ndjson(content: IO[bytes]) -> Iterator[tuple[Row, bytes]]:
    index = 0
    for number, line in _lines(content):
        stripped = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if not stripped:
            continue
        place = f"line {number}"
        if len(line) >= LINE_MAX:
            row = Row(index, place, stripped, None, f"the line is longer than {LINE_MAX} bytes")
        else:
            try:
                row = _row_of(index, place, stripped, parse_json(stripped))
            except ValueError as error:
                row = Row(index, place, stripped, None, str(error))
        yield row, line if line.endswith(b"\n") else line + b"\n"
        index += 1


@dataclass(frozen=True, slots=True)
class _Header:
    names: list[str]
    delimiter: str
    encoding: str
    raw: bytes

    @classmethod
    def read(cls, content: IO[bytes], form: DocumentConfig) -> "_Header":
        raw = content.readline(LINE_MAX)
        try:
            text = raw.decode(form.encoding).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            raise UnreadableDocument(f"the header is not {form.encoding}: {error}") from error
        delimiter = form.delimiter or max(_DELIMITERS, key=text.count)
        try:
            names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter), [])]
        except csv.Error as error:
            raise UnreadableDocument(f"the header is no CSV: {error}") from error
        if not any(names):
            raise UnreadableDocument("the first line must name the columns; it is empty")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise UnreadableDocument(f"the header has the column {twice[:80]!r} twice")
        return cls(names, delimiter, form.encoding, raw if raw.endswith(b"\n") else raw + b"\n")


def _rows_of_csv(content: IO[bytes], header: _Header) -> Iterator[tuple[Row, bytes]]:
    consumed: list[bytes] = []
    at = 1
    wrong = ""

    def decoded() -> Iterator[str]:
        nonlocal at, wrong
        for _, line in _lines(content):
            at += 1
            consumed.append(line)
            try:
                yield line.decode(header.encoding)
            except UnicodeDecodeError:
                wrong = f"the row is not {header.encoding}"
                yield line.decode(header.encoding, errors="replace")

    reader = csv.reader(decoded(), delimiter=header.delimiter)
    index = 0
    while True:
        began, wrong = at + 1, ""
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            values, wrong = [], f"no CSV: {error}"
        raw = b"".join(consumed)
        consumed.clear()
        if not values and not wrong:
            continue
        place = f"line {began}"
        if not wrong and len(values) != len(header.names):
            wrong = f"has {len(values)} fields where the header has {len(header.names)}"
        fields = dict(zip(header.names, values, strict=False)) if not wrong else None
        yield Row(index, place, raw.strip(), fields, wrong), raw
        index += 1


def _lines(content: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := content.readline(LINE_MAX):
        number += 1
        yield number, line


def _row_of(index: int, place: str, raw: bytes, value: Any) -> Row:
    """A bare number or word is a row with one field: `value`."""
    fields = value if isinstance(value, dict) else {"value": value}
    if _is_deeper(fields, DEPTH_MAX):
        return Row(index, place, raw, None, f"is nested deeper than {DEPTH_MAX} levels")
    return Row(index, place, raw, fields)


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
            found = json.loads(content)
            msgspec.json.encode(found)  # half a surrogate pair could not be kept
        except RecursionError:
            raise ValueError("the JSON is nested too deep") from None
        except UnicodeError:
            raise ValueError("the JSON holds what is not Unicode") from None
        except ValueError:
            raise ValueError(f"not JSON: {strict}") from strict
        return found


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
