"""Encodes rows of `samples` for PostgreSQL's binary COPY with numpy, without an object a row.

Rows keep their order: of two samples of a signal at the same instant, the later row is the later
sample.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

COLUMNS: Final = ("signal_id", "at", "value", "status", "server_at", "mapping_id", "text")
"""The order of the columns in the bytes, for `copy_to_table(columns=…)`."""

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"
PG_EPOCH_US: Final = 946_684_800_000_000
"""2000-01-01: PostgreSQL counts its microseconds from there."""

_NULL: Final = -1
_CHUNK_BYTES: Final = 1 << 20
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
    has_text = rows.text_row is not None and len(rows.text_row) > 0
    if not has_text and (server_null.all() or not server_null.any()):
        everything = np.arange(len(rows)) if len(rows) else np.empty(0, np.int64)
        null = bool(len(rows) and server_null[0])
        return _fill_layout(
            rows, everything, value_null=False, server_null=null, whole=True
        ).tobytes()
    return _encode_mixed(rows, server_null)


async def stream_copy(*parts: bytes) -> AsyncIterator[bytes]:
    """Yield header, parts and trailer in chunks."""
    yield HEADER
    for part in parts:
        for start in range(0, len(part), _CHUNK_BYTES):
            yield part[start : start + _CHUNK_BYTES]
    yield TRAILER


def _encode_mixed(rows: SampleRows, server_null: NDArray[np.bool_]) -> bytes:
    """Encode rows of different lengths."""
    text_length = np.full(len(rows), _NULL, np.int32)
    encoded: list[bytes] = [text.encode() for text in rows.text]
    text_row = np.empty(0, np.int32) if rows.text_row is None else rows.text_row
    text_length[text_row] = [len(text) for text in encoded]
    value_null = np.isnan(rows.value) & (text_length != _NULL)
    fixed = np.where(value_null, 0, 8) + np.where(server_null, 0, 8) + _BARE_BYTES
    size = fixed + np.maximum(text_length, 0)
    end = np.cumsum(size)
    start = end - size
    buffer = np.empty(int(end[-1]) if len(end) else 0, np.uint8)
    for no_value in (False, True):
        for no_server in (False, True):
            (chosen,) = np.nonzero((value_null == no_value) & (server_null == no_server))
            if len(chosen):
                layout = _fill_layout(rows, chosen, value_null=no_value, server_null=no_server)
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
    rows: SampleRows,
    chosen: NDArray[np.int64],
    *,
    value_null: bool,
    server_null: bool,
    whole: bool = False,
) -> NDArray[np.void]:
    """Return rows of one layout, without their texts; `whole`: all rows."""
    layout: NDArray[np.void] = np.empty(len(chosen), _LAYOUTS[value_null, server_null])
    layout["fields"] = len(COLUMNS)
    layout["signal_n"] = layout["status_n"] = 4
    layout["at_n"] = 8
    pick: slice | NDArray[np.int64] = slice(None) if whole else chosen
    layout["signal"] = rows.signal_id[pick]
    layout["at"] = rows.at_us[pick] - PG_EPOCH_US
    layout["value_n"] = _NULL if value_null else 8
    if not value_null:
        layout["value"] = rows.value[pick]
    layout["status"] = rows.status[pick].view(np.int32)
    layout["server_n"] = _NULL if server_null else 8
    if not server_null and rows.server_at_us is not None:
        layout["server"] = rows.server_at_us[pick] - PG_EPOCH_US
    layout["mapping_n"] = 4
    layout["mapping"] = 0 if rows.mapping_id is None else rows.mapping_id[pick]
    layout["text_n"] = _NULL
    return layout


def _dtype_of(*, value_null: bool, server_null: bool) -> np.dtype[np.void]:
    fields = [
        ("fields", ">i2"),
        ("signal_n", ">i4"), ("signal", ">i4"),
        ("at_n", ">i4"), ("at", ">i8"),
        ("value_n", ">i4"), *([] if value_null else [("value", ">f8")]),
        ("status_n", ">i4"), ("status", ">i4"),
        ("server_n", ">i4"), *([] if server_null else [("server", ">i8")]),
        ("mapping_n", ">i4"), ("mapping", ">i4"),
        ("text_n", ">i4"),
    ]  # fmt: skip
    return np.dtype(fields)


_LAYOUTS: Final = {
    (no_value, no_server): _dtype_of(value_null=no_value, server_null=no_server)
    for no_value in (False, True)
    for no_server in (False, True)
}
_BARE_BYTES: Final = _LAYOUTS[True, True].itemsize
