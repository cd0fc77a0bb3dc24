"""A Sparkplug B edge node under a test's control: bare paho, births, aliases, rebirths."""

import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from werknetz.protocols.sparkplug_b_pb2 import Payload
from werknetz_edge.sparkplug.decoding.codec import encode_value
from werknetz_edge.sparkplug.decoding.payload import Datatype

REBIRTH = "Node Control/Rebirth"


def payload(
    metrics: list[dict[str, Any]], *, seq: int | None = None, at_ms: int | None = 1
) -> bytes:
    """Encode: a metric is {name, alias, type, value, …}; what is left out is not there."""
    encoded = Payload()
    if at_ms is not None:
        encoded.timestamp = at_ms
    if seq is not None:
        encoded.seq = seq
    for description in metrics:
        metric = encoded.metrics.add()
        for key in ("name", "alias", "timestamp", "is_historical", "is_transient", "is_null"):
            if key in description:
                setattr(metric, key, description[key])
        datatype = description.get("type")
        if datatype is not None and description.get("says_type", True):
            metric.datatype = datatype
        if description.get("value") is not None:
            encode_value(metric, datatype, description["value"])
        for key, value in description.get("properties", {}).items():
            metric.properties.keys.append(key)
            prop = metric.properties.values.add()
            prop.type = Datatype.String if isinstance(value, str) else Datatype.Int32
            encode_value(prop, prop.type and Datatype(prop.type), value)
    return bytes(encoded.SerializeToString())


class EdgeNode:
    """One node with one device. A birth carries the last published number."""

    def __init__(self, url: str, group: str, node: str, device: str = "press") -> None:
        self.group, self.node, self.device = group, node, device
        self.seq, self.bd_seq, self.number = -1, 0, -1
        self.rebirths = 0
        self._lock = threading.Lock()
        parts = urlsplit(url)
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"node-{group}-{node}")
        self.client.username_pw_set(parts.username, parts.password)
        self.client.will_set(self.topic("NDEATH"), payload([self._bd]), qos=1)
        self.client.on_message = self._on_command
        self.subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.connect(parts.hostname or "", parts.port or 1883, 60)
        self.client.loop_start()
        self.client.subscribe(f"spBv1.0/{group}/NCMD/{node}", 0)
        if not self.subscribed.wait(60):
            raise TimeoutError("the broker grants no subscription")

    def topic(self, kind: str) -> str:
        device = f"/{self.device}" if kind.startswith("D") else ""
        return f"spBv1.0/{self.group}/{kind}/{self.node}{device}"

    @property
    def _bd(self) -> dict[str, Any]:
        return {"name": "bdSeq", "type": Datatype.UInt64, "value": self.bd_seq}

    def birth(self) -> None:
        with self._lock:
            self.seq = -1
            control = {"name": REBIRTH, "type": Datatype.Boolean, "value": False}
            self._publish("NBIRTH", [self._bd, control])
            number = {
                "name": "number",
                "alias": 1,
                "type": Datatype.Int64,
                "value": self.number,
            }
            self._publish("DBIRTH", [number])

    def give(self, first: int, count: int, at_once: int = 10) -> None:
        """Say numbers by their alias, some in each message."""
        last = None
        for start in range(first, first + count, at_once):
            end = min(start + at_once, first + count)
            metrics: list[Mapping[str, Any]] = [
                {"alias": 1, "type": Datatype.Int64, "value": number, "says_type": False}
                for number in range(start, end)
            ]
            with self._lock:
                self.number = end - 1
                last = self._publish("DDATA", [dict(metric) for metric in metrics])
        if last is not None:
            last.wait_for_publish(60)

    def skip(self, count: int) -> None:
        """Messages that the broker never gets."""
        with self._lock:
            self.seq += count

    def die(self, bd_seq: int | None = None) -> None:
        death = self._bd | ({} if bd_seq is None else {"value": bd_seq})
        self.client.publish(self.topic("NDEATH"), payload([death]), qos=1).wait_for_publish(60)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _publish(self, kind: str, metrics: list[dict[str, Any]]) -> paho.MQTTMessageInfo:
        self.seq = (self.seq + 1) % 256
        content = payload(metrics, seq=self.seq, at_ms=time.time_ns() // 1_000_000)
        return self.client.publish(self.topic(kind), content, qos=0)

    def _on_command(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        command = Payload.FromString(message.payload)
        if any(m.name == REBIRTH and m.boolean_value for m in command.metrics):
            self.rebirths += 1
            self.birth()


class Watcher:
    """Another client of the broker: it receives topics and can publish."""

    def __init__(self, url: str, topic_filter: str) -> None:
        self.messages: list[paho.MQTTMessage] = []
        parts = urlsplit(url)
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.username_pw_set(parts.username, parts.password)
        self.client.on_message = lambda _client, _data, message: self.messages.append(message)
        subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect(parts.hostname or "", parts.port or 1883, 60)
        self.client.loop_start()
        self.client.subscribe(topic_filter, 1)
        if not subscribed.wait(60):
            raise TimeoutError("the broker grants no subscription")

    def kinds(self) -> list[str]:
        return [message.topic.split("/")[2] for message in self.messages]

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos, retain).wait_for_publish(60)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
