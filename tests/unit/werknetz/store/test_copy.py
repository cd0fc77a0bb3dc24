import math
from typing import Any

import numpy as np
import pgpq
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.store.ingest.samples_copy import (
    CHUNK_BYTES,
    HEADER,
    NO_SEQUENCE,
    TRAILER,
    SampleRows,
    encode_rows,
    stream_copy,
)

NOW_US = 1_780_000_000_123_456

a_row = st.tuples(
    st.integers(1, 2**31 - 1),
    st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
    st.floats(width=64),
    st.integers(0, 2**32 - 1),
    st.none() | st.integers(0, 2 * NOW_US),
    st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.integers(0, 2**31 - 1),
    st.none() | st.integers(0, 2**63 - 1),
)
Row = tuple[int, int, float, int, int | None, str | None, int, int | None]


def rows_of(rows: list[Row]) -> SampleRows:
    return SampleRows(
        signal_id=np.array([row[0] for row in rows], np.int32),
        at_us=np.array([row[1] for row in rows], np.int64),
        value=np.array([row[2] for row in rows], np.float64),
        status=np.array([row[3] for row in rows], np.uint32),
        server_at_us=np.array([row[1] if row[4] is None else row[4] for row in rows], np.int64),
        mapping_id=np.array([row[6] for row in rows], np.int32),
        sequence=np.array([NO_SEQUENCE if row[7] is None else row[7] for row in rows], np.int64),
        text_row=np.array([n for n, row in enumerate(rows) if row[5] is not None], np.int32),
        text=tuple(row[5] for row in rows if row[5] is not None),
    )


def by_pgpq(rows: list[Row]) -> bytes:
    """Another's encoder, fed with the rows one by one."""
    at = pa.timestamp("us", tz="UTC")
    columns: dict[str, Any] = {
        "signal_id": pa.array([row[0] for row in rows], pa.int32()),
        "at": pa.array([row[1] for row in rows], at),
        "value": pa.array(
            [None if row[5] is not None and math.isnan(row[2]) else row[2] for row in rows],
            pa.float64(),
        ),
        "status": pa.array(
            [row[3] - 2**32 if row[3] >= 2**31 else row[3] for row in rows], pa.int32()
        ),
        "server_at": pa.array([None if row[4] == row[1] else row[4] for row in rows], at),
        "mapping_id": pa.array([row[6] for row in rows], pa.int32()),
        "sequence": pa.array([row[7] for row in rows], pa.int64()),
        "text": pa.array([row[5] for row in rows], pa.string()),
    }
    batch = pa.record_batch(columns)
    encoder = pgpq.ArrowToPostgresBinaryEncoder(batch.schema)
    return bytes(encoder.write_header() + encoder.write_batch(batch) + encoder.finish())


def ours(rows: list[Row]) -> bytes:
    return HEADER + encode_rows(rows_of(rows)) + TRAILER


@given(st.lists(a_row, max_size=40))
def test_any_rows_are_what_another_encoder_makes_of_them(rows: list[Row]) -> None:
    plain = [(*row[:2], math.nan if math.isnan(row[2]) else row[2], *row[3:]) for row in rows]
    assert ours(plain) == by_pgpq(plain)  # one NaN of the many there are


@pytest.mark.parametrize("server", [None, NOW_US - 5])
@pytest.mark.parametrize("text", [None, "ärger", ""])
@pytest.mark.parametrize("sequence", [None, 0, 7])
def test_rows_of_one_shape(server: int | None, text: str | None, sequence: int | None) -> None:
    rows: list[Row] = [
        (n, NOW_US + n, 0.5 * n, 0x8000_0000 + n, server, text, 3, sequence) for n in range(1, 300)
    ]
    assert ours(rows) == by_pgpq(rows)


def test_no_server_time_at_all() -> None:
    rows = rows_of([(7, NOW_US, 1.0, 0, None, None, 0, None)])
    bare = SampleRows(rows.signal_id, rows.at_us, rows.value, rows.status)
    assert encode_rows(bare) == encode_rows(rows)


@pytest.mark.asyncio
async def test_the_source_is_a_whole_file_in_pieces() -> None:
    body = bytes(3 * CHUNK_BYTES)
    pieces = [piece async for piece in stream_copy([body, b"end"])]
    assert b"".join(pieces) == HEADER + body + b"end" + TRAILER
    assert list(map(len, pieces[:-1])) == [CHUNK_BYTES] * 3


@pytest.mark.asyncio
@pytest.mark.parametrize(("short_of_a_chunk", "sent"), [(1, 0), (0, 1)])
async def test_parts_are_sent_once_they_are_a_chunk(short_of_a_chunk: int, sent: int) -> None:
    encoded: list[int] = []

    def encode(size: int) -> bytes:
        encoded.append(size)
        return bytes(size)

    sizes = [CHUNK_BYTES - len(HEADER) - short_of_a_chunk, 5]
    source = stream_copy(map(encode, sizes))
    first = await anext(source)
    assert encoded == sizes[: 2 - sent]
    assert len(first) == CHUNK_BYTES
    await source.aclose()  # type: ignore[attr-defined]  # of a generator
