"""Every connector fulfils the `Connector` contract. A source a connector, below."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import pytest
import pytest_asyncio
from asyncua import Server, ua
from paho.mqtt.enums import CallbackAPIVersion

from plumbing.wire import Wire
from werknetz.connector.conformance import CHECKS, ControlledSource
from werknetz.connector.contract import Connector
from werknetz_edge.mqtt import create as create_mqtt
from werknetz_edge.opcua import create as create_opcua


@dataclass
class MqttSource:
    url: str
    folder: Path
    wire: Wire
    topic: str = field(default_factory=lambda: f"conform/{secrets.token_hex(4)}")

    def new_connector(self) -> Connector:
        parts = urlsplit(self.url)
        options = {
            "url": f"mqtt://127.0.0.1:{self.wire.listening}",
            "user": parts.username,
            "password": parts.password,
            "topics": [self.topic],
        }
        return create_mqtt(self.topic.replace("/", "-"), options, self.folder)

    async def emit(self, first: int, count: int) -> None:
        await asyncio.to_thread(self._publish, first, count)

    async def drop_sessions(self) -> None:
        await self.wire.cut_connections()

    async def go_offline(self) -> None:
        await self.wire.hide()

    async def go_online(self) -> None:
        await self.wire.show()

    def _publish(self, first: int, count: int) -> None:
        parts = urlsplit(self.url)
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.max_inflight_messages_set(100)
        client.username_pw_set(parts.username, parts.password)
        client.connect(parts.hostname or "", parts.port or 1883)
        client.loop_start()
        sent = [client.publish(self.topic, str(n), qos=1) for n in range(first, first + count)]
        for message in sent:
            message.wait_for_publish(20)
        client.disconnect()
        client.loop_stop()


@pytest_asyncio.fixture
async def mqtt_source(mqtt_url: str, tmp_path: Path) -> AsyncIterator[MqttSource]:
    parts = urlsplit(mqtt_url)
    wire = Wire(parts.hostname or "", parts.port or 1883)
    await wire.show()
    yield MqttSource(mqtt_url, tmp_path, wire)
    await wire.hide()
    await asyncio.sleep(0.05)


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_mqtt(
    check: Callable[[ControlledSource], Awaitable[None]], mqtt_source: MqttSource
) -> None:
    await check(mqtt_source)


@dataclass
class OpcuaSource:
    folder: Path
    wire: Wire
    number: Any

    def new_connector(self) -> Connector:
        options = {
            "url": f"opc.tcp://127.0.0.1:{self.wire.listening}/plant",
            "policy": "None",
            "allow_insecure": True,
            "browse": [{"root": "/Objects/Conform"}],
            "publishing_ms": 50,
            "queue_size": 10_000,
            "timeout_s": 3,
        }
        return create_opcua("conform", options, self.folder)

    async def emit(self, first: int, count: int) -> None:
        for number in range(first, first + count):
            await self.number.write_value(float(number))

    async def drop_sessions(self) -> None:
        await self.wire.cut_connections()

    async def go_offline(self) -> None:
        await self.wire.hide()

    async def go_online(self) -> None:
        await self.wire.show()


@pytest_asyncio.fixture
async def opcua_source(tmp_path: Path) -> AsyncIterator[OpcuaSource]:
    server = Server()
    await server.init()
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    server.set_endpoint("opc.tcp://127.0.0.1:0/plant")
    space = await server.register_namespace("urn:werknetz:conform")
    folder = await server.nodes.objects.add_object(space, "Conform")
    number = await folder.add_variable(ua.NodeId("number", space), "number", -1.0)
    async with server:
        wire = Wire("127.0.0.1", server.bserver._server.sockets[0].getsockname()[1])
        await wire.show()
        yield OpcuaSource(tmp_path, wire, number)
        await wire.hide()
        await asyncio.sleep(0.05)
    # A stopped asyncua server does not cancel the tasks of sessions that were dropped.
    leftover = [t for t in asyncio.all_tasks() if "Internal" in t.get_coro().__qualname__]
    for task in leftover:
        task.cancel()
    await asyncio.gather(*leftover, return_exceptions=True)


@pytest.mark.asyncio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_opcua(
    check: Callable[[ControlledSource], Awaitable[None]], opcua_source: OpcuaSource
) -> None:
    await check(opcua_source)
