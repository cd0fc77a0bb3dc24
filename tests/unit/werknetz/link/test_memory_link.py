"""The link in memory fails and waits as the one over Redis does."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from werknetz.link.memory import MemoryCoreLink, MemoryEdgeLink, MemoryServer
from werknetz.link.redis import START, LinkLost
from werknetz.link.wire import Ack, DesiredMapping, Hello, Status

STATUS = Status(
    "running", "", "mqtt", 0, 0.0, None, 1, 1, 1, "s", 1, 1, "0", 1, 1
)  # fmt: skip
HELLO = Hello("press", UUID(int=1), 5, 0, b"h", UUID(int=2))
ACK = Ack(UUID(int=3), UUID(int=1), 9, b"hash")
MAPPING = DesiredMapping("m", 1, b"d", "name: m")

EDGE: dict[str, Callable[[MemoryEdgeLink], Awaitable[object]]] = {
    "read_run_id": lambda link: link.read_run_id(),
    "send": lambda link: link.send([HELLO]),
    "receive": lambda link: link.receive(0),
    "publish_status": lambda link: link.publish_status(STATUS),
    "read_desired_mapping": lambda link: link.read_desired_mapping(),
}
CORE: dict[str, Callable[[MemoryCoreLink], Awaitable[object]]] = {
    "read_run_id": lambda link: link.read_run_id(),
    "list_connectors": lambda link: link.list_connectors(),
    "read_newest_positions": lambda link: link.read_newest_positions(["press"]),
    "read": lambda link: link.read({"press": START}, 0),
    "finish": lambda link: link.finish({"press": START}, {"press": [ACK]}),
    "report_writer": lambda link: link.report_writer("me", 1000),
    "read_lease_holders": lambda link: link.read_lease_holders(["press"]),
    "acquire_leases": lambda link: link.acquire_leases(["press"], "me", 1000),
    "extend_leases": lambda link: link.extend_leases(["press"], 1000),
    "release_leases": lambda link: link.release_leases(["press"], "me"),
    "publish_desired_mappings": lambda link: link.publish_desired_mappings({"press": MAPPING}),
    "read_status": lambda link: link.read_status("press"),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("name", EDGE)
async def test_the_edge_loses_a_server_that_is_down(name: str) -> None:
    server = MemoryServer()
    link = MemoryEdgeLink(server, "press")
    await EDGE[name](link)
    server.down = True
    with pytest.raises(LinkLost, match="down"):
        await EDGE[name](link)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", CORE)
async def test_the_core_loses_a_server_that_is_down(name: str) -> None:
    server = MemoryServer()
    link = MemoryCoreLink(server)
    await CORE[name](link)
    server.down = True
    with pytest.raises(LinkLost, match="down"):
        await CORE[name](link)


@pytest.mark.asyncio
async def test_without_waiting_what_is_there_is_read() -> None:
    server = MemoryServer()
    edge, core = MemoryEdgeLink(server, "press"), MemoryCoreLink(server)
    await edge.send([HELLO])
    assert len(await core.read({"press": START}, 0)) == 1
    await core.finish({}, {"press": [ACK]})
    assert await edge.receive(0) == [ACK]


@pytest.mark.asyncio
@pytest.mark.parametrize(("block_ms", "polls"), [(None, 100), (1000, 100), (50, 5), (0, 1)])
async def test_an_empty_stream_is_polled_as_long_as_it_may_block(
    block_ms: int | None, polls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    server = MemoryServer()
    options = {} if block_ms is None else {"block_ms": block_ms}
    assert await MemoryEdgeLink(server, "press").receive(**options) == []
    assert pauses == [0.01] * polls
    pauses.clear()
    assert await MemoryCoreLink(server).read({"press": START}, **options) == []
    assert pauses == [0.01] * polls


@pytest.mark.asyncio
async def test_positions_follow_the_server() -> None:
    server = MemoryServer()
    edge, core = MemoryEdgeLink(server, "press"), MemoryCoreLink(server)
    assert await core.read_newest_positions(["press"]) == {"press": START}
    await edge.send([HELLO, HELLO, HELLO])
    entries = await core.read({"press": START}, 0, 2)
    assert [entry.position for entry in entries] == ["1-0", "2-0"]
    assert await core.read_newest_positions(["press"]) == {"press": "3-0"}
    await core.finish({"press": "2-0"}, {})
    rest = await core.read({"press": START}, 0)
    assert [entry.position for entry in rest] == ["2-0", "3-0"]
    assert [entry.position for entry in await core.read({"press": "2-0"}, 0)] == ["3-0"]


@pytest.mark.asyncio
async def test_a_restart_changes_the_run_id_and_flush_does_not() -> None:
    server = MemoryServer()
    edge, core = MemoryEdgeLink(server, "press"), MemoryCoreLink(server)
    before = await edge.read_run_id()
    server.flush()
    assert await core.read_run_id() == before
    server.restart()
    assert await edge.read_run_id() == await core.read_run_id() == str(int(before) + 1)


@pytest.mark.asyncio
async def test_flush_clears_everything() -> None:
    server = MemoryServer()
    edge, core = MemoryEdgeLink(server, "press"), MemoryCoreLink(server)
    await edge.send([HELLO])
    await edge.publish_status(STATUS)
    await core.finish({}, {"press": [ACK]})
    assert await core.acquire_leases(["press"], "me", 1)
    assert await core.report_writer("me", 1) == {"me"}
    await core.publish_desired_mappings({"press": MAPPING})
    server.flush()
    assert await core.list_connectors() == set()
    assert await core.read_status("press") is None
    assert await core.read({"press": START}, 0) == []
    assert await edge.receive(0) == []
    assert await edge.read_desired_mapping() is None
    assert await core.acquire_leases(["press"], "other", 1)
    assert await core.report_writer("other", 1) == {"other"}


@pytest.mark.asyncio
async def test_a_lease_has_one_holder_until_it_is_released() -> None:
    link = MemoryCoreLink(MemoryServer())
    assert not await link.acquire_leases(["press"], "me", 0)
    assert await link.acquire_leases(["press"], "me", 1) == {"press"}
    assert not await link.acquire_leases(["press"], "other", 1)
    await link.release_leases(["press"], "other")
    assert not await link.acquire_leases(["press"], "other", 1)
    await link.release_leases(["press"], "me")
    assert await link.acquire_leases(["press"], "other", 1)


@pytest.mark.asyncio
async def test_the_edge_reads_each_message_once_and_again_after_a_rewind() -> None:
    server = MemoryServer()
    edge, core = MemoryEdgeLink(server, "press"), MemoryCoreLink(server)
    other = Ack(UUID(int=3), UUID(int=1), 10, b"hash")
    await core.finish({}, {"press": [ACK, other]})
    assert await edge.receive(0) == [ACK, other]
    assert await edge.receive(0) == []
    await core.finish({}, {"press": [ACK]})
    assert await edge.receive(0) == [ACK]
    edge.rewind()
    assert await edge.receive(0) == [ACK, other, ACK]


@pytest.mark.asyncio
async def test_a_status_makes_a_connector_known_and_a_mapping_reaches_it() -> None:
    server = MemoryServer()
    edge, core = MemoryEdgeLink(server, "press"), MemoryCoreLink(server)
    await edge.publish_status(STATUS)
    assert await core.list_connectors() == {"press"}
    assert await core.read_status("press") == STATUS
    assert await edge.read_desired_mapping() is None
    await core.publish_desired_mappings({"press": MAPPING})
    assert await edge.read_desired_mapping() == MAPPING
    assert await edge.for_connector("lathe").read_desired_mapping() is None


@pytest.mark.asyncio
async def test_the_first_run_of_a_server_is_run_1() -> None:
    assert await MemoryCoreLink(MemoryServer()).read_run_id() == "1"
