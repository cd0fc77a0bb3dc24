"""Streams in a Redis Cluster: nodes die under load, and nothing is lost or doubled."""

from pathlib import Path

import pytest

from plumbing.flowing import flowing
from plumbing.ingesting import writing
from plumbing.redis_cluster import redis_cluster
from werknetz.link.redis import in_key
from werknetz.link.redis_cluster import cluster_client_of

pytestmark = pytest.mark.asyncio
CONNECTORS = 6


async def test_nodes_that_die_under_load_lose_nothing(tmp_path: Path, database_url: str) -> None:
    async with (
        redis_cluster(tmp_path) as servers,
        writing(database_url, servers.url),
        writing(database_url, servers.url),
        flowing(tmp_path, servers.url, CONNECTORS) as flow,
    ):
        client = cluster_client_of(servers.url)
        await client.initialize()
        nodes = {client.get_node_from_key(in_key(name)).port for name in flow.names}
        assert len(nodes) > 1, "the streams lie on several nodes"
        await client.aclose()
        await flow.progress(CONNECTORS * 5)
        killed = (await servers.primaries())[0]
        killed.kill()
        await servers.until_primaries()
        await flow.progress(CONNECTORS * 5)
        await killed.start()  # as a replica of what replaced it
        await flow.progress(CONNECTORS * 5)
        paused = (await servers.primaries())[1]
        paused.pause()  # its sockets stay open
        await servers.until_primaries(without=paused)
        paused.resume()
        await flow.progress(CONNECTORS * 5)
        await flow.settle()
        await flow.check(database_url)
