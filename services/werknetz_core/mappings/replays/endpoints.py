"""Replays: run a mapping again over stored raw input, in the background."""

from typing import Final

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response

from werknetz.domain.bucket import instant_of
from werknetz.store.session import ReadSession
from werknetz.store.tables import connectors, mapping_versions, replays
from werknetz.texts.sentence import Sentence
from werknetz_core.access import equipment_scope
from werknetz_core.access.require import MayChangeMappings, MayRead
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.collection import utc_time_context
from werknetz_core.context.time_spec import parse_span
from werknetz_core.http import pagination
from werknetz_core.http.problem import Problem
from werknetz_core.idempotency.route import OnceRoute
from werknetz_core.mappings import registry
from werknetz_core.mappings.replays.schemas import NewReplay, ReplayView

router = APIRouter(tags=["mappings"], route_class=OnceRoute)
_MAPPING_LABEL: Final = (
    mapping_versions.c.name + "@" + sa.cast(mapping_versions.c.version, sa.Text)
).label("mapping")
_REPLAYS: Final = sa.select(replays, _MAPPING_LABEL).join(
    mapping_versions, mapping_versions.c.id == replays.c.mapping_id
)


@router.post("/replays", status_code=202)
async def add_replay(
    new: NewReplay, context: ContextDep, session: WriteSessionDep, principal: MayChangeMappings
) -> list[ReplayView]:
    """Run a mapping again over stored raw input and correct what differs, in the background."""
    if principal.plants is None:
        await _load_version(new, session)  # an unknown mapping is named before its connectors
    connector_ids = await registry.select_connectors(
        session, principal, connector=new.connector, mapping=new.mapping
    )
    version = await _load_version(new, session)
    span = parse_span(new.start, new.end, utc_time_context(context))
    replay_ids = []
    for connector_id in connector_ids:
        insert = sa.insert(replays).values(
            connector_id=connector_id,
            mapping_id=version["id"],
            start_at=instant_of(span.start_us),
            end_at=instant_of(span.end_us),
            requested_by=principal.name,
        )
        replay_id = await session.scalar(insert.returning(replays.c.id))
        replay_ids.append(replay_id)
        after = {"connector": connector_id, **new.model_dump(mode="json", exclude={"connector"})}
        await record_change(
            session, principal, "requested", ("replay", str(replay_id)), after=after
        )
    rows = await session.execute(_REPLAYS.where(replays.c.id.in_(replay_ids)))
    return [_to_view(row) for row in rows.mappings().all()]


@router.get("/replays")
async def list_replays(
    request: Request,
    response: Response,
    session: ReadSessionDep,
    principal: MayRead,
    limit: pagination.LimitParam = 100,
    cursor: pagination.CursorParam = None,
) -> pagination.Page[ReplayView]:
    """List replays, newest first."""
    query = (
        _REPLAYS.join(connectors, connectors.c.id == replays.c.connector_id)
        .where(equipment_scope.connector_visible(principal))
        .order_by(replays.c.id.desc())
        .limit(limit + 1)
    )
    if after := pagination.decode_cursor(cursor, int):
        query = query.where(replays.c.id < after[0])
    rows, more = pagination.paginate((await session.execute(query)).mappings().all(), limit)
    next_cursor = pagination.encode_cursor(rows[-1]["id"]) if more else None
    pagination.set_next_link(request, response, next_cursor)
    return pagination.Page(items=[_to_view(row) for row in rows], next_cursor=next_cursor)


@router.get("/replays/{replay_id}")
async def show_replay(replay_id: int, session: ReadSessionDep, principal: MayRead) -> ReplayView:
    """Show the progress of a replay."""
    query = (
        _REPLAYS.join(connectors, connectors.c.id == replays.c.connector_id)
        .where(replays.c.id == min(max(replay_id, 0), 2**31 - 1))
        .where(equipment_scope.connector_visible(principal))
    )
    row = (await session.execute(query)).mappings().first()
    if row is None:
        raise Problem(
            404,
            "unknown_replay",
            Sentence("mappings.unknown_replay", replay_id=replay_id),
            Sentence("mappings.list_replays"),
        )
    return _to_view(row)


async def _load_version(new: NewReplay, session: ReadSession) -> sa.RowMapping:
    if new.version is not None:
        return await registry.load_version(session, new.mapping, new.version)
    query = sa.select(mapping_versions).where(
        mapping_versions.c.name == new.mapping, mapping_versions.c.state == "active"
    )
    row = (await session.execute(query)).mappings().first()
    if row is None:
        raise registry.no_active_version(new.mapping)
    return row


def _to_view(row: sa.RowMapping) -> ReplayView:
    fields = {name: row[name] for name in ReplayView.model_fields if name not in {"start", "end"}}
    return ReplayView(**fields, start=row["start_at"], end=row["end_at"])
