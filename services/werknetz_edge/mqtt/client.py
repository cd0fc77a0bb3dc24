"""Set up a paho client; paho's defaults would lose messages, and it reads them one by one."""

import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MessageType, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from werknetz.connector.contract import ConfigurationRejected
from werknetz.runtime.tls_refusal import TlsPeer, explain_refusal
from werknetz_edge.mqtt.broker import BrokerConfig
from werknetz_edge.mqtt.packets import MqttMessage, PublishParser, encode_acknowledgements

CONNECT_TIMEOUT_S: Final = 5.0
RECEIVE_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Publication:
    """A message that we publish, or that the broker publishes as our will."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class BatchClient(Client):
    """paho, which reads all messages of a receive at once and acknowledges many in one packet.

    Messages at QoS 0 and 1 go to `on_messages`; paho reads every other packet as usual.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.on_messages: Callable[[Sequence[MqttMessage]], None] = lambda _: None
        is_v5 = self._protocol == MQTTProtocolVersion.MQTTv5
        self._parser = PublishParser(has_properties=is_v5)
        self._pieces: list[bytes] = []  # of an incomplete packet
        self._missing = 0  # bytes, before the packet can be complete
        self._other_packet = b""  # for paho

    def receive(self) -> bool:
        """Read once from the socket. Returns whether there may be more to read at once.

        Raises MalformedMqttPacket.
        """
        connection = self._sock
        try:
            received = super()._sock_recv(RECEIVE_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            received = b""
        if not received:
            self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
            return False
        with self._msgtime_mutex:
            self._last_bytes_received = time.monotonic()
        self._pieces.append(received)
        self._missing -= len(received)
        if self._missing <= 0:
            self._parse()
        more = len(received) == RECEIVE_BYTES or getattr(connection, "pending", int)() > 0
        return more and self._sock is not None

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Queue the PUBACK packets of messages at QoS 1 as one."""
        self._packet_queue(MessageType.PUBACK, encode_acknowledgements(mids), mids[-1], 1)

    def _parse(self) -> None:
        data, messages = b"".join(self._pieces), list[MqttMessage]()
        self._pieces.clear()
        try:
            while True:
                position, size = self._parser.parse(data, messages)
                data = data[position:]
                if not 0 < size <= len(data):
                    break
                self._hand_over(messages)
                self._other_packet, data = data[:size], data[size:]
                result = self._packet_read()
                if result > MQTTErrorCode.MQTT_ERR_SUCCESS:
                    self._loop_rc_handle(result)
                if self._sock is None:
                    return
        finally:
            self._hand_over(messages)
        self._pieces = [data] if data else []
        self._missing = max(1, size - len(data))

    def _hand_over(self, messages: list[MqttMessage]) -> None:
        if messages:
            self.on_messages(messages)
            messages.clear()

    def _sock_recv(self, bufsize: int) -> bytes:
        """Give paho the packet that it is to read."""
        part, self._other_packet = self._other_packet[:bufsize], self._other_packet[bufsize:]
        return part


def build_client(
    config: BrokerConfig, client_id: str, will: Publication | None = None
) -> BatchClient:
    """Create a client with manual acknowledgement and without automatic reconnects."""
    v5 = config.protocol == "5"
    client = BatchClient(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=None if v5 else False,
        protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = CONNECT_TIMEOUT_S
    client.max_queued_messages_set(16)
    if will is not None:
        client.will_set(will.topic, will.payload, will.qos, will.retain)
    try:
        user, password = config.credentials()
        if user is not None:
            client.username_pw_set(user, password)
        if config.is_tls:
            client.tls_set(
                ca_certs=str(config.ca) if config.ca else None,
                certfile=str(config.cert) if config.cert else None,
                keyfile=str(config.key) if config.key else None,
            )
    except ssl.SSLError as error:
        raise ConfigurationRejected(str(explain_refusal(error, tls_peer_of(config)))) from error
    except (OSError, ValueError) as error:
        raise ConfigurationRejected(f"{error}: check ca, cert, key, password_file") from error
    # paho then only queues packets of other threads: the session's thread alone writes.
    client.on_socket_register_write = lambda *_: None
    return client


def tls_peer_of(config: BrokerConfig) -> TlsPeer:
    return TlsPeer(
        server=f"the MQTT broker at {config.host}:{config.port}",
        setting="url",
        authority="`ca`",
        own_certificate="`cert` and `key`",
    )


def connect_client(client: Client, config: BrokerConfig) -> None:
    """Open the socket and send CONNECT for our persistent session."""
    if config.protocol != "5":
        client.connect(config.host, config.port, config.keepalive_s)
        return
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho
    properties.SessionExpiryInterval = config.session_expiry_s
    properties.ReceiveMaximum = config.receive_maximum
    # paho's default is a clean start, which deletes the session at each start of the process.
    client.connect(
        config.host, config.port, config.keepalive_s, clean_start=False, properties=properties
    )


def subscribe_options(config: BrokerConfig) -> Any:
    """Return the subscription's options; with MQTT 5, retained messages are sent once."""
    return SubscribeOptions(qos=1, retainHandling=1) if config.protocol == "5" else 1
