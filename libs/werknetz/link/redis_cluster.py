"""Redis Cluster: `redis+cluster://user:password@host:6379,other:6379`, or `rediss+cluster://`.

The keys of a connector share a hash tag, so a slot; different connectors lie on different nodes. A
promoted replica may lack the newest entries: another run id, as after a restart of one server.
"""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException

SCHEMES: Final = {"redis+cluster": "redis", "rediss+cluster": "rediss"}
DEFAULT_PORT: Final = 6379
# XREAD blocks on one slot only, so many streams are read in turns. A wait is so much longer than
# the turn before it, so that an idle writer of many streams uses a fifth of its time.
IDLE_TURNS: Final = 4
_POLL_MIN_S: Final = 0.005


class ClusterClient(RedisCluster):
    """Raises a `RedisError`, as a client of one server does, where no node answers."""

    async def initialize(self, *arguments: Any, **options: Any) -> "ClusterClient":
        try:
            await super().initialize(*arguments, **options)
        except RedisClusterException as error:
            raise RedisConnectionError(str(error)) from error
        return self


def is_cluster_url(url: str) -> bool:
    return urlsplit(url).scheme in SCHEMES


def cluster_client_of(url: str, **options: Any) -> ClusterClient:
    """Return a client that knows the nodes of the URL, and finds the others through them."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    first, *others = hosts.split(",")
    scheme = SCHEMES[parts.scheme]
    address = parts._replace(scheme=scheme, netloc=user + at + first).geturl()
    kwargs: dict[str, Any] = {**options, **parse_url(address)}
    if kwargs.pop("connection_class", None) is SSLConnection:
        kwargs["ssl"] = True
    nodes = [ClusterNode(*_address_of(scheme, host)) for host in others]
    # One more attempt, with the nodes as they are then: a failed one alone does not renew them.
    kwargs |= {"retry": Retry(NoBackoff(), 1), "startup_nodes": nodes or None}
    return ClusterClient(**kwargs)


def as_cluster(client: object) -> ClusterClient | None:
    return client if isinstance(client, ClusterClient) else None


async def read_run_ids(cluster: ClusterClient, key: str | None = None) -> str:
    """Return the run ids of all primaries, or of the one that serves the key."""
    await cluster.initialize()
    nodes = cluster.get_primaries()
    if key is not None:
        node = cluster.get_node_from_key(key)
        nodes = nodes if node is None else [node]
    ids = []
    for node in nodes:
        server = await cluster.execute_command("INFO", "server", target_nodes=[node])
        ids.append(str(server["run_id"]))
    return " ".join(sorted(ids))


async def read_streams(
    cluster: ClusterClient, positions: Mapping[str, str], *, block_ms: int, count: int
) -> dict[bytes, Any]:
    """XREAD each stream from its node, all at once; wait for the first entry as long as it takes.

    Returns entries by key. Streams of a node that does not answer raise its error.
    """
    deadline = monotonic() + block_ms / 1000
    while True:
        began = monotonic()
        entries = await _read_once(cluster, positions, count)
        now = monotonic()
        if entries or now >= deadline:
            return entries
        pause_s = max(_POLL_MIN_S, IDLE_TURNS * (now - began))
        await asyncio.sleep(min(pause_s, deadline - now))


async def _read_once(
    cluster: ClusterClient, positions: Mapping[str, str], count: int
) -> dict[bytes, Any]:
    await cluster.initialize()
    pipe = cluster.pipeline(transaction=False)
    for key, position in positions.items():
        # With its node: the client would look for the key of each XREAD on a server.
        node = cluster.get_node_from_key(key)
        pipe.execute_command("XREAD", "COUNT", count, "STREAMS", key, position, target_nodes=[node])
    entries: dict[bytes, Any] = {}
    for reply in await pipe.execute():
        entries.update(reply if isinstance(reply, dict) else dict(reply or ()))
    return entries


def _address_of(scheme: str, host: str) -> tuple[str, int]:
    parts = urlsplit(f"{scheme}://{host}")
    return parts.hostname or "localhost", parts.port or DEFAULT_PORT
