"""The Sparkplug connector at a real broker, with an edge node of our own that answers requests."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from plumbing.sink import Sink
from plumbing.sparkplug import EdgeNode, Watcher, payload
from plumbing.waiting import until
from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz.domain.status import BAD_STALE, GOOD
from werknetz_edge.sparkplug import create
from werknetz_edge.sparkplug.connector import SparkplugConnector
from werknetz_edge.sparkplug.decoding.payload import Datatype


@dataclass
class Plant:
    url: str
    folder: Path
    group: str
    node: EdgeNode

    @property
    def number(self) -> str:
        return f"spBv1.0/{self.group}/edge/press#number"

    @property
    def state(self) -> str:
        return f"spBv1.0/STATE/{self.group}"

    def connector(self, **more: Any) -> SparkplugConnector:
        options = {
            "url": self.url, "groups": [self.group], "host_id": self.group, "reorder_s": 0.5,
            "rebirth_every_s": 60,
        }  # fmt: skip
        connector = create(f"c-{self.group}", options | more, self.folder)
        assert isinstance(connector, SparkplugConnector)
        return connector

    async def wait_for_birth(self) -> None:
        await asyncio.to_thread(self.node.birth)

    async def give(self, first: int, count: int) -> None:
        await asyncio.to_thread(self.node.give, first, count)


@pytest_asyncio.fixture
async def plant(mqtt_url: str, tmp_path: Path) -> AsyncIterator[Plant]:
    group = f"g{secrets.token_hex(4)}"
    node = await asyncio.to_thread(EdgeNode, mqtt_url, group, "edge")
    yield Plant(mqtt_url, tmp_path, group, node)
    await asyncio.to_thread(node.close)


@pytest_asyncio.fixture
async def watcher(plant: Plant) -> AsyncIterator[Watcher]:
    watcher = await asyncio.to_thread(Watcher, plant.url, plant.state)
    yield watcher
    await asyncio.to_thread(watcher.close)


@pytest.mark.asyncio
async def test_a_jump_is_a_gap_and_the_requested_birth_has_the_current_values(plant: Plant) -> None:
    connector, sink = plant.connector(), Sink()
    await connector.connect()
    async with sink.reading(connector):
        await plant.wait_for_birth()
        await plant.give(0, 20)
        await until(lambda: 19 in sink.values(plant.number), within_s=60)
        plant.node.skip(3)
        await plant.give(50, 1)
        await until(lambda: plant.node.rebirths == 1, within_s=60)
        await until(lambda: sink.values(plant.number).count(50) == 2, within_s=60)
    (gap,) = sink.opened
    assert (gap.cause, gap.estimate) == ("sequence_jump", 3)
    assert sink.values(plant.number) == [-1, *range(20), 50, 50]
    assert "3 messages are missing" in connector.status.details["sequence_jump"]


@pytest.mark.asyncio
async def test_a_new_process_requests_unknown_births(plant: Plant) -> None:
    connector, sink = plant.connector(), Sink()
    await connector.connect()
    async with sink.reading(connector):
        await plant.wait_for_birth()
        await plant.give(0, 5)
        await until(lambda: 4 in sink.values(plant.number), within_s=60)
    other = await asyncio.to_thread(Watcher, plant.url, f"spBv1.0/{plant.group}/DDATA/#")
    await plant.give(5, 5)  # no process of ours receives it
    await until(lambda: len(other.messages) == 1, within_s=60)  # the broker is through with it
    await asyncio.to_thread(other.close)
    later, connector = Sink(), plant.connector()
    await connector.connect()
    async with later.reading(connector):
        await until(lambda: 9 in later.values(plant.number), within_s=60)
        await plant.give(10, 3)
        await until(lambda: 12 in later.values(plant.number), within_s=60)
    assert [gap.cause for gap in later.opened] == ["connection_lost"]
    assert later.opened[0].from_us <= later.closed[0].to_us
    assert later.values(plant.number)[-3:] == [10, 11, 12]


@pytest.mark.asyncio
async def test_a_queued_will_marks_metrics_stale_that_died_while_no_process_ran(
    plant: Plant,
) -> None:
    connector, sink = plant.connector(), Sink()
    await connector.connect()
    async with sink.reading(connector):
        await plant.wait_for_birth()
        await until(lambda: plant.number in sink.last(), within_s=60)
    await asyncio.to_thread(plant.node.die)
    later, connector = Sink(), plant.connector(rebirth_requests=False)
    await connector.connect()
    async with later.reading(connector):
        await until(lambda: plant.number in later.last(), within_s=60)
    assert later.last()[plant.number].status == BAD_STALE


@pytest.mark.asyncio
async def test_a_death_is_acknowledged_after_the_commit_and_reported_once(plant: Plant) -> None:
    first = plant.connector()
    await first.connect()
    await plant.wait_for_birth()
    await asyncio.to_thread(plant.node.die)
    marks: list[bytes] = []
    async with asyncio.timeout(60):
        while not marks:  # read, kept with its mark, and killed before it was acknowledged
            marks += (await first.read()).checkpoints
    await first.close()
    again, sink = plant.connector(), Sink()
    again.restore_checkpoints(marks)
    await again.connect()
    async with sink.reading(again):
        await until(lambda: "redelivered" in again.status.details, within_s=60)
    assert not any(delivery.checkpoints for delivery in sink.deliveries)


@pytest.mark.asyncio
async def test_history_goes_its_own_way(plant: Plant) -> None:
    connector, sink = plant.connector(), Sink()
    await connector.connect()
    async with sink.reading(connector):
        await plant.wait_for_birth()
        await until(lambda: plant.number in sink.last(), within_s=60)
        now_ms = time.time_ns() // 1_000_000
        metric = {
            "alias": 1,
            "type": Datatype.Int64,
            "value": 7,
            "timestamp": now_ms - 60_000,
        }
        states = payload([metric | {"is_historical": True}, metric | {"value": 8}], seq=2)
        topic = plant.node.topic("DDATA")
        plant.node.client.publish(topic, states, 1).wait_for_publish(60)
        await until(lambda: 8 in sink.values(plant.number), within_s=60)
    (old,) = sink.readings("backfill")
    assert (old.value, old.status, old.source_time_us) == (7, GOOD, (now_ms - 60_000) * 1000)
    assert 7 not in sink.values(plant.number)


def _decode_state(watcher: Watcher) -> list[tuple[bool, int]]:
    decoded = [json.loads(message.payload) for message in watcher.messages]
    return [(states["online"], states["timestamp"]) for states in decoded]


@pytest.mark.asyncio
async def test_our_state_is_retained_and_republished_when_contradicted(
    plant: Plant, watcher: Watcher
) -> None:
    connector, sink = plant.connector(), Sink()
    await connector.connect()
    async with sink.reading(connector):
        await until(lambda: [online for online, _ in _decode_state(watcher)] == [True], within_s=60)
        ((_, born_ms),) = _decode_state(watcher)
        offline = json.dumps({"online": False, "timestamp": born_ms - 5}).encode()
        await asyncio.to_thread(watcher.publish, plant.state, offline, retain=True)
        await until(lambda: len(watcher.messages) == 3, within_s=60)
        assert _decode_state(watcher)[2] == (True, born_ms)
        assert "state" not in connector.status.details
        offline = json.dumps({"online": False, "timestamp": born_ms + 60_000}).encode()
        await asyncio.to_thread(watcher.publish, plant.state, offline, retain=True)
        await until(lambda: len(watcher.messages) == 5, within_s=60)
        assert _decode_state(watcher)[4] == (True, born_ms + 60_000)
        await until(lambda: "state" in connector.status.details, within_s=60)
        latecomer = await asyncio.to_thread(Watcher, plant.url, plant.state)
        await until(lambda: len(latecomer.messages) == 1, within_s=60)
        await asyncio.to_thread(latecomer.close)
        assert latecomer.messages[0].retain
        assert _decode_state(latecomer)[0][0] is True
    await until(lambda: _decode_state(watcher)[-1][0] is False, within_s=60)


@pytest.mark.asyncio
async def test_our_will_has_the_time_of_our_birth(plant: Plant, watcher: Watcher) -> None:
    connector = plant.connector()
    await connector.connect()
    await until(lambda: len(watcher.messages) == 1, within_s=60)
    session = connector.connection.session
    assert session is not None
    assert session._client is not None
    sock = session._client.socket()
    assert sock is not None
    sock.close()  # no DISCONNECT: as if the process had been killed
    await until(lambda: len(watcher.messages) == 2, within_s=60)
    (wait_for_birth, died) = _decode_state(watcher)
    assert (wait_for_birth[0], died) == (True, (False, wait_for_birth[1]))
    await connector.close()


@pytest.mark.asyncio
async def test_the_gap_of_a_kill_begins_at_the_last_commit(plant: Plant) -> None:
    connector, sink = plant.connector(), Sink()
    await connector.connect()
    await plant.wait_for_birth()
    before_us = time.time_ns() // 1000
    await plant.give(0, 5)
    async with asyncio.timeout(60):
        while 4 not in sink.values(plant.number):
            sink.deliveries.append(await connector.read())  # kept nowhere: the process dies
    await asyncio.sleep(2 * connector.config.reorder_s)  # what it looks back anyway
    await connector.close()
    later, connector = Sink(), plant.connector()
    await connector.connect()
    async with later.reading(connector):
        await until(lambda: len(later.opened) == 1, within_s=60)
    assert later.opened[0].from_us <= before_us


@pytest.mark.asyncio
async def test_a_start_without_a_broker_forgets_nothing(plant: Plant) -> None:
    connector, sink = plant.connector(), Sink()
    await connector.connect()
    async with sink.reading(connector):
        await plant.wait_for_birth()
        await until(lambda: plant.number in sink.last(), within_s=60)
    later, connector = Sink(), plant.connector()
    broker = connector.connection.config
    connector.connection.config = broker.model_copy(update={"url": "mqtt://127.0.0.1:1"})
    with pytest.raises((ConnectionLost, OSError)):
        await connector.connect()
    connector.connection.config = broker
    await connector.connect()
    async with later.reading(connector):
        await until(lambda: plant.number in later.last(), within_s=60)
    assert [gap.cause for gap in later.opened] == ["connection_lost"]
    assert plant.node.rebirths == 1  # remembered, and so asked before it spoke


@pytest.mark.asyncio
async def test_a_wrong_password_is_rejected_with_a_remedy(plant: Plant) -> None:
    connector = plant.connector(user="werknetz", password="wrong")
    with pytest.raises(ConfigurationRejected, match="check user, password"):
        await connector.connect()
    assert connector.status.state == "rejected"
    await connector.close()
