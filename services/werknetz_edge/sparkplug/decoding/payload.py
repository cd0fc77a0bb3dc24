"""Parse a Sparkplug B payload, also a compressed one, within limits of size."""

import zlib
from enum import IntEnum
from typing import Any, Final

from google.protobuf.message import DecodeError

from werknetz.protocols.sparkplug_b_pb2 import Payload

METRICS_MAX: Final = 100_000  # of one message: it is decoded at once
COMPRESSED: Final = "SPBV1.0_COMPRESSED"  # the uuid of a payload whose body is a payload
_ZLIB_OR_GZIP: Final = 32 + zlib.MAX_WBITS
Metric = Payload.Metric


class Datatype(IntEnum):
    """`DataType` of the schema as a Python enumeration: a test holds the two together."""

    Unknown = 0
    Int8 = 1
    Int16 = 2
    Int32 = 3
    Int64 = 4
    UInt8 = 5
    UInt16 = 6
    UInt32 = 7
    UInt64 = 8
    Float = 9
    Double = 10
    Boolean = 11
    String = 12
    DateTime = 13
    Text = 14
    UUID = 15
    DataSet = 16
    Bytes = 17
    File = 18
    Template = 19
    PropertySet = 20
    PropertySetList = 21
    Int8Array = 22
    Int16Array = 23
    Int32Array = 24
    Int64Array = 25
    UInt8Array = 26
    UInt16Array = 27
    UInt32Array = 28
    UInt64Array = 29
    FloatArray = 30
    DoubleArray = 31
    BooleanArray = 32
    StringArray = 33
    DateTimeArray = 34


class UnreadableSparkplugPayload(ValueError):
    """The bytes are no payload of Sparkplug B."""


def parse_payload(raw: bytes) -> Any:
    """Raise UnreadablePayload."""
    try:
        return Payload.FromString(raw)
    except DecodeError as error:
        raise UnreadableSparkplugPayload(f"the payload is no Sparkplug B: {error}") from error


def decode_payload(raw: bytes, size_max: int) -> Any:
    """Parse, also what is compressed; never more than `size_max` bytes."""
    if len(raw) > size_max:
        raise UnreadableSparkplugPayload(
            f"the payload has {len(raw)} bytes, more than {size_max}: "
            "let the node send less at once, or raise payload_max_bytes"
        )
    payload = parse_payload(raw)
    if payload.uuid == COMPRESSED:
        outer, payload = payload, parse_payload(_decompress(payload.body, size_max))
        if outer.HasField("seq") and not payload.HasField("seq"):
            payload.seq = outer.seq
    if len(payload.metrics) > METRICS_MAX:
        raise UnreadableSparkplugPayload(
            f"{len(payload.metrics)} metrics in one message are more than {METRICS_MAX}"
        )
    return payload


def _decompress(body: bytes, size_max: int) -> bytes:
    stream = zlib.decompressobj(_ZLIB_OR_GZIP)
    try:
        data = stream.decompress(body, size_max)
    except zlib.error as error:
        raise UnreadableSparkplugPayload(
            f"the compressed body cannot be decompressed: {error}"
        ) from error
    if not stream.eof:
        reason = f"would have more than {size_max} bytes" if len(data) == size_max else "breaks off"
        raise UnreadableSparkplugPayload(f"the compressed body {reason}")
    return data
