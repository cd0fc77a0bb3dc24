"""What the MQTT connector gives, on real brokers: the embedded one, and mosquitto where it is."""

import asyncio
from pathlib import Path

import pytest

from plumbing.mqtt_stage import Mosquitto, Place, Sink, publisher
from werknetz.connector.contract import (
    ConfigurationRejected,
    ConnectionLost,
    Redeliverable,
)
from werknetz.connector.quarantine import RAW_MAX
from werknetz.domain.status import BAD, GOOD
from werknetz_edge.mqtt import create
from werknetz_edge.mqtt.connector import MqttConnector


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
    readings = {r.source.removeprefix(f"{topic}/"): r.value for d in sink.deliveries
             for r in d.all_readings()}  # fmt: skip
    assert readings == {"cycle#a.b.0": 1, "cycle#a.b.1": "x", "cycle#n": None, "temp": "20,5"}
    assert isinstance(connector, Redeliverable)


@pytest.mark.asyncio
async def test_bad_payloads_go_to_quarantine_and_reading_continues(place: Place) -> None:
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
    # Order holds within a topic only: a broker may deliver two subscriptions side by side.
    raw = {
        topic: [entry.raw for entry in sink.unreadable if entry.source.startswith(topic)]
        for topic in (f"{place.topic}/m/j", f"{place.topic}/m/n")
    }
    assert list(raw.values()) == [
        [b"not JSON", b"\xff\xfe", b"[" * 3000],
        [b"no number", b""],
    ]
    assert 18446744073709551615 in sink.values
    assert "7" in sink.values


@pytest.mark.asyncio
async def test_a_wrong_password_is_rejected_with_a_remedy(place: Place) -> None:
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
    assert sink.deliveries[0].all_readings()[0].status


@pytest.mark.asyncio
async def test_retained_messages_can_be_ignored(place: Place) -> None:
    topics = [{"pattern": f"{place.topic}/m/s", "retained": "ignore"}]
    async with publisher(place.url) as machine:
        await asyncio.to_thread(machine.send, f"{place.topic}/m/s", "old", retain=True)
        connector = create("old" + place.topic[-4:], place.options(topics=topics), place.folder)
        sink = Sink()
        await connector.connect()
        delivery = await asyncio.wait_for(connector.read(), 60)
        assert (delivery.ignored, delivery.all_readings()) == (1, [])
        await delivery.acknowledge()
        await asyncio.to_thread(machine.send, f"{place.topic}/m/s", "new")
        await sink.take(connector, 1)
        await connector.close()
    assert sink.values == ["new"]
    assert sum(d.ignored for d in sink.deliveries) == 0


@pytest.mark.asyncio
async def test_elements_come_with_their_own_name_time_and_status(place: Place) -> None:
    elements = {
        "at": "values", "key": "id", "value": "v", "status": "q",
        "time": {"path": "t", "format": "unix_ms"},
    }  # fmt: skip
    topics = [{"pattern": f"{place.topic}/m/s", "elements": elements}]
    connector = create("el" + place.topic[-4:], place.options(topics=topics), place.folder)
    sink = Sink()
    await connector.connect()
    document = (
        '{"timestamp": 1, "values": [{"id": "Ch.B", "v": "000123", "q": true, "t": 1770000000123},'
        ' {"v": 7}, {"id": "Ch.A", "v": 5, "q": false, "t": 1770000000124}]}'
    )
    async with publisher(place.url) as machine:
        await asyncio.to_thread(machine.send, f"{place.topic}/m/s", document)
        await sink.take(connector, 3)
    await connector.close()
    topic = f"{place.topic}/m/s"
    readings = [reading for delivery in sink.deliveries for reading in delivery.all_readings()]
    assert [(r.source, r.value, r.status, r.source_time_us) for r in readings] == [
        (f"{topic}#Ch.B", "000123", GOOD, 1_770_000_000_123_000),
        (f"{topic}#Ch.A", 5, BAD, 1_770_000_000_124_000),
    ]
    assert [(entry.item, entry.raw) for entry in sink.unreadable] == [("values[1]", b'{"v":7}')]


@pytest.mark.asyncio
async def test_our_own_heartbeat_comes_back(place: Place) -> None:
    connector = place.connector(heartbeat=f"{place.topic}/hb", silence_s=3)
    sink = Sink()
    await connector.connect()
    await sink.take(connector, 2)
    await connector.close()
    assert {r.source for d in sink.deliveries for r in d.all_readings()} == {"heartbeat"}


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
    assert (refused.size, len(refused.raw)) == (20_000_000, RAW_MAX)
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
        assert connector.connection.session is not None
        assert len(connector.connection.session.queue) <= 1000
        await sink.take(connector, 3000)
    await connector.close()
    assert sink.values == list(range(3000))
