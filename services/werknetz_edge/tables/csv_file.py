"""Reads CSV as a stream with any line ending (CR, LF, both), in bounded memory."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Final, TextIO

from werknetz_edge.files.inbox import FileRefused
from werknetz_edge.tables.config import TableSource
from werknetz_edge.tables.dialect import SAMPLE_LINES, detect_delimiter, detect_encoding, reader_of
from werknetz_edge.tables.sheet import (
    Sheet,
    SheetRow,
    UnreadableRow,
    check_header,
    header_of,
)

RAW_PIECE: Final = 60_000  # characters of one entry in quarantine


@dataclass(slots=True)
class _Lines:
    """The lines of a file; `current` are the lines of the row that is being read."""

    text: TextIO
    number: int = 0
    current: list[str] = field(default_factory=list)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self.text)
        self.number += 1
        self.current.append(line)
        return line


def open_csv(path: Path, source: TableSource) -> Iterator[Sheet]:
    """Yield the only sheet; the file stays open until then. Raises FileRefused."""
    encoding = detect_encoding(path, source.encoding)
    with path.open("r", encoding=encoding, newline="") as text:
        sample = list(islice(text, source.skip_rows + SAMPLE_LINES))
        text.seek(0)
        body = sample[source.skip_rows :]
        has_sep_line = False
        delimiter = source.delimiter
        if delimiter == "auto":
            delimiter, has_sep_line = detect_delimiter(body, source.quote)
        lines = _Lines(text)
        for _ in range(source.skip_rows + has_sep_line):
            next(lines, None)
        lines.current.clear()
        rows = reader_of(lines, delimiter, source.quote)
        header = list(source.columns)
        first_rows: list[SheetRow | UnreadableRow] = []
        while not header:
            lines_before = lines.number
            try:
                first = next(rows, None)
            except csv.Error as error:
                raise FileRefused(f"line {lines.number}: {error}: is this a CSV?") from error
            if first is None:
                break  # an empty file has no rows
            if first and source.header is False:
                header = header_of([""] * len(first))
                raw = "".join(lines.current)
                first_rows = [SheetRow(lines_before + 1, first, raw, len(raw))]
            elif first:
                header = header_of(first)
                check_header(header, source)
            lines.current.clear()
        yield Sheet(header, chain(first_rows, _rows(rows, lines, len(header))))


def _rows(rows: "csv._reader", lines: _Lines, width: int) -> Iterator[SheetRow | UnreadableRow]:  # type: ignore[name-defined]
    current = lines.current
    while True:
        lines_before = lines.number
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield from _unreadable_rows(lines, lines_before, f"{error}: is a quote not closed?")
            continue
        if len(cells) == width:
            raw = current[0] if len(current) == 1 else "".join(current)
            current.clear()
            yield SheetRow(lines_before + 1, cells, raw, len(raw))
        elif not cells:
            current.clear()  # an empty line
        else:
            yield from _unreadable_rows(
                lines, lines_before, f"it has {len(cells)} cells, the header has {width}"
            )


def _unreadable_rows(lines: _Lines, lines_before: int, reason: str) -> Iterator[UnreadableRow]:
    """Yield all lines in pieces that fit into quarantine: a stray quote may span many lines."""
    raw = "".join(lines.current)
    lines.current.clear()
    position = f"line {lines_before + 1}"
    if lines.number > lines_before + 1:
        position = f"lines {lines_before + 1} to {lines.number}"
    for start in range(0, max(len(raw), 1), RAW_PIECE):
        yield UnreadableRow(
            position, reason, raw[start : start + RAW_PIECE], min(len(raw), RAW_PIECE)
        )
