"""How a paho client is set up: nothing of it is left to paho's defaults, which lose messages."""

from dataclasses import dataclass
from typing import Any, Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.mqtt.broker import BrokerConfig

CONNECT_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Publication:
    """What we say ourselves; as a will, what the broker says for us when we are gone."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


def build_client(config: BrokerConfig, client_id: str, will: Publication | None = None) -> Client:
    """Make a client that acknowledges only when told, and never reconnects by itself."""
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
    except (OSError, ValueError) as error:
        raise ConfigurationRejected(f"{error}: check ca, cert, key, password_file") from error
    # paho then only queues what others ask it to send: the session's thread alone writes.
    client.on_socket_register_write = lambda *_: None
    return client


def connect_client(client: Client, config: BrokerConfig) -> None:
    """Open the socket and send CONNECT for the session that the broker keeps for us."""
    if config.protocol != "5":
        client.connect(config.host, config.port, config.keepalive_s)
        return
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho
    properties.SessionExpiryInterval = config.session_expiry_s
    properties.ReceiveMaximum = config.receive_maximum
    # paho's own default would start clean, and wipe the session, at each start of the process.
    client.connect(
        config.host, config.port, config.keepalive_s, clean_start=False, properties=properties
    )


def subscribe_options(config: BrokerConfig) -> Any:
    """The options of a subscription; with 5, retained messages come once, not at each connect."""
    return SubscribeOptions(qos=1, retainHandling=1) if config.protocol == "5" else 1
