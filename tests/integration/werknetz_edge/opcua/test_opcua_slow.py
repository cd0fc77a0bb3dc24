"""A slow server connects as long as its answers come; one that stops is named with the step."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any, Final

import pytest

from plumbing.opcua_edge import spooled_edge
from plumbing.opcua_plant import URI, options, plant
from plumbing.wire import Wire
from werknetz.connector.contract import ConfigurationRejected
from werknetz_demo.embedded.process import free_port
from werknetz_edge.opcua import create
from werknetz_edge.opcua.connection.pki import trust_certificate
from werknetz_edge.opcua.stack import ua
from werknetz_edge.pipeline import source as source_module

pytestmark = [pytest.mark.asyncio, pytest.mark.slow, pytest.mark.timeout(600)]
VARIABLES: Final = 336
STEP_S: Final = 2.0


async def add_variables(server: Any) -> None:
    space = await server.get_namespace_index(URI)
    cell = await server.nodes.objects.get_child(f"{space}:Cell")
    for number in range(VARIABLES):
        await cell.add_variable(ua.NodeId(f"Cell.V{number}", space), f"V{number}", float(number))


async def test_many_variables_on_a_slow_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "CONNECT_S", STEP_S)  # less than the whole connect takes
    port = free_port()
    async with plant(port) as (server, _):
        await add_variables(server)
        wire = Wire("127.0.0.1", port, delay_s=0.4)
        await wire.show()
        try:
            started_s = time.monotonic()
            slow = options(wire.listening, timeout_s=120, silence_s=30)
            async with spooled_edge(slow, tmp_path) as running:
                steps: set[str] = set()

                def is_running() -> bool:
                    steps.add(running.status.step)
                    return running.status.state == "running"

                await running.until(is_running, within_s=240)
                assert time.monotonic() - started_s > 2 * STEP_S
                assert running.status.details["items"] == f"{VARIABLES + 9} of {VARIABLES + 9}"
                assert any(step.startswith("create monitored items, 200 of") for step in steps)
                assert any(step.startswith("browse, ") for step in steps)
                await running.until_value(f"V{VARIABLES - 1}", float(VARIABLES - 1))
        finally:
            await wire.hide()


async def test_a_server_that_stops_in_a_step_is_named(tmp_path: Path) -> None:
    port = free_port()
    async with plant(port):
        wire = Wire("127.0.0.1", port, delay_s=0.3)
        await wire.show()
        try:
            async with spooled_edge(options(wire.listening, timeout_s=1), tmp_path) as running:
                await running.until(lambda: running.status.step.startswith("browse, "))
                wire.mutes_server = True
                await running.until(lambda: "next attempt" in running.status.detail)
                assert "connect (" in running.status.detail
                assert "no answer in 1 s" in running.status.detail
                wire.mutes_server = False
                await running.until_running()
        finally:
            await wire.hide()


async def test_a_server_with_no_channel_leaves_the_client_stoppable(tmp_path: Path) -> None:
    """A server that answers nothing: the connector closes without an error, again and again."""

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            """Answer nothing."""
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, spooled_edge(options(port, timeout_s=1), tmp_path) as running:
        await running.until(lambda: "no answer in 1 s" in running.status.detail)
        assert running.status.detail.startswith("connect (load the endpoints)")
        assert running.status.state == "connecting"


class SilentChannels(Wire):
    """Forwards a connection for the endpoints; the next gets no answer to OpenSecureChannel."""

    connections = 0

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.connections % 2 == 1:
            await super()._carry(reader, writer)
            return
        self._open.add(writer)
        await reader.read(8)
        buffers = 2 * (65_535).to_bytes(4, "little")
        writer.write(b"ACKF" + (28).to_bytes(4, "little") + bytes(4) + buffers + bytes(8))
        while await reader.read(65_536):
            """Answer nothing."""
        writer.close()


async def test_a_secured_server_that_opens_no_channel(tmp_path: Path) -> None:
    """The library cannot encrypt without a channel: closing raised an AttributeError."""
    port = free_port()
    async with plant(port, folder=tmp_path / "server"):
        secured = {"policy": "Basic256Sha256", "user": "user1", "password": "password1"}
        direct = create("cell", options(port, **secured), tmp_path)
        with pytest.raises(ConfigurationRejected) as rejected:
            await direct.connect()
        shown = re.search(r"werknetz trust (\S+) (\S+)$", str(rejected.value))
        assert shown is not None
        trust_certificate(Path(shown[1]), shown[2])
        wire = SilentChannels("127.0.0.1", port)
        await wire.show()
        try:
            silent = options(wire.listening, timeout_s=1, **secured)
            async with spooled_edge(silent, tmp_path) as running:
                await running.until(lambda: "next attempt" in running.status.detail)
                assert running.status.detail.startswith(
                    "connect (open a secure channel): no answer in 1 s"
                )
                assert running.status.state == "connecting"
                failed = running.pump._connector
                await running.until(lambda: wire.connections >= 4)
                assert running.pump._connector is failed
        finally:
            await wire.hide()
