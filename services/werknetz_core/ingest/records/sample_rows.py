"""Translates samples into rows, dirty buckets and quarantined rows. Pure."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from werknetz.domain.bucket import BUCKET_US, TIME_MAX_US, TIME_MIN_US
from werknetz.domain.status import UNCERTAIN_TIME
from werknetz.events.codec import SampleColumns, UnreadableBatch, select_rows
from werknetz.store.ingest.samples_copy import NO_SEQUENCE, SampleRows
from werknetz_core.ingest.records.points import PointMap

CARRY_BACK_US: Final = 120 * 1_000_000
"""A sample so close after a boundary can turn a minor stop before it into a failure."""
SEQUENCE_BITS: Final = 25  # below the number of the batch
ROW_BITS: Final = 5  # below the position of the row in its batch
OCCURRENCES_MAX: Final = 15
_BUCKET_OFFSET: Final = 1 << 30
_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class TranslatedSamples:
    rows: SampleRows
    dirty: NDArray[np.int64]  # packed by `pack_dirty`; unique, ascending
    unknown: NDArray[np.int64]  # rows of the input with an unknown point


def translate_samples(
    columns: SampleColumns,
    points: PointMap,
    *,
    first_sequence: int | NDArray[np.int64] = 0,
    is_staged: bool = False,
) -> TranslatedSamples:
    """Resolve points. An impossible time is clamped and marked in the status (R14).

    `first_sequence`: of the first row, see `sequence_of_batch`; of several records, for each row
    that of the first row of all, if they were one batch. `is_staged`: each row needs a sequence.
    """
    if len(columns.text_row) and not (
        0 <= columns.text_row.min() <= columns.text_row.max() < len(columns)
    ):
        raise UnreadableBatch("a text row lies outside the samples")
    is_known = _is_known(columns.point, points)
    sequence = first_sequence + (np.arange(len(columns)) << ROW_BITS)
    unknown = np.empty(0, np.int64)
    if not is_known.all():
        sequence = sequence[is_known]
        columns = select_rows(columns, np.nonzero(is_known)[0])
        unknown = np.nonzero(~is_known)[0]
    point = columns.point
    at_us = np.clip(columns.time, TIME_MIN_US, TIME_MAX_US)
    clamped = at_us != columns.time
    status = columns.status
    if clamped.any():
        status = np.where(clamped, np.uint32(UNCERTAIN_TIME), status).astype(np.uint32)
    server = columns.server_time
    text_row, text = _last_text_per_row(columns)
    may_tie = find_possible_ties(point, at_us, points.latest_us)
    if is_staged:
        sequence += may_tie + 2 * _count_equal_rows(columns, at_us)
    else:
        sequence = np.where(may_tie, sequence + 1, NO_SEQUENCE)
    rows = SampleRows(
        sequence=sequence,
        signal_id=points.signal_id[point],
        at_us=at_us,
        value=columns.value,
        status=status,
        mapping_id=points.mapping_id[point],
        server_at_us=None if server is None else np.clip(server, TIME_MIN_US, TIME_MAX_US),
        text_row=text_row,
        text=text,
    )
    dirty = pack_dirty(points.marked_equipment_id[point], at_us)
    return TranslatedSamples(rows, dirty, unknown)


def _is_known(number: NDArray[np.int32], points: PointMap) -> NDArray[np.bool_]:
    is_known = (number >= 0) & (number < len(points.signal_id))
    if len(points.signal_id):
        is_known &= points.signal_id[np.where(is_known, number, 0)] != 0
    return is_known


def sequence_of_batch(seq: int, rows_before: int) -> int:
    """Return the sequence of a row by its batch and its position in it.

    So the order of a spool is that of its batches, whenever they are applied, and however often.
    The lowest bit is set where another sample of the signal may have the same instant: only there
    is a sequence stored. The four bits above it count the equal rows before it in one record.
    """
    rows_max = (1 << (SEQUENCE_BITS - ROW_BITS)) - 1
    return (seq << SEQUENCE_BITS) + (min(rows_before, rows_max) << ROW_BITS)


def find_possible_ties(
    point: NDArray[np.int32], at_us: NDArray[np.int64], latest_us: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return the rows whose instant may have an earlier sample, and note the latest instants.

    Those are the rows that are not later than every row before them of the same point.
    """
    if (at_us[1:] > at_us[:-1]).all() and (at_us > latest_us[point]).all():
        latest_us[point] = np.minimum(at_us, TIME_MAX_US - 1)  # of equal points, the last counts
        return np.zeros(len(point), np.bool_)
    order = np.argsort(point, kind="stable")
    sorted_point, sorted_at = point[order], at_us[order]
    is_first = np.append(True, sorted_point[1:] != sorted_point[:-1])
    starts = np.flatnonzero(is_first)
    group = np.cumsum(is_first) - 1
    # A step back in a group: each of its rows may tie with one of a batch before.
    steps_back = np.append(False, sorted_at[1:] < sorted_at[:-1]) & ~is_first
    has_step_back = np.bincount(group, weights=steps_back, minlength=len(starts)) > 0
    may_tie = np.append(False, sorted_at[1:] == sorted_at[:-1]) & ~is_first
    group_point = sorted_point[starts]
    may_tie |= (sorted_at <= latest_us[sorted_point]) | has_step_back[group]
    newest = np.maximum.reduceat(sorted_at, starts)
    latest_known = np.where(
        latest_us[group_point] == TIME_MAX_US, TIME_MIN_US, latest_us[group_point]
    )
    latest_us[group_point] = np.minimum(np.maximum(newest, latest_known), TIME_MAX_US - 1)
    result = np.empty(len(point), np.bool_)
    result[order] = may_tie
    return result


