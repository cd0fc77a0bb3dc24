"""The servers, the source and the processes under test."""

import asyncio
import os
import random
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from redis import Redis

from werknetz_demo.embedded.process import Child
from werknetz_demo.embedded.server import EmbeddedServer
from werknetz_demo.embedded.servers import EmbeddedServers

FULL = '"event": "spool full"'
FULL_WITHIN_S = 25
READY_S = 180
SMALL_SPOOL_BYTES = 1_000_000
WRITERS = ("ingest", "second-ingest")
EDGE_YAML = """
connector: chaos
protocol: mqtt
spool: {{folder: {folder}, bytes_max: {bytes_max}}}
options:
  url: {mqtt}
  client_id: chaos-edge
  topics: [{{pattern: "chaos/{{machine}}/cycle", payload: json, unique: true}}]
mapping:
  name: chaos
  version: 1
  time_zone: UTC
  unmapped: store-as-is
  rules:
    - source: "chaos/{{machine}}/cycle#good"
      equipment: "nordwerk/chaos/hall/line-1/{{machine}}"
      signal: good
      role: good_count
      time: {{path: us, format: unix_us}}
"""


class Stage:
    """What a scenario acts on."""

    def __init__(
        self,
        folder: Path,
        servers: EmbeddedServers,
        seed: int,
        spool_bytes: int = SMALL_SPOOL_BYTES,
    ) -> None:
        self.folder = folder
        self.servers = servers
        self.random = random.Random(seed)
        self.environment = os.environ | servers.urls.environment
        self.extra: dict[str, dict[str, str]] = {}  # environment of one process, by its name
        self.children: dict[str, Child] = {}
        self.filled = 0
        self.restarts = 0  # of restart_on_exit processes
        self.spool_bytes = spool_bytes
        self.write_edge_file("edge")

    def write_edge_file(self, name: str) -> None:
        """Write the edge file of a process; its spool is in a folder of the same name."""
        text = EDGE_YAML.format(
            folder=self.spool_folder(name), bytes_max=self.spool_bytes, mqtt=self.servers.urls.mqtt
        )
        (self.folder / f"{name}.yaml").write_text(text)

    def spool_folder(self, name: str = "edge") -> Path:
        return self.folder / f"{name}-spool"

    def start(self, name: str) -> None:
        program = [sys.executable, "-m", "chaos.program"]
        command = {
            "ingest": [*program, "ingest"],
            "second-ingest": [*program, "ingest"],
            "source": [
                *(sys.executable, "-m", "chaos.source", "--mqtt", self.servers.urls.mqtt),
                *("--oracle", str(self.folder / "oracle.log")),
                *("--stop", str(self.folder / "stop")),
            ],
        }.get(name, [*program, "edge", str(self.folder / f"{name}.yaml")])
        own = {
            "WERKNETZ_ALIVE_FILE": str(self.folder / f"{name}.alive"),
            "CHAOS_CLOCK_FILE": str(self.folder / f"{name}.clock"),
            "CHAOS_SYNC_FILE": str(self.folder / f"{name}.sync"),
        }
        self.children[name] = Child.start(
            command,
            log=self.folder / f"{name}.log",
            folder=Path(__file__).parents[1],
            environment=self.environment | own | self.extra.get(name, {}),
        )

    def set_clock(self, name: str, ahead_s: float) -> None:
        """Set the wall clock of a process; it takes effect at once, the true time is ours."""
        self._replace_file(f"{name}.clock", str(ahead_s))

    async def jump_clock(self, name: str) -> None:
        self.set_clock(name, self.random.choice([-7200.0, -40.0, 0.0, 40.0, 7200.0]))

    def fail_syncs(self, name: str, count: int) -> None:
        """Let the next commits of a process fail as SQLite reports a failed fsync."""
        self._replace_file(f"{name}.sync", str(count))

    def _replace_file(self, name: str, text: str) -> None:
        draft = self.folder / f"{name}.new"
        draft.write_text(text)
        draft.replace(self.folder / name)

    @asynccontextmanager
    async def restart_on_exit(self, name: str) -> AsyncIterator[None]:
        """Start a process again whenever it ends, as an operator's service manager does."""

        async def supervise() -> None:
            while True:
                if not self.children[name].is_alive:
                    self.restarts += 1
                    await asyncio.sleep(1)
                    self.start(name)
                await asyncio.sleep(0.2)

        async with asyncio.TaskGroup() as group:
            task = group.create_task(supervise())
            yield
            task.cancel()
        if not self.children[name].is_alive:
            self.start(name)

    def pid_of(self, name: str) -> int:
        return self.children[name].pid

    def copy_spool(self, name: str, target: str) -> Path:
        """Copy the spool of a running process as a snapshot of its disk would."""
        child, folder = self.children[name], self.folder / target
        child.pause()
        try:
            shutil.copytree(self.spool_folder(name), folder)
        finally:
            child.resume()
        return folder

    def restore_spool(self, copy: Path, name: str) -> None:
        shutil.rmtree(self.spool_folder(name), ignore_errors=True)
        shutil.move(copy, self.spool_folder(name))

    def server(self, name: str) -> EmbeddedServer:
        return self.servers.started[f"WERKNETZ_{name}_URL"]

    async def kill(self, name: str) -> None:
        self.children[name].kill()
        await asyncio.sleep(self.random.uniform(0, 2))
        self.start(name)

    async def stop_for_a_while(self, name: str) -> None:
        self.children[name].pause()
        await asyncio.sleep(self.random.uniform(2, 8))
        self.children[name].resume()

    async def kill_valkey(self) -> None:
        self.server("REDIS").kill()
        await asyncio.sleep(self.random.uniform(0, 3))
        await self.server("REDIS").start()

    async def pause_valkey(self) -> None:
        self.server("REDIS").pause()
        await asyncio.sleep(self.random.uniform(2, 8))
        self.server("REDIS").resume()

    async def flush(self) -> None:
        with Redis.from_url(self.servers.urls.redis, socket_timeout=60) as client:
            client.flushall()

    async def kill_postgres(self) -> None:
        self.server("DATABASE").kill()
        await asyncio.sleep(self.random.uniform(0, 3))
        await self.server("DATABASE").start()

    async def restart_postgres(self) -> None:
        await self.server("DATABASE").stop()
        await self.server("DATABASE").start()

    async def slow_postgres(self) -> None:
        """Hold what every apply must lock: nothing may be quarantined for it."""
        connection = await asyncpg.connect(self.servers.urls.database)
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE spools IN ACCESS EXCLUSIVE MODE")
                await asyncio.sleep(self.random.uniform(3, 8))
        finally:
            await connection.close()

    async def fill_spool(self) -> None:
        """Let nobody take batches until the spool is full: the source must wait, nothing is lost.

        What is full by its own bound behaves as a full disk does, and needs no right to mount.
        """
        for name in WRITERS:
            self.children[name].kill()
        log = self.folder / "edge.log"
        payload = log.read_text().count(FULL)
        for _ in range(5 * FULL_WITHIN_S):
            if log.read_text().count(FULL) > payload:
                break
            await asyncio.sleep(0.2)
        self.filled += log.read_text().count(FULL) > payload
        await asyncio.sleep(self.random.uniform(0, 2))
        for name in WRITERS:
            self.start(name)

    async def kill_broker(self) -> None:
        self.server("MQTT").kill()
        await asyncio.sleep(self.random.uniform(0, 2))
        await self.server("MQTT").start()


async def until_subscribed(stage: Stage) -> None:
    with Redis.from_url(stage.servers.urls.redis, socket_timeout=60) as client:
        for _ in range(10 * READY_S):
            if client.hget("wn:status:{chaos}", "state") == b"running":
                return
            await asyncio.sleep(0.1)
    raise TimeoutError(f"the edge does not run:\n{stage.children['edge'].log_tail()}")


async def until_taken(stage: Stage) -> None:
    oracle = stage.folder / "oracle.log"
    for _ in range(10 * READY_S):
        if oracle.exists() and "taken" in oracle.read_text():
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"no message of the source arrives:\n{stage.children['source'].log_tail()}")
