"""One metric's value, both ways: from the field that holds it and its datatype to a plain value.

Signed integers travel as unsigned and are read again as what they are. What contradicts its
datatype but says itself what it is (a text, a float, a boolean) is taken; the rest is refused.
"""

import struct
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from werknetz_edge.sparkplug.decoding.payload import Datatype

ELEMENTS_MAX: Final = 32_768  # of a data set or template: more is no longer text that can be stored
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
_FLOATS: Final = {Datatype.Float, Datatype.Double}
_TEXTS: Final = {Datatype.String, Datatype.Text, Datatype.UUID}
_BYTES: Final = {Datatype.Bytes, Datatype.File}
_ARRAYS: Final[dict[int, str]] = {
    Datatype.Int8Array: "<i1", Datatype.Int16Array: "<i2", Datatype.Int32Array: "<i4",
    Datatype.Int64Array: "<i8", Datatype.UInt8Array: "<u1", Datatype.UInt16Array: "<u2",
    Datatype.UInt32Array: "<u4", Datatype.UInt64Array: "<u8", Datatype.FloatArray: "<f4",
    Datatype.DoubleArray: "<f8", Datatype.DateTimeArray: "<i8",
}  # fmt: skip
_CONTAINER: Final = {"int_value": 32, "long_value": 64}
_SELF_EVIDENT: Final = {"float_value", "double_value", "boolean_value", "string_value"}
_KNOWN: Final = {int(datatype) for datatype in Datatype}


class UnreadableValue(ValueError):
    """The value is not what its datatype says, or of no datatype that is known."""


def datatype_name(datatype: int) -> str:
    return Datatype(datatype).name if datatype in _KNOWN else f"datatype {datatype}"


def decode_value(holder: Any, datatype: int) -> Any:
    """Return the value of a metric, property, parameter or cell; None where it holds none."""
    field = holder.WhichOneof("value")
    if field is None:
        return None
    raw = getattr(holder, field)
    if field == "string_value" and isinstance(raw, bytes):  # how protobuf gives what is not UTF-8
        raise UnreadableValue("the text is not UTF-8")
    read = _READERS.get(datatype)
    if read is not None and (value := read(datatype, field, raw)) is not None:
        return value
    if field in _SELF_EVIDENT:
        return raw
    if field in _CONTAINER and (datatype not in _KNOWN or datatype == 0 or datatype in _FLOATS):
        return _sign_is_clear(field, raw, datatype)
    raise UnreadableValue(f"{datatype_name(datatype)} cannot stand in {field}")


def _sign_is_clear(field: str, raw: int, kind: int) -> int:
    """Without an integer's datatype, a set top bit may be a sign or a size: never guessed."""
    if raw < 1 << (_CONTAINER[field] - 1):
        return raw
    raise UnreadableValue(f"{raw} as {datatype_name(kind)}: whether it has a sign is not said")


def _integer(kind: int, field: str, raw: Any) -> int | None:
    if field in {"float_value", "double_value"} or field not in _CONTAINER:
        return None
    if kind in _UNSIGNED:
        if raw >> _UNSIGNED[kind]:
            raise UnreadableValue(f"{raw} is no {datatype_name(kind)}")
        return int(raw)
    bits, held = _SIGNED[kind], _CONTAINER[field]
    value = raw - (1 << held) if raw >> (held - 1) else raw
    if -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        return int(value)
    if value < 0 or value >> bits:
        raise UnreadableValue(f"{value} is no {datatype_name(kind)}")
    return int(value) - (1 << bits)  # cut to its own width: 251 is -5 as an Int8


def _float(_: int, field: str, raw: Any) -> float | None:
    return float(raw) if field in {"float_value", "double_value"} else None


def _boolean(_: int, field: str, raw: Any) -> bool | None:
    if field in _CONTAINER and raw in {0, 1}:
        return bool(raw)
    return raw if field == "boolean_value" else None


def _instant(_: int, field: str, raw: Any) -> datetime | None:
    return instant_of_ms(to_signed_64(raw)) if field in _CONTAINER else None


def _bytes(_: int, field: str, raw: Any) -> bytes | None:
    return raw if field == "bytes_value" else None


def _array(kind: int, field: str, raw: Any) -> list[Any] | None:
    if field != "bytes_value":
        return None
    if kind == Datatype.StringArray:
        return _strings(raw)
    if kind == Datatype.BooleanArray:
        return _booleans(raw)
    form = np.dtype(_ARRAYS[kind])
    if len(raw) % form.itemsize:
        raise UnreadableValue(
            f"{len(raw)} bytes are no whole number of elements of {datatype_name(kind)}"
        )
    values = np.frombuffer(raw, form)
    if len(values) > ELEMENTS_MAX:
        raise UnreadableValue(f"{len(values)} elements are more than {ELEMENTS_MAX}")
    if kind == Datatype.DateTimeArray:
        return [instant_of_ms(int(value)).isoformat() for value in values]
    return list(values.tolist())


