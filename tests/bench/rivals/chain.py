"""A chain carries machine data into rows of PostgreSQL: its processes, their CPU time, its rows.

Every chain has a PostgreSQL of its own with the same settings, so that what a server does later,
such as a checkpoint, counts for the chain that wrote. The connection that counts rows is apart.
"""

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Self

import asyncpg
import psutil

from werknetz_demo.embedded.postgres import Postgres
from werknetz_demo.embedded.process import Child

Protocol = Literal["mqtt", "opcua"]
POSTGRES = "PostgreSQL"


class ChainFailedError(RuntimeError):
    """A chain does not carry what is sent; the first line is the reason, its logs follow."""


@dataclass(frozen=True)
class Origin:
    """Where a chain reads; with the names of the OPC UA nodes."""

    protocol: Protocol
    url: str
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sent:
    """What a feed has sent: source times from `since_s` until before `until_s`."""

    messages: int
    values: int
    since_s: float
    until_s: float


class Chain(ABC):
    """`async with` starts all of it; in the end none of its processes is left."""

    name: ClassVar[str]
    table: ClassVar[str]
    tag: ClassVar[str]
    at: ClassVar[str]

    def __init__(self, folder: Path, origin: Origin) -> None:
        self.folder, self.origin = folder, origin
        self.postgres = Postgres(folder / "postgres", throwaway=True)
        self.children: dict[str, Child] = {}
        self._counting: asyncpg.Connection[asyncpg.Record] | None = None

    @abstractmethod
    async def start(self) -> None:
        """Start the processes over a running PostgreSQL."""

    @property
    @abstractmethod
    def database_url(self) -> str:
        """Return the database with the rows, as a user who sees all of them."""

    def pids(self) -> dict[str, int]:
        """Return the processes whose CPU time counts, by the names to print."""
        return {name: child.pid for name, child in self.children.items()}

    @property
    def is_alive(self) -> bool:
        return all(child.is_alive for child in self.children.values())

    async def __aenter__(self) -> Self:
        try:
            await self.postgres.start()
            await self.start()
            self._counting = await asyncpg.connect(self.database_url, timeout=60)
            await self._counting.execute("SET max_parallel_workers_per_gather = 0")
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        for child in self.children.values():
            child.kill()
        if self._counting is not None:
            await self._counting.close(timeout=60)
        await self.postgres.stop()

    async def count_tags(self) -> int:
        """Return how many tags have rows."""
        return await self._number(f"SELECT count(DISTINCT {self.tag}) FROM {self.table}")

    async def count_rows(self, sent: Sent, *, distinct: bool = False) -> int:
        """Return the rows of what was sent; `distinct`: a tag's rows of one instant are one."""
        counted = f"DISTINCT ({self.tag}, {self.at})" if distinct else "*"
        return await self._number(
            f"SELECT count({counted}) FROM {self.table}"
            f" WHERE {self.at} >= to_timestamp($1) AND {self.at} < to_timestamp($2)",
            sent.since_s,
            sent.until_s,
        )

    def used_s(self) -> dict[str, float]:
        """Return the CPU seconds so far of each process with all below it."""
        assert self._counting is not None
        used = {name: cpu_s(pid) for name, pid in self.pids().items()}
        server = self.postgres.pid
        assert server is not None
        used[POSTGRES] = cpu_s(server) - cpu_s(self._counting.get_server_pid())
        return used

    def log_tails(self) -> str:
        return "\n".join(f"--- {name}\n{child.log_tail()}" for name, child in self.children.items())

    async def _number(self, statement: str, *arguments: object) -> int:
        assert self._counting is not None
        return int(await self._counting.fetchval(statement, *arguments, timeout=60) or 0)


def cpu_s(pid: int) -> float:
    """User and system time of a process and all below it, ended threads and children included."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    used_s = 0.0
    for member in family:
        with suppress(psutil.NoSuchProcess):
            times = member.cpu_times()
            used_s += times.user + times.system + times.children_user + times.children_system
    return used_s
