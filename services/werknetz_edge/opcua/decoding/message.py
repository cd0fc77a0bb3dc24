"""Parse the frame of a PublishResponse: sequence number and positions of the notifications.

The values are not decoded here: `decoder` reads them in place.
"""

import struct
from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from asyncua.common.utils import Buffer, NotEnoughData
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary

from werknetz_edge.opcua.stack import ua

_DATA_CHANGE: Final = ua.ObjectIds.DataChangeNotification_Encoding_DefaultBinary
_STATUS_CHANGE: Final = ua.ObjectIds.StatusChangeNotification_Encoding_DefaultBinary
_EVENTS: Final = ua.ObjectIds.EventNotificationList_Encoding_DefaultBinary
_PUBLISH: Final = ua.ObjectIds.PublishResponse_Encoding_DefaultBinary
_REPUBLISH: Final = ua.ObjectIds.RepublishResponse_Encoding_DefaultBinary
_FAULT: Final = ua.ObjectIds.ServiceFault_Encoding_DefaultBinary
_U32: Final = Struct("<I")
_I32: Final = Struct("<i")
_MESSAGE: Final = Struct("<Iqi")  # sequence number, publish time, number of notifications


class UnreadableMessageError(ValueError):
    """The bytes do not conform to the standard."""


@dataclass(slots=True)
class DataChanges:
    """`count` notifications between `start` and `end` of the message."""

    start: int
    end: int
    count: int


@dataclass(slots=True)
class NotificationMessage:
    """One NotificationMessage of the server."""

    content: bytes
    subscription: int
    sequence: int = 0
    more: bool = False
    changes: list[DataChanges] = field(default_factory=list)
    status: int | None = None  # the subscription's own end, as a StatusCode
    keep_alive: bool = False
    has_events: bool = False  # only changes of the address space are subscribed

    @property
    def values(self) -> int:
        return sum(change.count for change in self.changes)


def parse_publish_response(content: bytes) -> NotificationMessage:
    """Parse a PublishResponse. Raises ua.UaStatusCodeError if the service failed."""
    try:
        return _publication_of(content)
    except (NotEnoughData, struct.error, IndexError, TypeError, ValueError) as error:
        raise UnreadableMessageError(f"a publish response cannot be read: {error}") from error


def _publication_of(content: bytes) -> NotificationMessage:
    buffer = Buffer(content)
    _check_header(buffer, _PUBLISH)
    subscription = int(_U32.unpack(buffer.read(4))[0])
    available = int(_I32.unpack(buffer.read(4))[0])
    buffer.skip(4 * max(available, 0))
    message = NotificationMessage(content, subscription, more=buffer.read(1) != b"\0")
    _read_notifications(buffer, message)
    return message


def parse_republish_response(content: bytes, subscription: int) -> NotificationMessage:
    """Parse a RepublishResponse, which contains only the message."""
    try:
        buffer = Buffer(content)
        _check_header(buffer, _REPUBLISH)
        message = NotificationMessage(content, subscription)
        _read_notifications(buffer, message)
    except (NotEnoughData, struct.error, IndexError, TypeError, ValueError) as error:
        raise UnreadableMessageError(f"a republish response cannot be read: {error}") from error
    return message


def _check_header(buffer: Buffer, expected: int) -> None:
    kind = nodeid_from_binary(buffer).Identifier
    header = struct_from_binary(ua.ResponseHeader, buffer)
    header.ServiceResult.check()
    if kind not in {expected, _FAULT}:
        raise UnreadableMessageError(f"message type {kind!r} where {expected} was expected")


def _read_notifications(buffer: Buffer, message: NotificationMessage) -> None:
    message.sequence, _, count = _MESSAGE.unpack(buffer.read(_MESSAGE.size))
    message.keep_alive = count <= 0
    for _ in range(max(count, 0)):
        kind = nodeid_from_binary(buffer).Identifier
        if buffer.read(1) != b"\1":
            raise UnreadableMessageError("a notification without a binary body")
        length = _I32.unpack(buffer.read(4))[0]
        start = buffer.cur_pos
        buffer.skip(length)
        if kind == _DATA_CHANGE:
            items = max(_I32.unpack_from(message.content, start)[0], 0)
            message.changes.append(DataChanges(start + 4, start + length, items))
        elif kind == _EVENTS:
            message.has_events = True
        elif kind == _STATUS_CHANGE:
            message.status = _U32.unpack_from(message.content, start)[0]
