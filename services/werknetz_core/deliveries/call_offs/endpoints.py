"""Call-offs: every version of every delivery schedule, and what each version changed."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.domain.bucket import instant_of
from werknetz.store.queries.call_offs import (
    STABLE_ID,
    entries_query,
    in_force_condition,
    previous_version_query,
)
from werknetz.store.session import ReadSession
from werknetz.store.tables.supply import (
    call_off_entries,
    call_offs,
    materials,
    partners,
    supply_relations,
)
from werknetz.texts.sentence import Sentence
from werknetz_core.access import supply_scope
from werknetz_core.access.require import MayRead
from werknetz_core.access.supply_filters import RelationFiltersDep
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
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
_QUERY: Final = sa.select(
    *(c for c in call_offs.c if c.name != "id"), STABLE_ID, *supply_scope.RELATION_NAMES
).select_from(
    call_offs.join(supply_scope.RELATIONS, supply_relations.c.id == call_offs.c.relation_id)
)


@router.get("/call_offs")
async def list_call_offs(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    filters: RelationFiltersDep,
    document: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    state: Annotated[
        list[Literal["in_force", "replaced", "outdated_on_arrival"]],
        Query(description="Repeated: any."),
    ] = [],  # noqa: B006 - as above
    at: Annotated[str | None, Query(description="Only versions in force at this time.")] = None,
    known_at: Annotated[
        str | None,
        Query(description="As it was known at this time; without `at`: in force at this time."),
    ] = None,
    params: ListParamsDep,
) -> pagination.Page[CallOffView]:
    """List every version, newest first. Sort: issued_at, known_at, document, supplier, material."""
    query = _QUERY.where(
        supply_scope.relation_visible(principal, call_offs.c.relation_id),
        await filters.condition(session, principal),
    )
    if document:
        query = query.where(call_offs.c.document.in_(document))
    if state:
        query = query.where(call_offs.c.state.in_(state))
    clock = utc_time_context(context)
    known_us = None if known_at is None else parse_instant(known_at, "known_at", clock)
    if at is not None:
        at_us = parse_instant(at, "at", clock)
        known_instant = None if known_us is None else instant_of(known_us)
        query = query.where(in_force_condition(instant_of(at_us), known_instant))
    elif known_us is not None:
        query = query.where(in_force_condition(instant_of(known_us), instant_of(known_us)))
    return await query_page(request, session, params, query, _SORTING, CallOffView)


@router.get("/call_offs/{event_id}")
async def show_call_off(
    event_id: UUID, session: ReadSessionDep, principal: MayRead
) -> CallOffDetailView:
    """Show the version that an event belongs to: its entries, and what it changed."""
    entry = call_off_entries.alias()
    query = _QUERY.where(
        call_offs.c.relation_id.in_(
            sa.select(entry.c.relation_id).where(entry.c.event_id == event_id)
        ),
        sa.literal(event_id) == sa.any_(call_offs.c.event_ids),
        supply_scope.relation_visible(principal, call_offs.c.relation_id),
    ).limit(1)
    version = (await session.execute(query)).mappings().first()
    if version is None:
        raise Problem(
            404, "unknown_call_off", Sentence("supply.unknown_call_off", event_id=event_id),
            Sentence("supply.list_call_offs"),
        )  # fmt: skip
    entries = await _load_entries(session, version["event_ids"])
    previous = (await session.execute(previous_version_query(version))).mappings().first()
    if previous is None:
        return CallOffDetailView(
            **version, lines=entries, previous=None, previous_id=None, changes=[]
        )
    return CallOffDetailView(
        **version,
        lines=entries,
        previous=previous["document"],
        previous_id=previous["id"],
        changes=changes_of(await _load_entries(session, previous["event_ids"]), entries),
    )


async def _load_entries(session: ReadSession, event_ids: Sequence[UUID]) -> list[CallOffEntryView]:
    rows = (await session.execute(entries_query(event_ids))).mappings().all()
    return [CallOffEntryView(**row, event=event_link(row["event_id"])) for row in rows]
