"""1,000 edges that report their status: what it costs Valkey, and the API that lists them."""

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.cpu import used_by_s
from bench.measure import Measure
from werknetz.link.redis import RedisEdgeLink, client_of
from werknetz.link.redis_client import connect_redis
from werknetz.link.wire import Status
from werknetz_core.connectors.reported import load_reported
from werknetz_demo.embedded.valkey import Valkey

EDGES = 1000
ROUNDS = 5
STATUS = Status(
    state="running", detail="", protocol="opcua", backlog=12, lag_s=0.25,
    last_good_us=1_790_000_000_000_000, epoch=3, acked=100_000, last_seq=100_012,
    spool_id="0b6a3f2e-2f1f-4f57-9d0a-0f6d5f1f4a11", spool_bytes=4_000_000, pid=4711,
    version="1.0", rss_bytes=80_000_000, at_us=1_790_000_000_000_000,
)  # fmt: skip


def measures(_short: bool) -> list[Measure]:
    return asyncio.run(_measure())


async def _measure() -> list[Measure]:
    with TemporaryDirectory(prefix="werknetz-scale-") as folder:
        server = Valkey(Path(folder) / "valkey")
        await server.start()
        assert server.pid is not None
        try:
            return await _report_and_list(server.url, server.pid)
        finally:
            await server.stop()


async def _report_and_list(url: str, pid: int) -> list[Measure]:
    redis = client_of(url)
    names = [f"edge-{number}" for number in range(EDGES)]
    empty_bytes = (await redis.info("memory"))["used_memory"]
    began_s = used_by_s([pid])
    for _ in range(ROUNDS):
        for name in names:
            await RedisEdgeLink(redis, name).publish_status(STATUS)
    status_us = (used_by_s([pid]) - began_s) / ROUNDS / EDGES * 1e6
    memory_kib = ((await redis.info("memory"))["used_memory"] - empty_bytes) / EDGES / 1024
    await redis.aclose()
    api = connect_redis(url, decode_responses=True)
    await load_reported(api, names)  # connects
    began_s, began_cpu_s = used_by_s([pid]), time.process_time()
    for _ in range(ROUNDS):
        reported = await load_reported(api, names)
        assert all(status.live is not None for status in reported.values())
    listed_ms = (time.process_time() - began_cpu_s) / ROUNDS * 1000
    served_ms = (used_by_s([pid]) - began_s) / ROUNDS * 1000
    await api.aclose()
    return [
        Measure(
            f"scale: status of {EDGES:,} edges",
            f"{status_us:.0f} µs CPU a report, {memory_kib:.1f} KiB an edge in Valkey",
        ),
        Measure(
            f"scale: {EDGES:,} statuses read by the API",
            f"{listed_ms:.0f} ms CPU of the API, {served_ms:.0f} ms of Valkey",
        ),
    ]
