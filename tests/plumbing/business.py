"""Business events put into the database as ingest, replays and corrections do."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from werknetz.events.facts import fact_of
from werknetz.store.ingest.records import ADD_EVENTS
from werknetz.store.mappings import KEEP_REVISIONS, REMOVE_EVENTS, REWRITE_EVENTS
from werknetz.store.session import DriverPool
from werknetz_worker.projection.projector import project

SPOOL = UUID("5d2f8a64-33f1-4a53-9f6e-1c8f3f5fb0a1")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """Read `2026-11-02 06:00` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def us(text: str) -> int:
    return (at(text) - EPOCH) // timedelta(microseconds=1)


@dataclass
class Business:
    """Adds, revises and deletes events; `ids` maps the test's names of events to their ids."""

    pool: DriverPool
    connector: str = "partners"
    ids: dict[str, UUID] = field(default_factory=dict)

    async def begin(self) -> None:
        await self.pool.execute("INSERT INTO connectors (id) VALUES ($1)", self.connector)

    async def add(self, name: str, kind: str, when: str, **body: Any) -> UUID:
        """Add one event; the same name again is the same event."""
        fact_of(kind, body)  # raises what is wrong with it
        event_id = uuid5(SPOOL, name)
        self.ids[name] = event_id
        await self.pool.execute(
            ADD_EVENTS, self.connector, uuid4(), [event_id], [kind], [1], ["test"], [""],
            [at(when)], ["test v1"], [b""], [json.dumps(body)],
        )  # fmt: skip
        return event_id

    async def revise(self, name: str, when: str, **body: Any) -> None:
        """Revise an event, as a replay does."""
        event_id = self.ids[name]
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(KEEP_REVISIONS, [event_id])
            await connection.execute(
                REWRITE_EVENTS, [event_id], [at(when)], ["test v2"], [json.dumps(body)]
            )

    async def delete(self, name: str) -> None:
        await self.pool.execute(REMOVE_EVENTS, [self.ids[name]])

    async def project(self, **options: Any) -> int:
        return await project(self.pool, **options)

    async def current_rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        rows = await self.pool.fetch(
            f"SELECT {columns} FROM {table} WHERE known_to IS NULL ORDER BY at, event_id"
        )
        return [tuple(row) for row in rows]

    async def fetch(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.pool.fetch(query, *arguments)]
