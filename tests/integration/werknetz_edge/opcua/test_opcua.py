"""The OPC UA connector against a real asyncua server in this process."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from plumbing.opcua_plant import at, options, plant
from werknetz.connector.contract import ConfigurationRejected, ConnectionLost, Delivery
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_demo.embedded.process import free_port
from werknetz_edge.opcua import create
from werknetz_edge.opcua.connection.pki import trust_certificate
from werknetz_edge.opcua.connector import OpcuaConnector
from werknetz_edge.opcua.stack import ua


@pytest_asyncio.fixture
async def connectors(tmp_path: Path) -> AsyncIterator[Callable[..., OpcuaConnector]]:
    connectors: list[OpcuaConnector] = []

    def make(port: int, **more: Any) -> OpcuaConnector:
        connectors.append(create("test", options(port, **more), tmp_path))
        return connectors[-1]

    yield make
    for connector in connectors:
        await connector.close()


async def collect(
    connector: OpcuaConnector,
    until: Callable[[dict[str, list[Any]], list[Any]], bool],
    *,
    acknowledge: bool = True,
) -> tuple[dict[str, list[Any]], list[Any]]:
    """Values by address and gaps, until enough has come."""
    values: dict[str, list[Any]] = {}
    gaps: list[Any] = []
    async with asyncio.timeout(60):
        while not until(values, gaps):
            delivery = await connector.read()
            take(delivery, values)
            gaps.extend(delivery.gaps)
            assert not delivery.unreadable
            if acknowledge:
                await delivery.acknowledge()
    return values, gaps


def take(delivery: Delivery, values: dict[str, list[Any]]) -> None:
    for reading in delivery.readings:
        values.setdefault(reading.source, []).append(
            (reading.value, reading.status, reading.source_time_us)
        )
    for block in delivery.blocks:
        for index, address in enumerate(block.address):
            values.setdefault(block.addresses[address], []).append(
                (
                    block.strings[index] if block.strings else float(block.value[index]),
                    int(block.status[index]),
                    int(block.source_time_us[index]),
                )
            )


async def reconnect(connector: OpcuaConnector) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await connector.connect()
            except (ConnectionLost, OSError):
                await asyncio.sleep(0.2)
            else:
                return


@pytest.mark.asyncio
async def test_every_type_arrives_with_status_and_source_time(connectors: Any) -> None:
    port = free_port()
    async with plant(port) as (_, nodes):
        connector = connectors(port)
        await connector.connect()
        values, gaps = await collect(connector, lambda v, _: len(v) >= 11)
        assert [values[at(f"Axes[{n}]")][0][0] for n in range(3)] == [1.0, 2.0, 3.0]
        assert values[at("Temp")][0][0] == 20.5
        assert values[at("On")][0][0] == 1.0
        assert values[at("Large")][0][0] == 2**64 - 1
        assert values[at("Order")][0][0] == "A-17"
        assert values[at("Since")][0][0] == datetime(2026, 1, 2, tzinfo=UTC)
        assert values[at("Range")][0][0] == {"Low": 1.0, "High": 5.0}
        assert "heartbeat" in values
        assert gaps == []
        stamp = datetime(2026, 11, 1, 12, tzinfo=UTC)
        await nodes["Temp"].write_value(
            ua.DataValue(
                ua.Variant(21.5, ua.VariantType.Double),
                ua.StatusCode(ua.StatusCodes.UncertainLastUsableValue),
                stamp,
            )
        )
        values, _ = await collect(connector, lambda v, _: at("Temp") in v)
        assert values[at("Temp")] == [(21.5, 0x40900000, int(stamp.timestamp()) * 1_000_000)]
        assert connector.status.state == "running"
        assert connector.status.details["items"] == "9 of 9"


@pytest.mark.asyncio
async def test_arrays_as_json(connectors: Any) -> None:
    port = free_port()
    async with plant(port):
        connector = connectors(port, arrays="json")
        await connector.connect()
        values, _ = await collect(connector, lambda v, _: at("Axes") in v)
        assert values[at("Axes")][0][0] == [1.0, 2.0, 3.0]


@pytest.mark.asyncio
async def test_an_overflow_is_a_gap(connectors: Any) -> None:
    port = free_port()
    async with plant(port) as (_, nodes):
        connector = connectors(port)
        await connector.connect()
        await collect(connector, lambda v, _: len(v) >= 11)
        await nodes["Temp"].write_value(
            ua.DataValue(ua.Variant(1.0, ua.VariantType.Double), ua.StatusCode(0x480))
        )
        _, gaps = await collect(connector, lambda _, g: len(g) >= 2)
        opened, closed = gaps
        assert isinstance(opened, GapOpened)
        assert (opened.cause, opened.detail) == ("queue_overflow", at("Temp"))
        assert isinstance(closed, GapClosed)
        assert closed.gap_id == opened.gap_id
        assert closed.to_us >= opened.from_us


@pytest.mark.asyncio
async def test_a_restart_that_renumbers_namespaces_is_followed(connectors: Any) -> None:
    port = free_port()
    connector = connectors(port)
    async with plant(port):
        await connector.connect()
        await collect(connector, lambda v, _: len(v) >= 11)
    with pytest.raises(ConnectionLost):
        await collect(connector, lambda *_: False)
    await connector.close()
    async with plant(port, before=("urn:other:a", "urn:other:b")) as (_, nodes):
        assert nodes["Temp"].nodeid.NamespaceIndex == 4
        await reconnect(connector)
        values, gaps = await collect(connector, lambda v, g: at("Temp") in v and len(g) == 2)
        assert values[at("Temp")][0][0] == 20.5
        assert [type(gap) for gap in gaps] == [GapOpened, GapClosed]
        assert gaps[0].cause == "connection_lost"
        assert gaps[0].gap_id == gaps[1].gap_id
        assert gaps[0].from_us < gaps[1].to_us


@pytest.mark.asyncio
async def test_a_cut_connection_is_resumed_and_nothing_is_missing(connectors: Any) -> None:
    port = free_port()
    async with plant(port) as (server, nodes):
        connector = connectors(port)
        await connector.connect()
        await collect(connector, lambda v, _: len(v) >= 11)
        for protocol in list(server.bserver.clients):
            protocol.transport.abort()
        for value in range(1, 20):
            await nodes["Count"].write_value(ua.Variant(value, ua.VariantType.UInt32))
            await asyncio.sleep(0.02)
        with pytest.raises(ConnectionLost):
            await collect(connector, lambda *_: False)
        await connector.close()
        await reconnect(connector)
        assert connector.status.details["session"] == "resumed"
        values, gaps = await collect(
            connector, lambda v, _: 19 in [row[0] for row in v.get(at("Count"), [])]
        )
        assert [row[0] for row in values[at("Count")]] == list(range(1, 20))
        assert gaps == []
        await connector.close()


@pytest.mark.asyncio
async def test_the_ack_waits_for_acknowledge(connectors: Any) -> None:
    port = free_port()
    async with plant(port) as (server, nodes):
        connector = connectors(port)
        await connector.connect()
        service = server.iserver.subscription_service
        (subscription,) = [
            values for values in service.subscriptions.values() if values.pub_request_callback
        ]
        for value in range(5):
            await nodes["Count"].write_value(ua.Variant(value, ua.VariantType.UInt32))
            await asyncio.sleep(0.1)
        item = [await asyncio.wait_for(connector.read(), 60) for _ in range(3)]
        assert len(subscription._not_acknowledged_results) >= 3
        stored = set(subscription._not_acknowledged_results)
        for delivery in item:
            await delivery.acknowledge()
        async with asyncio.timeout(60):
            while stored & set(subscription._not_acknowledged_results) >= {min(stored)}:
                delivery = await connector.read()
                await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_a_slow_reader_slows_the_server_and_is_no_silence(connectors: Any) -> None:
    port = free_port()
    async with plant(port) as (_, nodes):
        connector = connectors(port, silence_s=2)
        await connector.connect()
        for value in range(60):
            await nodes["Count"].write_value(ua.Variant(value, ua.VariantType.UInt32))
            await asyncio.sleep(0.05)
        assert connector.status.state == "running"
        values, gaps = await collect(
            connector, lambda v, _: any(v_[0] == 59 for v_ in v.get(at("Count"), []))
        )
        assert {v[0] for v in values[at("Count")]} == set(range(60))
        assert gaps == []


@pytest.mark.asyncio
async def test_an_untrusted_server_is_rejected_until_a_person_trusts_it(
    connectors: Any, tmp_path: Path
) -> None:
    port = free_port()
    async with plant(port, folder=tmp_path / "server"):
        connector = connectors(port, policy="Basic256Sha256", user="user1", password="password1")
        with pytest.raises(ConfigurationRejected, match="werknetz trust") as rejected:
            await connector.connect()
        assert connector.status.state == "rejected"
        values = re.search(r"werknetz trust (\S+) (\S+)$", str(rejected.value))
        assert values is not None
        assert len(values[2]) == 64
        trust_certificate(Path(values[1]), values[2])
        await connector.connect()
        values, _ = await collect(connector, lambda v, _: at("Temp") in v)
        assert values[at("Temp")][0][0] == 20.5


@pytest.mark.asyncio
async def test_a_wrong_password_is_rejected_with_a_remedy(connectors: Any, tmp_path: Path) -> None:
    port = free_port()
    async with plant(port):
        connector = connectors(port, user="user1", password="wrong")
        with pytest.raises(ConfigurationRejected, match="correct user and password"):
            await connector.connect()
        good = connectors(port, user="user1", password="password1")
        await good.connect()


@pytest.mark.asyncio
async def test_an_unknown_root_names_what_there_is(connectors: Any) -> None:
    port = free_port()
    async with plant(port):
        connector = connectors(port, browse=[{"root": "/Objects/Cell8"}])
        with pytest.raises(ConfigurationRejected, match=r"no 'Cell8'; it has .*Cell"):
            await connector.connect()


@pytest.mark.asyncio
async def test_nobody_there(connectors: Any) -> None:
    connector = connectors(free_port())
    with pytest.raises(OSError, match=r"\w"):
        await connector.connect()
    assert connector.status.state == "connecting"
    await connector.close()
    await connector.close()
