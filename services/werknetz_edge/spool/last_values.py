"""Last stored value per point, to drop values that a server re-sends after reconnecting.

A new OPC UA subscription sends every current value. A row is dropped only if the last stored row of
its point is equal in all parts (time, status, value, text): a repeat is harmless, a loss is not.
The cache is saved in the spool from time to time and completed from the batches after it, so a
crash loses nothing.
"""

import time
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from werknetz.events.batch import Record, Samples
from werknetz.events.codec import (
    SampleColumns,
    UnreadableBatch,
    columns_of,
    decode,
    samples_of,
    select_rows,
)
from werknetz.runtime.log import get_logger
from werknetz_edge.spool.errors import SpoolFull
from werknetz_edge.spool.spool import Spool

SAVE_EVERY_S: Final = 60.0
_READ_BYTES: Final = 4_000_000
_GROW_ROWS: Final = 1024
_TIME, _VALUE, _STATUS, _TEXT = range(4)  # of a row; the value by its bits: NaN equals NaN
_NO_ROW: Final = -1  # a status is a uint32: this is none
_STORED_ROW_BYTES: Final = 5 * 8  # a point's number, its row
Rows = NDArray[np.int64]
_log = get_logger("edge.last_values")


class LastValues:
    """Loaded when a source first announces repeats. Used in the spool's thread."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._spool_id: UUID | None = None  # the spool whose rows are loaded
        self._last = _empty_rows(0)
        self._saved_at_s = 0.0
        self._saved_seq = 0
        self.dropped = 0  # rows, since the owner reset it

    def drop_repeats(self, records: Sequence[Record], *, ignore_time: bool = False) -> list[Record]:
        """Drop the rows that equal the last stored row of their point; count them in `dropped`.

        A row after one that differs is none: 10, 20, 10 within an instant are three values.
        `ignore_time`: rows that differ only in time are equal, too.
        """
        self._load()
        remaining: list[Record] = []
        changed: set[int] = set()  # points with a row that differs
        for record in records:
            if not isinstance(record, Samples):
                remaining.append(record)
                continue
            columns = columns_of(record)
            is_stored = self._is_stored(columns, ignore_time)
            new = np.flatnonzero(_are_new(columns.point, is_stored, changed))
            self.dropped += len(columns) - len(new)
            if len(new) == len(columns):
                remaining.append(record)
            elif len(new):
                remaining.append(samples_of(select_rows(columns, new)))
        return remaining

    def update(self, records: Sequence[Record]) -> None:
        """Take over records that are on disk now."""
        if self._spool_id != self._spool.spool_id:
            return  # nothing is loaded, or the spool was replaced: `_load` starts without rows
        self._apply(records)
        if time.monotonic() - self._saved_at_s > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Save the cache in the spool, if it has changed and there is room."""
        if self._spool_id != self._spool.spool_id or self._saved_seq == self._spool.last_seq:
            return
        self._saved_at_s = time.monotonic()
        points = np.flatnonzero(self._last[:, _STATUS] != _NO_ROW)
        rows = np.column_stack((points, self._last[points]))
        try:
            self._spool.save_last_values(rows.astype("<i8").tobytes())
        except SpoolFull as error:
            _log.debug("last values not saved, spool full", reason=str(error))
        else:
            self._saved_seq = self._spool.last_seq

    def _load(self) -> None:
        """Load the saved cache and apply the batches after it."""
        spool = self._spool
        if self._spool_id == spool.spool_id:
            return
        self._last, self._spool_id, self._saved_at_s = (
            _empty_rows(0),
            spool.spool_id,
            time.monotonic(),
        )
        saved_state = spool.load_last_values()
        if saved_state is None:  # nothing saved: older rows stay unknown and may be stored again
            self._saved_seq = -1
            self.save()
            return
        seq, saved = saved_state
        self._saved_seq = seq
        if saved:
            rows = np.frombuffer(saved, "<i8").reshape(-1, _STORED_ROW_BYTES // 8)
            self._grow(int(rows[:, 0].max()))
            self._last[rows[:, 0]] = rows[:, 1:]
        seq = max(seq, spool.base_seq)
        try:
            while batches := spool.read(seq + 1, _READ_BYTES):
                for batch in batches:
                    self._apply(decode(batch.payload).records)
                seq = batches[-1].seq
        except UnreadableBatch as error:
            _log.warning("a stored batch cannot be decoded", batch=seq + 1, reason=str(error))

    def _apply(self, records: Sequence[Record]) -> None:
        for record in records:
            if isinstance(record, Samples):
                columns = columns_of(record)
                if len(columns):
                    self._grow(int(columns.point.max()))
                    # Whole rows: if a point occurs twice, numpy keeps one complete stored row.
                    self._last[columns.point] = _rows_of(columns)

    def _is_stored(self, columns: SampleColumns, ignore_time: bool) -> NDArray[np.bool_]:
        if not len(columns):
            return np.zeros(0, np.bool_)
        self._grow(int(columns.point.max()))
        same = self._last[columns.point] == _rows_of(columns)
        same[:, _TIME] |= ignore_time
        return np.asarray(same.all(axis=1), np.bool_)

    def _grow(self, point: int) -> None:
        if point >= len(self._last):
            wide = _empty_rows(point + _GROW_ROWS)
            wide[: len(self._last)] = self._last
            self._last = wide


def _are_new(
    point: NDArray[np.int32], is_stored: NDArray[np.bool_], changed: set[int]
) -> NDArray[np.bool_]:
    """Return which rows to store; add the points with such rows to `changed`."""
    if is_stored.all() and not changed:
        return ~is_stored
    rows = np.flatnonzero(~is_stored)
    first = np.full(int(point.max(initial=0)) + 1, len(point))  # new row of each point
    np.minimum.at(first, point[rows], rows)
    is_new = np.arange(len(point)) >= first[point]
    if changed:
        is_new |= np.isin(point, list(changed))
    changed.update(np.unique(point[rows]).tolist())
    return is_new


def _empty_rows(size: int) -> Rows:
    return np.full((size, 4), _NO_ROW, np.int64)


def _rows_of(columns: SampleColumns) -> Rows:
    rows = np.empty((len(columns), 4), np.int64)
    rows[:, _TIME] = columns.time
    rows[:, _VALUE] = columns.value.view(np.int64)
    rows[:, _STATUS] = columns.status
    rows[:, _TEXT] = 0
    if len(columns.text_row):
        rows[columns.text_row, _TEXT] = [_hash(text) for text in columns.text]
    return rows


def _hash(text: str) -> int:
    """Never 0, which stands for no text."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little", signed=True) | 1
