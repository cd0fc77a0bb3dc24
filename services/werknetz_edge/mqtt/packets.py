"""MQTT packets of the hot path: PUBLISH at QoS 0 and 1 read from a stream, PUBACK written. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

TOPICS_CACHED_MAX: Final = 10_000
_PUBLISH: Final = 0x30
_QOS_MASK: Final = 0x06
_QOS_1: Final = 0x02
_PUBACK: Final = 0x4002  # with the length of the rest


class MalformedMqttPacket(ValueError):
    """The broker has sent bytes that are no MQTT: the session ends."""


class MqttMessage(msgspec.Struct, frozen=True, gc=False):
    """A received message; `mid` is valid in this session only."""

    topic: str | None  # None: not UTF-8
    payload: bytes
    mid: int
    qos: int
    dup: bool
    retained: bool


class PublishParser:
    """Parses the packets at the beginning of a buffer; topics are decoded once."""

    def __init__(self, *, has_properties: bool) -> None:
        """`has_properties`: of MQTT 5."""
        self._has_properties = has_properties
        self._topics: dict[bytes, str] = {}

    def parse(self, data: bytes, messages: list[MqttMessage]) -> tuple[int, int]:
        """Append the messages at QoS 0 and 1 up to the first other or incomplete packet.

        Returns the position of that packet, and how many bytes it has: 0 if that is not known yet.
        Raises MalformedMqttPacket.
        """
        position, end, topics = 0, len(data), self._topics
        while position + 2 <= end:
            head, length = data[position], data[position + 1]
            start = position + 2
            if length & 0x80:
                length, start = _read_length(data, position + 1)
                if start == 0:
                    return position, 0
            stop = start + length
            qos = head & _QOS_MASK
            if stop > end or head & 0xF0 != _PUBLISH or qos > _QOS_1:
                return position, stop - position
            after = start + 2 + (data[start] << 8 | data[start + 1]) if length >= 2 else stop + 1
            mid, body = 0, after
            if qos:
                body = after + 2
                if body <= stop:
                    mid = data[after] << 8 | data[after + 1]
            if self._has_properties:
                body = _skip_properties(data, body, stop)
            if body > stop:
                raise MalformedMqttPacket("the broker has sent a PUBLISH of a wrong length")
            name = data[start + 2 : after]
            topic = topics.get(name)
            if topic is None:
                topic = self._decode_topic(name)
            messages.append(
                MqttMessage(
                    topic, data[body:stop], mid, qos >> 1, head & 0x08 != 0, head & 0x01 != 0
                )
            )
            position = stop
        return position, 0

    def _decode_topic(self, name: bytes) -> str | None:
        if not name:  # in MQTT 5: a topic alias, which we do not offer
            raise MalformedMqttPacket("the broker has sent a PUBLISH without a topic")
        try:
            topic = name.decode()
        except UnicodeDecodeError:
            return None
        if len(self._topics) < TOPICS_CACHED_MAX:
            self._topics[name] = topic
        return topic


def encode_acknowledgements(mids: Sequence[int]) -> bytes:
    """Return the PUBACK packets of messages, in their order."""
    packets = np.empty((len(mids), 2), ">u2")
    packets[:, 0] = _PUBACK
    packets[:, 1] = mids
    return packets.tobytes()


def _read_length(data: bytes, position: int) -> tuple[int, int]:
    """Return a length of several bytes and the position after it; 0, 0: incomplete."""
    length = 0
    for n, byte in enumerate(data[position : position + 4]):
        length |= (byte & 0x7F) << 7 * n
        if byte < 0x80:
            return length, position + n + 1
    if len(data) - position >= 4:
        raise MalformedMqttPacket("the broker has sent a length of more than four bytes")
    return 0, 0


def _skip_properties(data: bytes, position: int, stop: int) -> int:
    """Return the position after the properties; beyond `stop`: they do not fit."""
    if position >= stop:
        return stop + 1
    if data[position] < 0x80:
        return position + 1 + data[position]
    length, after = _read_length(data[:stop], position)
    return after + length if after else stop + 1
