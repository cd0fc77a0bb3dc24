"""Derives orders and their operations from the start and end events of jobs."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from werknetz.store.projection import jobs as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.projection.event_revisions import EventRevision

_KINDS: Final = ("job_started", "job_finished")

Key = tuple[str, str, str]  # order, operation, equipment


async def write_jobs(
    connection: WriteConnection, revisions: Sequence[EventRevision], events: Sequence[UUID]
) -> bool:
    """Derive the operations again that the events name, or named before; return whether any did."""
    keys = {_key(event) for event in revisions if event.kind in _KINDS}
    there = {event.event_id for event in revisions}
    if not keys and there.issuperset(events):
        return False
    ordered_keys = sorted(keys)
    removed = await connection.fetch(statements.DELETE_OPERATIONS, events, *_columns(ordered_keys))
    ordered_keys = sorted(keys | {(row[0], row[1], row[2]) for row in removed})
    if ordered_keys:
        await connection.execute(statements.INSERT_OPERATIONS, *_columns(ordered_keys))
        await connection.execute(
            statements.UPSERT_PRODUCTION_ORDERS, [key[0] for key in ordered_keys]
        )
    return bool(ordered_keys)


def _key(event: EventRevision) -> Key:
    return (
        event.text("order_number") or "",
        event.text("operation") or "",
        event.text("equipment") or "",
    )  # fmt: skip


def _columns(keys: Sequence[Key]) -> list[list[str]]:
    return [[key[number] for key in keys] for number in range(3)]
