"""Call-offs: every version of every delivery schedule, and what each changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from sqlalchemy.dialects import postgresql as pg

from werknetz.domain.bucket import instant_of
from werknetz.store.session import ReadSession
from werknetz.store.supply import (
    call_off_entries,
    call_offs,
    materials,
    partners,
    supply_relations,
)
from werknetz_core.access import supply_scope
from werknetz_core.access.supply_scope import MATERIAL, SITE, SUPPLIER
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, Viewer
from werknetz_core.context.collection import query_page, utc_time_context
from werknetz_core.context.time_spec import parse_instant
from werknetz_core.deliveries.call_offs.changes import changes_of
from werknetz_core.deliveries.call_offs.schemas import (
    CallOffDetailView,
    CallOffEntryView,
    CallOffView,
)
from werknetz_core.http import pagination
from werknetz_core.http.links import event_link
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["supply"])
_SORTING: Final = Sorting(
    "-issued_at",
    tie=SortKey(call_offs.c.id, SortType.NUMBER),
    keys={
        "issued_at": SortKey(call_offs.c.issued_at, SortType.TIME),
        "known_at": SortKey(call_offs.c.known_at, SortType.TIME),
        "document": SortKey(call_offs.c.document),
        "supplier": SortKey(partners.c.key),
        "material": SortKey(materials.c.number),
    },
)
# A row's number changes with each message of its relation; an event stays what it is.
_ID: Final = call_offs.c.event_ids[1].label("id")
_SHOWN: Final = sa.select(
    *(c for c in call_offs.c if c.name != "id"), _ID, *supply_scope.RELATION_NAMES
).select_from(
    call_offs.join(supply_scope.RELATIONS, supply_relations.c.id == call_offs.c.relation_id)
)


@router.get("/call_offs")
async def list_call_offs(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: Viewer,
    supplier: supply_scope.SupplierFilter = [],  # noqa: B006 - FastAPI copies
    material: supply_scope.MaterialFilter = [],  # noqa: B006 - as above
    site: supply_scope.SiteFilter = [],  # noqa: B006 - as above
    document: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
    state: Annotated[
        list[Literal["in_force", "replaced", "outdated_on_arrival"]],
        Query(description="Repeated: any."),
    ] = [],  # noqa: B006 - as above
    at: Annotated[str | None, Query(description="Only those in force at this time.")] = None,
    known_at: Annotated[
        str | None, Query(description="… as it was known then; without `at`: in force then.")
    ] = None,
    params: ListParamsDep,
) -> pagination.Page[CallOffView]:
    """List every version, newest first. Sort: issued_at, known_at, document, supplier, material."""
    query = _SHOWN.where(
        supply_scope.relation_visible(principal, call_offs.c.relation_id),
        await supply_scope.name_condition(
            SUPPLIER, supplier, supply_relations.c.supplier_id, session, principal
        ),
        await supply_scope.name_condition(
            MATERIAL, material, supply_relations.c.material_id, session, principal
        ),
        await supply_scope.name_condition(
            SITE, site, supply_relations.c.site_id, session, principal
        ),
    )
    if document:
        query = query.where(call_offs.c.document.in_(document))
    if state:
        query = query.where(call_offs.c.state.in_(state))
    if at is not None or known_at is not None:
        known_us = (
            None
            if known_at is None
            else parse_instant(known_at, "known_at", utc_time_context(context))
        )
        at_us = (
            parse_instant(at, "at", utc_time_context(context))
            if at is not None or known_us is None
            else known_us
        )
        known = None if known_us is None else instant_of(known_us)
        query = query.where(_in_force(instant_of(at_us), known))
    return await query_page(request, session, params, query, _SORTING, CallOffView)


@router.get("/call_offs/{event_id}")
async def show_call_off(
    event_id: UUID, session: ReadSessionDep, principal: Viewer
) -> CallOffDetailView:
    """Show the version that the event belongs to: its entries, and what it changed."""
    told = call_off_entries.alias()
    query = _SHOWN.where(
        call_offs.c.relation_id.in_(
            sa.select(told.c.relation_id).where(told.c.event_id == event_id)
        ),
        sa.literal(event_id) == sa.any_(call_offs.c.event_ids),
        supply_scope.relation_visible(principal, call_offs.c.relation_id),
    ).limit(1)
    row = (await session.execute(query)).mappings().first()
    if row is None:
        raise Problem(
            404, "unknown_call_off", f"No call-off that this key may see has the event {event_id}.",
            "GET /api/v1/call_offs lists them.",
        )  # fmt: skip
    lines = await _entries(session, row["event_ids"])
    former = (await session.execute(_former(row))).mappings().first()
    before = [] if former is None else await _entries(session, former["event_ids"])
    return CallOffDetailView(
        **row,
        lines=lines,
        former=None if former is None else former["document"],
        former_id=None if former is None else former["id"],
        changes=[] if former is None else changes_of(before, lines),
    )


async def _entries(session: ReadSession, event_ids: Sequence[UUID]) -> list[CallOffEntryView]:
    e = call_off_entries.c
    query = (
        sa.select(call_off_entries)
        .where(e.event_id.in_(event_ids), e.known_to.is_(None))
        .order_by(e.due_from.asc().nulls_first(), e.line, e.event_id)
    )
    rows = (await session.execute(query)).mappings().all()
    return [CallOffEntryView(**row, event=event_link(row["event_id"])) for row in rows]


def _former(row: sa.RowMapping) -> sa.Select[Any]:
    """The version that was in force until this one, of the same order where it is of one."""
    told, own, v = call_off_entries.alias(), call_off_entries.alias(), call_offs.c
    of_the_same = (
        sa.select(1)
        .select_from(told)
        .join(
            own,
            sa.and_(
                own.c.order_number.is_not_distinct_from(told.c.order_number),
                own.c.order_line.is_not_distinct_from(told.c.order_line),
            ),
        )
        .where(
            told.c.event_id == sa.any_(v.event_ids), told.c.known_to.is_(None),
            own.c.event_id.in_(row["event_ids"]), own.c.known_to.is_(None),
        )
        .correlate(call_offs)
        .exists()
    )  # fmt: skip
    place = (v.issued_at, v.known_at, v.document)
    here = sa.tuple_(*(sa.literal(row[c.name], c.type) for c in place))
    return (
        sa.select(call_offs.c.document, _ID)
        .add_columns(v.event_ids)
        .where(
            v.relation_id == row["relation_id"],
            v.state != "outdated_on_arrival",
            sa.tuple_(*place) < here,
            of_the_same,
        )
        .order_by(*(c.desc() for c in place))
        .limit(1)
    )


def _in_force(at: datetime, known_at: datetime | None) -> sa.ColumnElement[bool]:
    """Return which versions were in force; with `known_at`, as the entries known then say it."""
    v, e = call_offs.c, call_off_entries.c
    if known_at is None:
        return sa.and_(v.in_force_from <= at, sa.or_(v.in_force_to.is_(None), v.in_force_to > at))
    late, group = call_offs.alias(), (e.relation_id, e.order_number, e.order_line)
    told = (
        sa.select(
            *group, e.document, sa.func.max(e.issued_at).label("issued_at"),
            sa.func.min(e.known_from).label("known_at"),
            sa.func.array_agg(e.event_id).label("event_ids"),
        )
        .where(
            e.relation_id.is_not(None), e.issued_at <= at, e.known_from <= known_at,
            sa.or_(e.known_to.is_(None), e.known_to > known_at),
            ~sa.select(1).where(
                late.c.relation_id == e.relation_id, late.c.document == e.document,
                late.c.state == "outdated_on_arrival",
            ).exists(),
        )
        .group_by(*group, e.document)
        .subquery()
    )  # fmt: skip
    t = told.c
    newest = (
        sa.select(t.relation_id, t.document, t.event_ids)
        .ext(pg.distinct_on(t.relation_id, t.order_number, t.order_line))
        .order_by(
            t.relation_id, t.order_number, t.order_line, t.issued_at.desc(), t.known_at.desc(),
            t.document.desc(),
        )
        .subquery()
    )  # fmt: skip
    n = newest.c
    return (
        sa.select(1)
        .where(
            n.relation_id == v.relation_id,
            n.document == v.document,
            n.event_ids[1] == sa.any_(v.event_ids),  # of the same order
        )
        .correlate(call_offs)
        .exists()
    )
