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
def test_columns_survive_the_way_there_and_back(rows: list[tuple[int, int, float, int]]) -> None:
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
    again = codec.columns_of(samples)
    assert again.value.tolist() == list(value)
    assert again.status.tolist() == list(status)


def test_every_kind_of_record_survives() -> None:
    definition = PointDefinition(
        number=1, key="a/b/c/d/e:x", equipment="a/b/c/d/e", signal="x", role="process_value",
        unit=None, source="t", mapping="m@1",
    )  # fmt: skip
    batch = Batch(records=[Points([definition]), Unmapped("t", "why", b"\x00raw", 5)])
    assert codec.decode(codec.encode(batch)) == batch


def test_columns_of_different_lengths_are_poison() -> None:
    torn = Samples(point=bytes(8), time=bytes(8), value=bytes(8), status=bytes(4))
    with pytest.raises(codec.UnreadableBatch, match="different lengths"):
        codec.decode(codec.encode(Batch(records=[torn])))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    try:
        codec.decode(payload)
    except codec.UnreadableBatch:
        return


def test_the_chain_depends_on_everything_before() -> None:
    one = codec.chain_hash(codec.GENESIS, b"a")
    assert codec.chain_hash(one, b"b") != codec.chain_hash(
        codec.chain_hash(codec.GENESIS, b"x"), b"b"
    )
