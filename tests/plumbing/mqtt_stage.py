"""What MQTT connectors are tried on: brokers, a machine that publishes, a spool in memory."""

import asyncio
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from werknetz.connector.contract import (
    ConnectionLost,
    Delivery,
)
from werknetz.events.batch import GapClosed, GapOpened, Unmapped
from werknetz_demo.embedded.process import free_port
from werknetz_edge.mqtt import create
from werknetz_edge.mqtt.connector import MqttConnector

MOSQUITTO = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")


@dataclass
class Mosquitto:
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = f"mqtt://werk:netz@127.0.0.1:{self.port}"
        users = self.folder / "users"
        users.write_text("werk:netz\n")
        users.chmod(0o600)
        subprocess.run(["mosquitto_passwd", "-U", str(users)], check=False, capture_output=True)
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {users}\n"
            f"persistence true\npersistence_location {self.folder}/\nautosave_interval 1\n"
            "autosave_on_changes true\nmax_queued_messages 0\nmax_inflight_messages 2000\n"
            "user root\n"
        )

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(MOSQUITTO), "-c", str(self.folder / "mosquitto.conf")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _await_port(self.port)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


def _await_port(port: int) -> None:
    for _ in range(1200):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the broker did not come up")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    if MOSQUITTO is None:
        pytest.skip("no mosquitto on PATH: apt-get install mosquitto")
    port = free_port()
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(folder, port)
    broker.start()
    yield broker
    broker.kill()


@dataclass(frozen=True)
class Place:
    url: str
    protocol: str
    topic: str
    folder: Path

    def options(self, **more: Any) -> dict[str, Any]:
        topics = [{"pattern": f"{self.topic}/{{machine}}/#"}]
        return {"url": self.url, "protocol": self.protocol, "topics": topics} | more

    def connector(self, **more: Any) -> MqttConnector:
        name = self.topic.replace("/", "-")
        connector = create(name, self.options(**more), self.folder / "state")
        assert isinstance(connector, MqttConnector)
        return connector


@pytest.fixture(params=["embedded-3.1.1", "mosquitto-3.1.1", "mosquitto-5"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    broker, _, protocol = request.param.partition("-")
    if broker == "embedded":
        url = request.getfixturevalue("mqtt_url")
    else:
        url = request.getfixturevalue("mosquitto").url
    return Place(url, protocol, f"t/{secrets.token_hex(4)}", tmp_path)


class Publisher:
    """A machine: bare paho, waits until the broker has accepted each message."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311
        )
        self.client.max_inflight_messages_set(200)
        self.client.username_pw_set(parts.username, parts.password)
        self.client.connect(parts.hostname or "", parts.port or 1883, 60)
        self.client.loop_start()

    def send(self, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(60)

    def send_all(self, topic: str, payloads: list[str]) -> None:
        sent = [self.client.publish(topic, payload, qos=1) for payload in payloads]
        for publication in sent:
            publication.wait_for_publish(60)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@asynccontextmanager
async def publisher(url: str) -> AsyncIterator[Publisher]:
    publisher = await asyncio.to_thread(Publisher, url)
    try:
        yield publisher
    finally:
        await asyncio.to_thread(publisher.close)


@dataclass
class Sink:
    """A spool in memory: keeps what was given, with its marks, then acknowledges."""

    deliveries: list[Delivery] = field(default_factory=list)

    async def take(
        self,
        connector: MqttConnector,
        expected: int,
        *,
        acknowledge: bool = True,
        within: float = 60,
    ) -> None:
        async with asyncio.timeout(within):
            while self.count < expected:
                delivery = await connector.read()
                self.deliveries.append(delivery)
                if acknowledge:
                    await delivery.acknowledge()

    @property
    def count(self) -> int:
        return sum(len(d.all_readings()) + len(d.unreadable) for d in self.deliveries)

    @property
    def values(self) -> list[Any]:
        return [r.value for d in self.deliveries for r in d.all_readings()]

    @property
    def unreadable(self) -> list[Unmapped]:
        return [u for d in self.deliveries for u in d.unreadable]

    @property
    def marks(self) -> list[bytes]:
        return [mark for d in self.deliveries for mark in d.checkpoints]

    @property
    def gaps(self) -> list[GapOpened | GapClosed]:
        return [gap for d in self.deliveries for gap in d.gaps]


async def connect_in_time(connector: MqttConnector, within_s: float = 60) -> None:
    """Connect as the pump does: again and again.

    A broker that has just started may close the connection while it still loads the session.
    """
    async with asyncio.timeout(within_s):
        while True:
            try:
                await connector.connect()
            except (ConnectionLost, OSError):
                await asyncio.sleep(0.5)
            else:
                return


async def take_in_time(
    connector: MqttConnector, sink: Sink, expected: int, *, acknowledge: bool = True
) -> None:
    """Take messages over lost connections, as the pump does."""
    async with asyncio.timeout(180):
        while True:
            try:
                await sink.take(connector, expected, acknowledge=acknowledge, within=60)
            except ConnectionLost:
                await connect_in_time(connector)
            else:
                return


async def nothing_comes(connector: MqttConnector, sink: Sink, seconds: float) -> None:
    before = sink.count
    with pytest.raises(TimeoutError):
        await sink.take(connector, before + 1, within=seconds)
