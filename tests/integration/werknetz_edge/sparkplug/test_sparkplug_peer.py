"""Against an edge node that others wrote (Eclipse Tahu's): births, data, death, and being away."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plumbing.peers import peer, why_not
from plumbing.sink import Sink
from plumbing.sparkplug import Watcher
from plumbing.waiting import until
from werknetz.connector.contract import Connector
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import parse_yaml
from werknetz.domain.status import BAD, BAD_STALE, GOOD
from werknetz.events.batch import Samples, Unmapped
from werknetz.events.codec import columns_of
from werknetz_edge.sparkplug import create

NODE = "spBv1.0/Plant1/Edge7"
PRESS = f"{NODE}/Press01"
GOOD_COUNT = f"{PRESS}#Counter/Good"
BORN = {
    f"{NODE}#Properties/HW": "IPC-427E", GOOD_COUNT: 0, f"{PRESS}#Counter/Scrap": 0,
    f"{PRESS}#Temp": 21.5, f"{PRESS}#State": "IDLE", f"{PRESS}#Running": False,
    f"{PRESS}#NullAtBirth": None, f"{PRESS}#Speed": 0.0, f"{PRESS}#Big": 9007199254740,
    f"{PRESS}#Batch": {
        "columns": ["lot", "qty"], "types": ["String", "Int32"], "rows": [["L1", 10], ["L2", 20]]
    },
}  # fmt: skip
PUBLISHED = {GOOD_COUNT, f"{PRESS}#Temp", f"{PRESS}#State", f"{PRESS}#Speed"}


MAPPING = """
mapping:
  name: presses
  version: 1
  enums: {press: {IDLE: idle, RUN: producing, STOP: malfunction}}
  rules:
    - source: "spBv1.0/Plant1/{node}/{press}#Counter/{kind}"
      equipment: nordwerk/emden-1/body/{node}/{press}
      signal: "{kind}"
      role: good_count
    - source: "spBv1.0/Plant1/{node}/{press}#State"
      equipment: nordwerk/emden-1/body/{node}/{press}
      signal: state
      role: state
      states: press
    - source: "spBv1.0/Plant1/{node}/{press}#{other}"
      equipment: nordwerk/emden-1/body/{node}/{press}
    - {source: "spBv1.0/Plant1/{node}#Properties/HW", ignore: true}
"""


@pytest.fixture
def program() -> Path:
    values = peer("sparkplug_edge.js")
    if values is None:
        pytest.skip(why_not("sparkplug_edge.js"))
    return values


@asynccontextmanager
async def node(
    program: Path, url: str, count: int, mode: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    tcp = url.replace("mqtt://", "tcp://")
    started = await asyncio.create_subprocess_exec(
        "node", str(program), tcp, str(count), mode, cwd=program.parent,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


def _host(name: str, url: str, folder: Path) -> Connector:
    return create(name, {"url": url, "groups": ["Plant1"], "rebirth_every_s": 5}, folder)


def _is_stale(sink: Sink) -> bool:
    last = sink.last()
    return len(last) == len(BORN) and all(
        (reading.value, reading.status) == (None, BAD_STALE) for reading in last.values()
    )


@pytest.mark.peers
@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["stop", "kill"])
async def test_births_data_and_death(
    program: Path, mqtt_url: str, tmp_path: Path, mode: str
) -> None:
    connector, sink = _host(f"host-{mode}", mqtt_url, tmp_path), Sink()
    await connector.connect()
    async with sink.reading(connector), node(program, mqtt_url, 5, mode):
        await until(lambda: _is_stale(sink), within_s=90)
        await until(lambda: connector.status.details.get("nodes") == "0 of 1 online", within_s=90)
    first = {}
    for reading in sink.readings():
        first.setdefault(reading.source, reading)
    assert {source: reading.value for source, reading in first.items()} == BORN
    assert first[f"{PRESS}#NullAtBirth"].status == BAD
    assert first[GOOD_COUNT].status == GOOD
    assert sink.values(GOOD_COUNT) == [0, 1, 2, 3, 4, 5, None]
    assert sink.values(f"{PRESS}#Speed") == [0, 100, 200, 300, 400, 500, None]
    assert sink.values(f"{PRESS}#State") == ["IDLE", "RUN", "RUN", "STOP", "RUN", "RUN", None]
    assert sink.values(f"{PRESS}#Temp")[1:-1] == pytest.approx([21.6, 21.7, 21.8, 21.9, 22.0])
    assert not sink.opened
    assert not sink.unreadable
    normalizer = Normalizer(parse_mapping(parse_yaml(MAPPING, file="presses.yaml")), "host")
    records = [r for d in sink.deliveries for r in normalizer.normalize(d, time.time_ns() // 1000)]
    assert not [record for record in records if isinstance(record, Unmapped)]
    columns = [columns_of(record) for record in records if isinstance(record, Samples)]
    press = "nordwerk/emden-1/body/edge7/press01"
    assert set(normalizer.numbers) == {
        f"{press}:{name}"
        for name in ("good", "scrap", "state", "temp", "running", "nullatbirth", "speed", "batch",
                     "big")
    }  # fmt: skip
    assert sum(len(node.point) for node in columns) == len(sink.readings()) - 2  # HW: ignored
    assert connector.status.details["units"] == f"{PRESS}#Speed 1/min"


@pytest.mark.peers
@pytest.mark.asyncio
@pytest.mark.parametrize("process", ["the same", "a new one"])
async def test_a_node_that_restarts_while_we_are_away(
    program: Path, mqtt_url: str, tmp_path: Path, process: str
) -> None:
    """The peer stores nothing and answers no request: readable values are stored anyway."""
    name = "host-away-" + process[:1]
    connector, sink = _host(name, mqtt_url, tmp_path), Sink()
    watcher = await asyncio.to_thread(Watcher, mqtt_url, "spBv1.0/Plant1/#")
    try:
        await connector.connect()
        async with node(program, mqtt_url, 60, "stop") as first:
            async with sink.reading(connector):
                await until(lambda: 2 in sink.values(GOOD_COUNT), within_s=90)
            first.kill()
            await first.wait()
        await until(lambda: "NDEATH" in watcher.kinds(), within_s=90)
        assert not any(reading.status == BAD_STALE for reading in sink.readings())
        watcher.messages.clear()
        async with node(program, mqtt_url, 25, "kill"):
            await until(lambda: watcher.kinds().count("DDATA") >= 8, within_s=90)
            reported = len(sink.deliveries)
            if process == "a new one":
                connector = _host(name, mqtt_url, tmp_path)
            await connector.connect()
            async with sink.reading(connector):
                await until(lambda: 25 in sink.values(GOOD_COUNT), within_s=90)
                later = Sink(sink.deliveries[reported:])
                assert later.values(GOOD_COUNT)[0] >= 8
                assert {reading.source for reading in later.readings()} >= PUBLISHED
                await until(lambda: _is_stale(sink), within_s=90)
    finally:
        await asyncio.to_thread(watcher.close)
    causes = {gap.cause for gap in sink.opened}
    assert causes == {"sequence_jump" if process == "the same" else "connection_lost"}
    assert {gap.gap_id for gap in sink.opened} == {gap.gap_id for gap in sink.closed}
    assert not sink.unreadable
    assert int(connector.status.details["rebirths_asked"]) > 0
