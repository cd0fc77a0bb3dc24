"""Writers share connectors: each reads its share, and all together read every one."""

from collections.abc import Sequence
from typing import Any

import pytest

from werknetz.link.memory import MemoryCoreLink, MemoryServer
from werknetz_core.ingest import streams
from werknetz_core.ingest.streams import Streams

pytestmark = pytest.mark.asyncio


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer(connectors={f"plc-{number}" for number in range(7)})


@pytest.fixture(autouse=True)
def look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LOOK_EVERY_S", 0.0)


def writers(server: MemoryServer, count: int) -> list[Streams]:
    return [Streams(MemoryCoreLink(server), holder=f"writer-{number}") for number in range(count)]


async def settle(*all_streams: Streams) -> list[int]:
    """Let each look three times; return how many streams each reads."""
    for _ in range(3):
        for reader in all_streams:
            await reader.refresh()
    return [len(reader.names) for reader in all_streams]


def read_names(*all_streams: Streams) -> list[str]:
    return sorted(name for reader in all_streams for name in reader.names)


async def test_a_writer_alone_reads_everything(server: MemoryServer) -> None:
    (alone,) = writers(server, 1)
    assert await settle(alone) == [7]


@pytest.mark.parametrize(("count", "most"), [(2, 4), (3, 3), (4, 2), (7, 1), (8, 1)])
async def test_each_reads_at_most_its_share_and_nothing_twice(
    server: MemoryServer, count: int, most: int
) -> None:
    first, *others = writers(server, count)
    assert await settle(first) == [7]
    counts = await settle(first, *others)
    assert (max(counts), sum(counts)) == (most, 7)
    assert read_names(first, *others) == sorted(server.connectors)


async def test_a_share_that_is_exact_moves_no_connector(server: MemoryServer) -> None:
    server.connectors.add("plc-7")
    both = writers(server, 2)
    assert await settle(*both) == [4, 4]
    before = [reader.names for reader in both]
    assert await settle(*both) == [4, 4]
    assert [reader.names for reader in both] == before


async def test_what_a_writer_leaves_is_read_by_the_others(server: MemoryServer) -> None:
    leaving, staying = writers(server, 2)
    await settle(leaving, staying)
    await leaving.release()
    assert leaving.names == []
    assert await settle(staying) == [7]


async def test_a_killed_writer_is_replaced_once_its_leases_expired(server: MemoryServer) -> None:
    killed, staying = writers(server, 2)
    before, _ = await settle(killed, staying)
    assert await settle(staying) == [7 - before]
    server.writers.discard("writer-0")
    server.leases = {name: holder for name, holder in server.leases.items() if holder[-1] == "1"}
    assert await settle(staying) == [7]


async def test_a_redis_that_lost_everything_is_shared_again(server: MemoryServer) -> None:
    both = writers(server, 2)
    await settle(*both)
    connectors = set(server.connectors)
    server.flush()
    assert sum(await settle(*both)) == 7  # the list is lost, what is read stays
    server.connectors = connectors
    assert sorted(await settle(*both)) == [3, 4]
    assert read_names(*both) == sorted(connectors)


class FullLink(MemoryCoreLink):
    """Redis without memory left: it takes nothing new."""

    async def report_writer(self, *_: Any, **__: Any) -> set[str] | None:
        return None

    async def acquire_leases(self, connectors: Sequence[str], *_: Any) -> set[str]:
        return {*connectors}  # none of them can be set


async def test_a_full_redis_is_read_nevertheless(server: MemoryServer) -> None:
    reader = Streams(FullLink(server), holder="writer")
    assert await settle(reader) == [7]


async def test_a_name_that_postgresql_refuses_is_not_read(server: MemoryServer) -> None:
    server.connectors |= {"", "x" * 201, "nul\0", "x" * 200}
    (alone,) = writers(server, 1)
    assert await settle(alone) == [8]
