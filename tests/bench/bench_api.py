"""KPI answers against an empty route of the same process: 304 ≤ 2 ×, changed ≤ 5 × its CPU time.

The API's server runs in a child process; one keep-alive connection asks the three by turns. CPU
time is that of the server, PostgreSQL and Valkey: a busy machine does not lengthen it.

The history is rolled up, as a worker leaves it within seconds; each machine's newest bucket has
changed since.
"""

import asyncio
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from bench.cpu import used_by_s
from bench.measure import Measure
from werknetz_core.access.keys import generate_key
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.servers import EmbeddedServers
from werknetz_worker.rollups.roll_up import roll_up

UNCHANGED_MAX = 2.0
CHANGED_MAX = 5.0
MACHINES = 20
ROUND = 50  # requests; the system counts CPU time in hundredths of a second
DAYS = 2
TESTS = Path(__file__).parents[1]
LINE = "bench/plant-1/area-1/line-1"


@dataclass(frozen=True)
class Figures:
    """CPU time of an answer, and the median time until it is there."""

    empty_us: float
    unchanged_us: float
    changed_us: float
    waited_us: tuple[float, float, float]

    @property
    def unchanged_ratio(self) -> float:
        return self.unchanged_us / self.empty_us

    @property
    def changed_ratio(self) -> float:
        return self.changed_us / self.empty_us


def measure(
    owner_url: str,
    database: Mapping[str, str],
    redis_url: str,
    servers: Sequence[int],
    *,
    rounds: int,
) -> Figures:
    """Fill the migrated database, start the API, and compare.

    `database`: the environment of the API; `servers`: the processes of the servers.
    """
    key = asyncio.run(fill(owner_url))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    environment = {
        **os.environ,
        **database,
        "WERKNETZ_REDIS_URL": redis_url,
        "BENCH_PORT": str(port),
        "WERKNETZ_RATE_PER_S": "100000",  # counted, but never exceeded: a 429 costs less
    }
    child = subprocess.Popen([sys.executable, "-m", "bench.bench_api"], env=environment, cwd=TESTS)
    try:
        return _compare(port, key, [child.pid, *servers], rounds)
    finally:
        child.terminate()
        child.wait(15)


def measures(short: bool) -> list[Measure]:
    figures = asyncio.run(_measure_all(rounds=8 if short else 40))
    empty, waited = f"empty route {figures.empty_us:.0f} µs", figures.waited_us
    return [
        Measure(
            "KPI answer unchanged (304)",
            f"{figures.unchanged_us:.0f} µs CPU ({waited[1]:.0f} µs), {empty}",
            figures.unchanged_ratio,
            UNCHANGED_MAX,
            at_most=True,
        ),
        Measure(
            "KPI answer changed (20 machines, 8 h)",
            f"{figures.changed_us:.0f} µs CPU ({waited[2]:.0f} µs), {empty}",
            figures.changed_ratio,
            CHANGED_MAX,
            at_most=True,
        ),
    ]


