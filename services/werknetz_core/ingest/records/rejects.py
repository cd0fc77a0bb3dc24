"""Input that PostgreSQL rejects: how it is recognised, isolated and quarantined."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import asyncpg
import numpy as np
from numpy.typing import NDArray

from werknetz.events import codec
from werknetz.events.batch import (
    Batch,
    BusinessEvent,
    EventWithdrawn,
    GapClosed,
    GapOpened,
    GroupEnd,
    LaneName,
    MappingUsed,
    Points,
    Raw,
    Record,
    Samples,
    Unmapped,
)
from werknetz_core.ingest.records.books import POINT_BYTES, quarantined_count

POISON_CLASSES: Final = frozenset({"22", "23"})
TOGETHER_ROWS: Final = 1 << 15
"""More gains nothing, and memory is bounded by it."""


@dataclass(frozen=True, slots=True)
class RecordUnit:
    """A record, or a part of one, with its batch and lane.

    `first_row`: how many samples of the batch are before those of the record.
    """

    seq: int
    lane: LaneName
    record: Record
    first_row: int = 0


def units_of(seq: int, lane: LaneName, records: Iterable[Record]) -> Iterator[RecordUnit]:
    """Yield the records of a batch as units."""
    row = 0
    for record in records:
        yield RecordUnit(seq, lane, record, row)
        row += rows_in(record)


def rows_in(record: Record) -> int:
    """Return the number of samples."""
    return len(record.point) // POINT_BYTES if isinstance(record, Samples) else 0


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A row for the quarantine."""

    seq: int
    source: str
    reason: str
    raw: bytes
    at_us: int
    size: int
    mapping: str = ""
    place: str = ""
    raw_hash: bytes = b""
    count: int = 1


def is_rejected_input(error: BaseException) -> bool:
    """Return whether the input caused the error. Every other error is retried."""
    if isinstance(error, codec.UnreadableBatch):
        return True
    if not isinstance(error, asyncpg.PostgresError):
        return False
    # "no partition found" is a check violation (23514) without a constraint name: the catch-all
    # is missing, which the rows did not cause.
    nowhere = error.sqlstate == "23514" and not getattr(error, "constraint_name", None)
    return (error.sqlstate or "")[:2] in POISON_CLASSES and not nowhere


def split_units(units: Sequence[RecordUnit]) -> tuple[list[RecordUnit], list[RecordUnit]] | None:
    """Return two smaller parts, or None if it cannot be split."""
    if len(units) > 1:
        middle = len(units) // 2
        return list(units[:middle]), list(units[middle:])
    unit = units[0]
    match unit.record:
        case Samples():
            columns = codec.columns_of(unit.record)
            rows = np.arange(len(columns))
            parts = [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
            records: list[Record] = [
                codec.samples_of(codec.select_rows(columns, part)) for part in parts
            ]
            small = len(columns) <= 1
        case Points(points=points):
            middle = len(points) // 2
            records = [Points(points[:middle]), Points(points[middle:])]
            small = len(points) <= 1
        case _:
            return None
    if small:
        return None
    left, right = units_of(unit.seq, unit.lane, records)
    row = unit.first_row
    return [replace(left, first_row=row)], [replace(right, first_row=row + right.first_row)]


def chunks_of_samples(units: Sequence[RecordUnit]) -> Iterator[list[RecordUnit]]:
    """Yield consecutive units that are translated together, up to `TOGETHER_ROWS` if several."""
    chunk: list[RecordUnit] = []
    rows = 0
    for unit in units:
        count = rows_in(unit.record)
        if chunk and rows + count > TOGETHER_ROWS:
            yield chunk
            chunk, rows = [], 0
        chunk.append(unit)
        rows += count
    if chunk:
        yield chunk


def split_rows(
    units: Sequence[RecordUnit], counts: Sequence[int], rows: NDArray[np.int64]
) -> Iterator[tuple[RecordUnit, NDArray[np.int64]]]:
    """Yield rows (ascending) of the units' joined rows by their unit; not those without any."""
    if not len(rows):
        return
    ends = np.searchsorted(rows, np.cumsum(counts)).tolist()
    for unit, start, end in zip(units, [0, *ends[:-1]], ends, strict=True):
        if start < end:
            yield unit, rows[start:end]


def quarantine_row_of_unit(unit: RecordUnit, reason: str) -> QuarantineRow:
    raw = codec.encode(Batch([unit.record], unit.lane))
    source, at_us, mapping = "", 0, ""
    match unit.record:
        case Points(points=[definition, *_]):
            source, mapping = definition.source, definition.mapping
        case Samples():
            columns = codec.columns_of(unit.record)
            source = f"point {columns.point[0]}" if len(columns) else ""
            at_us = int(columns.time[0]) if len(columns) else 0
            count = max(1, len(columns))
            return QuarantineRow(unit.seq, source, reason, raw, at_us, len(raw), count=count)
        case GapOpened(source=source, from_us=at_us) | Unmapped(source=source, at_us=at_us):
            pass
        case GapClosed(to_us=at_us):
            pass
        case (
            BusinessEvent(source=source, at_us=at_us, mapping=mapping, item=place)
            | EventWithdrawn(source=source, at_us=at_us, mapping=mapping, item=place)
            | GroupEnd(source=source, at_us=at_us, mapping=mapping, item=place)
        ):
            return QuarantineRow(unit.seq, source, reason, raw, at_us, len(raw), mapping, place)
        case MappingUsed(name=name, version=version):
            mapping = f"{name}@{version}"
        case Raw(arrival_us=at_us, mapping=mapping):
            pass
    return QuarantineRow(unit.seq, source, reason, raw, at_us, len(raw), mapping)


def quarantine_row_of_input(seq: int, record: Unmapped) -> QuarantineRow:
    size = min(record.size or len(record.raw), 2**63 - 1)
    return QuarantineRow(
        seq, record.source, record.reason, record.raw, record.at_us, size, record.mapping,
        record.item, record.raw_hash, quarantined_count(record),
    )  # fmt: skip


def escape_nul(text: str) -> str:
    """Replace NUL, which PostgreSQL's text type cannot hold; the raw bytes keep it."""
    return text.replace("\0", "\\0")
