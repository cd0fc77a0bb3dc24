"""Against a machine that others wrote (mqtt.js): every message once, whatever is killed."""

import asyncio
from pathlib import Path

import pytest

from plumbing.peers import peer, why_not
from werknetz.connector.contract import Delivery
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import parse_yaml
from werknetz.events.batch import Record, Samples
from werknetz.events.codec import columns_of
from werknetz_edge.mqtt import create
from werknetz_edge.mqtt.connector import MqttConnector

MAPPING = """
mapping:
  name: press
  version: 1
  time_zone: Europe/Berlin
  unmapped: store-as-is
  enums: {press: {RUN: producing, STOP: idle}}
  rules:
    - source: plant/a/{press}/cycle#good
      equipment: n/p/a/l/{press}
      signal: good
      role: good_count
      time: &t {path: ts}
    - source: plant/a/{press}/cycle#state
      equipment: n/p/a/l/{press}
      signal: state
      role: state
      states: press
      time: *t
    - source: plant/a/{press}/cycle#order.no
      equipment: n/p/a/l/{press}
      role: order
      time: *t
"""
MESSAGES = 60


@pytest.mark.peers
@pytest.mark.asyncio
async def test_a_machine_of_others_loses_nothing_over_connector_kills(
    mqtt_url: str, tmp_path: Path
) -> None:
    program = await asyncio.to_thread(peer, "mqtt_machine.js")
    if program is None:
        pytest.skip(why_not("mqtt_machine.js"))
    host = mqtt_url.removeprefix("mqtt://")
    normalizer = Normalizer(parse_mapping(parse_yaml(MAPPING, file="press.yaml")), "press")
    spool: list[Record] = []
    marks: list[bytes] = []
    connector = _fresh(mqtt_url, tmp_path)
    await connector.connect()
    node = await asyncio.create_subprocess_exec(
        "node", str(program), f"mqtt://{host}", str(MESSAGES),
        cwd=program.parent, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        for kill in (True, True, False):
            expected = MESSAGES if not kill else min(MESSAGES, _count(spool, normalizer) + 20)
            last = await _take(connector, normalizer, spool, marks, expected)
            if not kill:
                await last.acknowledge()
                break
            await connector.close()  # killed after the spool's commit, before the acknowledgement
            connector = _fresh(mqtt_url, tmp_path)
            connector.restore_checkpoints(marks)
            await connector.connect()
        async with asyncio.timeout(90):
            await node.wait()
    finally:
        if node.returncode is None:
            node.kill()
            await node.wait()
        await connector.close()
    assert sorted(_values(spool, normalizer, "n/p/a/l/press42:good")) == list(
        range(1, MESSAGES + 1)
    )
    states = _values(spool, normalizer, "n/p/a/l/press42:state")
    assert (states.count(1.0), states.count(3.0)) == (45, 15)


def _fresh(url: str, folder: Path) -> MqttConnector:
    topics = [{"pattern": "plant/{area}/{press}/#"}]
    connector = create("peer-press", {"url": url, "topics": topics}, folder)
    assert isinstance(connector, MqttConnector)
    return connector


async def _take(
    connector: MqttConnector,
    normalizer: Normalizer,
    spool: list[Record],
    marks: list[bytes],
    expected: int,
) -> Delivery:
    async with asyncio.timeout(90):
        while True:
            delivery = await connector.read()
            spool += normalizer.normalize(delivery, 1_795_000_000_000_000)
            marks += delivery.checkpoints
            if _count(spool, normalizer) >= expected:
                return delivery
            await delivery.acknowledge()


def _values(spool: list[Record], normalizer: Normalizer, key: str) -> list[float]:
    number = normalizer.numbers.get(key)
    values: list[float] = []
    for record in spool:
        if isinstance(record, Samples):
            columns = columns_of(record)
            values += columns.value[columns.point == number].tolist()
    return values


def _count(spool: list[Record], normalizer: Normalizer) -> int:
    return len(_values(spool, normalizer, "n/p/a/l/press42:good"))
