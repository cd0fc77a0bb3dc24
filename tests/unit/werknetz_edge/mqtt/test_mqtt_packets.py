"""Messages are read from any cut of the stream as paho reads them one by one."""

import socket
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import _ConnectionState
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from werknetz_edge.mqtt.client import BatchClient
from werknetz_edge.mqtt.packets import (
    MalformedMqttPacket,
    MqttMessage,
    PublishParser,
    encode_acknowledgements,
)

FIRST = MqttMessage("a/b", b"20.1", 7, 1, dup=False, retained=False)
PINGRESP = b"\xd0\x00"


def _length(size: int) -> bytes:
    encoded = bytearray()
    while True:
        size, digit = divmod(size, 128)
        encoded.append(digit | (128 if size else 0))
        if not size:
            return bytes(encoded)


def _publish(
    message: MqttMessage, properties: bytes | None = None, topic: bytes | None = None
) -> bytes:
    name = (message.topic or "").encode() if topic is None else topic
    body = len(name).to_bytes(2, "big") + name
    if message.qos:
        body += message.mid.to_bytes(2, "big")
    if properties is not None:
        body += _length(len(properties)) + properties
    body += message.payload
    head = 0x30 | message.dup << 3 | message.qos << 1 | message.retained
    return bytes([head]) + _length(len(body)) + body


MESSAGES = st.lists(
    st.builds(
        MqttMessage,
        topic=st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1),
        payload=st.one_of(st.binary(max_size=20), st.binary(min_size=110, max_size=300)),
        mid=st.integers(1, 65_535),
        qos=st.integers(0, 1),
        dup=st.booleans(),
        retained=st.booleans(),
    ).map(lambda m: m if m.qos else MqttMessage(m.topic, m.payload, 0, 0, m.dup, m.retained)),
    max_size=8,
)


class _Stage:
    """A client at one end of a pair of sockets; what it reads."""

    def __init__(self, protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311) -> None:
        self.broker, ours = socket.socketpair()
        ours.setblocking(False)
        self.client = BatchClient(
            CallbackAPIVersion.VERSION2, "c", protocol=protocol, manual_ack=True
        )
        self.client.on_socket_register_write = lambda *_: None
        self.client._sock = ours
        self.client._state = _ConnectionState.MQTT_CS_CONNECTED
        self.messages: list[MqttMessage] = []
        self.client.on_messages = self.messages.extend

    def receive(self, chunk: bytes) -> None:
        self.broker.sendall(chunk)
        while self.client.receive():
            pass

    def receive_cut(self, stream: bytes, cuts: Sequence[int]) -> None:
        start = 0
        for cut in [*sorted({n % (len(stream) + 1) for n in cuts}), len(stream)]:
            if cut > start:
                self.receive(stream[start:cut])
            start = max(cut, start)

    def close(self) -> None:
        self.broker.close()
        if self.client._sock is not None:
            self.client._sock.close()


