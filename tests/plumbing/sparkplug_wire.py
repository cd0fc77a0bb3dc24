"""Sparkplug B payloads written byte by byte: a second reading of the specification.

Shares no line with the schema and its generated code, which it is there to contradict.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

UINT_16, UINT_64, DOUBLE, BOOLEAN, STRING = 6, 8, 10, 11, 12
_VARINT, _FIXED_64, _BYTES = 0, 1, 2  # wire types of protobuf


@dataclass(frozen=True, slots=True)
class WireMetric:
    value: str | int | float | bool
    datatype: int
    at_ms: int
    name: str = ""
    alias: int = 0
    is_historical: bool = False


def encode_payload(metrics: Sequence[WireMetric], *, at_ms: int, seq: int | None = None) -> bytes:
    parts = [_number(1, at_ms)]
    parts += [_bytes(2, _metric(metric)) for metric in metrics]
    if seq is not None:
        parts.append(_number(3, seq))
    return b"".join(parts)


def _metric(metric: WireMetric) -> bytes:
    parts = []
    if metric.name:
        parts.append(_bytes(1, metric.name.encode()))
    if metric.alias:
        parts.append(_number(2, metric.alias))
    parts.append(_number(3, metric.at_ms))
    if metric.name:
        parts.append(_number(4, metric.datatype))
    if metric.is_historical:
        parts.append(_number(5, 1))
    return b"".join([*parts, _value(metric)])


def _value(metric: WireMetric) -> bytes:
    if metric.datatype == STRING:
        return _bytes(15, str(metric.value).encode())
    if metric.datatype == DOUBLE:
        return _tag(13, _FIXED_64) + struct.pack("<d", metric.value)
    field = {UINT_16: 10, UINT_64: 11, BOOLEAN: 14}[metric.datatype]
    return _number(field, int(metric.value))


def _number(field: int, value: int) -> bytes:
    return _tag(field, _VARINT) + _varint(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _tag(field, _BYTES) + _varint(len(content)) + content


def _tag(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
