"""Encodes rows of `samples` for PostgreSQL's binary COPY with numpy, without an object a row.

`sequence` orders the samples of a signal at one instant: null first, then ascending.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from itertools import product, starmap
from typing import Final

import numpy as np
from numpy.typing import NDArray

COLUMNS: Final = (
    "signal_id", "at", "value", "status", "server_at", "mapping_id", "sequence", "text",
)  # fmt: skip
"""The order of the columns in the bytes, for `copy_to_table(columns=…)`."""

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"
PG_EPOCH_US: Final = 946_684_800_000_000
"""2000-01-01: PostgreSQL counts its microseconds from there."""

NO_SEQUENCE: Final = -1
_NULL: Final = -1
CHUNK_BYTES: Final = 1 << 18
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SampleRows:
    """n rows as columns; instants in microseconds since 1970, within what PostgreSQL can hold."""

    signal_id: NDArray[np.int32]
    at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    status: NDArray[np.uint32]
    mapping_id: NDArray[np.int32] | None = None  # 0: unknown
    server_at_us: NDArray[np.int64] | None = None  # stored as NULL where it equals `at_us`
    sequence: NDArray[np.int64] | None = None  # stored as NULL where it is `NO_SEQUENCE`
    text_row: NDArray[np.int32] | None = None  # rows that have a text, ascending, each once
    text: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.signal_id)


def encode_rows(rows: SampleRows) -> bytes:
    """Return the encoded rows, without `HEADER` and `TRAILER`.

    NaN is stored as NULL where the row has a text, else as NaN.
    """
    server_null = (
        np.ones(len(rows), np.bool_)
        if rows.server_at_us is None
        else rows.server_at_us == rows.at_us
    )
    sequence_null = (
        np.ones(len(rows), np.bool_) if rows.sequence is None else rows.sequence == NO_SEQUENCE
    )
    has_text = rows.text_row is not None and len(rows.text_row) > 0
    if not has_text and _are_equal(server_null) and _are_equal(sequence_null):
        everything = np.arange(len(rows)) if len(rows) else np.empty(0, np.int64)
        shape = _Shape(
            server_null=bool(len(rows) and server_null[0]),
            sequence_null=bool(len(rows) and sequence_null[0]),
        )
        return _fill_layout(rows, everything, shape, whole=True).tobytes()
    return _encode_mixed(rows, server_null, sequence_null)


async def stream_copy(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield header, parts and trailer in chunks of up to `CHUNK_BYTES`.

    So small parts are sent together, and PostgreSQL stores large ones while the next are encoded.
    """
    waiting = bytearray(HEADER)
    for part in parts:
        waiting += part
        while len(waiting) >= CHUNK_BYTES:
            yield bytes(waiting[:CHUNK_BYTES])
            del waiting[:CHUNK_BYTES]
    waiting += TRAILER
    yield bytes(waiting)


def _are_equal(flags: NDArray[np.bool_]) -> bool:
    return bool(flags.all()) or not flags.any()


def _encode_mixed(
    rows: SampleRows, server_null: NDArray[np.bool_], sequence_null: NDArray[np.bool_]
) -> bytes:
    """Encode rows of different lengths."""
    text_length = np.full(len(rows), _NULL, np.int32)
    encoded: list[bytes] = [text.encode() for text in rows.text]
    text_row = np.empty(0, np.int32) if rows.text_row is None else rows.text_row
    text_length[text_row] = [len(text) for text in encoded]
    value_null = np.isnan(rows.value) & (text_length != _NULL)
    nulls = value_null.astype(np.int64) + server_null + sequence_null
    fixed = _BARE_BYTES + 8 * (3 - nulls)
    size = fixed + np.maximum(text_length, 0)
    end = np.cumsum(size)
    start = end - size
    buffer = np.empty(int(end[-1]) if len(end) else 0, np.uint8)
    for shape in _LAYOUTS:
        (chosen,) = np.nonzero(
            (value_null == shape.value_null)
            & (server_null == shape.server_null)
            & (sequence_null == shape.sequence_null)
        )
        if len(chosen):
            layout = _fill_layout(rows, chosen, shape)
            layout["text_n"] = text_length[chosen]
            width = layout.dtype.itemsize
            place = start[chosen][:, None] + np.arange(width)
            buffer[place] = layout.view(np.uint8).reshape(-1, width)
    _write_texts(buffer, (start + fixed)[text_row], text_length[text_row], b"".join(encoded))
    return buffer.tobytes()


def _write_texts(
    buffer: Bytes, start: NDArray[np.int64], length: NDArray[np.int32], texts: bytes
) -> None:
    before = np.cumsum(length) - length
    place = np.repeat(start - before, length) + np.arange(len(texts))
    buffer[place] = np.frombuffer(texts, np.uint8)


def _fill_layout(
    rows: SampleRows, chosen: NDArray[np.int64], shape: "_Shape", *, whole: bool = False
) -> NDArray[np.void]:
    """Return rows of one shape, without their texts; `whole`: all rows."""
    layout: NDArray[np.void] = np.empty(len(chosen), _LAYOUTS[shape])
    layout["fields"] = len(COLUMNS)
    layout["signal_n"] = layout["status_n"] = 4
    layout["at_n"] = 8
    pick: slice | NDArray[np.int64] = slice(None) if whole else chosen
    layout["signal"] = rows.signal_id[pick]
    layout["at"] = rows.at_us[pick] - PG_EPOCH_US
    layout["value_n"] = _NULL if shape.value_null else 8
    if not shape.value_null:
        layout["value"] = rows.value[pick]
    layout["status"] = rows.status[pick].view(np.int32)
    layout["server_n"] = _NULL if shape.server_null else 8
    if not shape.server_null and rows.server_at_us is not None:
        layout["server"] = rows.server_at_us[pick] - PG_EPOCH_US
    layout["mapping_n"] = 4
    layout["mapping"] = 0 if rows.mapping_id is None else rows.mapping_id[pick]
    layout["sequence_n"] = _NULL if shape.sequence_null else 8
    if not shape.sequence_null and rows.sequence is not None:
        layout["sequence"] = rows.sequence[pick]
    layout["text_n"] = _NULL
    return layout


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which columns of a row are null."""

    value_null: bool = False
    server_null: bool = False
    sequence_null: bool = False


def _dtype_of(shape: _Shape) -> np.dtype[np.void]:
    fields = [
        ("fields", ">i2"),
        ("signal_n", ">i4"), ("signal", ">i4"),
        ("at_n", ">i4"), ("at", ">i8"),
        ("value_n", ">i4"), *([] if shape.value_null else [("value", ">f8")]),
        ("status_n", ">i4"), ("status", ">i4"),
        ("server_n", ">i4"), *([] if shape.server_null else [("server", ">i8")]),
        ("mapping_n", ">i4"), ("mapping", ">i4"),
        ("sequence_n", ">i4"), *([] if shape.sequence_null else [("sequence", ">i8")]),
        ("text_n", ">i4"),
    ]  # fmt: skip
    return np.dtype(fields)


_LAYOUTS: Final = {
    shape: _dtype_of(shape) for shape in starmap(_Shape, product((False, True), repeat=3))
}
_BARE_BYTES: Final = _LAYOUTS[_Shape(True, True, True)].itemsize
