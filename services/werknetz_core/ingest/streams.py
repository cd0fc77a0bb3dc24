"""Which connectors' streams this writer reads, from which position, and how much at once.

Leases share the work between writers: each leases at most its share, so that a new writer gets one,
too. Two holders of one lease only do work twice.
"""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Final, Protocol
from zlib import crc32

from werknetz.link.redis import START, StreamEntry
from werknetz.link.wire import DesiredMapping, ToEdge
from werknetz.runtime.backoff import Backoff
from werknetz.runtime.log import get_logger

LEASE_S: Final = 10.0
LOOK_EVERY_S: Final = 2.0
ROUND_BYTES: Final = 32 * 1024 * 1024
COUNT_MAX: Final = 512
NAME_MAX: Final = 200
_LEASE_MS: Final = int(LEASE_S * 1000)
SET_ASIDE_S: Final = 1.0
SET_ASIDE_MAX_S: Final = 60.0
_ENTRY_BYTES_FIRST: Final = 64 * 1024  # before any was seen
_log = get_logger("ingest.streams")


class CoreLink(Protocol):
    """The core's side of the link, as the writer needs it. Every method may raise LinkLost."""

    async def read_run_id(self) -> str: ...
    async def list_connectors(self) -> set[str]: ...
    async def read_newest_positions(self, connectors: list[str]) -> dict[str, str]: ...
    async def read(
        self, positions: dict[str, str], block_ms: int = ..., count: int = ...
    ) -> list[StreamEntry]: ...
    async def finish(
        self, trims: Mapping[str, str], replies: Mapping[str, Sequence[ToEdge]]
    ) -> set[str]: ...
    async def report_writer(
        self, holder: str, ttl_ms: int, *, leaves: bool = ...
    ) -> set[str] | None: ...
    async def read_lease_holders(self, connectors: list[str]) -> dict[str, str]: ...
    async def acquire_leases(self, connectors: list[str], holder: str, ttl_ms: int) -> set[str]: ...
    async def extend_leases(self, connectors: list[str], ttl_ms: int) -> None: ...
    async def release_leases(self, connectors: list[str], holder: str) -> None: ...
    async def publish_desired_mappings(self, mappings: Mapping[str, DesiredMapping]) -> bool: ...
    async def close(self) -> None: ...