@given(
    MESSAGES, st.lists(st.integers(0, 5_000), max_size=5), st.booleans(), st.binary(max_size=200)
)
def test_messages_are_read_from_any_cut_of_the_stream(
    messages: list[MqttMessage], cuts: list[int], is_v5: bool, properties: bytes
) -> None:
    """Between them is a packet that paho reads itself."""
    version = MQTTProtocolVersion.MQTTv5 if is_v5 else MQTTProtocolVersion.MQTTv311
    packets = [_publish(message, properties if is_v5 else None) for message in messages]
    packets[len(packets) // 2 : len(packets) // 2] = [PINGRESP]
    stage = _Stage(version)
    stage.client._ping_t = 1.0
    stage.receive_cut(b"".join(packets), cuts)
    assert stage.messages == messages
    assert stage.client._ping_t == 0.0, "paho has read the answer to its ping"
    stage.close()


def test_a_stream_byte_by_byte() -> None:
    stream = _publish(FIRST) + PINGRESP + _publish(MqttMessage("c", b"x" * 200, 8, 1, True, False))
    stage = _Stage()
    for n in range(len(stream)):
        stage.receive(stream[n : n + 1])
    assert [message.mid for message in stage.messages] == [7, 8]
    stage.close()


def test_a_message_of_many_receives_is_joined_once() -> None:
    large = MqttMessage("a", bytes(range(256)) * 4_000, 9, 1, dup=False, retained=False)
    stage = _Stage()
    stream = _publish(large) + _publish(FIRST)
    for start in range(0, len(stream), 50_000):
        stage.receive(stream[start : start + 50_000])
    assert stage.messages == [large, FIRST]
    stage.close()


def test_an_end_of_the_stream_ends_the_connection() -> None:
    stage = _Stage()
    stage.broker.sendall(_publish(FIRST)[:-1])
    assert not stage.client.receive()
    stage.broker.close()
    assert not stage.client.receive()
    assert stage.client.socket() is None
    assert stage.messages == []


def test_a_topic_that_is_no_text_has_no_name() -> None:
    messages: list[MqttMessage] = []
    packet = _publish(FIRST, topic=b"a\xff")
    assert PublishParser(has_properties=False).parse(packet, messages) == (len(packet), 0)
    assert [message.topic for message in messages] == [None]


@pytest.mark.parametrize(
    ("packet", "is_v5"),
    [
        (b"\x30\x00", False),  # no room for a topic
        (b"\x30\x01\x00", False),
        (b"\x30\x02\x00\x00", False),  # an empty topic
        (b"\x30\x03\x00\x00\x00", True),  # a topic alias, which was not offered
        (b"\x30\x03\x00\x02a", False),  # a topic beyond the packet
        (b"\x32\x04\x00\x01a\x00", False),  # half a packet identifier
        (b"\x30\x03\x00\x01a", True),  # no properties
        (b"\x30\x04\x00\x01a\x01", True),  # properties beyond the packet
        (b"\x30\x04\x00\x01a\x80", True),  # half a length of properties
        (b"\x30\x80\x80\x80\x80\x01", False),  # a length of five bytes
    ],
)
def test_a_malformed_packet_ends_the_session(packet: bytes, is_v5: bool) -> None:
    with pytest.raises(MalformedMqttPacket, match="the broker has sent"):
        PublishParser(has_properties=is_v5).parse(packet + bytes(10), [])


@pytest.mark.parametrize("packet", [b"\x30", b"\x30\x80", b"\x30\x80\x80\x80", b"\x30\x05\x00\x01"])
def test_an_incomplete_packet_waits(packet: bytes) -> None:
    messages: list[MqttMessage] = []
    position, _ = PublishParser(has_properties=False).parse(packet, messages)
    assert (position, messages) == (0, [])


@pytest.mark.parametrize("size", [127, 128, 16_383, 16_384])
def test_lengths_at_their_bounds(size: int) -> None:
    message = MqttMessage("a", bytes(size - 5), 1, 1, dup=False, retained=False)
    packet = _publish(message)
    messages: list[MqttMessage] = []
    assert PublishParser(has_properties=False).parse(packet, messages) == (len(packet), 0)
    assert messages == [message]
    assert PublishParser(has_properties=False).parse(packet[:-1], []) == (0, len(packet))


def test_messages_at_qos_2_are_those_of_paho() -> None:
    stage = _Stage()
    others: list[int] = []
    stage.client.on_message = lambda *arguments: others.append(arguments[2].mid)
    stage.receive(_publish(FIRST) + _publish(MqttMessage("a", b"1", 5, 2, False, False)))
    stage.client.loop_write()
    assert stage.broker.recv(10) == b"\x50\x02\x00\x05"
    stage.receive(b"\x62\x02\x00\x05")
    assert (stage.messages, others) == ([FIRST], [5])
    stage.close()


def test_acknowledgements_are_one_packet_in_order_of_arrival() -> None:
    assert encode_acknowledgements([7, 65_535, 1]) == bytes.fromhex("40020007 4002ffff 40020001")
    stage = _Stage()
    mids = [*range(1, 60_001)]
    stage.client.acknowledge(mids)
    sent = b""
    while stage.client.want_write():  # more than a socket takes at once
        assert stage.client.loop_write() == MQTTErrorCode.MQTT_ERR_SUCCESS
        sent += stage.broker.recv(1 << 20)
    assert sent == encode_acknowledgements(mids)
    stage.close()
