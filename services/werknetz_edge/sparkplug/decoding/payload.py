"""The messages of Sparkplug B, made when this module is loaded: no compiler, no generated file.

`_MESSAGES` is the one source: names, types and numbers as the public specification has them. What
it leaves open to extensions lies unread in a message's unknown fields.
"""

import zlib
from enum import IntEnum
from typing import Any, Final

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

PACKAGE: Final = "werknetz.sparkplug_b"
METRICS_MAX: Final = 100_000  # of one message: it is read at one go
COMPRESSED: Final = "SPBV1.0_COMPRESSED"  # the uuid of a payload whose body is a payload
_ZLIB_OR_GZIP: Final = 32 + zlib.MAX_WBITS

# "name number type"; `*` repeats, `|` is one of the message's `value`.
_MESSAGES: Final[dict[str, str]] = {
    "Payload": """
        timestamp 1 uint64
        *metrics  2 Metric
        seq       3 uint64
        uuid      4 string
        body      5 bytes
    """,
    "Metric": """
        name             1  string
        alias            2  uint64
        timestamp        3  uint64
        datatype         4  uint32
        is_historical    5  bool
        is_transient     6  bool
        is_null          7  bool
        metadata         8  MetaData
        properties       9  PropertySet
        |int_value       10 uint32
        |long_value      11 uint64
        |float_value     12 float
        |double_value    13 double
        |boolean_value   14 bool
        |string_value    15 string
        |bytes_value     16 bytes
        |dataset_value   17 DataSet
        |template_value  18 Template
        |extension_value 19 bytes
    """,
    "MetaData": """
        is_multi_part 1 bool
        content_type  2 string
        size          3 uint64
        seq           4 uint64
        file_name     5 string
        file_type     6 string
        md5           7 string
        description   8 string
    """,
    "PropertySet": """
        *keys   1 string
        *values 2 PropertyValue
    """,
    "PropertySetList": """
        *propertyset 1 PropertySet
    """,
    "PropertyValue": """
        type                1  uint32
        is_null             2  bool
        |int_value          3  uint32
        |long_value         4  uint64
        |float_value        5  float
        |double_value       6  double
        |boolean_value      7  bool
        |string_value       8  string
        |propertyset_value  9  PropertySet
        |propertysets_value 10 PropertySetList
        |extension_value    11 bytes
    """,
    "DataSet": """
        num_of_columns 1 uint64
        *columns       2 string
        *types         3 uint32
        *rows          4 Row
    """,
    "Row": """
        *elements 1 DataSetValue
    """,
    "DataSetValue": """
        |int_value       1 uint32
        |long_value      2 uint64
        |float_value     3 float
        |double_value    4 double
        |boolean_value   5 bool
        |string_value    6 string
        |extension_value 7 bytes
    """,
    "Template": """
        version       1 string
        *metrics      2 Metric
        *parameters   3 Parameter
        template_ref  4 string
        is_definition 5 bool
    """,
    "Parameter": """
        name             1 string
        type             2 uint32
        |int_value       3 uint32
        |long_value      4 uint64
        |float_value     5 float
        |double_value    6 double
        |boolean_value   7 bool
        |string_value    8 string
        |extension_value 9 bytes
    """,
}
_SCALARS: Final = {
    "uint32": FieldDescriptorProto.TYPE_UINT32,
    "uint64": FieldDescriptorProto.TYPE_UINT64,
    "float": FieldDescriptorProto.TYPE_FLOAT,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}


class Datatype(IntEnum):
    """What a metric's value means; the number is in `Metric.datatype`."""

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


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="werknetz/sparkplug_b.proto", package=PACKAGE, syntax="proto2")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        if "|" in fields:
            message.oneof_decl.add(name="value")
        for line in fields.strip().splitlines():
            label, number, kind = line.split()
            field = message.field.add(name=label.lstrip("*|"), number=int(number))
            field.label = (
                FieldDescriptorProto.LABEL_REPEATED
                if label.startswith("*")
                else FieldDescriptorProto.LABEL_OPTIONAL
            )
            if kind in _SCALARS:
                field.type = _SCALARS[kind]
            else:
                field.type = FieldDescriptorProto.TYPE_MESSAGE
                field.type_name = f".{PACKAGE}.{kind}"
            if label.startswith("|"):
                field.oneof_index = 0
    return file


_POOL: Final = DescriptorPool()
_POOL.Add(_file())


def _class_of(name: str) -> Any:
    return GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))


# Message classes of protobuf's C runtime.
Payload: Final[Any] = _class_of("Payload")
Metric: Final[Any] = _class_of("Metric")


class UnreadablePayload(ValueError):
    """The bytes are no payload of Sparkplug B."""


def payload_of(raw: bytes) -> Any:
    """Parse; raise UnreadablePayload."""
    try:
        return Payload.FromString(raw)
    except DecodeError as error:
        raise UnreadablePayload(f"the payload is no Sparkplug B: {error}") from error


def opened(raw: bytes, size_max: int) -> Any:
    """Parse, also what is compressed; never more than `size_max` bytes."""
    if len(raw) > size_max:
        raise UnreadablePayload(
            f"the payload has {len(raw)} bytes, more than {size_max}: "
            "let the node say less at once, or raise payload_max_bytes"
        )
    payload = payload_of(raw)
    if payload.uuid == COMPRESSED:
        outer, payload = payload, payload_of(_inflated(payload.body, size_max))
        if outer.HasField("seq") and not payload.HasField("seq"):
            payload.seq = outer.seq
    if len(payload.metrics) > METRICS_MAX:
        raise UnreadablePayload(
            f"{len(payload.metrics)} metrics in one message are more than {METRICS_MAX}"
        )
    return payload


def _inflated(body: bytes, size_max: int) -> bytes:
    stream = zlib.decompressobj(_ZLIB_OR_GZIP)
    try:
        data = stream.decompress(body, size_max)
    except zlib.error as error:
        raise UnreadablePayload(f"the compressed body cannot be opened: {error}") from error
    if not stream.eof:
        reason = f"would have more than {size_max} bytes" if len(data) == size_max else "breaks off"
        raise UnreadablePayload(f"the compressed body {reason}")
    return data
