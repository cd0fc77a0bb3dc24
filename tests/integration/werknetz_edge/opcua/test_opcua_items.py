"""Nodes that are deleted, made again, of another type or added while a session runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from asyncua import Server

from plumbing.opcua_edge import SpooledEdge, spooled_edge
from plumbing.opcua_plant import URI, options, plant
from werknetz_demo.embedded.process import free_port
from werknetz_edge.opcua.stack import ua

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    # The server of asyncua does not await a callback when a node is deleted.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
GONE: Final = 0x8034_0000
MODEL_CHANGE: Final = 2133  # GeneralModelChangeEventType


@asynccontextmanager
async def watching_edge(
    folder: Path, check_s: float = 2.0
) -> AsyncIterator[tuple[Server, dict[str, Any], SpooledEdge]]:
    port = free_port()
    async with (
        plant(port) as (server, nodes),
        spooled_edge(options(port, check_s=check_s), folder) as running,
    ):
        await running.until_running()
        await running.until_value("Temp", 20.5)
        yield server, nodes, running


async def make_node(
    server: Server, name: str, value: Any, kind: Any = ua.VariantType.Double, uri: str = URI
) -> Any:
    space = await server.register_namespace(uri)
    cell = await server.nodes.objects.get_child(f"{await server.get_namespace_index(URI)}:Cell")
    return await cell.add_variable(ua.NodeId(f"Cell.{name}", space), name, value, kind)


async def until_status(running: SpooledEdge, name: str, status: int) -> None:
    async with asyncio.timeout(90):
        while status not in [row[1] for row in await running.samples(name)]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def rises(running: SpooledEdge, node: Any, name: str, first: int) -> None:
    """Write rising values until one of them is stored, then check that the next ones all are."""
    number = first
    async with asyncio.timeout(90):
        while max(await running.values(name), default=0.0) < first:
            number += 1
            await node.write_value(float(number))
            await asyncio.sleep(0.2)
    for following in range(number + 1, number + 6):
        await node.write_value(float(following))
        await asyncio.sleep(0.1)
    values = await running.until_value(name, float(number + 5))
    assert values[-5:] == [float(n) for n in range(number + 1, number + 6)]


async def test_a_deleted_node_is_bad_until_it_is_back(tmp_path: Path) -> None:
    async with watching_edge(tmp_path) as (server, nodes, running):
        await server.delete_nodes([nodes["Temp"]])
        await until_status(running, "Temp", GONE)
        await running.until(lambda: "BadNodeIdUnknown" in running.status.details.get("refused", ""))
        node = await make_node(server, "Temp", 30.5)
        await running.until_value("Temp", 30.5)
        await rises(running, node, "Temp", 100)
        assert running.status.state == "running"
        assert running.status.details["items"] == "9 of 9"
        assert (await running.samples("Temp"))[-1][1] == 0


async def test_an_array_that_is_deleted_is_bad_in_each_element(tmp_path: Path) -> None:
    async with watching_edge(tmp_path) as (server, nodes, running):
        await running.until_value("Axes[2]", 3.0)
        await server.delete_nodes([nodes["Axes"]])
        for index in range(3):
            await until_status(running, f"Axes[{index}]", GONE)


async def test_a_node_that_is_made_again_between_two_checks_is_followed(tmp_path: Path) -> None:
    async with watching_edge(tmp_path) as (server, nodes, running):
        await server.delete_nodes([nodes["Temp"]])
        node = await make_node(server, "Temp", 21.5)
        await rises(running, node, "Temp", 100)
        gaps = [gap for gap, end in await running.gaps() if end and "Cell.Temp" in gap.detail]
        assert [gap.cause for gap in gaps] == ["subscription_recreated"]
        assert running.status.details["session"] == "new"  # the one from the start


async def test_a_node_of_another_type_is_followed(tmp_path: Path) -> None:
    async with watching_edge(tmp_path) as (server, nodes, running):
        await server.delete_nodes([nodes["Order"]])
        node = await make_node(server, "Order", 7.0)
        await rises(running, node, "Order", 100)


async def test_a_node_that_appears_later_is_followed(tmp_path: Path) -> None:
    async with watching_edge(tmp_path) as (server, _, running):
        node = await make_node(server, "Late", 1.0)
        await rises(running, node, "Late", 100)
        assert running.status.details["items"] == "10 of 10"
        await make_node(server, "Later", 5.0, uri="urn:werknetz:added")
        async with asyncio.timeout(90):
            while running.status.details["items"] != "11 of 11":  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        async with asyncio.timeout(90):
            while True:
                points = await running.lane.on_disk(running.lane.spool.points)
                if "nsu=urn:werknetz:added;s=Cell.Later" in {point.source for point in points}:
                    break
                await asyncio.sleep(0.1)


async def test_a_model_change_event_is_followed_at_once(tmp_path: Path) -> None:
    async with watching_edge(tmp_path, check_s=3600) as (server, _, running):
        assert running.status.details["model_changes"] == "reported"
        node = await make_node(server, "Late", 1.0)
        events = await server.get_event_generator(ua.ObjectIds.GeneralModelChangeEventType)
        await events.trigger(message="a node was added")
        await rises(running, node, "Late", 100)


async def test_quiet_items_are_left_alone(tmp_path: Path) -> None:
    async with watching_edge(tmp_path, check_s=1.0) as (server, _, running):
        service = server.iserver.subscription_service
        (subscription,) = [
            rows for rows in service.subscriptions.values() if rows.pub_request_callback
        ]
        before = set(subscription.monitored_item_srv._monitored_items)
        await asyncio.sleep(8)
        assert set(subscription.monitored_item_srv._monitored_items) == before
        assert "check" not in running.status.details
        assert len(await running.samples("Temp")) == 1
