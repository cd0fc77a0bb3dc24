"""Translates samples into rows, dirty buckets and quarantined rows. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from werknetz.domain.bucket import BUCKET_US, TIME_MAX_US, TIME_MIN_US
from werknetz.domain.status import UNCERTAIN_TIME
from werknetz.events.codec import SampleColumns, UnreadableBatch, select_rows
from werknetz.store.ingest.samples_copy import SampleRows
from werknetz_core.ingest.records.points import PointMap

CARRY_BACK_US: Final = 120 * 1_000_000
"""A sample so close after a boundary can turn a minor stop before it into a failure."""
_BUCKET_OFFSET: Final = 1 << 30
_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class TranslatedSamples:
    rows: SampleRows
    dirty: NDArray[np.int64]  # packed by `pack_dirty`; unique, ascending
    unknown: NDArray[np.int64]  # rows of the input with an unknown point


def translate_samples(columns: SampleColumns, points: PointMap) -> TranslatedSamples:
    """Resolve points. An impossible time is clamped and marked in the status (R14)."""
    if len(columns.text_row) and not (
        0 <= columns.text_row.min() <= columns.text_row.max() < len(columns)
    ):
        raise UnreadableBatch("a text row lies outside the samples")
    number = columns.point
    is_known = (number >= 0) & (number < len(points.signal_id))
    safe = np.where(is_known, number, 0)
    if len(points.signal_id):
        is_known &= points.signal_id[safe] != 0
    everything = bool(is_known.all())
    if not everything:
        columns = select_rows(columns, np.nonzero(is_known)[0])
        safe = safe[is_known]
    at_us = np.clip(columns.time, TIME_MIN_US, TIME_MAX_US)
    clamped = at_us != columns.time
    status = columns.status
    if clamped.any():
        status = np.where(clamped, np.uint32(UNCERTAIN_TIME), status).astype(np.uint32)
    server = columns.server_time
    text_row, text = _last_text_per_row(columns)
    rows = SampleRows(
        signal_id=points.signal_id[safe],
        at_us=at_us,
        value=columns.value,
        status=status,
        mapping_id=points.mapping_id[safe],
        server_at_us=None if server is None else np.clip(server, TIME_MIN_US, TIME_MAX_US),
        text_row=text_row,
        text=text,
    )
    dirty = pack_dirty(points.marked_equipment_id[safe], at_us)
    unknown = np.empty(0, np.int64) if everything else np.nonzero(~is_known)[0]
    return TranslatedSamples(rows, dirty, unknown)


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
    return np.unique(np.concatenate([packed, before]))


def _last_text_per_row(columns: SampleColumns) -> tuple[NDArray[np.int32] | None, tuple[str, ...]]:
    if not len(columns.text_row):
        return None, ()
    step = np.diff(columns.text_row)
    if len(step) == 0 or step.min() > 0:
        return columns.text_row, tuple(columns.text)
    texts = dict(zip(columns.text_row.tolist(), columns.text, strict=True))
    ordered = sorted(texts)
    return np.array(ordered, np.int32), tuple(texts[row] for row in ordered)
