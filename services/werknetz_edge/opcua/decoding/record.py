"""Decode one notification of any type with asyncua's decoder; times stay FILETIMEs."""

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Any, Final

from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import (
    extensionobject_from_binary,
    nodeid_from_binary,
    variant_from_binary,
)

from werknetz_edge.opcua.decoding.columns import SERVER, SERVER_PS, SOURCE, SOURCE_PS, STATUS, VALUE
from werknetz_edge.opcua.decoding.filetime import datetime_of
from werknetz_edge.opcua.stack import ua

_HEAD: Final = Struct("<IB")
_U16: Final = Struct("<H")
_U32: Final = Struct("<I")
_I32: Final = Struct("<i")
_I64: Final = Struct("<q")
_DATETIME: Final = 13
_EXTENSION: Final = 22
_ARRAY: Final = 0x80
_DIMENSIONS: Final = 0x40


@dataclass(slots=True)
class NotificationRecord:
    """One notification; its value has the library's types."""

    handle: int
    end: int
    value: Any = None
    kind: int = 0
    array: bool = False
    status: int = 0
    source: int | None = None
    server: int | None = None


def read_record(content: bytes, position: int, end: int) -> NotificationRecord:
    """Decode the notification at `position`. Broken bytes raise exceptions of any type."""
    handle, mask = _HEAD.unpack_from(content, position)
    buffer = Buffer(content, position + _HEAD.size, end - position - _HEAD.size)
    record = NotificationRecord(handle, position)
    if mask & VALUE:
        _read_variant(buffer, record)
    if mask & STATUS:
        record.status = _U32.unpack(buffer.read(4))[0]
    if mask & SOURCE:
        record.source = _I64.unpack(buffer.read(8))[0]
    if mask & SOURCE_PS:
        buffer.skip(_U16.size)
    if mask & SERVER:
        record.server = _I64.unpack(buffer.read(8))[0]
    if mask & SERVER_PS:
        buffer.skip(_U16.size)
    record.end = buffer.cur_pos
    return record


def _read_variant(buffer: Buffer, record: NotificationRecord) -> None:
    encoding = buffer.copy(1).read(1)[0]
    record.kind = encoding & 0x3F
    record.array = bool(encoding & _ARRAY)
    if record.kind in _OWN and not encoding & _DIMENSIONS:
        buffer.skip(1)
        read = _OWN[record.kind]
        if record.array:
            count = _I32.unpack(buffer.read(4))[0]
            record.value = [read(buffer) for _ in range(count)]
        else:
            record.value = read(buffer)
        return
    record.value = variant_from_binary(buffer).Value


def _datetime(buffer: Buffer) -> Any:
    return datetime_of(_I64.unpack(buffer.read(8))[0])


def _extension(buffer: Buffer) -> Any:
    """Decode a structure; return its bytes where its definition does not match.

    The length is encoded, so a wrong definition does not affect what follows.
    """
    whole = buffer.copy()
    kind = nodeid_from_binary(buffer)
    encoding = buffer.read(1)[0]
    body = b""
    if encoding:
        length = _I32.unpack(buffer.read(4))[0]
        body = buffer.read(max(length, 0))
    if kind.Identifier == 0:
        return None
    try:
        return extensionobject_from_binary(whole.copy(buffer.cur_pos - whole.cur_pos))
    except Exception:  # noqa: BLE001  # generated decoders raise any exception; the bytes are stored
        return ua.ExtensionObject(TypeId=kind, Body=body)


_OWN: Final[dict[int, Callable[[Buffer], Any]]] = {_DATETIME: _datetime, _EXTENSION: _extension}
