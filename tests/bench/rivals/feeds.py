"""What the chains read: JSON over MQTT at QoS 1 from an embedded broker, or an OPC UA server."""

import asyncio
import json
import os
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from bench.rivals.chain import Origin, Sent
from bench.rivals.opcua_server import EVERY_S, NODES
from werknetz_demo.embedded.broker import Broker
from werknetz_demo.embedded.process import LOOPBACK, free_port

TESTS = Path(__file__).resolve().parents[2]
MACHINES = 10
PUBLISHED_S = 120
FIELDS = ("good", "scrap", "cycle_s")


class Feed(ABC):
    origin: Origin
    tags: ClassVar[int]

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def stop(self) -> None: ...

    @abstractmethod
    async def send(self, seconds: float) -> Sent:
        """Send for so long; 0: one value of each tag."""


class MqttFeed(Feed):
    """Faster than they are taken. A broker for each turn: it holds messages for sessions."""

    tags: ClassVar[int] = MACHINES * len(FIELDS)
    every_ms: ClassVar[int] = 1  # a message of each machine

    async def start(self) -> None:
        self._broker = Broker(self.folder / "broker")
        await self._broker.start()
        self.origin = Origin("mqtt", self._broker.url)
        parts = urlsplit(self._broker.url)
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="publisher")
        self._client.username_pw_set(parts.username, parts.password)
        self._client.max_inflight_messages_set(1000)
        self._client.connect(str(parts.hostname), parts.port or 1883)
        self._client.loop_start()
        self._number = 0

    async def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        await self._broker.stop()

    async def send(self, seconds: float) -> Sent:
        turns = max(1, round(seconds * 1000 / self.every_ms))
        since_ms, began = time.time_ns() // 1_000_000, time.monotonic()
        published = None
        for turn in range(turns):
            await asyncio.sleep(max(0.0, began + turn * self.every_ms / 1000 - time.monotonic()))
            at = datetime.fromtimestamp((since_ms + turn * self.every_ms) / 1000, UTC)
            for machine in range(MACHINES):
                published = self._publish(machine, at)
        assert published is not None
        await asyncio.to_thread(published.wait_for_publish, PUBLISHED_S)
        messages = turns * MACHINES
        until_ms = since_ms + turns * self.every_ms
        await asyncio.sleep(max(0.0, until_ms / 1000 - time.time()))
        return Sent(messages, messages * len(FIELDS), since_ms / 1000, until_ms / 1000)

    def _publish(self, machine: int, at: datetime) -> paho.MQTTMessageInfo:
        self._number += 1
        payload = {
            "good": self._number,
            "scrap": self._number // 50,
            "cycle_s": 1.2 + self._number % 7 / 10,
            "ts": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "state": "running" if self._number % 100 else "stopped",
        }
        return self._client.publish(f"plant/a/m{machine}/cycle", json.dumps(payload), qos=1)


class PacedMqttFeed(MqttFeed):
    """2,000 messages a second, which every chain can carry."""

    every_ms: ClassVar[int] = 5


class OpcuaFeed(Feed):
    tags: ClassVar[int] = len(NODES)

    async def start(self) -> None:
        port = free_port()
        self._server = _start_server(port)
        await self._line()
        self.origin = Origin("opcua", f"opc.tcp://{LOOPBACK}:{port}/bench", NODES)

    async def stop(self) -> None:
        self._server.kill()
        self._server.communicate()

    async def send(self, seconds: float) -> Sent:
        assert self._server.stdin is not None
        self._server.stdin.write(f"{max(1, round(seconds / EVERY_S))}\n")
        self._server.stdin.flush()
        return Sent(**json.loads(await self._line()))

    async def _line(self) -> str:
        assert self._server.stdout is not None
        line = await asyncio.to_thread(self._server.stdout.readline)
        if not line:
            raise RuntimeError("the OPC UA server has ended")
        return line


def _start_server(port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.rivals.opcua_server", str(port)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TESTS,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
    )  # fmt: skip
