"""Stores what the live batches of many spools came to: one COPY and one statement for all.

Inside the caller's transaction, which has locked the spools. Any error concerns all of them: the
caller rolls back and applies each spool alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg
import numpy as np

from werknetz.link.wire import BatchEnvelope
from werknetz.runtime.log import get_logger
from werknetz.store.ingest import records as fact
from werknetz.store.ingest import samples_copy as copy
from werknetz.store.ingest.together import STORE_TOGETHER
from werknetz.store.tables import BOOK_COUNTS
from werknetz_core.ingest.records.pending import (
    PendingRows,
    quarantine_arguments,
    raw_arguments,
)
from werknetz_core.ingest.records.record_writer import RecordWriter
from werknetz_core.ingest.records.sample_rows import sort_unique, unpack_dirty

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

_RAW_COLUMNS = 10
_log = get_logger("ingest.records")


@dataclass(frozen=True, slots=True)
class CollectedRun:
    """The batches of a spool up to `last`, which only the watermark must follow."""

    writer: RecordWriter
    pending: PendingRows
    last: BatchEnvelope


async def store_together(connection: "Connection", runs: Sequence[CollectedRun]) -> None:
    """Write everything of the runs, watermarks and books included. Spools are all different."""
    samples = [rows for run in runs for rows in run.pending.live]
    if samples:
        await connection.copy_to_table(
            "samples",
            source=copy.stream_copy(map(copy.encode_rows, samples)),
            columns=copy.COLUMNS,
            format="binary",
        )
    bad = [
        arguments
        for run in runs
        for arguments in quarantine_arguments(
            run.writer.connector_id, run.writer.spool_id, run.pending.bad
        )
    ]
    if bad:
        await connection.executemany(fact.ADD_TO_QUARANTINE, bad)
    for run in runs:
        run.writer.count(run.pending)
    dirty = [part for run in runs for part in run.pending.dirty]
    marks = sort_unique(np.concatenate(dirty)) if dirty else np.empty(0, np.int64)
    marked = await connection.fetchval(
        STORE_TOGETHER,
        *_raw_columns(runs),
        *unpack_dirty(marks),
        *_watermark_columns(runs),
        *_book_columns(runs),
    )
    if skipped := len(marks) - marked:
        _log.warning("buckets not marked: their samples were dropped", buckets=skipped)


def _raw_columns(runs: Sequence[CollectedRun]) -> list[list[object]]:
    """Return the columns, the first and last place of each one's hashes, and the hashes."""
    rows: list[tuple[object, ...]] = []
    places: list[tuple[int, int]] = []
    hashes: list[object] = []
    for run in runs:
        rows += raw_arguments(run.writer.connector_id, run.writer.spool_id, run.pending.raw)
        for _, raw in run.pending.raw:
            places.append((len(hashes) + 1, len(hashes) + len(raw.hashes)))
            hashes += raw.hashes
    columns = _columns([row[:_RAW_COLUMNS] for row in rows], _RAW_COLUMNS)
    return [*columns, *_columns(places, 2), hashes]


def _watermark_columns(runs: Sequence[CollectedRun]) -> list[list[object]]:
    rows = [
        (
            run.writer.spool, run.last.seq, run.last.hash, run.writer.sample_count,
            run.writer.quarantine_count,
        )
        for run in runs
    ]  # fmt: skip
    return [*_columns(rows, 5), [run.writer.connector_id for run in runs]]


def _book_columns(runs: Sequence[CollectedRun]) -> list[list[object]]:
    rows = [
        (run.writer.connector_id, *run.writer.books.values)
        for run in runs
        if not run.writer.books.is_empty
    ]
    return _columns(rows, 1 + len(BOOK_COUNTS))


def _columns(rows: Iterable[Sequence[object]], width: int) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
