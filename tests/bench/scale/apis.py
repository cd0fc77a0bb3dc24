"""Requests a second of 2 API processes behind one address against one."""

import asyncio
import http.client
import secrets
import threading
import time

import asyncpg

from bench.bench_api import await_ready
from bench.measure import Measure
from bench.scale.stage import scale_stage
from werknetz_core.access.keys import generate_key
from werknetz_demo.embedded.process import free_port

PROCESSES = (1, 2)
CLIENTS = 6
SECONDS = 5.0
PATH = "/api/v1/plants"


def measures(_short: bool) -> list[Measure]:
    return asyncio.run(_measure(SECONDS))


async def _measure(seconds: float) -> list[Measure]:
    async with scale_stage() as stage:
        key = await _make_key(stage.postgres.url)
        rates: dict[int, float] = {}
        lines = []
        for count in PROCESSES:
            port, name = free_port(), f"up-{count}"
            stage.run(
                name, "up", "--workers", str(count), "--port", str(port),
                WERKNETZ_RATE_PER_S="100000", WERKNETZ_RATE_BURST="100000",
            )  # fmt: skip
            await asyncio.to_thread(await_ready, port)
            await asyncio.to_thread(_request_for, port, key, 1.0)  # warms up
            before_s = stage.spent_s(name)
            requests = await asyncio.to_thread(_request_for, port, key, seconds)
            used_s = stage.spent_s(name) - before_s
            rates[count] = requests / seconds
            figure = (
                f"{rates[count]:,.0f} requests/s ({used_s / seconds:.1f} cores busy, "
                f"{used_s / requests * 1000:.1f} ms CPU each)"
            )
            ratio = rates[count] / rates[PROCESSES[0]]
            lines.append(Measure(f"scale: {count} API processes / one", figure, ratio))
            stage.kill(name)
        return lines


async def _make_key(url: str) -> str:
    connection = await asyncpg.connect(url)
    key = generate_key()
    await connection.execute(
        "INSERT INTO api_keys (prefix, hash, name, role) VALUES ($1, $2, $3, 'viewer')",
        key.prefix, key.hash, secrets.token_hex(4),
    )  # fmt: skip
    await connection.close()
    return key.key


def _request_for(port: int, key: str, seconds: float) -> int:
    """Let each client request over a connection of its own; return how many were answered."""
    counts = [0] * CLIENTS
    deadline = time.monotonic() + seconds

    def request(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < deadline:
            connection.request("GET", PATH, headers={"X-API-Key": key})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=request, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)
