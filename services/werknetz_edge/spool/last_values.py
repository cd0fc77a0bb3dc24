"""What the spool keeps of each point last, so that a value told again is not a second row.

A new OPC UA subscription tells every current value. Only a row that is on disk exactly so (point,
time, status, value, text) is left out: a repeat is harmless, a loss is not. Kept in the spool now
and then; what came after is read from its batches, so a kill forgets nothing.
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
from werknetz_edge.spool.spool import Spool, SpoolFull

SAVE_EVERY_S: Final = 60.0
_READ_BYTES: Final = 4_000_000
_GROW: Final = 1024
_TIME, _VALUE, _STATUS, _TEXT = range(4)  # of a row; the value by its bits: NaN equals NaN
_NEVER: Final = -1  # a status is a uint32: this is none
_KEPT_BYTES: Final = 5 * 8  # a point's number, its row
Rows = NDArray[np.int64]
_log = get_logger("edge.told")


class LastValues:
    """Costs nothing until a source first says that it repeats. Used from the spool's thread."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._of: UUID | None = None  # the spool whose rows are known
        self._last = _room(0)
        self._saved_at_s = 0.0
        self._saved_seq = 0

    def without_repeats(
        self, records: Sequence[Record], *, at_any_time: bool = False
    ) -> list[Record]:
        """Leave out the rows that equal what is on disk last of their point.

        `at_any_time`: what differs in its time alone is equal, too.
        """
        self._begin()
        kept: list[Record] = []
        for record in records:
            if not isinstance(record, Samples):
                kept.append(record)
                continue
            columns = columns_of(record)
            new = np.flatnonzero(~self._is_known(columns, at_any_time))
            if len(new) == len(columns):
                kept.append(record)
            elif len(new):
                kept.append(samples_of(select_rows(columns, new)))
        return kept

    def note(self, records: Sequence[Record]) -> None:
        """These are on disk now."""
        if self._of is None:
            return
        if self._of != self._spool.spool_id:
            self._of = None  # replaced meanwhile; `_begin` finds nothing kept, and that is right
            return
        self._note(records)
        if time.monotonic() - self._saved_at_s > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Keep it in the spool, if there is something new and room."""
        if self._of != self._spool.spool_id or self._saved_seq == self._spool.last_seq:
            return
        self._saved_at_s = time.monotonic()
        points = np.flatnonzero(self._last[:, _STATUS] != _NEVER)
        rows = np.column_stack((points, self._last[points]))
        try:
            self._spool.keep_told(rows.astype("<i8").tobytes())
        except SpoolFull as error:
            _log.debug("no room for what was told last", reason=str(error))
        else:
            self._saved_seq = self._spool.last_seq

    def _begin(self) -> None:
        """Know what is on disk: what was saved, and the batches after it."""
        spool = self._spool
        if self._of == spool.spool_id:
            return
        self._last, self._of, self._saved_at_s = _room(0), spool.spool_id, time.monotonic()
        found = spool.told()
        if found is None:  # what older versions have kept stays unknown: it is told once more
            self._saved_seq = -1
            self.save()
            return
        seq, saved = found
        self._saved_seq = seq
        if saved:
            rows = np.frombuffer(saved, "<i8").reshape(-1, _KEPT_BYTES // 8)
            self._widen(int(rows[:, 0].max()))
            self._last[rows[:, 0]] = rows[:, 1:]
        seq = max(seq, spool.base_seq)
        try:
            while batches := spool.read(seq + 1, _READ_BYTES):
                for batch in batches:
                    self._note(decode(batch.payload).records)
                seq = batches[-1].seq
        except UnreadableBatch as error:
            _log.warning("a kept batch cannot be read", batch=seq + 1, reason=str(error))

    def _note(self, records: Sequence[Record]) -> None:
        for record in records:
            if isinstance(record, Samples):
                columns = columns_of(record)
                if len(columns):
                    self._widen(int(columns.point.max()))
                    # Whole rows: whichever of several stays, it is one that is on disk.
                    self._last[columns.point] = _rows_of(columns)

    def _is_known(self, columns: SampleColumns, at_any_time: bool) -> NDArray[np.bool_]:
        if not len(columns):
            return np.zeros(0, np.bool_)
        self._widen(int(columns.point.max()))
        same = self._last[columns.point] == _rows_of(columns)
        same[:, _TIME] |= at_any_time
        return np.asarray(same.all(axis=1), np.bool_)

    def _widen(self, point: int) -> None:
        if point >= len(self._last):
            wide = _room(point + _GROW)
            wide[: len(self._last)] = self._last
            self._last = wide


def _room(size: int) -> Rows:
    return np.full((size, 4), _NEVER, np.int64)


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
    """Not 0, which stands for no text."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little", signed=True) | 1
