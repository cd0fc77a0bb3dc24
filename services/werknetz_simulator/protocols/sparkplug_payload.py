"""Payloads of Sparkplug B, written byte by byte: a second reading of the public specification.

Shares no line with the platform's own codec, which it is there to contradict.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

INT_16: Final = 6  # UInt16
INT_64: Final = 8  # UInt64
DOUBLE: Final = 10
BOOLEAN: Final = 11
STRING: Final = 12
_VARINT, _FIXED_64, _BYTES = 0, 1, 2  # wire types of protobuf


@dataclass(frozen=True, slots=True)
class Metric:
    """In births with name and datatype; in data with the alias alone."""

    value: str | int | float | bool
    datatype: int
    at_ms: int
    name: str = ""
    alias: int = 0
    is_historical: bool = False


def payload(metrics: Sequence[Metric], *, at_ms: int, seq: int | None = None) -> bytes:
    """Encode a message; a death has no `seq`."""
    parts = [_number(1, at_ms)]
    parts += [_text(2, _metric(metric)) for metric in metrics]
    if seq is not None:
        parts.append(_number(3, seq))
    return b"".join(parts)


def _metric(metric: Metric) -> bytes:
    parts = []
    if metric.name:
        parts.append(_text(1, metric.name.encode()))
    if metric.alias:
        parts.append(_number(2, metric.alias))
    parts.append(_number(3, metric.at_ms))
    if metric.name:
        parts.append(_number(4, metric.datatype))
    if metric.is_historical:
        parts.append(_number(5, 1))
    return b"".join([*parts, _value(metric)])


def _value(metric: Metric) -> bytes:
    if metric.datatype == STRING:
        return _text(15, str(metric.value).encode())
    if metric.datatype == DOUBLE:
        return _tag(13, _FIXED_64) + struct.pack("<d", metric.value)
    field = {INT_16: 10, INT_64: 11, BOOLEAN: 14}[metric.datatype]
    return _number(field, int(metric.value))


def _number(field: int, value: int) -> bytes:
    return _tag(field, _VARINT) + _varint(value)


def _text(field: int, content: bytes) -> bytes:
    return _tag(field, _BYTES) + _varint(len(content)) + content


def _tag(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
