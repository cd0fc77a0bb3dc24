"""A table that the SQL connector polls, and the spool that its rows go to, for tests."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector, Delivery, SourceRecord
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_edge.sql import create


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


async def drain(connector: Connector, spool: FakeSpool, *, quiet_s: float = 0.6) -> None:
    """Read until no delivery arrives for `quiet_s`."""
    while True:
        read = asyncio.ensure_future(connector.read())
        done, _ = await asyncio.wait([read], timeout=quiet_s)
        if not done:
            read.cancel()
            await asyncio.gather(read, return_exceptions=True)
            return
        delivery = await read
        spool.store(delivery)
        await delivery.acknowledge()
