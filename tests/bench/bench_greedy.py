"""One greedy key beside a dashboard: the 99th percentile of the dashboard's polls, against quiet.

uvicorn runs in a child process. The greedy key has twelve wide requests open at any time, then
lists of fifty wide questions; what it is refused, it sends again at once.
"""

import asyncio
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from bench.bench_api import LINE, TESTS, await_ready, fill
from bench.measure import Measure
from werknetz_core.access.keys import generate_key
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.servers import EmbeddedServers

RATIO_MAX = 3.0
OPEN = 12
POLL_EVERY_S = 0.02
DAYS = 120
POLL = f"/api/v1/kpi_values?equipment={LINE}&kpi=oee&start=-8h"
WIDE = (
    f"/api/v1/equipment/{LINE}/states?start=-3650d&sort=-duration_s",
    f"/api/v1/equipment/{LINE}/stops?start=-3650d",
)
QUESTION = {
    "equipment": [f"{LINE}/m-{n}" for n in range(5)], "kpi": ["oee"],
    "start": f"-{DAYS}d", "granularity": "1d",
}  # fmt: skip
# An idle and a producing piece of each quarter of an hour, of each machine.
PIECES = """
INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category)
SELECT q.id, at + part.start_s * interval '1 second', at + part.end_s * interval '1 second',
    part.state, part.category
FROM equipment q, generate_series(
    date_trunc('hour', now()) - $1 * interval '1 day', date_trunc('hour', now()),
    interval '15 minutes') AS at,
    (VALUES (0, 600, 1, 'apt'), (600, 900, 3, 'adet')) AS part (start_s, end_s, state, category)
WHERE q.level = 'machine'"""


@dataclass
class Greedy:
    """Threads that send one request after the other until they are stopped."""

    port: int
    key: str
    statuses: Counter[int] = field(default_factory=Counter)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def send_all(self, number: int) -> None:
        path = WIDE[number % len(WIDE)]
        self._loop(lambda connection: connection.request("GET", path, headers=self._headers))

    def query_all(self, _: int) -> None:
        body = json.dumps({"queries": [QUESTION] * 50})
        headers = {**self._headers, "Content-Type": "application/json"}
        path = "/api/v1/kpi_values:query"
        self._loop(lambda connection: connection.request("POST", path, body, headers))

    def stop(self) -> None:
        self._stopped.set()

    @property
    def _headers(self) -> dict[str, str]:
        return {"X-API-Key": self.key, "Accept-Encoding": "gzip"}

    def _loop(self, send: Callable[[http.client.HTTPConnection], None]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        while not self._stopped.is_set():
            send(connection)
            answer = connection.getresponse()
            answer.read()
            self.statuses[answer.status] += 1
            self._stopped.wait(0.05)
        connection.close()


@contextmanager
def attack(greedy: Greedy, send: Callable[[int], None]) -> Iterator[None]:
    threads = [threading.Thread(target=send, args=(n,)) for n in range(OPEN)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1)  # until they are in line
        yield
    finally:
        greedy.stop()
        for thread in threads:
            thread.join()


def poll_p99_ms(port: int, key: str, polls: int) -> float:
    """Return the 99th percentile of polls that are computed, each some time after the last."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    waited_ms = []
    for _ in range(polls):
        began_s = time.perf_counter()
        connection.request("GET", POLL, headers={"X-API-Key": key})
        answer = connection.getresponse()
        answer.read()
        waited_ms.append((time.perf_counter() - began_s) * 1000)
        assert answer.status == 200, answer.status
        time.sleep(POLL_EVERY_S)
    connection.close()
    return statistics.quantiles(waited_ms, n=100)[98]


def measures(short: bool) -> list[Measure]:
    return asyncio.run(_measure_all(polls=200 if short else 1000))


async def _measure_all(*, polls: int) -> list[Measure]:
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedServers(Path(folder), environment={}, throwaway=True) as servers:
            url = servers.urls.database
            await upgrade_async(url)
            key, greedy_key = await fill(url), await _fill_history(url)
            return await asyncio.to_thread(
                _measure, url, servers.urls.redis, (key, greedy_key), polls
            )


def _measure(database_url: str, redis_url: str, keys: tuple[str, str], polls: int) -> list[Measure]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    environment = {
        **os.environ,
        "WERKNETZ_DATABASE_URL": database_url,
        "WERKNETZ_REDIS_URL": redis_url,
        "BENCH_PORT": str(port),
    }
    child = subprocess.Popen([sys.executable, "-m", "bench.bench_api"], env=environment, cwd=TESTS)
    try:
        await_ready(port)
        poll_p99_ms(port, keys[0], 50)  # to warm up
        quiet_ms = poll_p99_ms(port, keys[0], polls)
        results = []
        for name in ("send_all", "query_all"):
            greedy = Greedy(port, keys[1])
            with attack(greedy, getattr(greedy, name)):
                p99_ms = poll_p99_ms(port, keys[0], polls)
            what = "12 wide requests open" if name == "send_all" else "12 × 50 wide questions"
            figure = f"p99 {p99_ms:.1f} ms, quiet {quiet_ms:.1f} ms, {dict(greedy.statuses)}"
            results.append(
                Measure(f"Poll beside {what}", figure, p99_ms / quiet_ms, RATIO_MAX, at_most=True)
            )
        return results
    finally:
        child.terminate()
        child.wait(15)


async def _fill_history(url: str) -> str:
    """Store months of states, and return the key of the greedy one."""
    key = generate_key()
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO api_keys (prefix, hash, name, role) VALUES ($1, $2, 'greedy', 'viewer')",
        key.prefix,
        key.hash,
    )
    await connection.execute(PIECES, DAYS)
    await connection.execute(
        "INSERT INTO elements (equipment_id, bucket_at, carry, provisional)"
        " SELECT id, date_trunc('hour', now()) - $1 * interval '1 day', '{}', false"
        " FROM equipment WHERE level = 'machine' LIMIT 1",
        DAYS,
    )
    await connection.execute("ANALYZE")
    await connection.close()
    return key.key
