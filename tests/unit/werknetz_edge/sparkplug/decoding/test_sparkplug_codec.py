"""Every datatype both ways; signs read again; nothing is guessed."""

import math
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.protocols.sparkplug_b_pb2 import Payload
from werknetz_edge.sparkplug.decoding.codec import (
    ELEMENTS_MAX,
    UnreadableValue,
    decode_value,
    encode_value,
)
from werknetz_edge.sparkplug.decoding.payload import (
    COMPRESSED,
    Metric,
    SparkplugDatatype,
    UnreadableSparkplugPayload,
    decode_payload,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
WORD = TEXT.filter(lambda text: "\0" not in text)
INSTANT = st.integers(-62_000_000_000_000, 250_000_000_000_000).map(
    lambda ms: EPOCH + timedelta(milliseconds=ms)
)
FLOAT = st.floats(width=32, allow_nan=False)
DOUBLE = st.floats(allow_nan=False)


def _signed(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _unsigned(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


SCALARS: dict[SparkplugDatatype, st.SearchStrategy[Any]] = {
    SparkplugDatatype.Int8: _signed(8), SparkplugDatatype.Int16: _signed(16), SparkplugDatatype.Int32: _signed(32),
    SparkplugDatatype.Int64: _signed(64), SparkplugDatatype.UInt8: _unsigned(8), SparkplugDatatype.UInt16: _unsigned(16),
    SparkplugDatatype.UInt32: _unsigned(32), SparkplugDatatype.UInt64: _unsigned(64), SparkplugDatatype.Float: FLOAT,
    SparkplugDatatype.Double: DOUBLE, SparkplugDatatype.Boolean: st.booleans(), SparkplugDatatype.String: TEXT,
    SparkplugDatatype.Text: TEXT, SparkplugDatatype.UUID: st.uuids().map(str), SparkplugDatatype.DateTime: INSTANT,
    SparkplugDatatype.Bytes: st.binary(max_size=50), SparkplugDatatype.File: st.binary(max_size=50),
}  # fmt: skip
ARRAYS: dict[SparkplugDatatype, st.SearchStrategy[Any]] = {
    SparkplugDatatype.Int8Array: _signed(8), SparkplugDatatype.Int16Array: _signed(16),
    SparkplugDatatype.Int32Array: _signed(32), SparkplugDatatype.Int64Array: _signed(64),
    SparkplugDatatype.UInt8Array: _unsigned(8), SparkplugDatatype.UInt16Array: _unsigned(16),
    SparkplugDatatype.UInt32Array: _unsigned(32), SparkplugDatatype.UInt64Array: _unsigned(64),
    SparkplugDatatype.FloatArray: FLOAT, SparkplugDatatype.DoubleArray: DOUBLE,
    SparkplugDatatype.BooleanArray: st.booleans(), SparkplugDatatype.StringArray: WORD,
}  # fmt: skip
CELLS = {
    kind: values for kind, values in SCALARS.items()
    if kind not in {SparkplugDatatype.Bytes, SparkplugDatatype.File, SparkplugDatatype.DateTime}
}  # fmt: skip


def _both_ways(datatype: SparkplugDatatype, value: Any) -> Any:
    metric = Metric(name="m", datatype=datatype)
    encode_value(metric, datatype, value)
    return decode_value(Metric.FromString(metric.SerializeToString()), datatype)


@given(st.sampled_from(sorted(SCALARS)).flatmap(lambda k: st.tuples(st.just(k), SCALARS[k])))
def test_scalars_come_back(case: tuple[SparkplugDatatype, Any]) -> None:
    assert _both_ways(*case) == case[1]


@given(
    st.sampled_from(sorted(ARRAYS)).flatmap(
        lambda k: st.tuples(st.just(k), st.lists(ARRAYS[k], max_size=20))
    )
)
def test_arrays_come_back_as_lists(case: tuple[SparkplugDatatype, list[Any]]) -> None:
    assert _both_ways(*case) == case[1]


@given(st.lists(INSTANT, max_size=10))
def test_instants_in_arrays_are_text(instants: list[datetime]) -> None:
    found = _both_ways(SparkplugDatatype.DateTimeArray, instants)
    assert [datetime.fromisoformat(text) for text in found] == instants


@given(st.data())
def test_data_sets_come_back(data: st.DataObject) -> None:
    types = data.draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    columns = [f"c{n}" for n in range(len(types))]
    row = st.tuples(*(st.none() | CELLS[kind] for kind in types)).map(list)
    rows = data.draw(st.lists(row, max_size=5))
    value = {"columns": columns, "types": [kind.name for kind in types], "rows": rows}
    assert _both_ways(SparkplugDatatype.DataSet, value) == value


@pytest.mark.parametrize(
    ("datatype", "raw", "value"),
    [  # the bytes of the specification's own examples
        (SparkplugDatatype.Int8Array, "e97b", [-23, 123]),
        (SparkplugDatatype.Int16Array, "d08a3075", [-30000, 30000]),
        (SparkplugDatatype.UInt16Array, "1e007ed3", [30, 54142]),
        (SparkplugDatatype.BooleanArray, "0c00000034d0", [c == "1" for c in "001101001101"]),
        (SparkplugDatatype.StringArray, "4142430068656c6c6f00", ["ABC", "hello"]),
    ],
)
def test_arrays_lie_as_the_specification_says(
    datatype: SparkplugDatatype, raw: str, value: Any
) -> None:
    metric = Metric()
    encode_value(metric, datatype, value)
    assert metric.bytes_value.hex() == raw
    assert decode_value(metric, datatype) == value


def test_nan_comes_back() -> None:
    assert math.isnan(_both_ways(SparkplugDatatype.Double, math.nan))


def test_templates_are_read_with_members_and_parameters() -> None:
    metric = Metric(name="motor", datatype=SparkplugDatatype.Template)
    template = metric.template_value
    template.template_ref, template.version = "Motor", "1.2"
    encode_value(
        template.metrics.add(name="rpm", datatype=SparkplugDatatype.Int32),
        SparkplugDatatype.Int32,
        -7,
    )
    inner = template.metrics.add(name="drive", datatype=SparkplugDatatype.Template).template_value
    encode_value(
        inner.metrics.add(name="on", datatype=SparkplugDatatype.Boolean),
        SparkplugDatatype.Boolean,
        True,
    )
    encode_value(
        template.parameters.add(name="poles", type=SparkplugDatatype.Int8),
        SparkplugDatatype.Int8,
        -4,
    )
    assert decode_value(metric, SparkplugDatatype.Template) == {
        "template": "Motor", "version": "1.2", "parameters": {"poles": -4},
        "metrics": {"rpm": -7, "drive": {"metrics": {"on": True}, "parameters": {}}},
    }  # fmt: skip
    template.metrics.add(name="rpm")
    with pytest.raises(UnreadableValue, match="two members 'rpm'"):
        decode_value(metric, SparkplugDatatype.Template)


@pytest.mark.parametrize(
    ("datatype", "field", "raw", "value"),
    [
        (SparkplugDatatype.Int32, "long_value", 2**64 - 5, -5),  # 64 bits wide
        (SparkplugDatatype.Int32, "long_value", 2**32 - 5, -5),  # its own 32 bits, in a wider place
        (SparkplugDatatype.Int8, "int_value", 251, -5),
        (SparkplugDatatype.Int8, "int_value", 2**32 - 5, -5),
        (SparkplugDatatype.UInt32, "int_value", 2**32 - 5, 2**32 - 5),
        (SparkplugDatatype.Boolean, "int_value", 1, True),
        (SparkplugDatatype.Double, "float_value", 0.5, 0.5),
        (SparkplugDatatype.Double, "int_value", 3, 3),
        (SparkplugDatatype.Int32, "double_value", 2.5, 2.5),
        (SparkplugDatatype.Int32, "string_value", "off", "off"),
        (SparkplugDatatype.Unknown, "int_value", 7, 7),
        (99, "string_value", "x", "x"),
    ],
)
def test_peers_put_values_elsewhere(datatype: int, field: str, raw: Any, value: Any) -> None:
    assert decode_value(Metric(**{field: raw}), datatype) == value


@pytest.mark.parametrize(
    ("datatype", "field", "raw", "reason"),
    [
        (SparkplugDatatype.UInt8, "int_value", 256, "256 is no UInt8"),
        (SparkplugDatatype.Int8, "int_value", 300, "300 is no Int8"),
        (SparkplugDatatype.Int16, "int_value", 2**32 - 40_000, "-40000 is no Int16"),
        (SparkplugDatatype.Unknown, "int_value", 2**31, "whether it has a sign is not said"),
        (SparkplugDatatype.Double, "long_value", 2**63, "whether it has a sign is not said"),
        (SparkplugDatatype.String, "int_value", 1, "String cannot stand in int_value"),
        (99, "bytes_value", b"x", "datatype 99 cannot stand in bytes_value"),
        (SparkplugDatatype.DateTime, "long_value", 2**62, "outside all calendars"),
        (SparkplugDatatype.Int32Array, "bytes_value", b"12345", "no whole number of elements"),
        (SparkplugDatatype.BooleanArray, "bytes_value", b"\x01", "without its count"),
        (
            SparkplugDatatype.BooleanArray,
            "bytes_value",
            struct.pack("<I", 9) + b"\0",
            "of 9 in 1 bytes",
        ),
        (SparkplugDatatype.StringArray, "bytes_value", b"\xff\0", "not UTF-8"),
        (SparkplugDatatype.UInt8Array, "bytes_value", bytes(ELEMENTS_MAX + 1), "more than"),
        (SparkplugDatatype.Template, "string_value", None, ""),
    ],
)
def test_what_cannot_be_meant_is_refused(datatype: int, field: str, raw: Any, reason: str) -> None:
    if raw is None:
        assert decode_value(Metric(), datatype) is None
        return
    with pytest.raises(UnreadableValue, match=reason):
        decode_value(Metric(**{field: raw}), datatype)


def test_text_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(UnreadableValue, match="not UTF-8"):
        decode_value(Metric.FromString(b"\x7a\x02\xff\xfe"), SparkplugDatatype.String)


def test_compressed_payloads_are_opened_and_bounded() -> None:
    import gzip
    import zlib

    inner = Payload(timestamp=5)
    inner.metrics.add(name="m", int_value=3, datatype=SparkplugDatatype.Int32)
    raw = inner.SerializeToString()
    for body in (zlib.compress(raw), gzip.compress(raw)):
        outer = Payload(uuid=COMPRESSED, body=body, seq=7).SerializeToString()
        found = decode_payload(outer, 1_000_000)
        assert (found.metrics[0].name, found.seq) == ("m", 7)
    for body, reason in [
        (zlib.compress(bytes(5_000_000)), "would have more than 1000000 bytes"),
        (zlib.compress(raw)[:-3], "breaks off"),
        (b"no zlib", "cannot be decompressed"),
        (b"", "breaks off"),
    ]:
        outer = Payload(uuid=COMPRESSED, body=body).SerializeToString()
        with pytest.raises(UnreadableSparkplugPayload, match=reason):
            decode_payload(outer, 1_000_000)


def test_a_payload_is_bounded_in_bytes_and_in_metrics() -> None:
    with pytest.raises(UnreadableSparkplugPayload, match="raise payload_max_bytes"):
        decode_payload(bytes(11), 10)
    with pytest.raises(UnreadableSparkplugPayload, match="100001 metrics in one message"):
        decode_payload(b"\x12\x00" * 100_001, 1_000_000)
