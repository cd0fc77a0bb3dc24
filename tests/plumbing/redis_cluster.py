"""A Redis Cluster on this machine: three primaries with a replica each, from the demo's Valkey."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from plumbing.servers import SESSION_SERVERS, run
from werknetz_demo.embedded.process import LOOPBACK, free_port
from werknetz_demo.embedded.valkey import Valkey

PASSWORD = "of-the-cluster"
PRIMARIES = 3
SLOTS = 16384
READY_WITHIN_S = 60.0
OPTIONS = """
cluster-enabled yes
cluster-config-file nodes.conf
cluster-port {port}
cluster-node-timeout 1500
cluster-replica-validity-factor 0
masteruser werknetz
masterauth {password}
"""


class ClusterValkey(Valkey):
    """A node, with a port for other nodes."""

    def __init__(self, folder: Path, port: int, bus_port: int) -> None:
        super().__init__(folder, port, password=PASSWORD, maxmemory_mb=64)
        self.bus_port = bus_port

    async def _command(self) -> Sequence[str]:
        command = await super()._command()
        with (self.folder / "valkey.conf").open("a") as file:
            file.write(OPTIONS.format(port=self.bus_port, password=self.password))
        return command

    @property
    def client(self) -> Redis:
        return Redis.from_url(self.url, decode_responses=True, socket_timeout=10)

    async def execute(self, *command: object) -> Any:
        async with self.client as client:
            return await client.execute_command(*command)


class RedisClusterServers:
    """Six nodes; the first three begin as primaries."""

    def __init__(self, folder: Path) -> None:
        ports: set[int] = set()
        while len(ports) < 4 * PRIMARIES:  # none of them is in use before the first node starts
            ports.add(free_port())
        self.nodes = [
            ClusterValkey(folder / f"node-{number}", ports.pop(), ports.pop())
            for number in range(2 * PRIMARIES)
        ]

    @property
    def url(self) -> str:
        hosts = ",".join(f"{LOOPBACK}:{node.port}" for node in self.nodes)
        return f"redis+cluster://werknetz:{PASSWORD}@{hosts}"

    async def start(self) -> None:
        await asyncio.gather(*(node.start() for node in self.nodes))
        first, *others = self.nodes
        for node in others:
            await first.execute("CLUSTER", "MEET", LOOPBACK, node.port, node.bus_port)
        share = -(-SLOTS // PRIMARIES)
        for number, node in enumerate(self.nodes[:PRIMARIES]):
            last = min(SLOTS, share * (number + 1)) - 1
            await node.execute("CLUSTER", "ADDSLOTSRANGE", share * number, last)
        await self._until_stated(f"cluster_known_nodes:{len(self.nodes)}")
        for primary, replica in zip(self.nodes[:PRIMARIES], self.nodes[PRIMARIES:], strict=True):
            primary_id = await primary.execute("CLUSTER", "MYID")
            await replica.execute("CLUSTER", "REPLICATE", primary_id)
        await self._until_stated("cluster_state:ok")
        await asyncio.gather(*map(self._until_replicated, self.nodes[PRIMARIES:]))

    async def stop(self) -> None:
        for node in self.nodes:
            node.kill()

    async def primaries(self, without: ClusterValkey | None = None) -> list[ClusterValkey]:
        """Return the running nodes that take writes; `without` is not asked."""
        running = [node for node in self.nodes if node.is_running and node is not without]
        roles = await asyncio.gather(*(node.execute("ROLE") for node in running))
        return [node for node, role in zip(running, roles, strict=True) if role[0] == "master"]

    async def until_primaries(self, without: ClusterValkey | None = None) -> None:
        """Return when replicas replaced the primaries that do not answer."""
        async with asyncio.timeout(READY_WITHIN_S):
            while len(await self.primaries(without)) < PRIMARIES:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def _until_stated(self, fact: str) -> None:
        async with asyncio.timeout(READY_WITHIN_S):
            for node in self.nodes:
                while fact not in str(await node.execute("CLUSTER", "INFO")).split():  # noqa: ASYNC110
                    await asyncio.sleep(0.05)

    async def _until_replicated(self, node: ClusterValkey) -> None:
        async with asyncio.timeout(READY_WITHIN_S):
            while (await node.execute("ROLE"))[3] != "connected":  # noqa: ASYNC110
                await asyncio.sleep(0.05)


@pytest.fixture(scope="session")
def redis_cluster_servers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RedisClusterServers]:
    """The cluster of a session: no test may kill its nodes."""
    servers = RedisClusterServers(tmp_path_factory.mktemp("cluster"))
    SESSION_SERVERS.extend(servers.nodes)
    try:
        run(servers.start())
        yield servers
    finally:
        run(servers.stop())
        for node in servers.nodes:
            SESSION_SERVERS.remove(node)


@pytest.fixture
def redis_cluster_url(redis_cluster_servers: RedisClusterServers) -> str:
    """A Redis Cluster with nothing in it."""
    for node in redis_cluster_servers.nodes[:PRIMARIES]:
        run(node.execute("FLUSHALL"))
    return redis_cluster_servers.url


@asynccontextmanager
async def redis_cluster(folder: Path) -> AsyncIterator[RedisClusterServers]:
    servers = RedisClusterServers(folder)
    try:
        await servers.start()
        yield servers
    finally:
        await servers.stop()
