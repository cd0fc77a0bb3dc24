"""Reads flat IDocs: a control record (EDI_DC40) and data records of fixed width."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

from werknetz_edge.files.inbox import FileRefused
from werknetz_edge.idoc.layouts import HEADER, SegmentLayouts
from werknetz_edge.idoc.segments import IdocSegment, parse_value

CONTROL: Final = "EDI_DC40"
RECORDS_MAX: Final = 500_000  # of one IDoc
_CONTROL_FIELDS: Final = (
    ("TABNAM", 10), ("MANDT", 3), ("DOCNUM", 16), ("DOCREL", 4), ("STATUS", 2), ("DIRECT", 1),
    ("OUTMOD", 1), ("EXPRSS", 1), ("TEST", 1), ("IDOCTYP", 30), ("CIMTYP", 30), ("MESTYP", 30),
    ("MESCOD", 3), ("MESFCT", 3), ("STD", 1), ("STDVRS", 6), ("STDMES", 6), ("SNDPOR", 10),
    ("SNDPRT", 2), ("SNDPFC", 2), ("SNDPRN", 10), ("SNDSAD", 21), ("SNDLAD", 70), ("RCVPOR", 10),
    ("RCVPRT", 2), ("RCVPFC", 2), ("RCVPRN", 10), ("RCVSAD", 21), ("RCVLAD", 70), ("CREDAT", 8),
    ("CRETIM", 6), ("REFINT", 14), ("REFGRP", 14), ("REFMES", 14), ("ARCKEY", 70), ("SERIAL", 20),
)  # fmt: skip
_CONTROL_WIDTH: Final = sum(length for _, length in _CONTROL_FIELDS)
_DATA_WIDTH: Final = HEADER + 1_000
_SEGNUM, _PSGNUM = slice(49, 55), slice(55, 61)


@dataclass(slots=True)
class FlatIdoc:
    """The records of one IDoc."""

    control: str
    data: list[str] = field(default_factory=list)

    @property
    def content(self) -> str:
        return "\n".join([self.control, *self.data]) + "\n"


def is_flat(path: Path, encoding: str) -> bool:
    """Whether a file begins like a flat IDoc."""
    with path.open("rb") as file:
        head = file.read(64)
    return head.decode(encoding, errors="replace").lstrip("\ufeff \r\n").startswith(CONTROL)


def read_flat_idocs(
    path: Path, encoding: str, layouts: SegmentLayouts
) -> Iterator[tuple[str, IdocSegment, bytes, str]]:
    """Yield type, IDoc, its text, and why it cannot be read (empty: it can). Raises FileRefused."""
    try:
        text = path.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        raise FileRefused(f"its characters are not {encoding}: set `encoding` ({error})") from error
    for idoc in _idocs_of(text.removeprefix("\ufeff")):
        root, reason = _to_tree(idoc, layouts)
        control = root.children[0].fields
        name = control.get("IDOCTYP") or control.get("MESTYP") or "unknown"
        yield name, root, idoc.content.encode(), reason


def _idocs_of(text: str) -> Iterator[FlatIdoc]:
    current: FlatIdoc | None = None
    for record in _records_of(text):
        if record.startswith(CONTROL):
            if current is not None:
                yield current
            current = FlatIdoc(record)
        elif current is None:
            raise FileRefused(f"it does not begin with {CONTROL}")
        else:
            current.data.append(record)
            if len(current.data) > RECORDS_MAX:
                raise FileRefused(f"an IDoc of more than {RECORDS_MAX} records: is this an IDoc?")
    if current is not None:
        yield current


def _records_of(text: str) -> Iterator[str]:
    """Split lines; without line ends, records of their fixed width."""
    if "\n" in text[: _CONTROL_WIDTH + 2] or len(text) <= _CONTROL_WIDTH:
        yield from (line.rstrip("\r") for line in text.split("\n") if line.strip())
        return
    at = 0
    while text[at:].strip():
        is_control = text.startswith(CONTROL, at)
        width = _CONTROL_WIDTH if is_control else _DATA_WIDTH
        yield text[at : at + width]
        at += width


def _to_tree(idoc: FlatIdoc, layouts: SegmentLayouts) -> tuple[IdocSegment, str]:
    root = IdocSegment("IDOC", children=[_control_of(idoc.control)])
    by_number = {0: root}
    missing: dict[str, None] = {}
    for record in idoc.data:
        name = record[:30].strip()
        layout = layouts.find(name)
        if layout is None:
            missing[name] = None
            continue
        data = record[HEADER:]
        fields = {field: parse_value(data[start:end]) for field, start, end in layout}
        segment = IdocSegment(layouts.name_of(name), fields)
        number, parent = record[_SEGNUM].strip(), record[_PSGNUM].strip() or "0"
        if not (number.isascii() and number.isdigit() and parent.isascii() and parent.isdigit()):
            return root, f"segment {name} has no number (SEGNUM {number!r}, PSGNUM {parent!r})"
        owner = by_number.get(int(parent))
        if owner is None:
            return root, f"segment {name} belongs to segment {parent}, which does not exist"
        owner.children.append(segment)
        by_number[int(number)] = segment
    if missing:
        shown = ", ".join([*missing][:10])
        return root, (
            f"the layout of {shown} is not known: set `definitions` to SAP's parser file of the "
            "type (transaction WE60), or `layouts`"
        )
    return root, ""


def _control_of(record: str) -> IdocSegment:
    ends = [0]
    for _, length in _CONTROL_FIELDS:
        ends.append(ends[-1] + length)
    fields = {
        name: parse_value(record[start:end])
        for (name, _), (start, end) in zip(_CONTROL_FIELDS, pairwise(ends), strict=True)
    }
    return IdocSegment(CONTROL, fields)