class Streams:
    """The streams that this writer has leased, with its position in each."""

    def __init__(self, link: CoreLink, holder: str) -> None:
        self._link = link
        self._holder = holder
        self._positions: dict[str, str] = {}
        self._run_id: str | None = None
        self._writers = 1  # that work now
        self._looked_at = -LOOK_EVERY_S
        self._entry_bytes = _ENTRY_BYTES_FIRST
        self._has_more = False
        self._set_aside: dict[str, tuple[Backoff, float]] = {}

    @property
    def has_more(self) -> bool:
        """Return whether the last read has returned as much of a stream as it may."""
        return self._has_more

    @property
    def names(self) -> list[str]:
        return list(self._positions)

    async def refresh(self) -> None:
        """Lease free connectors, renew our leases; detect a server that lost its streams."""
        now = monotonic()
        if now - self._looked_at < LOOK_EVERY_S:
            return
        run_id = await self._link.read_run_id()
        if run_id != self._run_id:
            _log.info("connected to Redis", run_id=run_id)
            self.rewind()
            self._run_id = run_id
        leased = await self._lease(set(filter(_is_name, await self._link.list_connectors())))
        for name in sorted(leased - self._positions.keys()):
            _log.info("reading", connector=name)
            self._positions[name] = START
        for name in sorted(self._positions.keys() - leased):
            _log.info("stream left to another writer", connector=name)
            del self._positions[name]
        if self._positions:
            for name, top in (await self._link.read_newest_positions(self.names)).items():
                if _order(top) < _order(self._positions[name]):
                    self._positions[name] = START  # emptied; new ids may begin below ours
        self._looked_at = now

    async def _lease(self, listed: set[str]) -> set[str]:
        """Extend our leases up to our share, release the surplus, acquire free ones.

        What we read stays ours where Redis lost the list: no other writer knows of it.
        """
        unlisted = self._positions.keys() - listed
        share = -(-len(listed) // await self._count_writers()) + len(unlisted)
        names = sorted(listed | unlisted, key=self._preference)
        names.sort(key=listed.__contains__)
        holders = await self._link.read_lease_holders(names)
        ours = [name for name in names if holders.get(name) == self._holder]
        if surplus := ours[share:]:
            await self._link.release_leases(surplus, self._holder)
        leased = ours[:share]
        await self._link.extend_leases(leased, _LEASE_MS)
        vacant = [name for name in names if name not in holders][: share - len(leased)]
        return {*leased, *await self._link.acquire_leases(vacant, self._holder, _LEASE_MS)}

    async def _count_writers(self) -> int:
        """Report that we work; return how many do. A full Redis takes no report."""
        writers = await self._link.report_writer(self._holder, _LEASE_MS)
        if writers is not None:
            self._writers = len(writers | {self._holder})
        return self._writers

    def _preference(self, name: str) -> int:
        """Order connectors differently for each writer, so that they try for different ones."""
        return crc32(f"{self._holder} {name}".encode())

    async def read(self, block_ms: int) -> dict[str, list[StreamEntry]]:
        """Return new entries by connector, with the same limit for each."""
        now_s = monotonic()
        waiting = {name for name, (_, until_s) in self._set_aside.items() if now_s < until_s}
        positions = {name: at for name, at in self._positions.items() if name not in waiting}
        share = ROUND_BYTES // max(1, len(positions)) // self._entry_bytes
        count = max(1, min(COUNT_MAX, share))
        entries = await self._link.read(positions, block_ms=block_ms, count=count)
        by_name: dict[str, list[StreamEntry]] = {}
        for entry in entries:
            by_name.setdefault(entry.connector, []).append(entry)
        self._has_more = any(len(part) == count for part in by_name.values())
        if entries:
            largest = max(sum(map(len, entry.fields.values())) for entry in entries)
            # Rises at once, falls slowly: the limit follows the largest recent entries.
            self._entry_bytes = max(largest, self._entry_bytes * 15 // 16, 256)
        return by_name

    async def finish(
        self, positions: Mapping[str, str], replies: Mapping[str, Sequence[ToEdge]]
    ) -> None:
        """Continue after these entries, delete them and all before them; then reply.

        Trims come first: where Redis is full, this frees the memory that the replies need. A lost
        reply is requested again.
        """
        self._positions |= {name: at for name, at in positions.items() if name in self._positions}
        for name in positions:
            self._set_aside.pop(name, None)
        trims = {name: _after(position) for name, position in positions.items()}
        for name in sorted(await self._link.finish(trims, replies)):
            _log.warning("Redis is full, an answer is dropped", connector=name)

    def set_aside(self, name: str) -> float:
        """Do not read a stream for a while, longer each time until it advances; return the time."""
        backoff, _ = self._set_aside.get(name) or (Backoff(SET_ASIDE_S, SET_ASIDE_MAX_S, 0), 0.0)
        wait_s = backoff.next_s()
        self._set_aside[name] = (backoff, monotonic() + wait_s)
        return wait_s

    def rewind(self) -> None:
        """Read all streams from the start: applied batches are skipped by their number."""
        self._positions = dict.fromkeys(self._positions, START)
        self._looked_at = -LOOK_EVERY_S

    async def release(self) -> None:
        """Release our leases, so that other writers need not wait until they expire."""
        await self._link.release_leases(self.names, self._holder)
        self._positions.clear()
        await self._link.report_writer(self._holder, _LEASE_MS, leaves=True)


def _is_name(name: str) -> bool:
    """Return whether PostgreSQL accepts it as a name: no NUL, not too long."""
    return 0 < len(name) <= NAME_MAX and name.isprintable()


def _order(position: str) -> tuple[int, int]:
    at, _, number = position.partition("-")
    return int(at), int(number or 0)


def _after(position: str) -> str:
    at, number = _order(position)
    return f"{at}-{number + 1}"
