"""Statements over what people enter about the states of a machine: each change by its number."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from werknetz.store.tables import state_entries

_E: Final = state_entries.c
# What the copy of an entry has in common with it.
COPIED: Final = (
    "equipment_id", "start_at", "end_at", "state", "reason", "is_planned", "comment", "entered_by",
    "change_id", "follows_start", "follows_end", "is_open", "reported_state", "reported_code",
)  # fmt: skip


def entries_between(equipment_id: int, start_at: datetime, end_at: datetime) -> sa.Select[Any]:
    """Return the entries in force of a machine that overlap the half-open span."""
    return (
        sa.select(state_entries)
        .where(_E.equipment_id == equipment_id, _E.known_to.is_(None))
        .where(_E.end_at > start_at, _E.start_at < end_at)
        .order_by(_E.start_at)
    )


def entries_of_change(change_id: int) -> sa.Select[Any]:
    """Return all entries that a change made, in force or not."""
    return sa.select(state_entries).where(_E.change_id == change_id).order_by(_E.start_at)


def entries_ended_by(change_id: int) -> sa.Select[Any]:
    return sa.select(state_entries).where(_E.ended_by == change_id).order_by(_E.start_at)


def end_entries(ids: Sequence[int], change_id: int) -> sa.Update:
    """Return the statement by which a change puts entries out of force; they stay as history."""
    return (
        sa.update(state_entries)
        .where(_E.id.in_(ids), _E.known_to.is_(None))
        .values(known_to=sa.func.clock_timestamp(), ended_by=change_id)
    )


def open_entries(limit: int) -> sa.Select[Any]:
    """Return the entries whose stop still goes on, the latest first."""
    return (
        sa.select(state_entries)
        .where(_E.is_open, _E.known_to.is_(None))
        .order_by(_E.end_at.desc(), _E.id)
        .limit(limit)
    )
