"""Fifty tabs with the group's screen: what they cost of one core, how long they wait, their bytes.

uvicorn runs in a child process. Each tab asks what the page asks, every ten seconds, at an instant
of its own; half of the rounds change the newest bucket before. CPU time is that of uvicorn,
PostgreSQL and Valkey.
"""

import asyncio
import gzip
import http.client
import random
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg
import redis

from bench.bench_api import LINE
from bench.cpu import used_by_s
from bench.measure import Measure
from bench.served import Served, open_api
from werknetz_core.http.etag import WATERMARKS_KEY

TABS = 50
EVERY_S = 10.0
CORES_MAX = 1.0
KB_MAX = 10.0
GROUP = LINE.partition("/")[0]
REQUESTS = (
    f"/api/v1/overview?under={GROUP}&depth=plant",
    f"/api/v1/shortage_warnings?under={GROUP}",
    f"/api/v1/losses/supply-caused?under={GROUP}&start=-7d&limit=5",
)


@dataclass
class Tab:
    """One browser: its connection, and the ETag of each answer."""

    port: int
    key: str
    tags: dict[str, str] = field(default_factory=dict)
    waited_ms: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    bytes_of_round: int = 0

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def poll(self, after_s: float) -> None:
        time.sleep(after_s)
        self._connection.close()  # the server has closed it meanwhile; a browser connects again
        self.bytes_of_round = 0
        for path in REQUESTS:
            headers = {"X-API-Key": self.key, "Accept-Encoding": "gzip"}
            if path in self.tags:
                headers["If-None-Match"] = self.tags[path]
            began_s = time.perf_counter()
            self._connection.request("GET", path, headers=headers)
            answer = self._connection.getresponse()
            body = answer.read()
            self.waited_ms.append((time.perf_counter() - began_s) * 1000)
            if answer.status not in {200, 304}:
                raise AssertionError(f"{path}: {answer.status} {body[:200]!r}")
            self.tags[path] = answer.headers.get("ETag", "")
            self.statuses.append(answer.status)
            is_packed = answer.headers.get("Content-Encoding") == "gzip"
            self.bytes_of_round += len(body if is_packed else gzip.compress(body))

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Round:
    """What one round of all tabs took."""

    cores: float
    p99_ms: float
    unchanged: float
    kb: float


def measures(short: bool) -> list[Measure]:
    # All tabs ask once a round; in the short form they do so in less time, which costs the same.
    spread_s = 0.5 if short else EVERY_S
    rounds = asyncio.run(_measure_all(rounds=1 if short else 4, spread_s=spread_s))
    lines = []
    for name, of_kind in rounds.items():
        cores = statistics.mean(item.cores for item in of_kind)
        kb = statistics.mean(item.kb for item in of_kind)
        p99_ms = statistics.mean(item.p99_ms for item in of_kind)
        share = statistics.mean(item.unchanged for item in of_kind)
        figure = f"{cores * 100:.0f} % of a core, p99 {p99_ms:.0f} ms, {share:.0%} are 304"
        lines += [
            Measure(f"{TABS} tabs, {name}", figure, cores, CORES_MAX, at_most=True),
            Measure(f"a tab in 10 s, {name}", f"{kb:.1f} kB", kb, KB_MAX, at_most=True),
        ]
    return lines


async def _measure_all(*, rounds: int, spread_s: float) -> dict[str, list[Round]]:
    async with open_api() as api:
        return await asyncio.to_thread(_measure, api, rounds, spread_s)


def _measure(api: Served, rounds: int, spread_s: float) -> dict[str, list[Round]]:
    tabs = [Tab(api.port, api.key) for _ in range(TABS)]
    try:
        _poll_all(tabs, api.pids, spread_s)  # the first answers
        measured: dict[str, list[Round]] = {"unchanged": [], "changed": []}
        for _ in range(rounds):
            measured["unchanged"].append(_poll_all(tabs, api.pids, spread_s))
            _change(api.owner_url, api.redis_url)
            measured["changed"].append(_poll_all(tabs, api.pids, spread_s))
        return measured
    finally:
        for tab in tabs:
            tab.close()


def _change(owner_url: str, redis_url: str) -> None:
    """Change the newest bucket of each machine, and increment the watermarks as a worker does."""

    async def update() -> None:
        connection = await asyncpg.connect(owner_url)
        await connection.execute(
            "UPDATE elements SET gq = gq - 1 WHERE bucket_at = date_trunc('hour', now())"
        )
        await connection.close()

    asyncio.run(update())
    names = LINE.split("/")
    with redis.Redis.from_url(redis_url) as client:
        for depth in range(1, len(names) + 1):
            client.hincrby(WATERMARKS_KEY, "/".join(names[:depth]), 1)


def _poll_all(tabs: Sequence[Tab], pids: Sequence[int], spread_s: float) -> Round:
    generator = random.Random(1)
    for tab in tabs:
        tab.waited_ms.clear()
        tab.statuses.clear()
    threads = [
        threading.Thread(target=tab.poll, args=(generator.random() * spread_s,)) for tab in tabs
    ]
    used_s = used_by_s(pids)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cores = (used_by_s(pids) - used_s) / EVERY_S
    statuses = [status for tab in tabs for status in tab.statuses]
    assert len(statuses) == TABS * len(REQUESTS), "a tab failed"
    waited_ms = [ms for tab in tabs for ms in tab.waited_ms]
    return Round(
        cores,
        statistics.quantiles(waited_ms, n=100)[98],
        statuses.count(304) / len(statuses),
        statistics.mean(tab.bytes_of_round for tab in tabs) / 1000,
    )
