"""A session survives every outage that the server's queues bridge: no value is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from asyncua import Client
from asyncua.server.internal_session import InternalSession

from plumbing.opcua_edge import SpooledEdge, spooled_edge
from plumbing.opcua_plant import options, plant
from plumbing.wire import Wire
from werknetz_demo.embedded.process import free_port
from werknetz_edge.opcua.stack import ua

pytestmark = [pytest.mark.asyncio, pytest.mark.slow, pytest.mark.timeout(600)]
PERIOD_S: Final = 0.1


async def refuse(wire: Wire, seconds: float) -> None:
    await wire.hide()
    await asyncio.sleep(seconds)
    await wire.show()


async def mute(wire: Wire, seconds: float, *, server: bool, client: bool) -> None:
    wire.mutes_server, wire.mutes_client = server, client
    await asyncio.sleep(seconds)
    wire.mutes_server = wire.mutes_client = False


async def silent(wire: Wire, seconds: float) -> None:
    await mute(wire, seconds, server=True, client=True)


async def silent_server(wire: Wire, seconds: float) -> None:
    await mute(wire, seconds, server=True, client=False)


async def silent_client(wire: Wire, seconds: float) -> None:
    await mute(wire, seconds, server=False, client=True)


async def flapping(wire: Wire, seconds: float) -> None:
    for _ in range(3):
        await refuse(wire, seconds)
        await asyncio.sleep(1.5)


async def silent_then_refused(wire: Wire, seconds: float) -> None:
    await silent(wire, seconds)
    await refuse(wire, seconds)


async def write_counts(nodes: dict[str, Any]) -> None:
    number = 0
    while True:
        number += 1
        await nodes["Count"].write_value(ua.Variant(number, ua.VariantType.UInt32))
        await asyncio.sleep(PERIOD_S)


@asynccontextmanager
async def counting_edge(
    folder: Path, **more: Any
) -> AsyncIterator[tuple[Wire, SpooledEdge, dict[str, Any], Any]]:
    """An edge behind a wire, and a server whose Count rises every 100 ms."""
    async with plant(free_port()) as (server, nodes):
        port = server.bserver._server.sockets[0].getsockname()[1]
        wire = Wire("127.0.0.1", port)
        await wire.show()
        try:
            async with spooled_edge(
                options(wire.listening, outage_s=60, **more), folder
            ) as running:
                await running.until_running()
                async with asyncio.TaskGroup() as tasks:
                    counting = tasks.create_task(write_counts(nodes))
                    await running.until_value("Count", 5.0)
                    yield wire, running, nodes, server
                    counting.cancel()
        finally:
            await wire.hide()


async def count_of(nodes: dict[str, Any]) -> int:
    return int(await nodes["Count"].read_value())


@pytest.mark.parametrize(
    ("outage", "seconds"),
    [
        (refuse, 1.0),
        (refuse, 8.0),
        (silent, 3.0),
        (silent, 10.0),
        (silent_server, 10.0),
        (silent_client, 10.0),
        (flapping, 2.0),
        (silent_then_refused, 6.0),
    ],
)
async def test_no_value_is_lost(
    tmp_path: Path, outage: Callable[[Wire, float], Awaitable[None]], seconds: float
) -> None:
    async with counting_edge(tmp_path) as (wire, running, nodes, _):
        await outage(wire, seconds)
        last = await count_of(nodes) + 10
        values = await running.until_value("Count", float(last))
        values = [value for value in values if value <= last]
        assert values == [float(number) for number in range(int(values[0]), last + 1)]
        assert [gap.cause for gap, end in await running.gaps() if end is None] == []
        lost = [gap for gap, end in (await running.gaps())[1:] if end and not end.backfilled]
        assert lost == []


async def test_the_gap_is_open_while_the_outage_lasts(tmp_path: Path) -> None:
    async with counting_edge(tmp_path) as (wire, running, nodes, _):
        await wire.hide()
        async with asyncio.timeout(90):
            while not any(end is None for _, end in await running.gaps()):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert running.status.details["outage"].startswith("since 20")
        await running.until(
            lambda: all(
                text in running.status.detail for text in ("Connect call failed", "next attempt in")
            )
        )
        await wire.show()
        await running.until_value("Count", float(await count_of(nodes) + 10))
        (gap, end) = (await running.gaps())[-1]
        assert end is not None
        assert (end.backfilled, end.estimate) == (True, 0)
        assert end.to_us >= gap.from_us
        assert running.status.details["outage"] == "none"
        assert running.status.details["session"] == "resumed"


async def test_a_subscription_that_expired_is_a_gap_to_the_first_new_value(tmp_path: Path) -> None:
    async with counting_edge(tmp_path) as (wire, running, nodes, server):
        await wire.hide()
        await asyncio.sleep(2)
        service = server.iserver.subscription_service
        ours = [key for key, rows in service.subscriptions.items() if rows.pub_request_callback]
        await service.delete_subscriptions(ours)
        await wire.show()
        await running.until_value("Count", float(await count_of(nodes) + 10))
        (gap, end) = (await running.gaps())[-1]
        assert (gap.cause, end is not None and end.backfilled) == ("connection_lost", False)
        assert end is not None
        times = [time for _, _, time in await running.samples("Count") if time > gap.from_us]
        assert end.to_us == min(times)


async def test_a_session_that_the_server_closed_is_transferred_or_a_gap(tmp_path: Path) -> None:
    async with counting_edge(tmp_path) as (wire, running, nodes, server):
        await wire.hide()
        for session in list(server.iserver._external_sessions.values()):
            await session.close_session(True)
        await wire.show()
        values = await running.until_value("Count", float(await count_of(nodes) + 10))
        assert values == sorted(values)
        assert running.status.details["session"] == "new"
        assert [end.backfilled for _, end in (await running.gaps())[1:] if end] == [False]


async def test_queues_that_were_too_short_are_a_gap(tmp_path: Path) -> None:
    async with counting_edge(tmp_path, queue_size=10) as (wire, running, nodes, _):
        await refuse(wire, 5.0)
        values = await running.until_value("Count", float(await count_of(nodes) + 10))
        assert len(values) < int(values[-1]) - int(values[0])
        causes = {gap.cause: gap.detail for gap, end in await running.gaps() if end}
        assert "Cell.Count" in causes["queue_overflow"]


async def test_an_edge_that_restarts_in_an_outage_closes_the_gap(tmp_path: Path) -> None:
    port = free_port()
    async with plant(port), spooled_edge(options(port), tmp_path) as running:
        await running.until_value("Temp", 20.5)
    async with spooled_edge(options(port), tmp_path) as running:  # nobody answers
        await running.until(lambda: "next attempt" in running.status.detail)
    async with plant(port), spooled_edge(options(port), tmp_path) as running:
        await running.until_running()
        async with asyncio.timeout(90):
            while any(end is None for _, end in await running.gaps()):  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def test_a_defect_in_an_outage_leaves_no_open_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with counting_edge(tmp_path) as (wire, running, nodes, _):
        first = running.pump._connector
        await wire.hide()
        async with asyncio.timeout(90):
            while all(end for _, end in await running.gaps()):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        monkeypatch.setattr(first, "connect", None)  # a TypeError
        await running.until(lambda: running.pump._connector is not first)
        await wire.show()
        await running.until_value("Count", float(await count_of(nodes) + 10))
        assert all(end is not None for _, end in await running.gaps())


async def test_a_restarted_server_with_the_same_numbers_is_no_resumed_session(
    tmp_path: Path,
) -> None:
    """Another client then has the token and the subscription id that were ours."""
    port = free_port()
    wire = Wire("127.0.0.1", port)
    tokens = InternalSession._auth_counter
    await wire.show()
    try:
        async with plant(port):
            edge_options = options(wire.listening, outage_s=60)
            running = SpooledEdge(edge_options, tmp_path)
            stop = asyncio.Event()
            pumping = asyncio.ensure_future(running.pump.run(stop))
            await running.until_value("Temp", 20.5)
            await wire.hide()
        InternalSession._auth_counter = tokens
        async with plant(port) as (server, nodes), Client(f"opc.tcp://127.0.0.1:{port}/plant"):
            assert len(server.iserver._external_sessions) == 1
            await wire.show()
            await nodes["Temp"].write_value(30.5)
            await running.until_value("Temp", 30.5)
            assert running.status.details["session"] == "new"
            assert [end.backfilled for _, end in (await running.gaps())[1:] if end] == [False]
            stop.set()
            await pumping
    finally:
        await wire.hide()
