"""The platform as an operator runs it: `ingest`, `worker` and `up` as processes, and any edge."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from plumbing.servers import API, INGEST, ROWS_KEY, WORKER, run, url_as
from werknetz_demo.embedded.process import Child, free_port
from werknetz_demo.supervisor import werknetz_command

COMMAND_S = 240
_LOGINS = {"ingest": INGEST, "worker": WORKER}
_KEY = re.compile(r"wn_[0-9a-f]{8}_[0-9a-f]{64}")


@dataclass
class Platform:
    folder: Path
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    children: dict[str, Child] = field(default_factory=dict)
    key: str = ""

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
            f"http://127.0.0.1:{self.port}/api/v1/{path}",
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
            "WERKNETZ_URL": f"http://127.0.0.1:{self.port}",
            "WERKNETZ_API_KEY": self.key,
            "WERKNETZ_ALIVE_FILE": str(self.folder / f"{name}.alive"),
            "XDG_CONFIG_HOME": str(self.folder),
        }  # fmt: skip


@contextmanager
def platform(
    folder: Path, database_url: str, redis_url: str, *, role: str = "viewer"
) -> Iterator[Platform]:
    """Over a migrated database and a Valkey of its own; whatever happens, nobody is left behind."""
    started = Platform(
        folder,
        {
            "WERKNETZ_DATABASE_URL": database_url,
            "WERKNETZ_REDIS_URL": redis_url,
            "WERKNETZ_BROKER_URL": f"{redis_url.rpartition('/')[0]}/1",
        },
    )
    try:
        started.start("ingest", "ingest")
        started.start("worker", "worker", "--beat")
        started.start("core", "up", "--port", str(started.port))
        words = started.command("keys", "create", "e2e", "--role", role).stdout
        match = _KEY.search(words)
        assert match, words
        started.key = match[0]
        started.until("the API answers", lambda: _is_up(started))
        yield started
    finally:
        for child in started.children.values():
            child.kill()


def _is_up(platform: Platform) -> bool:
    try:
        platform.get("health/ready")
    except (httpx2.TransportError, AssertionError):
        return False
    return True


async def _fetch(url: str, statement: str, *arguments: Any) -> list[Any]:
    connection = await asyncpg.connect(url, timeout=60)
    try:
        return list(await connection.fetch(statement, *arguments, timeout=60))
    finally:
        await connection.close(timeout=60)
