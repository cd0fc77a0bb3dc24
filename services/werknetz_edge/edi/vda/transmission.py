"""Splits a file of VDA records into transmissions, and compares each trailer with its records."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from werknetz_edge.edi.values import InvalidEdi, quote
from werknetz_edge.edi.vda.layout import WIDTH
from werknetz_edge.edi.vda.records import CALL_OFF, DESPATCH

HEADS: Final = {"511": "VDA4905", "711": "VDA4913"}
TRAILERS: Final = {"VDA4905": "519", "VDA4913": "719"}
TABLES: Final = {"VDA4905": CALL_OFF, "VDA4913": DESPATCH}
LOOKS_LIKE: Final = re.compile(rb"(?:511|711)[0-9]{2}")
_LINE: Final = re.compile(r"[^\r\n]+")


@dataclass(frozen=True, slots=True)
class VdaRecord:
    """A line, padded to its width."""

    number: int  # in the file, from 1
    position: int  # characters from the start of the file
    text: str

    @property
    def type(self) -> str:
        return self.text[:3]


@dataclass(slots=True)
class Transmission:
    """Records from 511 to 519, or 711 to 719; without a head: records between transmissions."""

    kind: str  # VDA4905, VDA4913; empty: records between transmissions
    records: list[VdaRecord]

    @property
    def is_ended(self) -> bool:
        return bool(self.kind) and self.records[-1].type == TRAILERS[self.kind]


def split_transmissions(text: str) -> Iterator[Transmission]:
    current = Transmission("", [])
    for record in split_records(text):
        if record.type in HEADS:
            if current.records:
                yield current
            current = Transmission(HEADS[record.type], [record])
            continue
        current.records.append(record)
        if current.is_ended:
            yield current
            current = Transmission("", [])
    if current.records:
        yield current


def split_records(text: str) -> Iterator[VdaRecord]:
    """Split lines, or blocks of 128 characters where there are no line ends."""
    number = 0
    for line in _LINE.finditer(text):
        line_text = line[0]
        if not line_text.strip(" \0\x1a\ufeff"):
            continue
        is_block = len(line_text) > WIDTH and len(line_text) % WIDTH == 0
        for at in range(0, len(line_text), WIDTH) if is_block else (0,):
            number += 1
            part = line_text[at : at + WIDTH] if is_block else line_text
            yield VdaRecord(number, line.start() + at, part.ljust(WIDTH))


def check_record(record: VdaRecord, kind: str) -> None:
    """Raise InvalidEdi for a record without a layout."""
    layout = TABLES[kind].get(record.type)
    if layout is None:
        raise InvalidEdi(f"record type {quote(record.type)} is not part of {kind}")
    version = record.text[3:5]
    if version not in layout.versions:
        raise InvalidEdi(
            f"record {record.type} has version {quote(version)}, which is not one of "
            f"{', '.join(sorted(layout.versions))}: its columns are unknown"
        )
    if record.text[WIDTH:].strip():
        raise InvalidEdi(f"record {record.type} is longer than {WIDTH} characters")


def count_fault(transmission: Transmission) -> str:
    """Compare the trailer with the records; empty where they agree."""
    trailer = TRAILERS[transmission.kind]
    if not transmission.is_ended:
        return f"trailer {trailer} is missing: records at the end may be lost"
    actual = Counter(record.type for record in transmission.records)
    last = transmission.records[-1].text
    differences = []
    for type_, column in TABLES[transmission.kind][trailer].columns.items():
        stated = column.read(last)
        if not stated and not actual[type_]:
            continue  # an older edition without this counter
        if not (stated.isdigit() and stated.isascii() and int(stated) == actual[type_]):
            differences.append(f"{type_}: {quote(stated)}, there are {actual[type_]}")
    return f"trailer {trailer} counts {'; '.join(differences)}" if differences else ""
