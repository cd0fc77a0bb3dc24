"""Writes entries about the states of a machine, and marks what has to be computed again.

Entries in force of one machine never overlap: a new one takes its span out of the others, whose
rest goes on as before. Every entry belongs to a change in the audit log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.kpi.stops.thresholds import MINOR_STOP_US
from werknetz.store.dirty import MARK_BUCKETS_BETWEEN
from werknetz.store.locks import LOCK_OF
from werknetz.store.session import WriteSession
from werknetz.store.shop_floor import entries as statements
from werknetz.store.tables import state_entries

_LOCK: Final = 0x53544F50  # "STOP": one change at a time at a machine


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What a person states about [start_us, end_us); see the table `state_entries`."""

    start_us: int
    end_us: int
    state: int | None
    reason: str | None
    is_planned: bool | None
    comment: str | None
    entered_by: str
    follows_start: bool = False
    follows_end: bool = False
    is_open: bool = False
    reported_state: int | None = None
    reported_code: str | None = None


async def lock_machine(session: WriteSession, equipment_id: int) -> None:
    """Wait until no other change is being made at the machine."""
    await session.execute(sa.text(LOCK_OF), {"kind": _LOCK, "id": equipment_id})


async def write_entries(
    session: WriteSession, equipment_id: int, change_id: int, entries: Sequence[NewEntry]
) -> None:
    """Enter adjacent or distant spans; what was in force there ends with this change."""
    for entry in entries:
        await _take_out(session, equipment_id, change_id, entry.start_us, entry.end_us)
        await session.execute(
            sa.insert(state_entries).values(
                equipment_id=equipment_id, start_at=instant_of(entry.start_us),
                end_at=instant_of(entry.end_us), state=entry.state, reason=entry.reason,
                is_planned=entry.is_planned, comment=entry.comment, entered_by=entry.entered_by,
                change_id=change_id, follows_start=entry.follows_start,
                follows_end=entry.follows_end, is_open=entry.is_open,
                reported_state=entry.reported_state, reported_code=entry.reported_code,
            )
        )  # fmt: skip
        await mark_span(session, equipment_id, entry.start_us, entry.end_us)


async def mark_span(session: WriteSession, equipment_id: int, start_us: int, end_us: int) -> None:
    """Mark the buckets of a span; a fault that begins just before it may be judged anew."""
    span = {"start": instant_of(start_us - MINOR_STOP_US), "end": instant_of(end_us)}
    await session.execute(sa.text(MARK_BUCKETS_BETWEEN), {"equipment_id": equipment_id, **span})


async def restore_entries(session: WriteSession, ended: Sequence[Mapping[str, Any]]) -> None:
    """Enter again what a change had ended, as it was."""
    rows = [{name: row[name] for name in statements.COPIED} for row in ended]
    if rows:
        await session.execute(sa.insert(state_entries), rows)


async def _take_out(
    session: WriteSession, equipment_id: int, change_id: int, start_us: int, end_us: int
) -> None:
    query = statements.entries_between(equipment_id, instant_of(start_us), instant_of(end_us))
    touched = (await session.execute(query)).mappings().all()
    await session.execute(statements.end_entries([row["id"] for row in touched], change_id))
    rests = []
    for row in touched:
        copy = {name: row[name] for name in statements.COPIED} | {"change_id": change_id}
        if microseconds_of(row["start_at"]) < start_us:
            rests.append(
                copy | {"end_at": instant_of(start_us), "follows_end": False, "is_open": False}
            )
        if microseconds_of(row["end_at"]) > end_us:
            rests.append(copy | {"start_at": instant_of(end_us), "follows_start": False})
    if rests:
        await session.execute(sa.insert(state_entries), rests)
