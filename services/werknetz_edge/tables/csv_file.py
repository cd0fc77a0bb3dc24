"""CSV, as a stream: whatever ends its lines (CR, LF, both), in bounded memory."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

from werknetz_edge.files.inbox import FileRefused
from werknetz_edge.tables.config import SourceConfig
from werknetz_edge.tables.dialect import SAMPLE_LINES, delimiter_of, encoding_of, reader_of
from werknetz_edge.tables.sheet import BadRow, Row, Sheet, header_of

RAW_PIECE: Final = 60_000  # what quarantine keeps of one entry


@dataclass(slots=True)
class _Lines:
    """The lines of a file; remembers those that the row in the making has taken."""

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


def open_csv(path: Path, source: SourceConfig) -> Iterator[Sheet]:
    """Yield the one sheet; the file is open for as long. Raises FileRefused."""
    encoding = encoding_of(path, source.encoding)
    with path.open("r", encoding=encoding, newline="") as text:
        sample = list(islice(text, source.skip_rows + SAMPLE_LINES))
        text.seek(0)
        body = sample[source.skip_rows :]
        is_said = False
        delimiter = source.delimiter
        if delimiter == "auto":
            delimiter, is_said = delimiter_of(body, source.quote)
        lines = _Lines(text)
        for _ in range(source.skip_rows + is_said):
            next(lines, None)
        lines.current.clear()
        rows = reader_of(lines, delimiter, source.quote)
        header = list(source.columns)
        while not header:
            try:
                first = next(rows, None)
            except csv.Error as error:
                raise FileRefused(f"line {lines.number}: {error}: is this a CSV?") from error
            if first is None:
                break  # an empty file has no rows
            header = header_of(first) if first else []
            lines.current.clear()
        yield Sheet(header, _rows(rows, lines, len(header)))


def _rows(rows: "csv._reader", lines: _Lines, width: int) -> Iterator[Row | BadRow]:  # type: ignore[name-defined]
    taken = lines.current
    while True:
        before = lines.number
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield from _bad(lines, before, f"{error}: is a quote not closed?")
            continue
        if len(cells) == width:
            raw = taken[0] if len(taken) == 1 else "".join(taken)
            taken.clear()
            yield Row(before + 1, cells, raw, len(raw))
        elif not cells:
            taken.clear()  # an empty line
        else:
            yield from _bad(lines, before, f"it has {len(cells)} cells, the header has {width}")


def _bad(lines: _Lines, before: int, reason: str) -> Iterator[BadRow]:
    """All of it, in pieces that quarantine keeps whole: a stray quote takes many lines with it."""
    raw = "".join(lines.current)
    lines.current.clear()
    place = f"line {before + 1}"
    if lines.number > before + 1:
        place = f"lines {before + 1} to {lines.number}"
    for start in range(0, max(len(raw), 1), RAW_PIECE):
        yield BadRow(place, reason, raw[start : start + RAW_PIECE], min(len(raw), RAW_PIECE))
