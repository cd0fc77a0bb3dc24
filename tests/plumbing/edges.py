"""`werknetz edge FILE` and `werknetz ingest` as processes that a test can kill."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import yaml

from plumbing.waiting import until
from werknetz_demo.embedded.process import Child

TESTS = Path(__file__).parents[1]


@dataclass
class Edges:
    folder: Path
    database_url: str
    redis_url: str
    children: dict[str, Child] = field(default_factory=dict)

    def write(
        self, connector: str, protocol: str, options: Any, mapping: Any, **spool: Any
    ) -> None:
        config = {
            "connector": connector, "protocol": protocol, "options": options, "mapping": mapping,
            "spool": {"folder": str(self.folder / "spool"), **spool},
        }  # fmt: skip
        (self.folder / "edge.yaml").write_text(yaml.safe_dump(config, allow_unicode=True))

    def start(self, *names: str) -> None:
        for name in names:
            command = ["edge", str(self.folder / "edge.yaml")] if name == "edge" else [name]
            self.children[name] = Child.start(
                [sys.executable, "-m", "chaos.program", *command],
                log=self.folder / f"{name}.log",
                folder=TESTS,
                environment=os.environ
                | {
                    "WERKNETZ_DATABASE_URL": self.database_url,
                    "WERKNETZ_REDIS_URL": self.redis_url,
                    "WERKNETZ_ALIVE_FILE": str(self.folder / f"{name}.alive"),
                },
            )

    def kill(self, name: str) -> None:
        self.children[name].kill()

    async def query(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.database_url, timeout=60)
        try:
            return list(await connection.fetch(statement, *arguments, timeout=60))
        finally:
            await connection.close(timeout=60)

    async def until(
        self, statement: str, at_least: int, *, within_s: float = 120, every_s: float = 0.2
    ) -> int:
        """Query a number until it is at least `at_least`; return it."""
        deadline = time.monotonic() + within_s
        while True:
            (row,) = await self.query(statement)
            number = int(row[0] or 0)
            if number >= at_least:
                return number
            assert time.monotonic() < deadline, f"{number} of {at_least}: {self.log_tails()}"
            await asyncio.sleep(every_s)

    async def kill_in_file(self, file: Path, count: str, *, times: int) -> None:
        """Kill the edge within a file that is larger than its spool; `count`: query of its rows.

        Without a core the spool fills up, so that the edge waits within the file. That holds for
        the first kill; later ones happen while there is more of the file than fits the spool.
        """
        for number in range(1, times + 1):
            self.start("edge")
            await until(partial(self._is_full_or_read, file, number), within_s=120)
            if self._is_read(file):
                assert number > 1, f"{file.name} fits the spool: make it larger"
                return
            self.kill("edge")
            (row,) = await self.query(count)
            self.start("edge", "ingest")
            await self.until(count, int(row[0]) + 1, every_s=0.02)
            self.kill("edge")
            self.kill("ingest")

    def _is_read(self, file: Path) -> bool:
        return not file.exists()

    def _is_full_or_read(self, file: Path, times: int) -> bool:
        return self._is_read(file) or self.count_logged("edge", "spool full") >= times

    def count_logged(self, name: str, text: str) -> int:
        """Return how often a process has logged `text`, over all its starts."""
        return (self.folder / f"{name}.log").read_text().count(text)

    def log_tails(self) -> str:
        return "\n".join(
            f"--- {name}\n{(self.folder / f'{name}.log').read_text()[-2000:]}"
            for name in self.children
        )


@contextmanager
def running_edges(folder: Path, database_url: str, redis_url: str) -> Iterator[Edges]:
    """Yield the processes; kill all of them in the end."""
    processes = Edges(folder, database_url, redis_url)
    try:
        yield processes
    finally:
        for child in processes.children.values():
            child.kill()