def _strings(raw: bytes) -> list[str]:
    if raw.count(0) > ELEMENTS_MAX:
        raise UnreadableValue(f"more than {ELEMENTS_MAX} elements")
    parts = raw.split(b"\0")
    if parts[-1] == b"":
        parts.pop()  # the last one is ended by NUL, too
    try:
        return [part.decode() for part in parts]
    except UnicodeDecodeError as error:
        raise UnreadableValue("the text is not UTF-8") from error


def _booleans(raw: bytes) -> list[bool]:
    """A count of 4 bytes, then bits, the first one on top."""
    if len(raw) < 4:
        raise UnreadableValue("BooleanArray without its count")
    (count,) = struct.unpack_from("<I", raw)
    if count > ELEMENTS_MAX or (count + 7) // 8 != len(raw) - 4:
        raise UnreadableValue(f"BooleanArray of {count} in {len(raw) - 4} bytes")
    bits = np.unpackbits(np.frombuffer(raw, np.uint8, offset=4), count=count)
    return list(bits.astype(bool).tolist())


def _data_set(_: int, field: str, raw: Any) -> dict[str, Any] | None:
    if field != "dataset_value":
        return None
    types = list(raw.types)
    columns = [_utf8(column) for column in raw.columns]
    if len(raw.rows) * max(1, len(types)) > ELEMENTS_MAX or len(types) > ELEMENTS_MAX:
        raise UnreadableValue(f"DataSet with more than {ELEMENTS_MAX} cells")
    if len(columns) != len(types):
        raise UnreadableValue(f"DataSet of {len(columns)} columns and {len(types)} types")
    rows: list[list[Any]] = []
    for row in raw.rows:
        if len(row.elements) != len(types):
            raise UnreadableValue(f"DataSet row of {len(row.elements)} cells, not {len(types)}")
        cells = zip(row.elements, types, strict=True)
        rows.append([to_json_value(decode_value(cell, kind)) for cell, kind in cells])
    return {"columns": columns, "types": [datatype_name(kind) for kind in types], "rows": rows}


def _template(_: int, field: str, raw: Any) -> dict[str, Any] | None:
    if field != "template_value":
        return None
    if len(raw.metrics) + len(raw.parameters) > ELEMENTS_MAX:
        raise UnreadableValue(f"Template with more than {ELEMENTS_MAX} members")
    found: dict[str, Any] = {}
    if raw.HasField("template_ref"):
        found["template"] = _utf8(raw.template_ref)
    if raw.HasField("version"):
        found["version"] = _utf8(raw.version)
    found["metrics"] = _named((metric, metric.datatype) for metric in raw.metrics)
    found["parameters"] = _named((parameter, parameter.type) for parameter in raw.parameters)
    return found


def _named(holders: Iterable[tuple[Any, int]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for holder, datatype in holders:
        name = _utf8(holder.name)
        if name in found:
            raise UnreadableValue(f"Template with two members {name!r}")
        found[name] = to_json_value(decode_value(holder, datatype))
    return found


def _utf8(text: str | bytes) -> str:
    if isinstance(text, bytes):
        raise UnreadableValue("a name is not UTF-8")
    return text


def _text(_: int, field: str, raw: Any) -> str | None:
    return raw if field == "string_value" else None


_READERS: Final[dict[int, Callable[[int, str, Any], Any]]] = {
    **dict.fromkeys([*_SIGNED, *_UNSIGNED], _integer),
    **dict.fromkeys(_FLOATS, _float),
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(_BYTES, _bytes),
    **dict.fromkeys([*_ARRAYS, Datatype.BooleanArray, Datatype.StringArray], _array),
    Datatype.Boolean: _boolean,
    Datatype.DateTime: _instant,
    Datatype.DataSet: _data_set,
    Datatype.Template: _template,
}


def to_json_value(value: Any) -> Any:
    """A value within a structure, as JSON knows it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def to_signed_64(raw: int) -> int:
    return raw - (1 << 64) if raw >> 63 else raw


def instant_of_ms(ms: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=ms)
    except OverflowError as error:
        raise UnreadableValue(f"{ms} ms lie outside all calendars") from error


def encode_value(holder: Any, datatype: Datatype, value: Any) -> None:
    """Put a value where its datatype has its place: the way of `value_of` back."""
    if datatype in _SIGNED or datatype in _UNSIGNED:
        wide = datatype in {
            Datatype.Int64,
            Datatype.UInt32,
            Datatype.UInt64,
        }
        bits = 64 if wide else 32
        setattr(holder, "long_value" if wide else "int_value", value & ((1 << bits) - 1))
    elif datatype in _BYTES:
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
        setattr(holder, _PLACES[datatype], value)


_PLACES: Final = {
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
