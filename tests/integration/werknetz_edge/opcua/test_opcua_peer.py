"""The OPC UA connector against node-opcua with the official companion models."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from plumbing.peers import peer, why_not
from werknetz.connector.contract import ConfigurationRejected, ConnectionLost, Delivery
from werknetz.connector.mapping.mapping import load_mapping
from werknetz.connector.mapping.pattern import Pattern
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import load_yaml
from werknetz.domain.role import Role
from werknetz.events.batch import GapClosed, GapOpened, Points, Unmapped
from werknetz_demo.embedded.process import free_port
from werknetz_edge import mapping_cli
from werknetz_edge.opcua import create
from werknetz_edge.opcua.cli import register_connect
from werknetz_edge.opcua.connection.pki import trust_certificate
from werknetz_edge.opcua.connector import OpcuaConnector

PROGRAM = "opcua_server.js"
BACK_WITHIN_S = 90
ROOTS = ["/Objects/PackagingLine1", "/Objects/Machines/MillingMachine1", "/Objects/Cell7"]
KNOWN = {
    "nsu=urn:plant:peer;s=Cell7.StateCurrent",
    "nsu=urn:plant:peer;s=Cell7.GoodCount",
    "nsu=urn:plant:peer;s=Cell7.SpindleTemp",
}

pytestmark = [pytest.mark.peers, pytest.mark.slow]


@pytest.fixture
def program() -> Path:
    values = peer(PROGRAM)
    if values is None:
        pytest.skip(why_not(PROGRAM))
    return values


@asynccontextmanager
async def running(program: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    server = await asyncio.create_subprocess_exec(
        "node", str(program), str(port), cwd=program.parent,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        async with asyncio.timeout(60):
            while not (line := await server.stdout.readline()).startswith(b"UP"):
                assert line, "the peer ended"
        yield server
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()


def connector_of(port: int, folder: Path, **security: Any) -> OpcuaConnector:
    options = {
        "url": f"opc.tcp://127.0.0.1:{port}/plant",
        "browse": [{"root": root} for root in ROOTS],
    }
    return create("peer", options | security, folder)


async def read(connector: OpcuaConnector, received: dict[str, tuple[int, int]]) -> Delivery:
    delivery = await asyncio.wait_for(connector.read(), 60)
    assert not delivery.unreadable
    for reading in delivery.readings:
        assert reading.source_time_us is not None
        received[reading.source] = (reading.status, reading.source_time_us)
    for block in delivery.blocks:
        for index, number in enumerate(block.address):
            received[block.addresses[number]] = (
                int(block.status[index]), int(block.source_time_us[index]),
            )  # fmt: skip
    await delivery.acknowledge()
    return delivery


async def everything(connector: OpcuaConnector) -> None:
    """Each variable that was browsed is delivered, with status and source time."""
    received: dict[str, tuple[int, int]] = {}
    live, expected = connector.status.details["items"].split(" of ")
    assert live == expected
    async with asyncio.timeout(60):
        while len(received) < int(expected) or not received.keys() >= KNOWN:
            await read(connector, received)
    assert int(expected) > 50
    for status, at_us in (received[address] for address in KNOWN):
        assert status in {0, 0x40900000}
        assert abs(at_us - time.time_ns() // 1000) < 600_000_000


@pytest.mark.asyncio
async def test_anonymous(program: Path, tmp_path: Path) -> None:
    port = free_port()
    async with running(program, port):
        connector = connector_of(port, tmp_path, policy="None", allow_insecure=True)
        await connector.connect()
        await everything(connector)
        await connector.close()


@pytest.mark.asyncio
async def test_encrypted_with_a_user_killed_and_back(program: Path, tmp_path: Path) -> None:
    port = free_port()
    connector = connector_of(port, tmp_path, user="user1", password="password1")
    async with running(program, port) as server:
        with pytest.raises(ConfigurationRejected) as rejected:
            await connector.connect()
        values = re.search(r"werknetz trust (\S+) (\S+)$", str(rejected.value))
        assert values is not None
        trust_certificate(Path(values[1]), values[2])
        wrong = connector_of(port, tmp_path, user="user1", password="wrong")
        with pytest.raises(ConfigurationRejected, match="password"):
            await wrong.connect()
        await connector.connect()
        await everything(connector)
        server.kill()
        await read_to_the_end(connector)
        await connector.close()
    async with running(program, port):
        gaps = await values_again(connector)
        assert [type(gap) for gap in gaps] == [GapOpened, GapClosed]
        assert gaps[0].cause == "connection_lost"
        await connector.close()


@pytest.mark.asyncio
async def test_connect_gives_every_variable_a_point_of_its_own(
    program: Path, tmp_path: Path
) -> None:
    port, file = free_port(), tmp_path / "edge.yaml"
    url = f"opc.tcp://127.0.0.1:{port}/plant"
    async with running(program, port):
        app = typer.Typer()
        register_connect(app)
        mapping_cli.register(app)
        command = ["connect", "opcua", url, "--policy", "None", "--folder", str(tmp_path),
                   "--out", str(file)]  # fmt: skip
        result = await asyncio.to_thread(CliRunner().invoke, app, command)
        assert result.exit_code == 0, result.output
        checked = await asyncio.to_thread(CliRunner().invoke, app, ["mapping", "check", str(file)])
        assert checked.exit_code == 0, checked.output
        mapping = load_mapping(file)
        connector = create("peer", load_yaml(file).tree["options"], tmp_path)
        await connector.connect()
        addresses = {
            Pattern.parse(rule.source).literal: rule
            for rule in mapping.rules
            if not Pattern.parse(rule.source).names
        }
        normalizer = Normalizer(mapping, "peer")
        sources: dict[str, str] = {}
        items = int(connector.status.details["items"].split(" of ")[1])
        quarantined: list[str] = []
        async with asyncio.timeout(90):
            while len({source.split("[")[0] for source in sources}) < items:
                delivery = await connector.read()
                for record in normalizer.normalize(delivery, time.time_ns() // 1000):
                    if isinstance(record, Points):
                        sources |= {point.source: point.key for point in record.points}
                    if isinstance(record, Unmapped):
                        quarantined.append(record.reason)
                await delivery.acknowledge()
        await connector.close()
    assert not quarantined
    assert len(set(sources.values())) == len(sources), "no two variables share a point"
    assert len(addresses) >= items
    machines = {str(rule.equipment).rpartition("/")[2] for rule in mapping.rules}
    assert {"milling-machine1", "packaging-line1", "cell7"} <= machines
    assert machines.isdisjoint({"admin", "status", "identification", "current-state"})
    rule = next(rule for rule in mapping.rules if rule.signal == "status.equipment-starved")
    assert str(rule.equipment).endswith("/packaging-line1")
    roles = {(rule.role, str(rule.equipment).rpartition("/")[2]) for rule in mapping.rules}
    assert {(Role.TOTAL_COUNT, "packaging-line1"), (Role.STATE, "packaging-line1")} <= roles


async def read_to_the_end(connector: OpcuaConnector) -> None:
    try:
        while True:
            await read(connector, {})
    except ConnectionLost:
        return


async def values_again(connector: OpcuaConnector) -> list[Any]:
    gaps: list[Any] = []
    async with asyncio.timeout(BACK_WITHIN_S):
        while True:
            try:
                await connector.connect()
                break
            except (ConnectionLost, OSError):
                await asyncio.sleep(0.5)
        received: dict[str, tuple[int, int]] = {}
        while not received.keys() >= KNOWN:
            gaps.extend((await read(connector, received)).gaps)
    return gaps
