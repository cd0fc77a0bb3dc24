"""End to end: a message at the broker until the API shows it, at half the sustainable rate.

Real processes on embedded servers: broker → edge → Redis → writer → PostgreSQL → API. The
sustainable rate is what a burst drains at. The memory of each process is reported, too.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx2
import paho.mqtt.client as paho
import psutil

from bench.measure import Measure
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.process import Child, free_port
from werknetz_demo.embedded.servers import EmbeddedServers
from werknetz_demo.seed import insert_seed

BUDGET_S = 2.0
KEY = "wn_demo_" + "b" * 64
EDGE = """
connector: bench
protocol: mqtt
spool: {{folder: {folder}/spool}}
options:
  url: {mqtt}
  topics: [{{pattern: "bench/{{machine}}/value", payload: json}}]
mapping:
  name: bench
  version: 1
  time_zone: UTC
  unmapped: store-as-is
  rules:
    - source: "bench/{{machine}}/value#v"
      equipment: "nordwerk/emden-1/hall/line-1/{{machine}}"
      signal: value
"""


class Stage:
    def __init__(self, folder: Path, servers: EmbeddedServers, port: int) -> None:
        self.folder, self.servers, self.port = folder, servers, port
        self.children: dict[str, Child] = {}
        (folder / "edge.yaml").write_text(EDGE.format(folder=folder, mqtt=servers.urls.mqtt))

    def start(self) -> None:
        for name, words in {
            "ingest": ["ingest"],
            "core": ["up", "--port", str(self.port)],
            "edge": ["edge", str(self.folder / "edge.yaml")],
        }.items():
            self.children[name] = Child.start(
                [sys.executable, "-m", "werknetz_client.cli", *words],
                log=self.folder / f"{name}.log",
                environment=os.environ
                | self.servers.urls.environment
                | {"WERKNETZ_ALIVE_FILE": str(self.folder / f"{name}.alive")},
            )

    def publisher(self) -> paho.Client:
        parts = urlsplit(self.servers.urls.mqtt)
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.username_pw_set(parts.username, parts.password)
        client.max_inflight_messages_set(1000)
        client.connect(str(parts.hostname), parts.port or 1883)
        client.loop_start()
        return client


async def _measure(*, short: bool) -> list[Measure]:
    with tempfile.TemporaryDirectory(prefix="werknetz-bench-") as temporary:
        folder = Path(temporary)
        async with EmbeddedServers(folder / "state", environment={}, throwaway=True) as servers:
            await upgrade_async(servers.urls.database)
            connection = await asyncpg.connect(servers.urls.database)
            await insert_seed(connection, [], KEY)
            stage = Stage(folder, servers, free_port())
            client = None
            try:
                stage.start()
                client = stage.publisher()
                await _first_value(client, connection)
                rate = await _burst(client, connection, 4_000 if short else 20_000)
                lags = await _trickle(client, stage, rate / 2, 8 if short else 30)
                memory = {
                    name: psutil.Process(child.pid).memory_info().rss / 1e6
                    + sum(
                        below.memory_info().rss / 1e6
                        for below in psutil.Process(child.pid).children(recursive=True)
                    )
                    for name, child in stage.children.items()
                }
            finally:
                if client is not None:
                    client.disconnect()
                    client.loop_stop()
                await connection.close()
                for child in stage.children.values():
                    child.kill()
    cuts = statistics.quantiles(lags, n=100)
    shares = {"edge": 150.0, "core": 250.0}
    return [
        Measure(
            "end to end, source → API, p99 of 2 s",
            f"p50 {cuts[49]:.2f} s  p99 {cuts[98]:.2f} s at {rate / 2:.0f}/s",
            cuts[98] / BUDGET_S,
            1.0,
            at_most=True,
        ),
        *(
            Measure(
                f"memory of {name}",
                f"{size:.0f} MB",
                size / shares[name] if name in shares else None,
                1.0 if name in shares else None,
                at_most=True,
            )
            for name, size in memory.items()
        ),
    ]


async def _count(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    return int(await connection.fetchval("SELECT count(*) FROM samples") or 0)


async def _first_value(
    client: paho.Client, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        client.publish("bench/canary/value", json.dumps({"v": -1}), qos=1)
        await asyncio.sleep(0.5)
        if await connection.fetchval("SELECT 1 FROM signals WHERE key LIKE '%/canary:value'"):
            return
    raise RuntimeError("no value came through within 60 s")


async def _burst(
    client: paho.Client, connection: "asyncpg.Connection[asyncpg.Record]", messages: int
) -> float:
    """Return the messages a second that the chain drains, whatever the broker can take."""
    before = await _count(connection)
    began = time.monotonic()
    for number in range(messages):
        client.publish(f"bench/m{number % 10}/value", json.dumps({"v": number}), qos=1)
        if number % 200 == 0:
            await asyncio.sleep(0)
    while await _count(connection) < before + messages:
        await asyncio.sleep(0.1)
        if time.monotonic() - began > 240:
            raise RuntimeError("the burst did not drain within 240 s")
    return messages / (time.monotonic() - began)


async def _trickle(client: paho.Client, stage: Stage, rate: float, seconds: float) -> list[float]:
    """Publish at the rate; every 100 ms a canary, and poll the API until it shows it."""
    lags: list[float] = []
    stop = asyncio.Event()
    background = asyncio.create_task(_load(client, rate, stop))
    async with httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{stage.port}", headers={"X-API-Key": KEY}
    ) as api:
        signal = await _canary(api)
        ends_at = time.monotonic() + seconds
        number = 0
        while time.monotonic() < ends_at:
            number += 1
            sent_at = time.monotonic()
            client.publish("bench/canary/value", json.dumps({"v": number}), qos=1)
            while await _newest(api, signal) < number:
                await asyncio.sleep(0.02)
                if time.monotonic() - sent_at > 30:
                    raise RuntimeError("a canary did not show within 30 s")
            lags.append(time.monotonic() - sent_at)
            await asyncio.sleep(0.05)
    stop.set()
    await background
    return lags


async def _load(client: paho.Client, rate: float, stop: asyncio.Event) -> None:
    began, sent = time.monotonic(), 0
    while not stop.is_set():
        while sent < (time.monotonic() - began) * rate:
            sent += 1
            client.publish(f"bench/m{sent % 10}/value", json.dumps({"v": sent}), qos=1)
        await asyncio.sleep(0.01)


async def _canary(api: httpx2.AsyncClient) -> int:
    """Return the canary's signal, once the API listens and shows it."""
    answer: httpx2.Response | None = None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            answer = await api.get(
                "/api/v1/signals",
                params={"key": "nordwerk/emden-1/hall/line-1/canary:value"},
            )
        except httpx2.ConnectError:
            answer = None  # its process is still starting
        if answer is not None and answer.status_code == 200 and answer.json()["items"]:
            return int(answer.json()["items"][0]["id"])
        await asyncio.sleep(0.2)
    shown = "no answer" if answer is None else answer.text
    raise RuntimeError(f"the API does not show the canary's signal: {shown}")


async def _newest(api: httpx2.AsyncClient, signal: int) -> float:
    answer = await api.get(
        f"/api/v1/signals/{signal}/samples", params={"start": "-10s", "granularity": "raw"}
    )
    items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return max((item["value"] for item in items), default=-1.0)


def measures(short: bool) -> list[Measure]:
    return asyncio.run(_measure(short=short))
