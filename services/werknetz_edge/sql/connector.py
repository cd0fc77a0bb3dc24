"""The SQL connector: a page of new rows is a delivery; how far it came is kept after the spool."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from werknetz.connector.contract import ConnectionLost, Connector, ConnectorStatus, Delivery
from werknetz_edge.sql.config import SqlConfig, SqlSource
from werknetz_edge.sql.keyset import Place, packed
from werknetz_edge.sql.rows import SqlRow, readings_of, record_of
from werknetz_edge.sql.session import Page, SqlSession
from werknetz_edge.sql.state import PollState

CLOSE_S: Final = 3.0
_T = TypeVar("_T")


@dataclass(slots=True)
class _Poll:
    """Where one source stands in the sweep that is running."""

    source: SqlSource
    place: Place | None = None  # None: the next page begins a sweep
    seen: int = 0  # rows of this sweep
    due_s: float = 0.0
    compare_due_s: float = 0.0
    gone: list[SqlRow] = field(default_factory=list)


@dataclass(slots=True)
class SqlConnector:
    connector_id: str
    config: SqlConfig
    state: PollState
    status: ConnectorStatus = field(default_factory=ConnectorStatus)
    _polls: list[_Poll] = field(default_factory=list)
    _session: SqlSession | None = None
    _threads: ThreadPoolExecutor | None = None
    _working: "asyncio.Future[Any] | None" = None
    _on_disk: set[bytes] = field(default_factory=set)
    _taken: dict[str, int] = field(default_factory=dict)

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        self._on_disk = set(checkpoints)

    async def connect(self) -> None:
        await self.close()
        self.status.state = "connecting"
        self._threads = ThreadPoolExecutor(1, thread_name_prefix=f"sql-{self.connector_id}")
        session = SqlSession(self.config, self.state, self._on_disk)
        try:
            await self._in_thread(session.open)
        except BaseException:
            await self.close()
            raise
        self._session = session
        now_s = time.monotonic()
        self._polls = [_Poll(source, compare_due_s=now_s) for source in self.config.sources]
        self.status.state, self.status.detail = "running", ""

    async def read(self) -> Delivery:
        while True:
            session = self._session
            if session is None:
                raise ConnectionLost("not connected")
            for poll in self._polls:
                delivery = await self._step(session, poll)
                if delivery is not None:
                    # Another source has its turn before the next page of this one.
                    self._polls = [*(p for p in self._polls if p is not poll), poll]
                    self.status.last_good_us, self.status.state = time.time_ns() // 1000, "running"
                    return delivery
            now_s = time.monotonic()
            wait_s = min((poll.due_s for poll in self._polls), default=now_s) - now_s
            await asyncio.sleep(min(max(wait_s, 0.01), 1.0))

    async def close(self) -> None:
        session, self._session = self._session, None
        threads, self._threads = self._threads, None
        working, self._working = self._working, None
        if threads is None:
            return
        if working is not None and not working.done():
            # A statement that hangs ends by its own time limit; we do not wait for it.
            await asyncio.wait([working], timeout=CLOSE_S)
        if session is not None and (working is None or working.done()):
            await asyncio.wait_for(asyncio.to_thread(session.close), CLOSE_S)
        threads.shutdown(wait=False, cancel_futures=True)
        if self.status.state not in {"starting", "rejected"}:
            self.status.state = "stopped"

    async def _step(self, session: SqlSession, poll: _Poll) -> Delivery | None:
        """The next of what is new, or None when there is nothing to do yet."""
        source = poll.source
        if poll.gone:
            gone, poll.gone = poll.gone[: self.config.page_rows], poll.gone[self.config.page_rows :]
            return self._delivery(source, gone, None)
        now_s = time.monotonic()
        while poll.place is not None or now_s >= poll.due_s:
            page = await self._in_thread(session.page, source, poll.place, poll.seen)
            poll.seen += page.count
            poll.place = page.next
            if page.next is None:
                poll.due_s, poll.seen = time.monotonic() + self.config.poll_s, 0
            if page.rows:
                return self._delivery(source, page.rows, page)
            if page.next is None:
                break
        every_s = source.deletions_every_s
        if every_s is not None and time.monotonic() >= poll.compare_due_s:
            poll.gone = await self._in_thread(session.gone, source)
            poll.compare_due_s = time.monotonic() + every_s
            if poll.gone:
                return await self._step(session, poll)
        return None

    def _delivery(self, source: SqlSource, rows: Sequence[SqlRow], page: Page | None) -> Delivery:
        async def acknowledge() -> None:
            cursor = None if page is None else packed(page.cursor)
            taken = [row.taken for row in rows]
            await self._in_thread(self.state.keep, source.name, taken, cursor)
            self._taken[source.name] = self._taken.get(source.name, 0) + len(rows)
            self.status.details[source.name] = f"{self._taken[source.name]} rows"

        return Delivery(
            records=[record_of(source, row) for row in rows if self._is_record(source, row)],
            readings=[
                reading
                for row in rows
                if not self._is_record(source, row)
                for reading in readings_of(source, row)
            ],
            checkpoints=[row.mark for row in rows],
            acknowledge=acknowledge,
        )

    @staticmethod
    def _is_record(source: SqlSource, row: SqlRow) -> bool:
        return source.kind == "records" or row.change == "deleted"

    async def _in_thread(self, work: Callable[..., _T], *given: object) -> _T:
        if self._threads is None:
            raise ConnectionLost("not connected")
        if self._working is not None and not self._working.done():
            await asyncio.wait([self._working], timeout=self._limit_s)  # of a read that was stopped
        working = self._working = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: work(*given)
        )
        try:
            async with asyncio.timeout(self._limit_s):
                return await asyncio.shield(working)
        except TimeoutError as error:
            raise ConnectionLost(f"the database did not answer in {self._limit_s:g} s") from error

    @property
    def _limit_s(self) -> float:
        """Above the drivers' own limits, for those that have none."""
        return 2 * self.config.timeout_s + 5


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Check the options; raises pydantic's ValidationError."""
    config = SqlConfig.model_validate(options)
    return SqlConnector(connector_id, config, PollState(folder / f"{connector_id}.sqlstate"))
