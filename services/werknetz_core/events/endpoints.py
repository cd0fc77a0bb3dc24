"""Business events: accepted through the edge's spool, listed, and traced to their message."""

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.store.session import ReadSession
from werknetz.store.tables import business_event_revisions, business_events, connectors
from werknetz.texts.sentence import Sentence
from werknetz_core.access import equipment_scope
from werknetz_core.access.event_scope import event_visible, revision_visible
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayIngest, MayReadRaw
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.collection import time_condition
from werknetz_core.context.edge_forwarder import webhook_not_configured
from werknetz_core.events.raw import load_message, withheld_message
from werknetz_core.events.schemas import (
    BatchView,
    EventDetailView,
    EventRevisionView,
    EventView,
    RawMessageView,
)
from werknetz_core.http import pagination
from werknetz_core.http.problem import Problem, invalid_parameter

router = APIRouter(tags=["events"])
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"type": "string", "examples": ["stock_counted"]},
        "at": {"type": "string", "format": "date-time"},
        "source": {"type": "string"},
        "id": {
            "type": "string",
            "description": "Identifies the event: a repetition is a duplicate.",
        },
    },
    "additionalProperties": True,
}
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {"schema": {"type": "array", "items": _EVENT}},
        "application/x-ndjson": {"schema": {"type": "string"}},
        "text/csv": {"schema": {"type": "string"}},
    },
}


_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Identifies events that have no `id`: a repetition with the key is a duplicate.",
    "schema": {"type": "string", "maxLength": 255},
}


@router.post(
    "/events:batch",
    response_model=BatchView,
    openapi_extra={"requestBody": _BODY, "parameters": [_KEY]},
)
async def add_events(request: Request, context: ContextDep, principal: MayIngest) -> Response:
    """Accept events as JSON, NDJSON or CSV. 2xx: they are on disk. Duplicates are dropped."""
    principal.require_all_plants()
    if context.edge_forwarder is None:
        raise webhook_not_configured()
    forwarded = await context.edge_forwarder.forward(request.headers, request.stream())
    return Response(forwarded.body, forwarded.status, forwarded.headers, forwarded.media_type)


@router.get("/events")
async def list_events(
    *,
    request: Request,
    response: Response,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayReadRaw,
    kind: Annotated[list[str], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - FastAPI copies
    source: Annotated[list[str], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - as above
    connector: Annotated[list[str], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - as above
    withdrawn: Annotated[
        bool, Query(description="Also show events that are out of force.")
    ] = False,
    start: str | None = None,
    end: str | None = None,
    limit: pagination.LimitParam = 100,
    cursor: pagination.CursorParam = None,
) -> pagination.Page[EventView]:
    """List business events in force, newest first by event time; with `start`, in the span."""
    events = business_events.c
    query = (
        sa.select(business_events)
        .where(event_visible(principal))
        .order_by(events.at.desc(), events.event_id.desc())
        .limit(limit + 1)
    )
    for column, values in (
        (events.kind, kind), (events.source, source), (events.connector_id, connector),
    ):  # fmt: skip
        if values:
            query = query.where(column.in_(values))
    if not withdrawn:
        query = query.where(events.withdrawn_at.is_(None))
    query = query.where(time_condition(context, events.at, start, end))
    if after := pagination.decode_cursor(cursor, int, str):
        query = query.where(
            sa.tuple_(events.at, events.event_id)
            < sa.tuple_(instant_of(int(after[0])), _parse_uuid(str(after[1])))
        )
    rows, more = pagination.paginate((await session.execute(query)).mappings().all(), limit)
    last = rows[-1] if more else None
    next_cursor = (
        pagination.encode_cursor(microseconds_of(last["at"]), str(last["event_id"]))
        if last
        else None
    )
    pagination.set_next_link(request, response, next_cursor)
    return pagination.Page(items=[_to_view(row) for row in rows], next_cursor=next_cursor)


@router.get("/events/{event_id}")
async def show_event(
    event_id: UUID, session: ReadSessionDep, principal: MayReadRaw
) -> EventDetailView:
    """Show one event, in force or not, with its origin, former revisions and raw message."""
    query = sa.select(business_events).where(
        business_events.c.event_id == event_id, event_visible(principal)
    )
    row = (await session.execute(query)).mappings().first()
    if row is None:
        raise Problem(
            404,
            "unknown_event",
            Sentence("mappings.unknown_event", event_id=event_id),
            Sentence("mappings.list_events"),
        )
    revisions = business_event_revisions
    earlier = (
        sa.select(revisions)
        .where(
            revisions.c.event_id == event_id,
            revision_visible(
                principal,
                revisions.c.event_id,
                sa.literal(row["kind"]),
                revisions.c.revision,
                sa.literal(row["connector_id"]),
            ),
        )
        .order_by(revisions.c.revision.desc())
        .limit(pagination.LIMIT_MAX)
    )
    revision_rows = (await session.execute(earlier)).mappings().all()
    digest = row["raw_hash"]
    raw = None if digest is None else await _load_raw(session, principal, row)
    return EventDetailView(
        **_to_view(row).model_dump(),
        spool_id=str(row["spool_id"]),
        seq=row["seq"],
        revisions=[
            EventRevisionView(**{**revision, "fields": revision["body"]})
            for revision in revision_rows
        ],
        raw=raw,
    )


async def _load_raw(
    session: ReadSession, principal: Principal, row: sa.RowMapping
) -> RawMessageView:
    visible = sa.select(1).where(
        connectors.c.id == row["connector_id"], equipment_scope.connector_visible(principal)
    )
    if await session.scalar(visible) is None:
        return withheld_message(bytes(row["raw_hash"]))
    return await load_message(session, row["connector_id"], bytes(row["raw_hash"]))


def _to_view(row: sa.RowMapping) -> EventView:
    return EventView(**{**row, "fields": row["body"]})


def _parse_uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise invalid_parameter(
            "cursor",
            Sentence("requests.cursor_of_other_route"),
            Sentence("requests.send_no_cursor"),
        ) from error
