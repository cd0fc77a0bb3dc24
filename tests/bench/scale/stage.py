"""Servers and processes of one measure: PostgreSQL, Valkey, and `werknetz` commands."""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil

from bench.cpu import used_by_s
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.postgres import Postgres
from werknetz_demo.embedded.process import Child
from werknetz_demo.embedded.valkey import Valkey
from werknetz_demo.supervisor import werknetz_command

PATIENCE_S = 180.0
MIB = 1 << 20


class ScaleStage:
    """`spent_s` and `rss_mib` by name: "PostgreSQL", "Valkey", and the names of children."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = Postgres(folder / "postgres", throwaway=True)
        self.valkey = Valkey(folder / "valkey")
        self.children: dict[str, Child] = {}
        self.empty_mib = 0.0  # of a process before it has anything to do

    async def start(self) -> None:
        await self.postgres.start()
        await self.valkey.start()
        await upgrade_async(self.postgres.url)

    async def stop(self) -> None:
        self.kill(*self.children)
        for server in (self.valkey, self.postgres):
            await server.stop()

    def run(self, name: str, *arguments: str, **environment: str) -> Child:
        urls: Mapping[str, str] = {
            "WERKNETZ_DATABASE_URL": self.postgres.url,
            "WERKNETZ_REDIS_URL": self.valkey.url,
            "WERKNETZ_BROKER_URL": self.valkey.url,
            "WERKNETZ_ALIVE_FILE": str(self.folder / f"{name}.alive"),
        }
        self.children[name] = Child.start(
            [*werknetz_command(), *arguments],
            log=self.folder / f"{name}.log",
            folder=self.folder,
            environment=os.environ | urls | environment,
        )
        return self.children[name]

    def kill(self, *names: str) -> None:
        for name in names:
            self.children.pop(name).kill()

    def pid_of(self, name: str) -> int:
        server = {"PostgreSQL": self.postgres, "Valkey": self.valkey}.get(name)
        pid = self.children[name].pid if server is None else server.pid
        assert pid is not None, f"{name} does not run"
        return pid

    def spent_s(self, *names: str) -> float:
        """Return the CPU time so far of these processes and those below them."""
        return used_by_s([self.pid_of(name) for name in names])

    def rss_mib(self, name: str) -> float:
        return psutil.Process(self.pid_of(name)).memory_info().rss / MIB

    async def count(self, statement: str) -> int:
        connection = await asyncpg.connect(self.postgres.url, timeout=60)
        try:
            return int(await connection.fetchval(statement) or 0)
        finally:
            await connection.close(timeout=60)

    async def until(self, is_so: Callable[[], Awaitable[bool]], *, every_s: float = 0.05) -> float:
        """Wait; return how long it took."""
        began = time.perf_counter()
        while not await is_so():
            for name, child in self.children.items():
                assert child.is_alive, f"{name} has ended: {child.log_tail()}"
            assert time.perf_counter() - began < PATIENCE_S, self.log_tails()
            await asyncio.sleep(every_s)
        return time.perf_counter() - began

    def log_tails(self) -> str:
        return "\n".join(f"{name}: {child.log_tail(5)}" for name, child in self.children.items())


@asynccontextmanager
async def scale_stage() -> AsyncIterator[ScaleStage]:
    with tempfile.TemporaryDirectory(prefix="werknetz-scale-") as folder:
        stage = ScaleStage(Path(folder))
        try:
            await stage.start()
            yield stage
        finally:
            await stage.stop()
