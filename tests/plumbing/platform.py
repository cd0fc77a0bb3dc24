"""The platform as an operator runs it: `ingest`, `worker` and `up` as processes, and any edge."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from plumbing.first_rows import add_key
from plumbing.servers import API, INGEST, ROWS_KEY, WORKER, run, url_as
from werknetz_demo.embedded.process import Child, free_port
from werknetz_demo.supervisor import werknetz_command

COMMAND_S = 240
_LOGINS = {"ingest": INGEST, "worker": WORKER}


@dataclass
class Platform:
    folder: Path
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    children: dict[str, Child] = field(default_factory=dict)
    key: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str, *arguments: str) -> Child:
        """Start `werknetz <arguments>`; its log is named after it and goes on over restarts."""
        self.children[name] = Child.start(
            [*werknetz_command(), *arguments],
            log=self.folder / f"{name}.log",
            folder=self.folder,
            environment=self._environment(name),
        )
        return self.children[name]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `werknetz <arguments>` to its end."""
        return subprocess.run(
            [*werknetz_command(), *arguments],
            env=self._environment("command"), cwd=self.folder,
            capture_output=True, text=True, timeout=COMMAND_S, check=False,
        )  # fmt: skip

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        answer = httpx2.get(
            f"{self.url}/api/v1/{path}",
            params=parameters, headers={"X-API-Key": self.key}, timeout=60, trust_env=False,
        )  # fmt: skip
        assert answer.status_code == httpx2.codes.OK, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def query(self, statement: str, *arguments: Any) -> list[Any]:
        url = self.environment["WERKNETZ_DATABASE_URL"]
        with ThreadPoolExecutor(1) as own:  # a browser has an event loop in the caller's thread
            return own.submit(lambda: run(_fetch(url, statement, *arguments))).result()

    def until(self, what: str, true: Callable[[], bool], within_s: float = 180) -> float:
        """Wait until it is true; return how long it took."""
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < within_s, f"not within {within_s:g} s: {what}\n{self}"
            time.sleep(0.2)
        return time.monotonic() - began

    def __str__(self) -> str:
        return "\n".join(
            f"--- {name}\n{child.log_tail(25)}" for name, child in self.children.items()
        )

    def _environment(self, name: str) -> dict[str, str]:
        url = self.environment["WERKNETZ_DATABASE_URL"]
        return os.environ | self.environment | {
            "WERKNETZ_DATABASE_URL": url_as(url, _LOGINS.get(name, API)),
            "WERKNETZ_ROWS_KEY": ROWS_KEY.text,
            "WERKNETZ_URL": self.url,
            "WERKNETZ_API_KEY": self.key,
            "WERKNETZ_ALIVE_FILE": str(self.folder / f"{name}.alive"),
            "XDG_CONFIG_HOME": str(self.folder),
        }  # fmt: skip


def api_alone(folder: Path, database_url: str, redis_url: str, **environment: str) -> Platform:
    """A platform whose API has one process: see `serving`."""
    return Platform(
        folder,
        {
            "WERKNETZ_DATABASE_URL": database_url,
            "WERKNETZ_REDIS_URL": redis_url,
            "WERKNETZ_WIDE_PROCESS": "0",
            **environment,
        },
    )


@contextmanager
def serving(platform: Platform, *beside: Sequence[str]) -> Iterator[Platform]:
    """Run the API beside other commands; in the end nobody is left behind, nor what a test adds."""
    try:
        for command in (*beside, ("up", "--port", str(platform.port))):
            platform.start("core" if command[0] == "up" else command[0], *command)
        platform.until("the API answers", lambda: _is_up(platform))
        yield platform
    finally:
        for child in platform.children.values():
            child.kill()


@contextmanager
def platform(
    folder: Path, database_url: str, redis_url: str, *, role: str = "viewer"
) -> Iterator[Platform]:
    """`ingest`, `worker` and `up` over a migrated database and a Valkey of its own."""
    broker = f"{redis_url.rpartition('/')[0]}/1"
    started = Platform(
        folder,
        {
            "WERKNETZ_DATABASE_URL": database_url,
            "WERKNETZ_REDIS_URL": redis_url,
            "WERKNETZ_BROKER_URL": broker,
        },
    )
    started.key = run(add_key(database_url, "e2e", role))
    with serving(started, ("ingest",), ("worker", "--beat")):
        yield started


def _is_up(platform: Platform) -> bool:
    try:
        ready = httpx2.get(f"{platform.url}/api/v1/health/ready", timeout=60, trust_env=False)
    except httpx2.TransportError:
        return False
    return ready.is_success


async def _fetch(url: str, statement: str, *arguments: Any) -> list[Any]:
    connection = await asyncpg.connect(url, timeout=60)
    try:
        return list(await connection.fetch(statement, *arguments, timeout=60))
    finally:
        await connection.close(timeout=60)
