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
    UnreadableMetric,
    decode_value,
    encode_value,
)
from werknetz_edge.sparkplug.decoding.payload import (
    COMPRESSED,
    Datatype,
    Metric,
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


def _int(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _uint(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


SCALARS: dict[Datatype, st.SearchStrategy[Any]] = {
    Datatype.Int8: _int(8), Datatype.Int16: _int(16), Datatype.Int32: _int(32),
    Datatype.Int64: _int(64), Datatype.UInt8: _uint(8), Datatype.UInt16: _uint(16),
    Datatype.UInt32: _uint(32), Datatype.UInt64: _uint(64), Datatype.Float: FLOAT,
    Datatype.Double: DOUBLE, Datatype.Boolean: st.booleans(), Datatype.String: TEXT,
    Datatype.Text: TEXT, Datatype.UUID: st.uuids().map(str), Datatype.DateTime: INSTANT,
    Datatype.Bytes: st.binary(max_size=50), Datatype.File: st.binary(max_size=50),
}  # fmt: skip
ARRAYS: dict[Datatype, st.SearchStrategy[Any]] = {
    Datatype.Int8Array: _int(8), Datatype.Int16Array: _int(16),
    Datatype.Int32Array: _int(32), Datatype.Int64Array: _int(64),
    Datatype.UInt8Array: _uint(8), Datatype.UInt16Array: _uint(16),
    Datatype.UInt32Array: _uint(32), Datatype.UInt64Array: _uint(64),
    Datatype.FloatArray: FLOAT, Datatype.DoubleArray: DOUBLE,
    Datatype.BooleanArray: st.booleans(), Datatype.StringArray: WORD,
}  # fmt: skip
CELLS = {
    kind: values for kind, values in SCALARS.items()
    if kind not in {Datatype.Bytes, Datatype.File, Datatype.DateTime}
}  # fmt: skip


def _both_ways(datatype: Datatype, value: Any) -> Any:
    metric = Metric(name="m", datatype=datatype)
    encode_value(metric, datatype, value)
    return decode_value(Metric.FromString(metric.SerializeToString()), datatype)


@given(st.sampled_from(sorted(SCALARS)).flatmap(lambda k: st.tuples(st.just(k), SCALARS[k])))
def test_scalars_come_back(case: tuple[Datatype, Any]) -> None:
    assert _both_ways(*case) == case[1]


@given(
    st.sampled_from(sorted(ARRAYS)).flatmap(
        lambda k: st.tuples(st.just(k), st.lists(ARRAYS[k], max_size=20))
    )
)
def test_arrays_come_back_as_lists(case: tuple[Datatype, list[Any]]) -> None:
    assert _both_ways(*case) == case[1]


@given(st.lists(INSTANT, max_size=10))
def test_instants_in_arrays_are_text(instants: list[datetime]) -> None:
    decoded = _both_ways(Datatype.DateTimeArray, instants)
    assert [datetime.fromisoformat(text) for text in decoded] == instants


@given(st.data())
def test_data_sets_come_back(data: st.DataObject) -> None:
    types = data.draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    columns = [f"c{n}" for n in range(len(types))]
    row = st.tuples(*(st.none() | CELLS[kind] for kind in types)).map(list)
    rows = data.draw(st.lists(row, max_size=5))
    value = {"columns": columns, "types": [kind.name for kind in types], "rows": rows}
    assert _both_ways(Datatype.DataSet, value) == value


@pytest.mark.parametrize(
    ("datatype", "raw", "value"),
    [  # the bytes of the specification's own examples
        (Datatype.Int8Array, "e97b", [-23, 123]),
        (Datatype.Int16Array, "d08a3075", [-30000, 30000]),
        (Datatype.UInt16Array, "1e007ed3", [30, 54142]),
        (Datatype.BooleanArray, "0c00000034d0", [c == "1" for c in "001101001101"]),
        (Datatype.StringArray, "4142430068656c6c6f00", ["ABC", "hello"]),
    ],
)
def test_arrays_have_the_bytes_of_the_specification(
    datatype: Datatype, raw: str, value: Any
) -> None:
    metric = Metric()
    encode_value(metric, datatype, value)
    assert metric.bytes_value.hex() == raw
    assert decode_value(metric, datatype) == value


def test_nan_comes_back() -> None:
    assert math.isnan(_both_ways(Datatype.Double, math.nan))


def test_templates_are_read_with_members_and_parameters() -> None:
    metric = Metric(name="motor", datatype=Datatype.Template)
    template = metric.template_value
    template.template_ref, template.version = "Motor", "1.2"
    encode_value(
        template.metrics.add(name="rpm", datatype=Datatype.Int32),
        Datatype.Int32,
        -7,
    )
    inner = template.metrics.add(name="drive", datatype=Datatype.Template).template_value
    encode_value(
        inner.metrics.add(name="on", datatype=Datatype.Boolean),
        Datatype.Boolean,
        True,
    )
    encode_value(
        template.parameters.add(name="poles", type=Datatype.Int8),
        Datatype.Int8,
        -4,
    )
    assert decode_value(metric, Datatype.Template) == {
        "template": "Motor", "version": "1.2", "parameters": {"poles": -4},
        "metrics": {"rpm": -7, "drive": {"metrics": {"on": True}, "parameters": {}}},
    }  # fmt: skip
    template.metrics.add(name="rpm")
    with pytest.raises(UnreadableMetric, match="two members 'rpm'"):
        decode_value(metric, Datatype.Template)


@pytest.mark.parametrize(
    ("datatype", "field", "raw", "value"),
    [
        (Datatype.Int32, "long_value", 2**64 - 5, -5),  # 64 bits wide
        (Datatype.Int32, "long_value", 2**32 - 5, -5),  # its own 32 bits, in a wider place
        (Datatype.Int8, "int_value", 251, -5),
        (Datatype.Int8, "int_value", 2**32 - 5, -5),
        (Datatype.UInt32, "int_value", 2**32 - 5, 2**32 - 5),
        (Datatype.Boolean, "int_value", 1, True),
        (Datatype.Double, "float_value", 0.5, 0.5),
        (Datatype.Double, "int_value", 3, 3),
        (Datatype.Int32, "double_value", 2.5, 2.5),
        (Datatype.Int32, "string_value", "off", "off"),
        (Datatype.Unknown, "int_value", 7, 7),
        (99, "string_value", "x", "x"),
    ],
)
def test_peers_put_values_elsewhere(datatype: int, field: str, raw: Any, value: Any) -> None:
    assert decode_value(Metric(**{field: raw}), datatype) == value


@pytest.mark.parametrize(
    ("datatype", "field", "raw", "reason"),
    [
        (Datatype.UInt8, "int_value", 256, "256 is no UInt8"),
        (Datatype.Int8, "int_value", 300, "300 is no Int8"),
        (Datatype.Int16, "int_value", 2**32 - 40_000, "-40000 is no Int16"),
        (Datatype.Unknown, "int_value", 2**31, "its sign is ambiguous"),
        (Datatype.Double, "long_value", 2**63, "its sign is ambiguous"),
        (Datatype.String, "int_value", 1, "String cannot stand in int_value"),
        (99, "bytes_value", b"x", "datatype 99 cannot stand in bytes_value"),
        (Datatype.DateTime, "long_value", 2**62, "outside all calendars"),
        (Datatype.Int32Array, "bytes_value", b"12345", "no whole number of elements"),
        (Datatype.BooleanArray, "bytes_value", b"\x01", "without its count"),
        (
            Datatype.BooleanArray,
            "bytes_value",
            struct.pack("<I", 9) + b"\0",
            "of 9 in 1 bytes",
        ),
        (Datatype.StringArray, "bytes_value", b"\xff\0", "not UTF-8"),
        (Datatype.UInt8Array, "bytes_value", bytes(ELEMENTS_MAX + 1), "more than"),
        (Datatype.Template, "string_value", None, ""),
    ],
)
def test_what_cannot_be_meant_is_refused(datatype: int, field: str, raw: Any, reason: str) -> None:
    if raw is None:
        assert decode_value(Metric(), datatype) is None
        return
    with pytest.raises(UnreadableMetric, match=reason):
        decode_value(Metric(**{field: raw}), datatype)


def test_text_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(UnreadableMetric, match="not UTF-8"):
        decode_value(Metric.FromString(b"\x7a\x02\xff\xfe"), Datatype.String)


def test_compressed_payloads_are_opened_and_bounded() -> None:
    import gzip
    import zlib

    inner = Payload(timestamp=5)
    inner.metrics.add(name="m", int_value=3, datatype=Datatype.Int32)
    raw = inner.SerializeToString()
    for body in (zlib.compress(raw), gzip.compress(raw)):
        outer = Payload(uuid=COMPRESSED, body=body, seq=7).SerializeToString()
        decoded = decode_payload(outer, 1_000_000)
        assert (decoded.metrics[0].name, decoded.seq) == ("m", 7)
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
