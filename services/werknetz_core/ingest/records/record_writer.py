"""Writes the records of accepted batches into tables, inside the caller's transaction.

Records that PostgreSQL rejects (SQLSTATE class 22 or 23, R13) are isolated by bisection and go to
quarantine; the rest is stored. Every other error goes to the caller, who retries.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

import asyncpg
import numpy as np
from numpy.typing import NDArray

from werknetz.events import codec
from werknetz.events.batch import (
    BusinessEvent,
    EventWithdrawn,
    GapClosed,
    GapOpened,
    GroupEnd,
    MappingUsed,
    PointDefinition,
    Points,
    Raw,
    Samples,
    Tally,
    Unmapped,
)
from werknetz.events.facts import missing_in
from werknetz.runtime.log import get_logger
from werknetz.store import dirty as dirty_statements
from werknetz.store import gaps as gap_statements
from werknetz.store.ingest import records as fact
from werknetz.store.ingest import samples_copy as copy
from werknetz_core.ingest.records import points
from werknetz_core.ingest.records.books import BookCounts, count_tally, taken_of
from werknetz_core.ingest.records.event_rows import bounded_instant
from werknetz_core.ingest.records.event_writer import write_events
from werknetz_core.ingest.records.gap_marks import gap_edge_marks
from werknetz_core.ingest.records.pending import (
    PendingRows,
    quarantine_arguments,
    raw_arguments,
)
from werknetz_core.ingest.records.points import InvalidPointDefinition, PointMap
from werknetz_core.ingest.records.rejects import (
    QuarantineRow,
    RecordUnit,
    chunks_of_samples,
    is_rejected_input,
    quarantine_row_of_input,
    quarantine_row_of_unit,
    rows_in,
    split_rows,
    split_units,
)
from werknetz_core.ingest.records.sample_rows import (
    ROW_BITS,
    sequence_of_batch,
    translate_samples,
    unpack_dirty,
)

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


_log = get_logger("ingest.records")


class RecordWriter:
    """Writes the records of one spool in one transaction."""

    def __init__(
        self,
        connection: "Connection",
        *,
        spool: int,
        spool_id: UUID,
        connector_id: str,
        points: PointMap,
    ) -> None:
        self._connection = connection
        self.spool = spool
        self.spool_id = spool_id
        self.connector_id = connector_id
        self.points = points
        self.sample_count = 0
        self.quarantine_count = 0
        self.books = BookCounts()
        self._tallied: set[int] = set()  # batches whose edge has counted what it took

    async def write(self, units: Sequence[RecordUnit]) -> None:
        """Write the units in order; only rejected ones go to quarantine."""
        self._count_taken(units)
        await self._write_or_split(units)

    async def collect(self, units: Sequence[RecordUnit]) -> PendingRows:
        """Return what is to be written, for `store_together`. Plain records need no statement."""
        self._count_taken(units)
        pending = PendingRows()
        for unit in units:
            await self._write_unit(unit, pending)
        self._translate_waiting(pending)
        pending.books.stored += pending.samples
        return pending

    def count(self, pending: PendingRows) -> None:
        """Count what `store_together` has written."""
        self._count(pending, pending.samples)

    def _count_taken(self, units: Sequence[RecordUnit]) -> None:
        self._tallied |= {unit.seq for unit in units if isinstance(unit.record, Tally)}
        for unit in units:
            if unit.seq not in self._tallied:
                self.books.taken += taken_of(unit.record)

    async def quarantine_batch(self, row: QuarantineRow) -> None:
        """Quarantine a batch that cannot be decoded: it counts as one record."""
        pending = PendingRows()
        pending.reject_batch(row)
        await self._flush(pending)
        self._count(pending, 0)

    async def _write_or_split(self, units: Sequence[RecordUnit]) -> None:
        if not units:
            return
        before = self.points
        try:
            async with self._connection.transaction():
                pending, samples = await self._write_units(units)
        except (asyncpg.PostgresError, codec.UnreadableBatch) as error:
            if not is_rejected_input(error):
                raise
            self.points = before
            halves = split_units(units)
            if halves is None:
                pending = PendingRows()
                pending.reject(units[0], quarantine_row_of_unit(units[0], str(error)))
                await self._flush(pending)
                self._count(pending, 0)
            else:
                for half in halves:
                    await self._write_or_split(half)
        else:
            self._count(pending, samples)

    def _count(self, pending: PendingRows, samples: int) -> None:
        self.sample_count += samples
        self.quarantine_count += len(pending.bad)
        self.books.add(pending.books)

    async def _write_units(self, units: Sequence[RecordUnit]) -> tuple[PendingRows, int]:
        pending = PendingRows()
        for unit in units:
            await self._write_unit(unit, pending)
        return pending, await self._flush(pending)

    async def _write_unit(self, unit: RecordUnit, pending: PendingRows) -> None:
        match unit.record:
            case Points(points=definitions):
                await self._add_points(unit, definitions, pending)
            case Samples():
                pending.waiting.append(unit)
            case Unmapped():
                pending.reject(unit, quarantine_row_of_input(unit.seq, unit.record))
            case GapOpened() | GapClosed():
                await self._write_gap(unit, unit.record, pending)
            case BusinessEvent():
                self._add_event(unit, unit.record, pending)
            case EventWithdrawn() | GroupEnd():
                pending.events.append((unit.seq, unit.record))
            case Tally():
                pending.books.add(count_tally(unit.record))
            case MappingUsed():
                await points.add_mapping(self._connection, self.connector_id, unit.record)
            case Raw():
                await self._add_raw(unit, unit.record, pending)
            case _:
                assert_never(unit.record)

    async def _add_points(
        self, unit: RecordUnit, definitions: Sequence[PointDefinition], pending: PendingRows
    ) -> None:
        self._translate_waiting(pending)  # by the points that precede them
        good: list[PointDefinition] = []
        for definition in definitions:
            try:
                points.check_definition(definition)
            except InvalidPointDefinition as error:
                alone = RecordUnit(unit.seq, unit.lane, Points([definition]))
                pending.reject(alone, quarantine_row_of_unit(alone, str(error)))
            else:
                good.append(definition)
        if good:
            self.points = await points.add_points(
                self._connection, self.spool, self.connector_id, good, self.points
            )

    def _translate_waiting(self, pending: PendingRows) -> None:
        """Translate the samples that wait: live ones together, those of history each alone."""
        live = [unit for unit in pending.waiting if unit.lane == "live"]
        history = [[unit] for unit in pending.waiting if unit.lane != "live"]
        pending.waiting.clear()
        for units in [*chunks_of_samples(live), *history]:
            self._translate(units, pending, live=units[0].lane == "live")

    def _translate(self, units: Sequence[RecordUnit], pending: PendingRows, *, live: bool) -> None:
        records = [unit.record for unit in units if isinstance(unit.record, Samples)]
        columns = codec.join_columns(records)
        counts = [rows_in(record) for record in records]
        translated = translate_samples(
            columns,
            self.points,
            first_sequence=_first_sequences(units, counts),
            is_staged=not live,
        )
        for unit, lost in split_rows(units, counts, translated.unknown):
            self._reject_unknown(unit, codec.select_rows(columns, lost), pending)
        pending.add_samples(translated.rows, translated.dirty, live=live)

    def _reject_unknown(
        self, unit: RecordUnit, lost: codec.SampleColumns, pending: PendingRows
    ) -> None:
        numbers = ", ".join(map(str, np.unique(lost.point)[:10].tolist()))
        alone = RecordUnit(unit.seq, unit.lane, codec.samples_of(lost))
        reason = f"points {numbers}: never introduced by this spool, or refused"
        pending.reject(alone, quarantine_row_of_unit(alone, reason))

    def _add_event(self, unit: RecordUnit, event: BusinessEvent, pending: PendingRows) -> None:
        # An edge of version 0.1, which tallies nothing, sends facts that lack what they need.
        reason = None if unit.seq in self._tallied else missing_in(event.fact)
        if reason is None:
            pending.events.append((unit.seq, event))
        else:
            pending.reject(unit, quarantine_row_of_unit(unit, reason))

    async def _write_gap(
        self, unit: RecordUnit, gap: GapOpened | GapClosed, pending: PendingRows
    ) -> None:
        if isinstance(gap, GapOpened):
            await self._open_gap(gap, pending)
        else:
            await self._close_gap(unit, gap, pending)

    async def _open_gap(self, gap: GapOpened, pending: PendingRows) -> None:
        start_at = bounded_instant(gap.from_us)
        await self._connection.execute(
            gap_statements.OPEN_GAP,
            gap.gap_id,
            self.connector_id,
            gap.source,
            gap.signals,
            start_at,
            gap.cause,
            gap.detail,
            gap.estimate,
        )
        await self._mark_gap_edges(gap.signals, [start_at], pending)

    async def _close_gap(self, unit: RecordUnit, gap: GapClosed, pending: PendingRows) -> None:
        end_at = bounded_instant(gap.to_us)
        row = await self._connection.fetchrow(
            gap_statements.CLOSE_GAP, gap.gap_id, end_at, gap.estimate, gap.backfilled
        )
        if row is None:
            reason = f"closes gap {gap.gap_id}, which never opened"
            pending.reject(unit, quarantine_row_of_unit(unit, reason))
        else:
            await self._mark_gap_edges(row["signal_keys"], [row["start_at"], end_at], pending)

    async def _mark_gap_edges(
        self, keys: Sequence[str], at: Sequence[datetime], pending: PendingRows
    ) -> None:
        marks = await gap_edge_marks(self._connection, self.connector_id, keys, at)
        pending.dirty.append(marks)

    async def _add_raw(self, unit: RecordUnit, raw: Raw, pending: PendingRows) -> None:
        if unit.lane == "live":
            pending.raw.append((unit.seq, raw))
        else:
            [arguments] = raw_arguments(self.connector_id, self.spool_id, [(unit.seq, raw)])
            await self._connection.execute(fact.ADD_RAW_INPUT_IF_MISSING, *arguments)

    async def _write_events(self, pending: PendingRows) -> None:
        outcome = await write_events(
            self._connection, self.connector_id, self.spool_id, pending.events
        )
        pending.books.add(outcome.counts)
        for conflict in outcome.conflicts:
            unit = RecordUnit(conflict.seq, "live", conflict.event)
            pending.bad.append(quarantine_row_of_unit(unit, conflict.reason))

    async def _flush(self, pending: PendingRows) -> int:
        self._translate_waiting(pending)
        if pending.raw:
            arguments = raw_arguments(self.connector_id, self.spool_id, pending.raw)
            await self._connection.executemany(fact.ADD_RAW_INPUT, arguments)
        samples = pending.samples
        if pending.live:
            await self._copy("samples", pending.live)
        if pending.history:
            inserted = await self._insert_history(pending)
            samples += inserted
            pending.books.duplicates += pending.history_count - inserted
        pending.books.stored += samples
        if pending.events:
            await self._write_events(pending)
        dirty = np.unique(np.concatenate(pending.dirty)) if pending.dirty else ()
        if len(dirty):
            await self._mark_dirty(np.asarray(dirty))
        await self._insert_bad(pending.bad)
        return samples

    async def _mark_dirty(self, dirty: NDArray[np.int64]) -> None:
        tag = await self._connection.execute(dirty_statements.MARK_BUCKETS, *unpack_dirty(dirty))
        if skipped := len(dirty) - int(tag.rpartition(" ")[2]):
            _log.warning(
                "buckets not marked: their samples were dropped",
                connector=self.connector_id,
                buckets=skipped,
            )

    async def _copy(self, table: str, rows: Sequence[copy.SampleRows]) -> None:
        parts = map(copy.encode_rows, rows)
        await self._connection.copy_to_table(
            table, source=copy.stream_copy(parts), columns=copy.COLUMNS, format="binary"
        )

    async def _insert_history(self, pending: PendingRows) -> int:
        """Stage rows that may overlap, and insert those that are not there yet (R18)."""
        await self._connection.execute(fact.CREATE_STAGING_TABLE)
        await self._copy(fact.STAGING_TABLE, pending.history)
        tag = await self._connection.execute(fact.INSERT_STAGED, *pending.history_bounds)
        await self._connection.execute(fact.CLEAR_STAGING_TABLE)
        return int(tag.rpartition(" ")[2])

    async def _insert_bad(self, bad: Sequence[QuarantineRow]) -> None:
        if bad:
            arguments = quarantine_arguments(self.connector_id, self.spool_id, bad)
            await self._connection.executemany(fact.ADD_TO_QUARANTINE, arguments)


def _first_sequences(units: Sequence[RecordUnit], counts: Sequence[int]) -> NDArray[np.int64]:
    """Return for each row that of the first row of all, if they were one batch."""
    starts = np.cumsum(np.array(counts, np.int64)) - counts
    firsts = [sequence_of_batch(unit.seq, unit.first_row) for unit in units]
    return np.repeat(np.array(firsts, np.int64) - (starts << ROW_BITS), counts)
