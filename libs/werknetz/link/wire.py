"""What travels on the link, in both directions, as one MessagePack field of a stream entry.

Identity travels in the messages, never in the stream's entry ids: whatever the link does to
order, number or existence of entries is then harmless.
"""

from typing import Final
from uuid import UUID

import msgspec

FIELD: Final = b"m"


class Envelope(msgspec.Struct, frozen=True, array_like=True, tag="batch"):
    """One batch of a spool with its place in the chain."""

    connector: str
    spool_id: UUID
    epoch: int
    seq: int
    prev_hash: bytes
    hash: bytes
    lane: str
    payload: bytes


class Hello(msgspec.Struct, frozen=True, array_like=True, tag="hello"):
    """A connector asks for an epoch and says what its spool knows (R3)."""

    connector: str
    spool_id: UUID
    lane: str
    last_seq: int
    last_hash: bytes
    nonce: bytes  # repeated while the same hello is repeated: asked twice is one epoch


class Welcome(msgspec.Struct, frozen=True, array_like=True, tag="welcome"):
    """The core's answer: the epoch, and what the database knows of this spool."""

    nonce: bytes
    spool_id: UUID
    epoch: int
    last_seq: int
    last_hash: bytes
    incarnation: UUID


class Ack(msgspec.Struct, frozen=True, array_like=True, tag="ack"):
    """Everything up to `last_seq` is in the database (R8)."""

    incarnation: UUID
    spool_id: UUID
    last_seq: int


class Need(msgspec.Struct, frozen=True, array_like=True, tag="need"):
    """The writer has a hole: send again from here (R5, R7)."""

    incarnation: UUID
    spool_id: UUID
    from_seq: int


class Fenced(msgspec.Struct, frozen=True, array_like=True, tag="fenced"):
    """A newer epoch of this connector exists: stop acknowledging upstream (R4)."""

    connector: str
    epoch: int


Uplink = Envelope | Hello
Downlink = Welcome | Ack | Need | Fenced


class UnreadableMessage(ValueError):
    """Not a message of this link."""


_encoder: Final = msgspec.msgpack.Encoder()
_uplink: Final = msgspec.msgpack.Decoder(Uplink)
_downlink: Final = msgspec.msgpack.Decoder(Downlink)


def encode(message: Uplink | Downlink) -> bytes:
    return _encoder.encode(message)


def decode_uplink(data: bytes) -> Uplink:
    try:
        return _uplink.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableMessage(str(error)) from error


def decode_downlink(data: bytes) -> Downlink:
    try:
        return _downlink.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableMessage(str(error)) from error
