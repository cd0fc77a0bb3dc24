"""Encode and decode batches. A payload that is not a batch raises `UnreadableBatch`."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from werknetz.events.batch import Batch, Samples

HASH_BYTES: Final = 16
GENESIS: Final = bytes(HASH_BYTES)
"""The hash before the first batch of a spool."""

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Batch)


class UnreadableBatch(ValueError):
    """The payload is not a batch of any version; it goes to quarantine."""


def encode(batch: Batch) -> bytes:
    return _encoder.encode(batch)


def decode(payload: bytes) -> Batch:
    try:
        batch = _decoder.decode(payload)
        for record in batch.records:
            if isinstance(record, Samples) and not _is_plain(record):
                columns_of(record)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise UnreadableBatch(str(error)) from error
    return batch


def chain_hash(previous: bytes, payload: bytes) -> bytes:
    """Return hash_n = H(hash_{n-1} ‖ payload_n): equal for spools with an equal prefix."""
    return blake2b(previous + payload, digest_size=HASH_BYTES).digest()


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """Columns of `Samples` as numpy views, without copies. `server_time` may be None."""

    point: NDArray[np.int32]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    status: NDArray[np.uint32]
    server_time: NDArray[np.int64] | None
    text_row: NDArray[np.int32]
    text: list[str]

    def __len__(self) -> int:
        return len(self.point)


def columns_of(samples: Samples) -> SampleColumns:
    """Return the columns; raise ValueError where their lengths or rows are inconsistent."""
    columns = SampleColumns(
        point=np.frombuffer(samples.point, "<i4"),
        time=np.frombuffer(samples.time, "<i8"),
        value=np.frombuffer(samples.value, "<f8"),
        status=np.frombuffer(samples.status, "<u4"),
        server_time=np.frombuffer(samples.server_time, "<i8") if samples.server_time else None,
        text_row=np.frombuffer(samples.text_row, "<i4"),
        text=samples.text,
    )
    lengths = {len(columns.point), len(columns.time), len(columns.value), len(columns.status)}
    if columns.server_time is not None:
        lengths.add(len(columns.server_time))
    if len(lengths) != 1:
        raise ValueError(f"columns of samples have different lengths {sorted(lengths)}")
    if len(columns.text_row) != len(columns.text):
        raise ValueError("the numbers of texts and text rows differ")
    if len(columns.text_row) and not 0 <= columns.text_row[0] <= columns.text_row[-1] < len(
        columns
    ):
        raise ValueError("a text row is outside the samples")
    return columns


def _is_plain(samples: Samples) -> bool:
    """Return whether the columns are consistent and without texts; cheaper than making them."""
    count, rest = divmod(len(samples.point), 4)
    return (
        not rest
        and len(samples.time) == len(samples.value) == 8 * count
        and len(samples.status) == 4 * count
        and len(samples.server_time) in (0, 8 * count)
        and not samples.text
        and not samples.text_row
    )


def join_columns(records: Sequence[Samples]) -> SampleColumns:
    """Return the rows of several records, in their order. The records come from `decode`.

    A server's time that only some records have is the time of the sample in the others.
    """
    if len(records) == 1:
        return columns_of(records[0])
    counts = np.array([len(record.point) // 4 for record in records], np.int64)
    starts = np.cumsum(counts) - counts
    server_time = b""
    if any(record.server_time for record in records):
        server_time = b"".join(record.server_time or record.time for record in records)
    text_row = np.frombuffer(b"".join(record.text_row for record in records), "<i4")
    texts = np.array([len(record.text) for record in records], np.int64)
    return SampleColumns(
        point=np.frombuffer(b"".join(record.point for record in records), "<i4"),
        time=np.frombuffer(b"".join(record.time for record in records), "<i8"),
        value=np.frombuffer(b"".join(record.value for record in records), "<f8"),
        status=np.frombuffer(b"".join(record.status for record in records), "<u4"),
        server_time=np.frombuffer(server_time, "<i8") if server_time else None,
        text_row=(text_row + np.repeat(starts, texts)).astype(np.int32),
        text=[text for record in records for text in record.text],
    )


def select_rows(columns: SampleColumns, rows: NDArray[np.intp]) -> SampleColumns:
    """Return the given rows (ascending), with their texts."""
    new_row = np.full(len(columns), -1, np.int64)
    new_row[rows] = np.arange(len(rows))
    has_text = new_row[columns.text_row] >= 0
    return SampleColumns(
        point=columns.point[rows],
        time=columns.time[rows],
        value=columns.value[rows],
        status=columns.status[rows],
        server_time=None if columns.server_time is None else columns.server_time[rows],
        text_row=new_row[columns.text_row][has_text].astype(np.int32),
        text=[text for text, keep in zip(columns.text, has_text.tolist(), strict=True) if keep],
    )


def samples_of(columns: SampleColumns) -> Samples:
    return Samples(
        point=columns.point.astype("<i4", copy=False).tobytes(),
        time=columns.time.astype("<i8", copy=False).tobytes(),
        value=columns.value.astype("<f8", copy=False).tobytes(),
        status=columns.status.astype("<u4", copy=False).tobytes(),
        server_time=b""
        if columns.server_time is None
        else columns.server_time.astype("<i8", copy=False).tobytes(),
        text_row=columns.text_row.astype("<i4", copy=False).tobytes(),
        text=columns.text,
    )
