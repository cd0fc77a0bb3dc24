import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.events import codec
from werknetz.events.batch import Batch, PointDefinition, Points, Samples, Unmapped

ROWS = st.lists(
    st.tuples(
        st.integers(0, 2**31 - 1),
        st.integers(-(2**62), 2**62),
        st.floats(allow_nan=False),
        st.integers(0, 2**32 - 1),
    ),
    max_size=50,
)


@given(ROWS)
def test_encoding_and_decoding_columns_returns_them(
    rows: list[tuple[int, int, float, int]],
) -> None:
    point, time, value, status = zip(*rows, strict=True) if rows else ((), (), (), ())
    columns = codec.SampleColumns(
        point=np.array(point, "<i4"),
        time=np.array(time, "<i8"),
        value=np.array(value, "<f8"),
        status=np.array(status, "<u4"),
        server_time=None,
        text_row=np.array([], "<i4"),
        text=[],
    )
    batch = Batch(records=[codec.samples_of(columns)])
    read = codec.decode(codec.encode(batch))
    assert read == batch
    (samples,) = read.records
    assert isinstance(samples, Samples)
    decoded = codec.columns_of(samples)
    assert decoded.value.tolist() == list(value)
    assert decoded.status.tolist() == list(status)


def test_encoding_and_decoding_records_returns_them() -> None:
    definition = PointDefinition(
        number=1, key="a/b/c/d/e:x", equipment="a/b/c/d/e", signal="x", role="process_value",
        unit=None, source="t", mapping="m@1",
    )  # fmt: skip
    batch = Batch(records=[Points([definition]), Unmapped("t", "why", b"\x00raw", 5)])
    assert codec.decode(codec.encode(batch)) == batch


def test_columns_of_different_lengths_are_unreadable() -> None:
    samples = Samples(point=bytes(8), time=bytes(8), value=bytes(8), status=bytes(4))
    with pytest.raises(codec.UnreadableBatch, match="different lengths"):
        codec.decode(codec.encode(Batch(records=[samples])))


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_unreadable(payload: bytes) -> None:
    try:
        codec.decode(payload)
    except codec.UnreadableBatch:
        return


def test_a_chain_hash_depends_on_all_previous_payloads() -> None:
    first = codec.chain_hash(codec.GENESIS, b"a")
    assert codec.chain_hash(first, b"b") != codec.chain_hash(
        codec.chain_hash(codec.GENESIS, b"x"), b"b"
    )