async def _measure_all(*, rounds: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedServers(Path(folder), environment={}, throwaway=True) as servers:
            users = servers.database_users()
            await upgrade_async(servers.urls.database, users.logins, rows_key=users.rows_key)
            pids = [server.pid for server in servers.started.values()]
            return await asyncio.to_thread(
                measure,
                servers.urls.database,
                {"WERKNETZ_DATABASE_URL": users.urls["up"], **users.environment},
                servers.urls.redis,
                pids,
                rounds=rounds,
            )


def _compare(port: int, key: str, pids: Sequence[int], rounds: int) -> Figures:
    await_ready(port)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    path = f"/api/v1/kpi_values?equipment={LINE}&kpi=oee&start=-8h"
    headers = {"X-API-Key": key}
    _, tag, body = _request(connection, path, headers)
    assert json.loads(body)["items"][0]["value"] is not None
    answered = {
        "empty": ("/bench/empty", headers),
        "unchanged": (path, {**headers, "If-None-Match": tag}),
        "changed": (path, {**headers, "If-None-Match": '"another"'}),
    }
    cpu_us: dict[str, list[float]] = {name: [] for name in answered}
    waited_us: dict[str, list[float]] = {name: [] for name in answered}
    for number in range(rounds + 1):
        order = list(answered)
        random.Random(number).shuffle(order)  # what one leaves to do must not fall on one other
        for name in order:
            where, sent = answered[name]
            began_s, waited = used_by_s(pids), []
            for _ in range(ROUND):
                sent_s = time.perf_counter()
                status, new_tag, _ = _request(connection, where, sent)
                waited.append((time.perf_counter() - sent_s) * 1e6)
                if status not in {200, 304}:
                    raise AssertionError(f"{name}: answer {status}")
                if name == "unchanged" and status == 200:  # a minute went by: the tag ended
                    sent = {**headers, "If-None-Match": new_tag}
                    answered[name] = (where, sent)
            if number:  # the first is to warm up
                cpu_us[name].append((used_by_s(pids) - began_s) / ROUND * 1e6)
                waited_us[name] += waited
    connection.close()
    cpu = [statistics.mean(cpu_us[name]) for name in answered]
    empty, unchanged, changed = (statistics.median(waited_us[name]) for name in answered)
    return Figures(cpu[0], cpu[1], cpu[2], (empty, unchanged, changed))


def _request(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str]
) -> tuple[int, str, bytes]:
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.headers.get("ETag", ""), answer.read()


def await_ready(port: int) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            status, _, _ = _request(connection, "/api/v1/health/ready", {})
            connection.close()
        except OSError:
            status = 0
        if status == 200:
            return
        if time.monotonic() > deadline:
            raise TimeoutError("the API did not become ready")
        time.sleep(0.1)


async def fill(url: str) -> str:
    connection = await asyncpg.connect(url)
    key = generate_key()
    await connection.execute(
        "INSERT INTO api_keys (prefix, hash, name, role) VALUES ($1, $2, 'bench', 'viewer')",
        key.prefix,
        key.hash,
    )
    parts, above = LINE.split("/"), None
    for depth, level in enumerate(("enterprise", "plant", "area", "line"), start=1):
        above = await _add_equipment(connection, "/".join(parts[:depth]), level, above)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for machine in range(MACHINES):
        number = await _add_equipment(connection, f"{LINE}/m-{machine}", "machine", above)
        await connection.executemany(
            "INSERT INTO elements (equipment_id, bucket_at, pot_s, pbt_s, apt_s, pq, gq, pri_pq_s,"
            " pri_gq_s, gq_known_s, quantity_known_s, judged_s, judged_pri_gq_s, carry,"
            " provisional)"
            " VALUES ($1, $2, 900, 900, 700, 70, 69, 650, 640, 900, 900, 900, 640, '{}', false)"
            " ON CONFLICT DO NOTHING",
            [(number, now - timedelta(minutes=15 * n)) for n in range(DAYS * 96)],
        )
    await connection.close()
    async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
        await roll_up(pool, seconds_max=600)
        await pool.execute("UPDATE elements SET gq = gq - 1 WHERE bucket_at = $1", now)
        await pool.execute("ANALYZE")
    return key.key


async def _add_equipment(
    connection: asyncpg.Connection, path: str, level: str, above: int | None
) -> int:
    number: int = await connection.fetchval(
        "INSERT INTO equipment (path, level, name, time_zone, parent_id)"
        " VALUES ($1, $2, $1, 'Europe/Berlin', $3)"
        " ON CONFLICT (path) DO UPDATE SET name = excluded.name RETURNING id",
        path,
        level,
        above,
    )
    return number


def _serve() -> None:
    from werknetz.runtime.http_server.limits import HttpLimits
    from werknetz.runtime.http_server.server import LimitedServer
    from werknetz_core.app import create_app
    from werknetz_core.settings import CoreSettings

    app = create_app(CoreSettings.from_environment())

    @app.get("/bench/empty")
    async def empty() -> dict[str, str]:
        return {}

    app.router.routes.insert(0, app.router.routes.pop())  # found at once, as an empty app would

    port = int(os.environ["BENCH_PORT"])  # otherwise as `werknetz up` serves
    LimitedServer(app, HttpLimits(), host="127.0.0.1", port=port).run()


if __name__ == "__main__":
    _serve()
