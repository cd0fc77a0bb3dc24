"""The API in a child process over embedded servers, filled as for the measures of KPI answers."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.bench_api import TESTS, await_ready, fill
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.servers import EmbeddedServers


@dataclass(frozen=True)
class Served:
    """Where it answers, a viewer's key, the servers behind it, all processes."""

    port: int
    key: str
    owner_url: str
    redis_url: str
    pids: list[int]

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def open_api() -> AsyncIterator[Served]:
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedServers(Path(folder), environment={}, throwaway=True) as servers:
            users, urls = servers.database_users(), servers.urls
            await upgrade_async(urls.database, users.logins, rows_key=users.rows_key)
            key = await fill(urls.database)
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port = int(probe.getsockname()[1])
            environment = {
                **os.environ, "WERKNETZ_DATABASE_URL": users.urls["up"], **users.environment,
                "WERKNETZ_REDIS_URL": urls.redis, "BENCH_PORT": str(port),
            }  # fmt: skip
            child = _start(environment)
            try:
                await asyncio.to_thread(await_ready, port)
                pids = [child.pid, *(server.pid for server in servers.started.values())]
                yield Served(port, key, urls.database, urls.redis, pids)
            finally:
                child.terminate()
                await asyncio.to_thread(child.wait, 15)


def _start(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.bench_api"]
    return subprocess.Popen(command, env=environment, cwd=TESTS)
