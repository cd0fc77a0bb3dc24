"""Orders and their operations out of what was told of a job's start and end."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from werknetz.store.projection import jobs as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.projection.event_revisions import Told

_KINDS: Final = ("job_started", "job_finished")

Key = tuple[str, str, str]  # order, operation, equipment


async def write_jobs(
    connection: WriteConnection, told: Sequence[Told], events: Sequence[UUID]
) -> None:
    """Derive anew the operations that the events name, or named before."""
    keys = {_key(one) for one in told if one.kind in _KINDS}
    there = {one.event_id for one in told}
    if not keys and there.issuperset(events):
        return
    wanted = sorted(keys)
    removed = await connection.fetch(statements.DELETE_OPERATIONS, events, *_columns(wanted))
    wanted = sorted(keys | {(row[0], row[1], row[2]) for row in removed})
    if wanted:
        await connection.execute(statements.INSERT_OPERATIONS, *_columns(wanted))
        await connection.execute(statements.UPSERT_PRODUCTION_ORDERS, [key[0] for key in wanted])


def _key(told: Told) -> Key:
    return (
        told.text("order_number") or "", told.text("operation") or "", told.text("equipment") or "",
    )  # fmt: skip


def _columns(keys: Sequence[Key]) -> list[list[str]]:
    return [[key[number] for key in keys] for number in range(3)]
