"""Corrects the facts of a replayed input, in the transaction of the replay.

A fact is corrected only where it still has the content that this input delivered: a later delivery
may have revised or withdrawn it since. So a replay of old inputs never undoes what is newer, and a
repeated replay changes nothing.
"""

from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from werknetz.events.batch import BusinessEvent, EventWithdrawn, GroupEnd
from werknetz.store.ingest.records import ADD_TO_QUARANTINE
from werknetz_core.ingest.records.event_changes import (
    EventChanges,
    EventConflict,
    EventOrigin,
    EventRow,
    has_content,
)
from werknetz_core.ingest.records.event_rows import bounded_instant
from werknetz_core.ingest.records.event_writer import (
    EventRecord,
    add_new_events,
    load_changes,
    store_changes,
)
from werknetz_core.ingest.records.rejects import RecordUnit, quarantine_row_of_unit
from werknetz_core.mappings.replays.correction import EventCorrection

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


async def correct_events(
    connection: "Connection", connector_id: str, label: str, correction: EventCorrection
) -> int:
    """Return how many facts changed: new ones, revisions and withdrawals. `label`: the mapping."""
    _, spool_id, seq = correction.raw_input.position
    origin = EventOrigin(connector_id, spool_id, seq)
    before = [*correction.removed, *(old for old, _ in correction.changed)]
    records: list[EventRecord] = [
        *correction.added, *before, *correction.withdrawn, *correction.ended,
    ]  # fmt: skip
    added = [(seq, event) for event in correction.added]
    new = await add_new_events(connection, connector_id, spool_id, added)
    count = len(new)
    changes = await load_changes(connection, [(seq, record) for record in records], new)
    for event in correction.removed:
        _withdraw_removed(changes, event, label)
    for old, event in correction.changed:
        row = changes.rows.get(event.event_id)
        if row is not None and row.is_in_force and has_content(row, old):
            changes.supersede(row, changes.revision_of(row, event, row.origin))
    for event in correction.added:
        if _is_last_delivery(event, changes, origin):
            changes.deliver(event, origin)
    for withdrawal in correction.withdrawn:
        row = changes.rows.get(withdrawal.event_id)
        if row is not None and row.mapping == label:
            changes.withdraw(withdrawal, origin)
    _end_groups(changes, correction.ended, origin, label)
    await store_changes(connection, changes)
    for conflict in changes.conflicts:
        await _quarantine(connection, origin, conflict)
    return count + len(changes.changed)


def _withdraw_removed(changes: EventChanges, event: BusinessEvent, label: str) -> None:
    row = changes.rows.get(event.event_id)
    if row is None or not row.is_in_force or not has_content(row, event):
        return
    cause = EventWithdrawn(
        event.event_id, event.source, event.item, event.at_us, label, event.raw_hash,
        reason=f"not created by {label}",
    )  # fmt: skip
    changes.withdraw(cause, row.origin)


def _is_last_delivery(event: BusinessEvent, changes: EventChanges, origin: EventOrigin) -> bool:
    """Whether a fact that only the new mapping creates is not stored from a later batch."""
    row = changes.rows.get(event.event_id)
    if event.event_id in changes.new or row is None:
        return True
    return row.origin.spool_id != origin.spool_id or row.origin.seq <= origin.seq


def _end_groups(
    changes: EventChanges, ended: tuple[GroupEnd, ...], origin: EventOrigin, label: str
) -> None:
    """End groups only for facts that the new mapping has created: others are as delivered."""
    others: dict[UUID, EventRow] = {
        event_id: row for event_id, row in changes.rows.items() if row.mapping != label
    }
    for event_id in others:
        del changes.rows[event_id]
    for end in ended:
        changes.end_group(end, origin)
    changes.rows |= others


async def _quarantine(
    connection: "Connection", origin: EventOrigin, conflict: EventConflict
) -> None:
    unit = RecordUnit(origin.seq, "live", conflict.event)
    row = quarantine_row_of_unit(unit, conflict.reason)
    await connection.execute(
        ADD_TO_QUARANTINE, origin.connector_id, origin.spool_id, row.seq, row.source, row.reason,
        row.raw, row.size, row.mapping, bounded_instant(row.at_us), row.place, row.raw_hash,
        row.count,
    )  # fmt: skip
