"""What the MQTT connector keeps when it, its connection, its session or its broker is gone."""

import asyncio
import json
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from plumbing.mqtt_stage import (
    Mosquitto,
    Place,
    Sink,
    connect_in_time,
    nothing_comes,
    publisher,
    take_in_time,
)
from werknetz.connector.contract import (
    CHECKPOINTS_MAX,
    ConnectionLost,
)
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_demo.embedded.broker import Broker


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
    assert again.status.details["session"] == "resumed"
    await sink.take(again, 300)
    await again.close()
    assert sink.values == list(range(300))
    assert not sink.gaps


@pytest.mark.asyncio
async def test_redelivered_messages_are_stored_once(
    place: Place,
) -> None:
    """The connector dies between the spool's commit and the acknowledgement."""
    first, spool, later = place.connector(), Sink(), Sink()
    await first.connect()
    async with publisher(place.url) as machine:
        payloads = [json.dumps({"n": n}) for n in range(100)]
        await asyncio.to_thread(machine.send_all, f"{place.topic}/m/c", payloads[:60])
        await spool.take(first, 60, acknowledge=False)
        await first.close()  # nothing was acknowledged
        second = place.connector()
        second.restore_checkpoints(spool.marks[:40])  # 40 were on disk, 20 were not
        await second.connect()
        await asyncio.to_thread(machine.send_all, f"{place.topic}/m/c", payloads[60:])
        await later.take(second, 60, within=60)
        await nothing_comes(second, later, 1.0)
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
        await nothing_comes(connector, sink, 1.0)
    await connector.close()
    assert sorted(sink.values) == list(range(51))


@pytest.mark.asyncio
async def test_a_deleted_session_is_a_gap(place: Place) -> None:
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
    sink.deliveries.append(await asyncio.wait_for(again.read(), 60))
    await again.close()
    opened, closed = sink.gaps
    assert isinstance(opened, GapOpened)
    assert opened.cause == "session_not_present"
    assert isinstance(closed, GapClosed)


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
    await nothing_comes(connector, sink, 0.5)
    await connector.close()
    assert sorted(sink.values) == list(range(41))


@pytest.mark.asyncio
async def test_broker_and_connector_are_killed_while_a_machine_publishes(
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
    await connect_in_time(connector)
    for turn in range(3):
        async with publisher(mqtt_url) as machine:
            payloads = [str(100 * turn + n) for n in range(100)]
            await asyncio.to_thread(machine.send_all, f"{place.topic}/m/c", payloads)
        await take_in_time(connector, sink, 100 * turn + 60, acknowledge=turn != 1)
        if turn == 0:
            await asyncio.to_thread(mqtt_broker.kill)
            await mqtt_broker.start()
        spool = sink.marks[
            -CHECKPOINTS_MAX:
        ]  # all that was read is on disk; not all is acknowledged
        await connector.close()
        connector = place.connector(topics=topics)
        connector.restore_checkpoints(spool)
        await connect_in_time(connector)
    await take_in_time(connector, sink, 300)
    await nothing_comes(connector, sink, 6.0)  # the embedded broker gives again after 5 s
    await connector.close()
    assert sorted(sink.values) == list(range(300))
