"""Delivers each page of new rows; saves how far it has read after the spool's commit."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

from werknetz.connector.contract import ConnectionLost, Connector, ConnectorStatus, Delivery
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_edge.sql.config import SqlConfig, SqlSource
from werknetz_edge.sql.cursor import encode_cursor
from werknetz_edge.sql.keyset import PagePosition
from werknetz_edge.sql.rows import SqlRow, readings_of, record_of, withdrawal_of_former
from werknetz_edge.sql.session import SqlPage, SqlSession
from werknetz_edge.sql.state import SqlState
from werknetz_edge.sql.watch import SourceWatch

CLOSE_S: Final = 3.0
SUSPICIOUS_MIN: Final = 10  # fewer deletions need no second comparison
CONFIRM_S: Final = 60.0  # at most until the second one
_T = TypeVar("_T")


@dataclass(slots=True)
class _SourcePoll:
    """The progress of one source in the current sweep."""

    source: SqlSource
    position: PagePosition | None = None  # None: the next page starts a sweep
    rows_read: int = 0  # in this sweep
    due_s: float = 0.0
    compare_due_s: float = 0.0
    deleted: list[SqlRow] = field(default_factory=list)
    is_suspicious: bool = False  # the last comparison missed most rows


@dataclass(slots=True)
class SqlConnector:
    connector_id: str
    config: SqlConfig
    state: SqlState
    status: ConnectorStatus = field(default_factory=ConnectorStatus)
    _polls: list[_SourcePoll] = field(default_factory=list)
    _session: SqlSession | None = None
    _threads: ThreadPoolExecutor | None = None
    _running: "asyncio.Future[Any] | None" = None
    _on_disk: set[bytes] = field(default_factory=set)
    _row_counts: dict[str, int] = field(default_factory=dict)
    _watches: dict[str, SourceWatch] = field(default_factory=dict)

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        self._on_disk = set(checkpoints)

    async def connect(self) -> None:
        await self.close()
        self.status.state = "connecting"
        self._threads = ThreadPoolExecutor(1, thread_name_prefix=f"sql-{self.connector_id}")
        session = SqlSession(self.config, self.state, self._on_disk, self._watches)
        try:
            self.status.begin("open the database", 2 * self._limit_s)
            await self._in_thread(session.open)
        except BaseException:
            await self.close()
            raise
        self._session = session
        now_s = time.monotonic()
        self._polls = [_SourcePoll(source, compare_due_s=now_s) for source in self.config.sources]
        self.status.state, self.status.detail = "running", ""

    async def read(self) -> Delivery:
        while True:
            session = self._session
            if session is None:
                raise ConnectionLost("not connected")
            for poll in self._polls:
                delivery = await self._step(session, poll)
                if delivery is not None:
                    # The other sources come before the next page of this one.
                    self._polls = [*(p for p in self._polls if p is not poll), poll]
                    self.status.last_good_us, self.status.state = time.time_ns() // 1000, "running"
                    return delivery
            now_s = time.monotonic()
            wait_s = min((poll.due_s for poll in self._polls), default=now_s) - now_s
            await asyncio.sleep(min(max(wait_s, 0.01), 1.0))

    async def close(self) -> None:
        session, self._session = self._session, None
        threads, self._threads = self._threads, None
        running, self._running = self._running, None
        if threads is None:
            return
        if running is not None and not running.done():
            # A hanging statement ends by its own time limit: do not wait for it.
            await asyncio.wait([running], timeout=CLOSE_S)
        if session is not None and (running is None or running.done()):
            await asyncio.wait_for(asyncio.to_thread(session.close), CLOSE_S)
        threads.shutdown(wait=False, cancel_futures=True)
        if self.status.state not in {"starting", "rejected"}:
            self.status.state = "stopped"

    async def _step(self, session: SqlSession, poll: _SourcePoll) -> Delivery | None:
        """Return the next new rows of a source; None when nothing is due."""
        source = poll.source
        if poll.deleted:
            deleted, poll.deleted = (
                poll.deleted[: self.config.page_rows],
                poll.deleted[self.config.page_rows :],
            )
            return self._delivery(source, deleted, None)
        now_s = time.monotonic()
        while poll.position is not None or now_s >= poll.due_s:
            page = await self._in_thread(session.read_page, source, poll.position, poll.rows_read)
            poll.rows_read += page.count
            poll.position = page.next
            if page.next is None:
                poll.due_s, poll.rows_read = time.monotonic() + self.config.poll_s, 0
            self._update_status(source, page)
            if page.rows:
                return self._delivery(source, page.rows, page)
            if page.next is None:
                break
        every_s = source.deletions_every_s
        if every_s is not None and time.monotonic() >= poll.compare_due_s:
            deleted, present = await self._in_thread(session.find_deleted, source)
            poll.compare_due_s = time.monotonic() + every_s
            if self._is_confirmed(poll, len(deleted), present):
                poll.deleted = deleted
            if poll.deleted:
                return await self._step(session, poll)
        return None

    def _is_confirmed(self, poll: _SourcePoll, deleted: int, present: int) -> bool:
        """Whether deletions may be delivered: a table that loses most rows may be refilled.

        Such a loss must be found by two comparisons in a row.
        """
        if deleted < SUSPICIOUS_MIN or deleted <= present or poll.is_suspicious:
            poll.is_suspicious = False
            self._set_finding(poll.source, "deletions", "")
            return True
        poll.is_suspicious = True
        poll.compare_due_s = min(poll.compare_due_s, time.monotonic() + CONFIRM_S)
        self._set_finding(
            poll.source,
            "deletions",
            f"{deleted} rows are missing and {present} are there: they are withdrawn if the next "
            "comparison finds the same",
        )
        return False

    def _delivery(
        self, source: SqlSource, rows: Sequence[SqlRow], page: SqlPage | None
    ) -> Delivery:
        async def acknowledge() -> None:
            cursor = None if page is None else encode_cursor(page.cursor)
            stored = [row.stored for row in rows]
            progress = None if page is None else page.progress
            await self._in_thread(self.state.save, source.name, stored, cursor, progress)
            self._row_counts[source.name] = self._row_counts.get(source.name, 0) + len(rows)
            self.status.details[source.name] = f"{self._row_counts[source.name]} rows"

        # Readings that are read again would be second values of the same time.
        is_repeat = page is not None and page.is_reread and source.kind == "readings"
        return Delivery(
            records=[
                *(record_of(source, row) for row in rows if self._is_record(source, row)),
                *(
                    withdrawal_of_former(source, row)
                    for row in rows
                    if row.former_identity and source.kind == "records"
                ),
            ],
            readings=[
                reading
                for row in rows
                if not self._is_record(source, row)
                for reading in readings_of(source, row)
            ],
            gaps=self._take_gaps(source),
            checkpoints=[row.dedup_key for row in rows],
            acknowledge=acknowledge,
            lane="backfill" if is_repeat else "live",
            is_history=True,
        )

    def _take_gaps(self, source: SqlSource) -> list[GapOpened | GapClosed]:
        """Return a gap for each restart: rows added and deleted before it were never seen."""
        watch = self._watches.get(source.name)
        if watch is None or not watch.restarts:
            return []
        now_us = time.time_ns() // 1000
        from_us = now_us if watch.last_poll_us is None else watch.last_poll_us
        gaps: list[GapOpened | GapClosed] = []
        for what in watch.restarts:
            gap_id = uuid4()
            detail = f"{source.name}: {what}"
            gaps += [
                GapOpened(gap_id, self.connector_id, [], from_us, "sequence_jump", detail),
                GapClosed(gap_id, now_us),
            ]
        watch.restarts.clear()
        return gaps

    def _update_status(self, source: SqlSource, page: SqlPage) -> None:
        """Show what is not read or may be missed, and how far the connector is behind."""
        watch = self._watches.get(source.name)
        if watch is None or source.cursor is None:
            return
        self.status.details[f"{source.name} behind"] = watch.describe_lag()
        for name, text in watch.findings(source, page.progress.unwatched).items():
            self._set_finding(source, name, text)

    def _set_finding(self, source: SqlSource, name: str, text: str) -> None:
        kind = f"{source.name} {name}"
        if text:
            self.status.findings[kind] = text
        else:
            self.status.findings.pop(kind, None)

    @staticmethod
    def _is_record(source: SqlSource, row: SqlRow) -> bool:
        return source.kind == "records" or row.change == "deleted"

    async def _in_thread(self, work: Callable[..., _T], *arguments: object) -> _T:
        if self._threads is None:
            raise ConnectionLost("not connected")
        if self._running is not None and not self._running.done():
            await asyncio.wait([self._running], timeout=self._limit_s)  # of a cancelled read
        running = self._running = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: work(*arguments)
        )
        try:
            async with asyncio.timeout(self._limit_s):
                return await asyncio.shield(running)
        except TimeoutError as error:
            raise ConnectionLost(f"the database did not answer in {self._limit_s:g} s") from error

    @property
    def _limit_s(self) -> float:
        """Above the drivers' own limits, for drivers that have none."""
        return 2 * self.config.timeout_s + 5


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Validate the options; raises pydantic's ValidationError."""
    config = SqlConfig.model_validate(options)
    return SqlConnector(connector_id, config, SqlState(folder / f"{connector_id}.sqlstate"))
