"""A file of VDA records cut into transmissions, and each trailer compared with what is there."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from werknetz_edge.edi.values import Wrong, shown
from werknetz_edge.edi.vda.layout import WIDTH
from werknetz_edge.edi.vda.records import CALL_OFF, DESPATCH

HEADS: Final = {"511": "VDA4905", "711": "VDA4913"}
TRAILERS: Final = {"VDA4905": "519", "VDA4913": "719"}
TABLES: Final = {"VDA4905": CALL_OFF, "VDA4913": DESPATCH}
LOOKS_LIKE: Final = re.compile(rb"(?:511|711)[0-9]{2}")
_LINE: Final = re.compile(r"[^\r\n]+")


@dataclass(frozen=True, slots=True)
class Record:
    """A line, padded to its width."""

    number: int  # in the file, from 1
    place: int  # characters from the start of the file
    text: str

    @property
    def type(self) -> str:
        return self.text[:3]


@dataclass(slots=True)
class Transmission:
    """From 511 to 519, or from 711 to 719. Without a head: what stands between two of them."""

    kind: str  # VDA4905, VDA4913; empty: no transmission
    records: list[Record]

    @property
    def is_ended(self) -> bool:
        return bool(self.kind) and self.records[-1].type == TRAILERS[self.kind]


def transmissions(text: str) -> Iterator[Transmission]:
    now = Transmission("", [])
    for record in records_of(text):
        if record.type in HEADS:
            if now.records:
                yield now
            now = Transmission(HEADS[record.type], [record])
            continue
        now.records.append(record)
        if now.is_ended:
            yield now
            now = Transmission("", [])
    if now.records:
        yield now


def records_of(text: str) -> Iterator[Record]:
    """Lines, or stretches of 128 characters where nobody ended the lines."""
    number = 0
    for line in _LINE.finditer(text):
        whole = line[0]
        if not whole.strip(" \0\x1a\ufeff"):
            continue
        is_block = len(whole) > WIDTH and len(whole) % WIDTH == 0
        for at in range(0, len(whole), WIDTH) if is_block else (0,):
            number += 1
            part = whole[at : at + WIDTH] if is_block else whole
            yield Record(number, line.start() + at, part.ljust(WIDTH))


def check(record: Record, kind: str) -> None:
    """Raise Wrong for a record that the tables do not know."""
    layout = TABLES[kind].get(record.type)
    if layout is None:
        raise Wrong(f"record type {shown(record.type)} is none of {kind}")
    version = record.text[3:5]
    if version not in layout.versions:
        raise Wrong(
            f"record {record.type} has version {shown(version)}, which is none of "
            f"{', '.join(sorted(layout.versions))}: its columns are not known"
        )
    if record.text[WIDTH:].strip():
        raise Wrong(f"record {record.type} is longer than {WIDTH} characters")


def counts_fault(sent: Transmission) -> str:
    """What the trailer says against the records that are there; empty where they agree."""
    trailer = TRAILERS[sent.kind]
    if not sent.is_ended:
        return f"trailer {trailer} is missing: records behind its place may be lost"
    there = Counter(record.type for record in sent.records)
    last = sent.records[-1].text
    wrong = []
    for type_, column in TABLES[sent.kind][trailer].columns.items():
        stated = column.read(last)
        if not stated and not there[type_]:
            continue  # an older edition had no counter there
        if not (stated.isdigit() and stated.isascii() and int(stated) == there[type_]):
            wrong.append(f"{type_}: {shown(stated)}, there are {there[type_]}")
    return f"trailer {trailer} counts {'; '.join(wrong)}" if wrong else ""
