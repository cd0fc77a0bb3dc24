"""Decode and encode a metric's value, from and to its field and datatype.

Signed integers are transmitted as unsigned and converted back. A value that contradicts its
datatype is accepted if its field is unambiguous (text, float, boolean); otherwise it is refused.
"""

import struct
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from werknetz.connector.values import ELEMENTS_MAX
from werknetz_edge.sparkplug.decoding.payload import Datatype

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SIGNED: Final[dict[int, int]] = {
    Datatype.Int8: 8,
    Datatype.Int16: 16,
    Datatype.Int32: 32,
    Datatype.Int64: 64,
}
_UNSIGNED: Final[dict[int, int]] = {
    Datatype.UInt8: 8,
    Datatype.UInt16: 16,
    Datatype.UInt32: 32,
    Datatype.UInt64: 64,
}
_FLOAT_TYPES: Final = {Datatype.Float, Datatype.Double}
_TEXT_TYPES: Final = {Datatype.String, Datatype.Text, Datatype.UUID}
_BYTES_TYPES: Final = {Datatype.Bytes, Datatype.File}
_ARRAYS: Final[dict[int, str]] = {
    Datatype.Int8Array: "<i1", Datatype.Int16Array: "<i2", Datatype.Int32Array: "<i4",
    Datatype.Int64Array: "<i8", Datatype.UInt8Array: "<u1", Datatype.UInt16Array: "<u2",
    Datatype.UInt32Array: "<u4", Datatype.UInt64Array: "<u8", Datatype.FloatArray: "<f4",
    Datatype.DoubleArray: "<f8", Datatype.DateTimeArray: "<i8",
}  # fmt: skip
_CONTAINER_BITS: Final = {"int_value": 32, "long_value": 64}
_SELF_EVIDENT: Final = {"float_value", "double_value", "boolean_value", "string_value"}
_DATATYPES: Final = {int(datatype) for datatype in Datatype}


class UnreadableMetric(ValueError):
    """The value does not match its datatype, or the datatype is unknown."""


def datatype_name(datatype: int) -> str:
    return Datatype(datatype).name if datatype in _DATATYPES else f"datatype {datatype}"


def decode_value(holder: Any, datatype: int) -> Any:
    """Return the value of a metric, property, parameter or cell; None where it holds none."""
    field = holder.WhichOneof("value")
    if field is None:
        return None
    raw = getattr(holder, field)
    if field == "string_value" and isinstance(raw, bytes):  # how protobuf gives what is not UTF-8
        raise UnreadableMetric("the text is not UTF-8")
    read = _READERS.get(datatype)
    if read is not None and (value := read(datatype, field, raw)) is not None:
        return value
    if field in _SELF_EVIDENT:
        return raw
    if field in _CONTAINER_BITS and (
        datatype not in _DATATYPES or datatype == 0 or datatype in _FLOAT_TYPES
    ):
        return _require_clear_sign(field, raw, datatype)
    raise UnreadableMetric(f"{datatype_name(datatype)} cannot stand in {field}")


def _require_clear_sign(field: str, raw: int, kind: int) -> int:
    """Without an integer datatype the top bit is ambiguous (sign or magnitude): never guess."""
    if raw < 1 << (_CONTAINER_BITS[field] - 1):
        return raw
    raise UnreadableMetric(f"{raw} as {datatype_name(kind)}: its sign is ambiguous")


def _read_integer(kind: int, field: str, raw: Any) -> int | None:
    if field in {"float_value", "double_value"} or field not in _CONTAINER_BITS:
        return None
    if kind in _UNSIGNED:
        if raw >> _UNSIGNED[kind]:
            raise UnreadableMetric(f"{raw} is no {datatype_name(kind)}")
        return int(raw)
    bits, container_bits = _SIGNED[kind], _CONTAINER_BITS[field]
    value = raw - (1 << container_bits) if raw >> (container_bits - 1) else raw
    if -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        return int(value)
    if value < 0 or value >> bits:
        raise UnreadableMetric(f"{value} is no {datatype_name(kind)}")
    return int(value) - (1 << bits)  # cut to its own width: 251 is -5 as an Int8


