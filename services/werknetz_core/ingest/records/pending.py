"""Rows that a transaction writes at its end, each kind in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from werknetz.domain.bucket import instant_of
from werknetz.events.batch import Raw
from werknetz.store.ingest import samples_copy as copy
from werknetz_core.ingest.records.books import BookCounts, taken_of
from werknetz_core.ingest.records.event_rows import bounded_instant
from werknetz_core.ingest.records.event_writer import EventRecord
from werknetz_core.ingest.records.rejects import QuarantineRow, RecordUnit, escape_nul


@dataclass(slots=True)
class PendingRows:
    """What the records of one spool have come to so far; `waiting`: samples, in their order."""

    waiting: list[RecordUnit] = field(default_factory=list)
    live: list[copy.SampleRows] = field(default_factory=list)
    history: list[copy.SampleRows] = field(default_factory=list)
    history_at_us: list[int] = field(default_factory=list)
    dirty: list[NDArray[np.int64]] = field(default_factory=list)
    bad: list[QuarantineRow] = field(default_factory=list)
    events: list[tuple[int, EventRecord]] = field(default_factory=list)
    raw: list[tuple[int, Raw]] = field(default_factory=list)
    samples: int = 0
    history_count: int = 0
    books: BookCounts = field(default_factory=BookCounts)

    def reject(self, unit: RecordUnit, row: QuarantineRow) -> None:
        """Add a row of the quarantine. What no source delivered, such as a gap, is taken here."""
        self.bad.append(row)
        self.books.quarantined += row.count
        if not taken_of(unit.record):
            self.books.taken += row.count

    def reject_batch(self, row: QuarantineRow) -> None:
        """Add a batch that cannot be decoded: it counts as one record."""
        self.bad.append(row)
        self.books.taken += row.count
        self.books.quarantined += row.count

    def add_samples(self, rows: copy.SampleRows, dirty: NDArray[np.int64], *, live: bool) -> None:
        if not len(rows):
            return
        self.dirty.append(dirty)
        if live:
            self.live.append(rows)
            self.samples += len(rows)
        else:
            self.history.append(rows)
            self.history_count += len(rows)
            self.history_at_us += [int(rows.at_us.min()), int(rows.at_us.max())]

    @property
    def history_bounds(self) -> tuple[object, object]:
        return instant_of(min(self.history_at_us)), instant_of(max(self.history_at_us))


def raw_arguments(
    connector_id: str, spool_id: UUID, raw: Sequence[tuple[int, Raw]]
) -> list[tuple[object, ...]]:
    """Return the arguments of `store.ingest.records.ADD_RAW_INPUT`, one tuple an input."""
    return [
        (
            connector_id, spool_id, seq, bounded_instant(item.arrival_us),
            bounded_instant(item.from_us), bounded_instant(item.to_us), item.count, item.mapping,
            item.codec, item.payload, item.hashes,
        )
        for seq, item in raw
    ]  # fmt: skip


def quarantine_arguments(
    connector_id: str, spool_id: UUID, bad: Sequence[QuarantineRow]
) -> list[tuple[object, ...]]:
    """Return the arguments of `store.ingest.records.ADD_TO_QUARANTINE`, one tuple a row."""
    return [
        (
            connector_id, spool_id, row.seq, escape_nul(row.source), escape_nul(row.reason),
            row.raw, row.size, escape_nul(row.mapping), bounded_instant(row.at_us),
            escape_nul(row.place), row.raw_hash, row.count,
        )
        for row in bad
    ]  # fmt: skip
