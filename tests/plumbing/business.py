"""Business events put into the database as ingest, replays and corrections do."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from werknetz.events.facts import fact_of
from werknetz.store.ingest.events import ADD_EVENTS
from werknetz.store.session import DriverPool
from werknetz_worker.projection.projector import project

SPOOL = UUID("5d2f8a64-33f1-4a53-9f6e-1c8f3f5fb0a1")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEEP_REVISIONS = """
INSERT INTO business_event_revisions (event_id, revision, at, mapping, body, known_from,
    withdrawal_reason)
SELECT event_id, revision, at, mapping, body, stored_at, withdrawal_reason FROM business_events
WHERE event_id = ANY($1::uuid[])"""
REVISE_EVENTS = """
UPDATE business_events e SET at = new.at, mapping = 'test v2', body = new.body::jsonb,
    revision = e.revision + 1, stored_at = clock_timestamp(), withdrawn_at = NULL,
    withdrawal_reason = NULL
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS new (event_id, at, body)
WHERE e.event_id = new.event_id"""
WITHDRAW_EVENTS = """
UPDATE business_events e SET revision = revision + 1, stored_at = now(), withdrawn_at = now(),
    withdrawal_reason = 'deleted'
WHERE event_id = ANY($1::uuid[])"""


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
            [at(when)], ["test v1"], [b""], [json.dumps(body)], [b""], [None], [b""], [0],
        )  # fmt: skip
        return event_id

    async def revise(self, name: str, when: str, **body: Any) -> None:
        """Revise an event, as a replay does."""
        event_id = self.ids[name]
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(KEEP_REVISIONS, [event_id])
            await connection.execute(REVISE_EVENTS, [event_id], [at(when)], [json.dumps(body)])

    async def withdraw(self, name: str) -> None:
        """Withdraw an event, as a deleted row does."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(KEEP_REVISIONS, [self.ids[name]])
            await connection.execute(WITHDRAW_EVENTS, [self.ids[name]])

    async def delete(self, name: str) -> None:
        """Delete an event, as an operator may."""
        await self.pool.execute("DELETE FROM business_events WHERE event_id = $1", self.ids[name])

    async def project(self, **options: Any) -> int:
        return await project(self.pool, **options)

    async def current_rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        rows = await self.pool.fetch(
            f"SELECT {columns} FROM {table} WHERE known_to IS NULL ORDER BY at, event_id"
        )
        return [tuple(row) for row in rows]

    async def fetch(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.pool.fetch(query, *arguments)]