def _read_float(_: int, field: str, raw: Any) -> float | None:
    return float(raw) if field in {"float_value", "double_value"} else None


def _read_boolean(_: int, field: str, raw: Any) -> bool | None:
    if field in _CONTAINER_BITS and raw in {0, 1}:
        return bool(raw)
    return raw if field == "boolean_value" else None


def _read_instant(_: int, field: str, raw: Any) -> datetime | None:
    return instant_of_ms(to_signed_64(raw)) if field in _CONTAINER_BITS else None


def _read_bytes(_: int, field: str, raw: Any) -> bytes | None:
    return raw if field == "bytes_value" else None


def _read_array(kind: int, field: str, raw: Any) -> list[Any] | None:
    if field != "bytes_value":
        return None
    if kind == Datatype.StringArray:
        return _read_strings(raw)
    if kind == Datatype.BooleanArray:
        return _read_booleans(raw)
    form = np.dtype(_ARRAYS[kind])
    if len(raw) % form.itemsize:
        raise UnreadableMetric(
            f"{len(raw)} bytes are no whole number of elements of {datatype_name(kind)}"
        )
    values = np.frombuffer(raw, form)
    if len(values) > ELEMENTS_MAX:
        raise UnreadableMetric(f"{len(values)} elements are more than {ELEMENTS_MAX}")
    if kind == Datatype.DateTimeArray:
        return [instant_of_ms(int(value)).isoformat() for value in values]
    return list(values.tolist())


def _read_strings(raw: bytes) -> list[str]:
    if (count := raw.count(0)) > ELEMENTS_MAX:
        raise UnreadableMetric(f"{count} elements are more than {ELEMENTS_MAX}")
    parts = raw.split(b"\0")
    if parts[-1] == b"":
        parts.pop()  # the last one is ended by NUL, too
    try:
        return [part.decode() for part in parts]
    except UnicodeDecodeError as error:
        raise UnreadableMetric("the text is not UTF-8") from error


def _read_booleans(raw: bytes) -> list[bool]:
    """A count of 4 bytes, then bits, the first one on top."""
    if len(raw) < 4:
        raise UnreadableMetric("BooleanArray without its count")
    (count,) = struct.unpack_from("<I", raw)
    if count > ELEMENTS_MAX:
        raise UnreadableMetric(f"{count} elements are more than {ELEMENTS_MAX}")
    if (count + 7) // 8 != len(raw) - 4:
        raise UnreadableMetric(f"BooleanArray of {count} in {len(raw) - 4} bytes")
    bits = np.unpackbits(np.frombuffer(raw, np.uint8, offset=4), count=count)
    return list(bits.astype(bool).tolist())


def _read_data_set(_: int, field: str, raw: Any) -> dict[str, Any] | None:
    if field != "dataset_value":
        return None
    types = list(raw.types)
    columns = [_require_utf8(column) for column in raw.columns]
    if len(raw.rows) * max(1, len(types)) > ELEMENTS_MAX or len(types) > ELEMENTS_MAX:
        raise UnreadableMetric(f"DataSet with more than {ELEMENTS_MAX} cells")
    if len(columns) != len(types):
        raise UnreadableMetric(f"DataSet of {len(columns)} columns and {len(types)} types")
    rows: list[list[Any]] = []
    for row in raw.rows:
        if len(row.elements) != len(types):
            raise UnreadableMetric(f"DataSet row of {len(row.elements)} cells, not {len(types)}")
        cells = zip(row.elements, types, strict=True)
        rows.append([to_json_value(decode_value(cell, kind)) for cell, kind in cells])
    return {"columns": columns, "types": [datatype_name(kind) for kind in types], "rows": rows}


def _read_template(_: int, field: str, raw: Any) -> dict[str, Any] | None:
    if field != "template_value":
        return None
    if len(raw.metrics) + len(raw.parameters) > ELEMENTS_MAX:
        raise UnreadableMetric(f"Template with more than {ELEMENTS_MAX} members")
    members: dict[str, Any] = {}
    if raw.HasField("template_ref"):
        members["template"] = _require_utf8(raw.template_ref)
    if raw.HasField("version"):
        members["version"] = _require_utf8(raw.version)
    members["metrics"] = _read_members((metric, metric.datatype) for metric in raw.metrics)
    members["parameters"] = _read_members(
        (parameter, parameter.type) for parameter in raw.parameters
    )
    return members


