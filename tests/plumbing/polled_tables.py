"""A table that the SQL connector polls, and the spool that its rows go to, for tests."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from werknetz.connector.contract import Connector, Delivery, SourceRecord
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_edge.sql import create
from werknetz_edge.sql.connector import SqlConnector
from werknetz_edge.sql.cursor import LATE_FACTOR

POLLS: Final = LATE_FACTOR + 2  # among them is one that starts far before the cursor
PATIENCE_S: Final = 120.0


@dataclass
class FakeSpool:
    """The contents of a spool, in memory."""

    records: list[SourceRecord] = field(default_factory=list)
    readings: list[tuple[str, Any, int | None]] = field(default_factory=list)
    gaps: list[GapOpened | GapClosed] = field(default_factory=list)
    checkpoints: list[bytes] = field(default_factory=list)

    def store(self, delivery: Delivery) -> None:
        self.records += delivery.records
        self.readings += [(r.source, r.value, r.source_time_us) for r in delivery.readings]
        self.gaps += delivery.gaps
        self.checkpoints += delivery.checkpoints

    def values(self) -> list[Any]:
        return [record.fields.get("v") for record in self.records]

    def in_force(self) -> dict[bytes, Any]:
        """The last value of each key that was not deleted, as the core has it."""
        facts: dict[bytes, tuple[int, Any]] = {}
        for record in self.records:
            version = record.version or 0
            if record.deleted:
                facts.pop(record.key, None)
            elif version >= facts.get(record.key, (0, None))[0] or not record.version:
                facts[record.key] = version, record.fields.get("v")
        return {key: value for key, (_, value) in facts.items()}


def poll_table(database: Any, state: Path, **source: Any) -> Connector:
    options = {
        "url": database.url, "poll_s": 0.05, "timeout_s": 10, "page_rows": 7,
        "sources": [{"name": "s", "table": database.table, "id": "id"} | source],
    }  # fmt: skip
    return create("polled", options, state)


@dataclass
class _QuietPolls:
    """Counts the polls and comparisons of each source since the last delivery.

    Polls, not seconds: on a busy machine a single poll may take seconds.
    """

    connector: SqlConnector
    polls: int
    comparisons: int
    due: dict[str, tuple[float, float]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    deadline_s: float = field(default_factory=lambda: time.monotonic() + PATIENCE_S)

    def are_enough(self) -> bool:
        for poll in self.connector._polls:
            name = poll.source.name
            due = poll.due_s, poll.compare_due_s
            before = self.due.setdefault(name, due)
            self.counts[f"{name} polls"] += due[0] != before[0]
            self.counts[f"{name} comparisons"] += due[1] != before[1]
            self.due[name] = due
        assert time.monotonic() < self.deadline_s, f"not within {PATIENCE_S:g} s: {self}"
        running = self.connector._running
        return (running is None or running.done()) and all(
            self.counts[f"{poll.source.name} polls"] >= self.polls and self._is_compared(poll)
            for poll in self.connector._polls
        )

    def _is_compared(self, poll: Any) -> bool:
        is_due_soon = poll.compare_due_s < time.monotonic() + PATIENCE_S
        return (
            poll.source.deletions_every_s is None
            or not is_due_soon
            or self.counts[f"{poll.source.name} comparisons"] >= self.comparisons
        )


async def drain(
    connector: Connector, spool: FakeSpool, *, polls: int = POLLS, comparisons: int = 2
) -> None:
    """Read until that many polls, and comparisons where they are due, have found nothing."""
    assert isinstance(connector, SqlConnector)
    while True:
        read = asyncio.ensure_future(connector.read())
        quiet = _QuietPolls(connector, polls, comparisons)
        while not read.done() and not quiet.are_enough():
            await asyncio.wait([read], timeout=0.01)
        if not read.done():
            read.cancel()
            await asyncio.gather(read, return_exceptions=True)
            return
        delivery = await read
        spool.store(delivery)
        await delivery.acknowledge()
