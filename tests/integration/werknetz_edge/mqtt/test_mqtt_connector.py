"""The MQTT connector on real brokers: the embedded one (3.1.1), and mosquitto (5) where it is."""

import asyncio
import json
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
    MARKS_KEPT,
    ConfigurationRejected,
    ConnectionLost,
    Delivery,
    Redeliverable,
)
from werknetz.events.batch import GapClosed, GapOpened, Unmapped
from werknetz_demo.embedded.broker import Broker
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
    for _ in range(100):
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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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
        made = create(name, self.options(**more), self.folder / "state")
        assert isinstance(made, MqttConnector)
        return made


@pytest.fixture(params=["embedded-3.1.1", "mosquitto-3.1.1", "mosquitto-5"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    broker, _, protocol = request.param.partition("-")
    if broker == "embedded":
        url = request.getfixturevalue("mqtt_url")
    else:
        url = request.getfixturevalue("mosquitto").url
    return Place(url, protocol, f"t/{secrets.token_hex(4)}", tmp_path)


class Publisher:
    """A machine: bare paho, waits for each message to be taken by the broker."""

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
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def send_all(self, topic: str, payloads: list[str]) -> None:
        sent = [self.client.publish(topic, payload, qos=1) for payload in payloads]
        for each in sent:
            each.wait_for_publish(20)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@asynccontextmanager
async def publisher(url: str) -> AsyncIterator[Publisher]:
    made = await asyncio.to_thread(Publisher, url)
    try:
        yield made
    finally:
        await asyncio.to_thread(made.close)


@dataclass
class Sink:
    """A spool in memory: keeps what was given, with its marks, then acknowledges."""

    deliveries: list[Delivery] = field(default_factory=list)

    async def take(
        self, connector: MqttConnector, wanted: int, *, acknowledge: bool = True, within: float = 15
    ) -> None:
        async with asyncio.timeout(within):
            while self.count < wanted:
                delivery = await connector.read()
                self.deliveries.append(delivery)
                if acknowledge:
                    await delivery.acknowledge()

    @property
    def count(self) -> int:
        return sum(len(d.readings) + len(d.unreadable) for d in self.deliveries)

    @property
    def values(self) -> list[Any]:
        return [r.value for d in self.deliveries for r in d.readings]

    @property
    def unreadable(self) -> list[Unmapped]:
        return [u for d in self.deliveries for u in d.unreadable]

    @property
    def marks(self) -> list[bytes]:
        return [mark for d in self.deliveries for mark in d.marks]

    @property
    def gaps(self) -> list[GapOpened | GapClosed]:
        return [gap for d in self.deliveries for gap in d.gaps]


async def _nothing_comes(connector: MqttConnector, sink: Sink, seconds: float) -> None:
    before = sink.count
    with pytest.raises(TimeoutError):
        await sink.take(connector, before + 1, within=seconds)


@pytest.mark.asyncio
async def test_messages_come_as_readings(place: Place) -> None:
    connector, sink = place.connector(), Sink()
    await connector.connect()
    async with publisher(place.url) as machine:
        topic = f"{place.topic}/p42"
        await asyncio.to_thread(machine.send, f"{topic}/cycle", '{"a": {"b": [1, "x"]}, "n": null}')
        await asyncio.to_thread(machine.send, f"{topic}/temp", "20,5")
        await sink.take(connector, 4)
    await connector.close()
    found = {r.source.removeprefix(f"{topic}/"): r.value for d in sink.deliveries
             for r in d.readings}  # fmt: skip
    assert found == {"cycle#a.b.0": 1, "cycle#a.b.1": "x", "cycle#n": None, "temp": "20,5"}
    assert isinstance(connector, Redeliverable)


@pytest.mark.asyncio
async def test_what_was_sent_while_away_is_given_at_return(place: Place) -> None:
    connector, sink = place.connector(), Sink()
    await connector.connect()
    await connector.close()
    async with publisher(place.url) as machine:
        await asyncio.to_thread(
            machine.send_all, f"{place.topic}/m/n", [str(n) for n in range(300)]
        )
    again = place.connector()
    await again.connect()
    assert again.status.details["session"] == "kept"
    await sink.take(again, 300)
    await again.close()
    assert sink.values == list(range(300))
    assert not sink.gaps


@pytest.mark.asyncio
async def test_unacknowledged_is_given_again_and_stored_is_not_doubled(place: Place) -> None:
    """The connector dies between the spool's commit and the acknowledgement."""
    first, spool, later = place.connector(), Sink(), Sink()
    await first.connect()
    async with publisher(place.url) as machine:
        payloads = [json.dumps({"n": n}) for n in range(100)]
        await asyncio.to_thread(machine.send_all, f"{place.topic}/m/c", payloads[:60])
        await spool.take(first, 60, acknowledge=False)
        await first.close()  # nothing was acknowledged
        second = place.connector()
        second.seen(spool.marks[:40])  # 40 were on disk, 20 were not
        await second.connect()
        await asyncio.to_thread(machine.send_all, f"{place.topic}/m/c", payloads[60:])
        await later.take(second, 60, within=25)
        await _nothing_comes(second, later, 1.0)
    await second.close()
    assert sorted(spool.values[:40] + later.values) == list(range(100))


@pytest.mark.asyncio
async def test_a_reconnect_in_one_process_doubles_nothing(place: Place) -> None:
    connector, sink = place.connector(), Sink()
    await connector.connect()
    async with publisher(place.url) as machine:
        await asyncio.to_thread(machine.send_all, f"{place.topic}/m/c", [str(n) for n in range(50)])
        await sink.take(connector, 50, acknowledge=False)
        await connector.connect()
        for delivery in sink.deliveries:
            await delivery.acknowledge()  # too late: that connection is gone
        await asyncio.to_thread(machine.send, f"{place.topic}/m/c", "50")
        await sink.take(connector, 51)
        await _nothing_comes(connector, sink, 1.0)
    await connector.close()
    assert sorted(sink.values) == list(range(51))


@pytest.mark.asyncio
async def test_bad_payloads_are_kept_and_the_flow_goes_on(place: Place) -> None:
    topics = [
        {"pattern": f"{place.topic}/m/j", "payload": "json"},
        {"pattern": f"{place.topic}/m/n", "payload": "number"},
    ]
    options = place.options(topics=topics)
    connector = create("bad" + place.topic[-4:], options, place.folder)
    assert isinstance(connector, MqttConnector)
    sink = Sink()
    await connector.connect()
    async with publisher(place.url) as machine:
        for topic, payload in [
            ("j", "not JSON"), ("j", b"\xff\xfe"), ("j", '{"x": NaN, "y": -Infinity}'),
            ("j", '{"u": 18446744073709551615}'), ("j", '{"s": "a\\u0000b"}'), ("j", "[" * 3000),
            ("n", "NaN"), ("n", "no number"), ("n", ""), ("j", "{}"), ("n", "7"),
        ]:  # fmt: skip
            await asyncio.to_thread(machine.send, f"{place.topic}/m/{topic}", payload)
        await sink.take(connector, 12)
    await connector.close()
    assert [u.raw for u in sink.unreadable] == [
        b"not JSON", b"\xff\xfe", b"[" * 3000, b"no number", b""
    ]  # fmt: skip
    assert 18446744073709551615 in sink.values
    assert sink.values[-1] == "7"


@pytest.mark.asyncio
async def test_a_wrong_password_says_what_to_do(place: Place) -> None:
    connector = place.connector(user="werknetz", password="wrong")
    with pytest.raises(ConfigurationRejected, match="check user, password"):
        await connector.connect()
    assert connector.status.state == "rejected"
    await connector.close()


@pytest.mark.asyncio
async def test_retained_messages_are_marked(place: Place) -> None:
    async with publisher(place.url) as machine:
        await asyncio.to_thread(machine.send, f"{place.topic}/m/s", "online", retain=True)
    connector, sink = place.connector(), Sink()
    await connector.connect()
    await sink.take(connector, 1)
    await connector.close()
    assert connector.status.details["retained"] == "1"
    assert sink.deliveries[0].readings[0].status


@pytest.mark.asyncio
async def test_our_own_heartbeat_comes_back(place: Place) -> None:
    connector = place.connector(heartbeat=f"{place.topic}/hb", silence_s=3)
    sink = Sink()
    await connector.connect()
    await sink.take(connector, 2)
    await connector.close()
    assert {r.source for d in sink.deliveries for r in d.readings} == {"heartbeat"}


@pytest.mark.asyncio
async def test_a_forgotten_session_is_a_gap(place: Place) -> None:
    connector, sink = place.connector(), Sink()
    await connector.connect()
    await connector.close()
    assert connector.client_id
    cleaner = paho.Client(CallbackAPIVersion.VERSION2, client_id=connector.client_id)
    parts = urlsplit(place.url)
    cleaner.username_pw_set(parts.username, parts.password)
    connected = []
    cleaner.on_connect = lambda *_: connected.append(1)
    cleaner.connect(parts.hostname or "", parts.port or 1883)  # clean_session wipes it
    while not connected:
        cleaner.loop(0.1)
    cleaner.disconnect()
    cleaner.loop(0.1)
    again = place.connector()
    await again.connect()
    sink.deliveries.append(await asyncio.wait_for(again.read(), 5))
    await again.close()
    opened, closed = sink.gaps
    assert isinstance(opened, GapOpened)
    assert opened.cause == "session_not_present"
    assert isinstance(closed, GapClosed)


@pytest.mark.asyncio
async def test_life_and_death(place: Place) -> None:
    connector = place.connector()
    await connector.close()
    with pytest.raises(ConnectionLost):
        await connector.read()
    await connector.connect()
    await connector.close()
    await connector.close()
    nowhere = place.connector(url="mqtt://127.0.0.1:1")
    with pytest.raises((ConnectionLost, OSError)):
        await nowhere.connect()


@pytest.mark.asyncio
@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
async def test_the_broker_is_killed_and_comes_back(
    mosquitto: Mosquitto, tmp_path: Path, protocol: str
) -> None:
    place = Place(mosquitto.url, protocol, f"t/{secrets.token_hex(4)}", tmp_path)
    connector, sink = place.connector(), Sink()
    await connector.connect()
    async with publisher(place.url) as machine:
        await asyncio.to_thread(machine.send_all, f"{place.topic}/m/c", [str(n) for n in range(40)])
    await sink.take(connector, 20)
    await asyncio.sleep(1.5)  # mosquitto writes its store every second
    mosquitto.kill()
    with pytest.raises(ConnectionLost):
        await sink.take(connector, 1000)
    mosquitto.start()
    await connector.connect()
    async with publisher(place.url) as machine:
        await asyncio.to_thread(machine.send, f"{place.topic}/m/c", "40")
    await sink.take(connector, 41)
    await _nothing_comes(connector, sink, 0.5)
    await connector.close()
    assert sorted(sink.values) == list(range(41))


@pytest.mark.asyncio
async def test_both_are_killed_while_a_machine_publishes(
    mqtt_url: str, mqtt_broker: Broker, tmp_path: Path
) -> None:
    """Broker and connector die by turns; what a machine saw acknowledged is there, once.

    After a kill the embedded broker gives acknowledged messages again, and not as DUP: hence
    `unique`.
    """
    place = Place(mqtt_url, "3.1.1", f"t/{secrets.token_hex(4)}", tmp_path)
    sink, spool = Sink(), list[bytes]()
    topics = [{"pattern": f"{place.topic}/{{machine}}/c", "unique": True}]
    connector = place.connector(topics=topics)
    await connector.connect()
    for turn in range(3):
        async with publisher(mqtt_url) as machine:
            payloads = [str(100 * turn + n) for n in range(100)]
            await asyncio.to_thread(machine.send_all, f"{place.topic}/m/c", payloads)
        await sink.take(connector, 100 * turn + 60, acknowledge=turn != 1)
        if turn == 0:
            await asyncio.to_thread(mqtt_broker.kill)
            await mqtt_broker.start()
        spool = sink.marks[-MARKS_KEPT:]  # all that was read is on disk; not all is acknowledged
        await connector.close()
        connector = place.connector(topics=topics)
        connector.seen(spool)
        await connector.connect()
    await sink.take(connector, 300, within=30)
    await _nothing_comes(connector, sink, 6.0)  # the embedded broker gives again after 5 s
    await connector.close()
    assert sorted(sink.values) == list(range(300))


@pytest.mark.asyncio
async def test_20_megabytes_are_refused_and_the_flow_goes_on(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    place = Place(mosquitto.url, "5", "t/big", tmp_path)
    connector, sink = place.connector(), Sink()
    await connector.connect()
    async with publisher(place.url) as machine:
        await asyncio.to_thread(machine.send, "t/big/m/c", b"x" * 20_000_000)
        await asyncio.to_thread(machine.send, "t/big/m/c", "1")
        await sink.take(connector, 2)
    await connector.close()
    (refused,) = sink.unreadable
    assert (refused.size, len(refused.raw)) == (20_000_000, 65_536)
    assert "raise payload_max_bytes" in refused.reason
    assert sink.values == [1]


@pytest.mark.asyncio
async def test_a_slow_reader_slows_the_broker(mosquitto: Mosquitto, tmp_path: Path) -> None:
    place = Place(mosquitto.url, "5", "t/slow", tmp_path)
    connector, sink = place.connector(receive_maximum=1000), Sink()
    await connector.connect()
    async with publisher(place.url) as machine:
        await asyncio.to_thread(machine.send_all, "t/slow/m/c", [str(n) for n in range(3000)])
        await asyncio.sleep(0.3)
        assert connector._session is not None
        assert len(connector._session.queue) <= 1000
        await sink.take(connector, 3000)
    await connector.close()
    assert sink.values == list(range(3000))