def _read_members(holders: Iterable[tuple[Any, int]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for holder, datatype in holders:
        name = _require_utf8(holder.name)
        if name in members:
            raise UnreadableMetric(f"Template with two members {name!r}")
        members[name] = to_json_value(decode_value(holder, datatype))
    return members


def _require_utf8(text: str | bytes) -> str:
    if isinstance(text, bytes):
        raise UnreadableMetric("a name is not UTF-8")
    return text


def _read_text(_: int, field: str, raw: Any) -> str | None:
    return raw if field == "string_value" else None


_READERS: Final[dict[int, Callable[[int, str, Any], Any]]] = {
    **dict.fromkeys([*_SIGNED, *_UNSIGNED], _read_integer),
    **dict.fromkeys(_FLOAT_TYPES, _read_float),
    **dict.fromkeys(_TEXT_TYPES, _read_text),
    **dict.fromkeys(_BYTES_TYPES, _read_bytes),
    **dict.fromkeys([*_ARRAYS, Datatype.BooleanArray, Datatype.StringArray], _read_array),
    Datatype.Boolean: _read_boolean,
    Datatype.DateTime: _read_instant,
    Datatype.DataSet: _read_data_set,
    Datatype.Template: _read_template,
}


def to_json_value(value: Any) -> Any:
    """Convert a value within a structure to its JSON representation."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def to_signed_64(raw: int) -> int:
    return raw - (1 << 64) if raw >> 63 else raw


def instant_of_ms(ms: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=ms)
    except OverflowError as error:
        raise UnreadableMetric(f"{ms} ms lie outside all calendars") from error


def encode_value(holder: Any, datatype: Datatype, value: Any) -> None:
    """Store a value in the field of its datatype: the inverse of `decode_value`."""
    if datatype in _SIGNED or datatype in _UNSIGNED:
        wide = datatype in {
            Datatype.Int64,
            Datatype.UInt32,
            Datatype.UInt64,
        }
        bits = 64 if wide else 32
        setattr(holder, "long_value" if wide else "int_value", value & ((1 << bits) - 1))
    elif datatype in _BYTES_TYPES:
        holder.bytes_value = value
    elif datatype is Datatype.DateTime:
        holder.long_value = (value - _EPOCH) // timedelta(milliseconds=1) & ((1 << 64) - 1)
    elif datatype is Datatype.StringArray:
        holder.bytes_value = b"".join(text.encode() + b"\0" for text in value)
    elif datatype is Datatype.BooleanArray:
        packed = np.packbits(np.array(value, bool))
        holder.bytes_value = struct.pack("<I", len(value)) + packed.tobytes()
    elif datatype is Datatype.DateTimeArray:
        ms = [(at - _EPOCH) // timedelta(milliseconds=1) for at in value]
        holder.bytes_value = np.array(ms, "<i8").tobytes()
    elif datatype in _ARRAYS:
        holder.bytes_value = np.array(value, _ARRAYS[datatype]).tobytes()
    elif datatype is Datatype.DataSet:
        _write_data_set(holder.dataset_value, value)
    else:
        setattr(holder, _FIELDS[datatype], value)


_FIELDS: Final = {
    Datatype.Float: "float_value", Datatype.Double: "double_value",
    Datatype.Boolean: "boolean_value", Datatype.String: "string_value",
    Datatype.Text: "string_value", Datatype.UUID: "string_value",
}  # fmt: skip


def _write_data_set(data_set: Any, value: dict[str, Any]) -> None:
    types = [Datatype[name] for name in value["types"]]
    data_set.num_of_columns = len(types)
    data_set.columns.extend(value["columns"])
    data_set.types.extend(types)
    for cells in value["rows"]:
        row = data_set.rows.add()
        for cell, datatype in zip(cells, types, strict=True):
            element = row.elements.add()
            if cell is not None:
                encode_value(element, datatype, cell)
