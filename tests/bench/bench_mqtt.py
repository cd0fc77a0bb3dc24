"""MQTT at QoS 1: the connector down to a committed spool row, against bare paho that only counts.

Both drain the same messages, kept by the broker for a session that was away: so neither waits for
a publisher. Three rounds each, in turn; the best of each counts.
"""

import asyncio
import json
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from bench.measure import Measure
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.raw import encode_delivery
from werknetz.connector.yaml_format import parse_yaml
from werknetz.events.batch import Batch
from werknetz.events.codec import encode
from werknetz_demo.embedded.broker import Broker
from werknetz_edge.mqtt import create

BAR = 0.5
ROUNDS = 3
TOPIC = "bench/{}/cycle"  # one a round, so that no earlier session keeps messages, too
MAPPING = """
mapping:
  name: bench
  version: 1
  rules:
    - source: bench/{press}/cycle#good
      equipment: n/p/a/l/{press}
      signal: good
      role: good_count
      time: &t {path: ts, format: unix_ms}
    - {source: "bench/{press}/cycle#temp", equipment: "n/p/a/l/{press}", unit: degC, time: *t}
"""


def measures(short: bool) -> list[Measure]:
    messages = 4_000 if short else 20_000
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), messages))


async def _measure(folder: Path, messages: int) -> list[Measure]:
    broker = Broker(folder / "broker")
    await broker.start()
    try:
        bare, ours = [], []
        for n in range(ROUNDS):
            (folder / f"c{n}").mkdir()
            bare.append(await asyncio.to_thread(_bare, broker.url, f"bare-{n}", messages))
            ours.append(await _connector(broker.url, folder / f"c{n}", f"ours-{n}", messages))
    finally:
        await broker.stop()
    best, reference = max(o.rate for o in ours), max(b.rate for b in bare)
    figure = f"{best:,.0f} messages/s; bare paho {reference:,.0f}"
    cpu, reference_cpu = min(o.cpu_us for o in ours), min(b.cpu_us for b in bare)
    cpu_figure = f"{cpu:.0f} µs; bare paho {reference_cpu:.0f} µs"
    return [
        Measure("MQTT QoS 1, broker to spool", figure, best / reference, BAR),
        Measure("MQTT QoS 1, CPU a message", cpu_figure, reference_cpu / cpu),
    ]


@dataclass(frozen=True)
class Drained:
    rate: float  # messages a second
    cpu_us: float  # of this process, a message


class Watch:
    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def drain(self, messages: int) -> Drained:
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        return Drained(messages / wall, cpu / messages * 1e6)


def _client(url: str, client_id: str, *, clean: bool) -> paho.Client:
    parts = urlsplit(url)
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean)
    client.max_inflight_messages_set(1000)
    client.username_pw_set(parts.username, parts.password)
    client.connect(parts.hostname or "", parts.port or 1883, 60)
    return client


def _publish(url: str, name: str, messages: int) -> None:
    client = _client(url, "publisher", clean=True)
    client.loop_start()
    now_ms = time.time_ns() // 1_000_000
    sent = None
    for n in range(messages):
        payload = json.dumps({"ts": now_ms + n, "good": n, "temp": 20 + n % 10 / 10})
        sent = client.publish(TOPIC.format(name), payload, qos=1)
        if n % 1000 == 999:
            sent.wait_for_publish(60)
    if sent is not None:
        sent.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


def _bare(url: str, client_id: str, messages: int) -> Drained:
    subscribed: list[Any] = []
    client = _client(url, client_id, clean=False)
    client.on_subscribe = lambda *arguments: subscribed.append(arguments)
    client.subscribe(TOPIC.format(client_id), qos=1)
    while not subscribed:
        client.loop(0.1)
    client.disconnect()
    client.loop(0.1)
    _publish(url, client_id, messages)
    count = 0

    def on_message(*_: Any) -> None:
        nonlocal count
        count += 1

    client = _client(url, client_id, clean=False)
    client.on_message = on_message
    watch = Watch()
    client.loop_start()
    while count < messages:
        time.sleep(0.001)
    drain = watch.drain(messages)
    client.disconnect()
    client.loop_stop()
    return drain


async def _connector(url: str, folder: Path, name: str, messages: int) -> Drained:
    options = {"url": url, "topics": [TOPIC.format(name)]}
    connector = create(name, options, folder)
    await connector.connect()
    await connector.close()
    await asyncio.to_thread(_publish, url, name, messages)
    normalizer = Normalizer(parse_mapping(parse_yaml(MAPPING, file="bench")), name)
    spool = sqlite3.connect(folder / "spool.db", isolation_level=None)
    spool.execute("PRAGMA journal_mode=WAL")
    spool.execute("PRAGMA synchronous=FULL")
    spool.execute("CREATE TABLE batches (seq INTEGER PRIMARY KEY, payload BLOB)")
    count = 0
    connector = create(name, options, folder)
    watch = Watch()
    await connector.connect()
    while count < messages:
        delivery = await connector.read()
        now_us = time.time_ns() // 1000
        records = normalizer.normalize(delivery, now_us)
        raw = encode_delivery(delivery, now_us, "bench@1")  # as edges do by default
        records += [] if raw is None else [raw]
        payload = encode(Batch(records))
        spool.execute("INSERT INTO batches (payload) VALUES (?)", (payload,))
        await delivery.acknowledge()
        count += len(delivery.checkpoints)
    drain = watch.drain(messages)
    await connector.close()
    spool.close()
    return drain
