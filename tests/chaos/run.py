"""`make chaos`: real processes and servers, killed, stopped, wiped and slowed; then the count.

usage: python -m chaos.run --seconds 300 [--seed N]
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import asyncpg
from redis import Redis

from chaos.checker import Verdict, check
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.process import Child
from werknetz_demo.embedded.server import EmbeddedServer
from werknetz_demo.embedded.servers import EmbeddedServers

SETTLE_S = 60
WRITERS = ("ingest", "second-ingest")
FULL = '"event": "spool full"'
FULL_WITHIN_S = 25
EDGE_YAML = """
connector: chaos
protocol: mqtt
spool: {{folder: {folder}/spool, bytes_max: 1000000}}
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
    """The servers, the source and the processes under test."""

    def __init__(self, folder: Path, servers: EmbeddedServers, seed: int) -> None:
        self.folder = folder
        self.servers = servers
        self.random = random.Random(seed)
        self.environment = os.environ | servers.urls.environment
        self.children: dict[str, Child] = {}
        self.filled = 0
        self.config = folder / "edge.yaml"
        self.config.write_text(EDGE_YAML.format(folder=folder, mqtt=servers.urls.mqtt))

    def start(self, name: str) -> None:
        command = {
            "edge": ["-m", "chaos.program", "edge", str(self.config)],
            "ingest": ["-m", "chaos.program", "ingest"],
            "second-ingest": ["-m", "chaos.program", "ingest"],
            "source": [
                "-m", "chaos.source", "--mqtt", self.servers.urls.mqtt,
                "--oracle", str(self.folder / "oracle.log"), "--stop", str(self.folder / "stop"),
            ],
        }[name]  # fmt: skip
        alive = {"WERKNETZ_ALIVE_FILE": str(self.folder / f"{name}.alive")}
        self.children[name] = Child.start(
            [sys.executable, *command],
            log=self.folder / f"{name}.log",
            folder=Path(__file__).parents[1],
            environment=self.environment | alive,
        )

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
        with Redis.from_url(self.servers.urls.redis, socket_timeout=5) as client:
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


def faults(stage: Stage) -> dict[str, Callable[[], Awaitable[None]]]:
    return {
        "kill -9 edge": lambda: stage.kill("edge"),
        "kill -9 ingest": lambda: stage.kill("ingest"),
        "kill -9 second ingest": lambda: stage.kill("second-ingest"),
        "SIGSTOP edge": lambda: stage.stop_for_a_while("edge"),
        "SIGSTOP ingest": lambda: stage.stop_for_a_while("ingest"),
        "kill -9 valkey": stage.kill_valkey,
        "SIGSTOP valkey": stage.pause_valkey,
        "FLUSHALL": stage.flush,
        "kill -9 postgres": stage.kill_postgres,
        "restart postgres": stage.restart_postgres,
        "slow postgres": stage.slow_postgres,
        "kill -9 broker": stage.kill_broker,
        "full spool": stage.fill_spool,
    }


async def perform(seconds: float, seed: int, folder: Path) -> Verdict:
    async with EmbeddedServers(folder / "state", environment={}) as servers:
        await upgrade_async(servers.urls.database)
        stage = Stage(folder, servers, seed)
        try:
            for name in ("edge", *WRITERS):
                stage.start(name)
            await until_subscribed(stage)  # else the broker keeps nothing for it
            stage.start("source")
            await until_taken(stage)  # else a first fault could meet a source that is not there
            await disturb(stage, seconds)
            (folder / "stop").touch()
            verdict = await settle(stage)
            verdict.filled = stage.filled
            return verdict
        finally:
            for name, child in stage.children.items():
                if name != "source" and not child.is_alive:
                    print(f"{name} had ended:\n{child.log_tail()}", flush=True)
                child.kill()


async def until_subscribed(stage: Stage) -> None:
    with Redis.from_url(stage.servers.urls.redis, socket_timeout=5) as client:
        for _ in range(10 * SETTLE_S):
            if client.hget("wn:status:{chaos}", "state") == b"running":
                return
            await asyncio.sleep(0.1)
    raise TimeoutError(f"the edge does not run:\n{stage.children['edge'].log_tail()}")


async def until_taken(stage: Stage) -> None:
    oracle = stage.folder / "oracle.log"
    for _ in range(10 * SETTLE_S):
        if oracle.exists() and "taken" in oracle.read_text():
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"no message of the source arrives:\n{stage.children['source'].log_tail()}")


async def disturb(stage: Stage, seconds: float) -> None:
    """Every fault once in a seeded order, then again and again until the time is over."""
    ends_at = time.monotonic() + seconds
    order: list[str] = []
    while time.monotonic() < ends_at:
        kinds = faults(stage)
        if not order:
            order = stage.random.sample(sorted(kinds), k=len(kinds))
        name = order.pop()
        print(f"{time.strftime('%H:%M:%S')}  {name}", flush=True)
        await kinds[name]()
        await asyncio.sleep(stage.random.uniform(0.5, 2))


async def settle(stage: Stage) -> Verdict:
    """Wait until everything that the broker took is stored, or until it can only be lost."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        verdict = Verdict()
        with suppress(asyncpg.PostgresError, OSError):
            verdict = await check(stage.servers.urls.database, stage.folder / "oracle.log")
        if (verdict.good and not stage.children["source"].is_alive) or time.monotonic() > deadline:
            return verdict
        await asyncio.sleep(1)


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seconds", type=float, default=300)
    arguments.add_argument("--seed", type=int, default=None)
    arguments.add_argument("--keep", type=Path, default=None, help="folder for logs and data")
    options = arguments.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="werknetz-chaos-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        verdict = asyncio.run(perform(options.seconds, seed, folder))
    print(verdict)
    print("ok" if verdict.good else f"FAILED: replay with --seed {seed}")
    return 0 if verdict.good else 1


if __name__ == "__main__":
    sys.exit(main())