def _count_equal_rows(columns: SampleColumns, at_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each row how many rows before it are equal in point, instant, value and text."""
    counts = np.zeros(len(at_us), np.int64)
    order = np.lexsort((at_us, columns.point))
    point, at = columns.point[order], at_us[order]
    equal = (point[1:] == point[:-1]) & (at[1:] == at[:-1])
    if not equal.any():
        return counts
    texts = dict(zip(columns.text_row.tolist(), columns.text, strict=True))
    equal_rows: Counter[tuple[int, int, float | None, str | None]] = Counter()
    for row in np.sort(order[np.append(equal, False) | np.append(False, equal)]).tolist():
        value = float(columns.value[row])
        number = None if math.isnan(value) else value
        key = (int(columns.point[row]), int(at_us[row]), number, texts.get(row))
        counts[row] = min(equal_rows[key], OCCURRENCES_MAX)
        equal_rows[key] += 1
    return counts


def unpack_dirty(packed: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """Return (equipment ids, bucket numbers since 1970), sorted by both."""
    return (packed >> 32).tolist(), ((packed & 0xFFFF_FFFF) - _BUCKET_OFFSET).tolist()


def pack_dirty(equipment_id: NDArray[np.int32], at_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the packed buckets of the instants, and the one before where an instant affects it."""
    # The first and last day that can be written are what devices send for "no time": no KPI
    # lies there, and a bucket at the end of time has no end.
    counted = (
        (equipment_id != 0) & (at_us > TIME_MIN_US + _DAY_US) & (at_us < TIME_MAX_US - _DAY_US)
    )
    equipment, at = equipment_id[counted].astype(np.int64), at_us[counted]
    bucket = at // BUCKET_US
    packed = (equipment << 32) + bucket + _BUCKET_OFFSET
    before = packed[at - bucket * BUCKET_US < CARRY_BACK_US] - 1
    return sort_unique(np.concatenate([packed, before]))


def sort_unique(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what `np.unique` does, in a third of its time for few numbers."""
    ascending = np.sort(numbers)
    is_new = np.ones(len(ascending), np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=is_new[1:])
    return ascending[is_new]


def _last_text_per_row(columns: SampleColumns) -> tuple[NDArray[np.int32] | None, tuple[str, ...]]:
    if not len(columns.text_row):
        return None, ()
    step = np.diff(columns.text_row)
    if len(step) == 0 or step.min() > 0:
        return columns.text_row, tuple(columns.text)
    texts = dict(zip(columns.text_row.tolist(), columns.text, strict=True))
    ordered = sorted(texts)
    return np.array(ordered, np.int32), tuple(texts[row] for row in ordered)
