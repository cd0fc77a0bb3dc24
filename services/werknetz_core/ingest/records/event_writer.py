"""Stores facts, their revisions and withdrawals, inside the caller's transaction.

New facts, the usual case, cost one statement. Rows that exist are locked and compared: a delivery
counts as stored, duplicate, revision, withdrawal or conflict, never as nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

import asyncpg

from werknetz.events.batch import BusinessEvent, EventWithdrawn, GroupEnd
from werknetz.store.ingest import events as statements
from werknetz_core.ingest.records.books import BookCounts
from werknetz_core.ingest.records.event_changes import (
    EventChanges,
    EventConflict,
    EventOrigin,
    EventRow,
    FormerContent,
    FormerRevision,
    ids_that_stay,
    versions_below,
)
from werknetz_core.ingest.records.event_rows import columns_of_events

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

_NO_CHANGE: Final = datetime.min.replace(tzinfo=UTC)
EventRecord: TypeAlias = BusinessEvent | EventWithdrawn | GroupEnd


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """What became of the records: counts for the books, and events for the quarantine."""

    counts: BookCounts
    conflicts: Sequence[EventConflict] = ()


async def write_events(
    connection: "Connection",
    connector_id: str,
    spool_id: UUID,
    records: Sequence[tuple[int, EventRecord]],
) -> EventOutcome:
    """Apply (seq, record) in their order; the same fact may occur several times."""
    new = await add_new_events(connection, connector_id, spool_id, records)
    if len(new) == len(records):
        return EventOutcome(BookCounts(stored=len(new)))
    changes = await load_changes(connection, records, new)
    for seq, record in records:
        origin = EventOrigin(connector_id, spool_id, seq)
        match record:
            case BusinessEvent():
                changes.deliver(record, origin)
            case EventWithdrawn():
                changes.withdraw(record, origin)
            case GroupEnd():
                changes.end_group(record, origin)
    await store_changes(connection, changes)
    return EventOutcome(changes.counts, changes.conflicts)


async def add_new_events(
    connection: "Connection",
    connector_id: str,
    spool_id: UUID,
    records: Sequence[tuple[int, EventRecord]],
) -> set[UUID]:
    """Insert the first delivery of each fact that is not stored; return the ids of those."""
    first: dict[UUID, tuple[int, BusinessEvent]] = {}
    for seq, record in records:
        if isinstance(record, BusinessEvent):
            first.setdefault(record.event_id, (seq, record))
    if not first:
        return set()
    columns = columns_of_events([*first.values()])
    row = await connection.fetchrow(statements.ADD_EVENTS, connector_id, spool_id, *columns)
    if row is None or row["added"] < len(first):
        return set() if row is None else set(row["event_ids"] or ())
    return set(first)


async def load_changes(
    connection: "Connection", records: Sequence[tuple[int, EventRecord]], new: set[UUID]
) -> EventChanges:
    """Lock what is stored of the facts and groups of the records."""
    ends = [record for _, record in records if isinstance(record, GroupEnd)]
    groups = {end.group for end in ends}
    deliveries = Counter(
        record.event_id for _, record in records if not isinstance(record, GroupEnd)
    )
    stored_ids = [i for i, count in deliveries.items() if count > 1 or i not in new]
    stay = ids_that_stay(ends)
    rows = await connection.fetch(statements.LOCK_EVENTS, stored_ids, list(groups), list(stay))
    by_id = {row["event_id"]: _to_row(row) for row in rows}
    now = max((row["read_at"] for row in rows), default=_NO_CHANGE)
    events = [record for _, record in records if isinstance(record, BusinessEvent)]
    former: set[FormerContent] = set()
    if older := versions_below(events, by_id):
        for row in await connection.fetch(statements.FORMER_VERSIONS, list(older)):
            former.add((row["event_id"], row["version"], row["content"]))
    return EventChanges(by_id, new, now, former)


async def store_changes(connection: "Connection", changes: EventChanges) -> None:
    if changes.replaced:
        columns = _columns_of_former(changes.replaced)
        await connection.execute(statements.ADD_FORMER_REVISIONS, *columns)
    if changes.changed:
        ids = sorted(changes.changed, key=lambda event_id: event_id.bytes)
        rows = [changes.rows[event_id] for event_id in ids]
        await connection.execute(statements.REPLACE_EVENTS, *_columns_of_rows(rows))


def _to_row(row: asyncpg.Record) -> EventRow:
    names = ("connector_id", "spool_id", "seq")
    origin = EventOrigin(*(row[name] for name in names))
    rest = {name: value for name, value in row.items() if name not in names and name != "read_at"}
    return EventRow(origin=origin, **rest)


def _columns_of_former(former: Sequence[FormerRevision]) -> list[list[object]]:
    return [
        [f.row.event_id for f in former],
        [f.row.revision for f in former],
        [f.row.at for f in former],
        [f.row.mapping for f in former],
        [f.row.body for f in former],
        [f.known_from for f in former],
        [f.known_to for f in former],
        [f.row.origin.connector_id for f in former],
        [f.row.item for f in former],
        [f.row.raw_hash for f in former],
        [f.row.content for f in former],
        [f.row.version for f in former],
        [f.row.withdrawal_reason for f in former],
    ]


def _columns_of_rows(rows: Sequence[EventRow]) -> list[list[object]]:
    return [
        [row.event_id for row in rows],
        [row.origin.connector_id for row in rows],
        [row.origin.spool_id for row in rows],
        [row.origin.seq for row in rows],
        [row.source for row in rows],
        [row.item for row in rows],
        [row.at for row in rows],
        [row.mapping for row in rows],
        [row.raw_hash for row in rows],
        [row.body for row in rows],
        [row.revision for row in rows],
        [row.stored_at for row in rows],
        [row.content for row in rows],
        [row.version for row in rows],
        [row.group_key for row in rows],
        [row.withdrawn_at for row in rows],
        [row.withdrawal_reason for row in rows],
    ]
