"""Set up a paho client; paho's defaults would lose messages."""

import ssl
from dataclasses import dataclass
from typing import Any, Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from werknetz.connector.contract import ConfigurationRejected
from werknetz.runtime.tls_refusal import TlsPeer, explain_refusal
from werknetz_edge.mqtt.broker import BrokerConfig

CONNECT_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Publication:
    """A message that we publish, or that the broker publishes as our will."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


def build_client(config: BrokerConfig, client_id: str, will: Publication | None = None) -> Client:
    """Create a client with manual acknowledgement and without automatic reconnects."""
    v5 = config.protocol == "5"
    client = Client(
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
