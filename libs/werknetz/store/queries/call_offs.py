"""Which version of a call-off is in force, and which it replaced."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.supply import call_off_entries, call_offs

_VERSION = call_offs.c
_ENTRY = call_off_entries.c
# A row's number changes with each message of its relation; its first event does not.
STABLE_ID = _VERSION.event_ids[1].label("id")


def entries_query(event_ids: Sequence[UUID]) -> sa.Select[Any]:
    """Select the entries of a version, by due date."""
    return (
        sa.select(call_off_entries)
        .where(_ENTRY.event_id.in_(event_ids), _ENTRY.known_to.is_(None))
        .order_by(_ENTRY.due_from.asc().nulls_first(), _ENTRY.line, _ENTRY.event_id)
    )


def previous_version_query(version: sa.RowMapping) -> sa.Select[Any]:
    """Select the version that this one replaced: of the same order, where it belongs to one."""
    candidate, current = call_off_entries.alias(), call_off_entries.alias()
    has_same_order = (
        sa.select(1)
        .select_from(candidate)
        .join(
            current,
            sa.and_(
                current.c.order_number.is_not_distinct_from(candidate.c.order_number),
                current.c.order_line.is_not_distinct_from(candidate.c.order_line),
            ),
        )
        .where(
            candidate.c.event_id == sa.any_(_VERSION.event_ids), candidate.c.known_to.is_(None),
            current.c.event_id.in_(version["event_ids"]), current.c.known_to.is_(None),
        )
        .correlate(call_offs)
        .exists()
    )  # fmt: skip
    rank = (_VERSION.issued_at, _VERSION.known_at, _VERSION.document)
    current_rank = sa.tuple_(*(sa.literal(version[c.name], c.type) for c in rank))
    return (
        sa.select(_VERSION.document, STABLE_ID, _VERSION.event_ids)
        .where(
            _VERSION.relation_id == version["relation_id"],
            _VERSION.state != "outdated_on_arrival",
            sa.tuple_(*rank) < current_rank,
            has_same_order,
        )
        .order_by(*(c.desc() for c in rank))
        .limit(1)
    )


def in_force_condition(at: datetime, known_at: datetime | None) -> sa.ColumnElement[bool]:
    """Return the condition that a version was in force; with `known_at`, as it was known then."""
    if known_at is not None:
        return _in_force_as_known(at, known_at)
    return sa.and_(
        _VERSION.in_force_from <= at,
        sa.or_(_VERSION.in_force_to.is_(None), _VERSION.in_force_to > at),
    )


def _in_force_as_known(at: datetime, known_at: datetime) -> sa.ColumnElement[bool]:
    """Derive the version in force from the entries that were known at `known_at`."""
    outdated, group = (
        call_offs.alias(),
        (_ENTRY.relation_id, _ENTRY.order_number, _ENTRY.order_line),
    )
    versions = (
        sa.select(
            *group, _ENTRY.document, sa.func.max(_ENTRY.issued_at).label("issued_at"),
            sa.func.min(_ENTRY.known_from).label("known_at"),
            sa.func.array_agg(_ENTRY.event_id).label("event_ids"),
        )
        .where(
            _ENTRY.relation_id.is_not(None), _ENTRY.issued_at <= at, _ENTRY.known_from <= known_at,
            sa.or_(_ENTRY.known_to.is_(None), _ENTRY.known_to > known_at),
            ~sa.select(1).where(
                outdated.c.relation_id == _ENTRY.relation_id,
                outdated.c.document == _ENTRY.document,
                outdated.c.state == "outdated_on_arrival",
            ).exists(),
        )
        .group_by(*group, _ENTRY.document)
        .subquery()
    )  # fmt: skip
    v = versions.c
    newest = (
        sa.select(v.relation_id, v.document, v.event_ids)
        .ext(pg.distinct_on(v.relation_id, v.order_number, v.order_line))
        .order_by(
            v.relation_id, v.order_number, v.order_line, v.issued_at.desc(), v.known_at.desc(),
            v.document.desc(),
        )
        .subquery()
    )  # fmt: skip
    return (
        sa.select(1)
        .where(
            newest.c.relation_id == _VERSION.relation_id,
            newest.c.document == _VERSION.document,
            newest.c.event_ids[1] == sa.any_(_VERSION.event_ids),  # of the same order
        )
        .correlate(call_offs)
        .exists()
    )
