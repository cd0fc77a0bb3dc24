"""Mappings: versions, preview, diff, activation; and replays over what was kept."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path, Request, Response

from werknetz.connector.mapping.mapping import Mapping
from werknetz.domain.bucket import instant_of
from werknetz.store.tables import connectors, mapping_versions, replays
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import (
    ContextDep,
    Engineer,
    ReadSessionDep,
    Viewer,
    WriteSessionDep,
)
from werknetz_core.context.time_spec import TimeContext, parse_span, parse_zone
from werknetz_core.http import pagination
from werknetz_core.http.problem import Problem
from werknetz_core.mappings import registry
from werknetz_core.mappings.dry_run import Trial
from werknetz_core.mappings.schemas import (
    DiffQuestion,
    DiffView,
    MappingDocumentView,
    MappingNameView,
    MappingVersionView,
    NewMapping,
    NewReplay,
    PreviewQuestion,
    PreviewView,
    Question,
    ReplayView,
)
from werknetz_core.mappings.views import diff_view, preview_view

router = APIRouter(tags=["mappings"])
Name = Annotated[str, Path(description="The mapping's name.")]


@router.get("/mappings")
async def list_mappings(
    request: Request,
    response: Response,
    session: ReadSessionDep,
    principal: Viewer,
    limit: pagination.LimitParam = 100,
    cursor: pagination.CursorParam = None,
) -> pagination.Page[MappingNameView]:
    """List mappings by name, with the version in force and who uses it."""
    principal.require_all_plants()
    versions = mapping_versions
    using = (
        sa.select(sa.func.array_agg(connectors.c.id))
        .join(used := mapping_versions.alias("used"), used.c.id == connectors.c.mapping_id)
        .where(used.c.name == versions.c.name)
        .scalar_subquery()
    )
    query = (
        sa.select(
            versions.c.name,
            sa.func.max(versions.c.version).label("newest"),
            sa.func.max(versions.c.version).filter(versions.c.state == "active").label("active"),
            sa.func.count().label("versions"),
            using.label("connectors"),
        )
        .group_by(versions.c.name)
        .order_by(versions.c.name)
        .limit(limit + 1)
    )
    if after := pagination.decode_cursor(cursor, str):
        query = query.where(versions.c.name > after[0])
    rows, more = pagination.paginate((await session.execute(query)).mappings().all(), limit)
    next_cursor = pagination.encode_cursor(rows[-1]["name"]) if more else None
    pagination.set_next_link(request, response, next_cursor)
    items = [
        MappingNameView(**{**row, "connectors": sorted(row["connectors"] or [])}) for row in rows
    ]
    return pagination.Page(items=items, next_cursor=next_cursor)


@router.post("/mappings", status_code=201)
async def add_mapping(
    new: NewMapping, session: WriteSessionDep, principal: Engineer
) -> MappingVersionView:
    """Keep a version as a draft. It is checked as an edge would; nothing changes yet."""
    principal.require_all_plants()
    mapping = registry.read(new.document)
    row = await registry.add(session, mapping, new.document, note=new.note, by=principal.name)
    return _version(row)


@router.post("/mappings:preview")
async def preview_mapping(
    question: PreviewQuestion, context: ContextDep, session: ReadSessionDep, principal: Engineer
) -> PreviewView:
    """Show what a mapping makes of the newest input; nothing is stored."""
    trial = await _trial(question, session, principal)
    since = _now(context) - timedelta(minutes=question.minutes)
    named = await trial.preview(context.database, since)
    return preview_view(trial, named, question.examples)


@router.post("/mappings:diff")
async def diff_mapping(
    question: DiffQuestion, context: ContextDep, session: ReadSessionDep, principal: Engineer
) -> DiffView:
    """Run a mapping over kept input: which values, states, events and KPIs would move."""
    trial = await _trial(question, session, principal)
    span = parse_span(
        question.start, question.end, TimeContext(context.now_us(), parse_zone(None, "UTC"))
    )
    await trial.diff(
        context.database, instant_of(span.start_us), instant_of(span.end_us), question.budget_s
    )
    return diff_view(trial, await context.tree.current())


@router.get("/mappings/{name}")
async def list_mapping_versions(
    name: Name, session: ReadSessionDep, principal: Viewer
) -> list[MappingVersionView]:
    """List the versions of a mapping, newest first."""
    principal.require_all_plants()
    query = (
        sa.select(mapping_versions)
        .where(mapping_versions.c.name == name)
        .order_by(mapping_versions.c.version.desc(), mapping_versions.c.id.desc())
        .limit(pagination.LIMIT_MAX)
    )
    rows = (await session.execute(query)).mappings().all()
    if not rows:
        raise Problem(
            404, "unknown_mapping", f"There is no mapping {name!r}.",
            "GET /api/v1/mappings lists them.",
        )  # fmt: skip
    return [_version(row) for row in rows]


@router.get("/mappings/{name}/versions/{version}")
async def show_mapping_version(
    name: Name, version: int, session: ReadSessionDep, principal: Engineer
) -> MappingDocumentView:
    """Show a version with its document."""
    principal.require_all_plants()
    row = await registry.find(session, name, version)
    return MappingDocumentView(**_version(row).model_dump(), document=row["document"])


@router.post("/mappings/{name}/versions/{version}:activate")
async def activate_mapping_version(
    name: Name, version: int, session: WriteSessionDep, principal: Engineer
) -> MappingVersionView:
    """Put a version in force: edges that use the name take it within seconds."""
    principal.require_all_plants()
    row = await registry.find(session, name, version)
    await registry.activate(session, row, by=principal.name)
    return _version(await registry.find(session, name, version))


@router.post("/replays", status_code=202)
async def add_replay(
    new: NewReplay, context: ContextDep, session: WriteSessionDep, principal: Engineer
) -> list[ReplayView]:
    """Run a mapping again over kept input and correct what it says otherwise, in the background."""
    row = await _version_of(new, session)
    chosen = await _connectors(new.connector, new.mapping, session, principal)
    span = parse_span(new.start, new.end, TimeContext(context.now_us(), parse_zone(None, "UTC")))
    made = []
    for connector in chosen:
        number = await session.scalar(
            sa.insert(replays)
            .values(
                connector_id=connector,
                mapping_id=row["id"],
                start_at=instant_of(span.start_us),
                end_at=instant_of(span.end_us),
                requested_by=principal.name,
            )
            .returning(replays.c.id)
        )
        made.append(number)
    found = (await session.execute(_REPLAYS.where(replays.c.id.in_(made)))).mappings().all()
    return [_replay(each) for each in found]


@router.get("/replays")
async def list_replays(
    request: Request,
    response: Response,
    session: ReadSessionDep,
    principal: Viewer,
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
    return pagination.Page(items=[_replay(row) for row in rows], next_cursor=next_cursor)


@router.get("/replays/{number}")
async def show_replay(number: int, session: ReadSessionDep, principal: Viewer) -> ReplayView:
    """Show how far a replay is."""
    query = (
        _REPLAYS.join(connectors, connectors.c.id == replays.c.connector_id)
        .where(replays.c.id == min(max(number, 0), 2**31 - 1))
        .where(equipment_scope.connector_visible(principal))
    )
    row = (await session.execute(query)).mappings().first()
    if row is None:
        raise Problem(
            404, "unknown_replay", f"There is no replay {number} that this key may see.",
            "GET /api/v1/replays lists them.",
        )  # fmt: skip
    return _replay(row)


_REPLAYS = sa.select(
    replays,
    (mapping_versions.c.name + "@" + sa.cast(mapping_versions.c.version, sa.Text)).label("mapping"),
).join(mapping_versions, mapping_versions.c.id == replays.c.mapping_id)


async def _trial(question: Question, session: ReadSessionDep, principal: Principal) -> Trial:
    mapping = await _mapping(question, session)
    chosen = await _connectors(question.connector, mapping.name, session, principal)
    return Trial(mapping, chosen)


async def _mapping(question: Question, session: ReadSessionDep) -> Mapping:
    if question.document is not None:
        return registry.read(question.document)
    if question.name is None or question.version is None:
        raise Problem(
            422, "invalid_parameter", "Neither a document nor a name and version were given.",
            "Send `document` (YAML), or `name` and `version` of one that is there.",
        )  # fmt: skip
    row = await registry.find(session, question.name, question.version)
    return registry.read(row["document"], f"{question.name}@{question.version}")


async def _version_of(new: NewReplay, session: ReadSessionDep) -> sa.RowMapping:
    if new.version is not None:
        return await registry.find(session, new.mapping, new.version)
    query = sa.select(mapping_versions).where(
        mapping_versions.c.name == new.mapping, mapping_versions.c.state == "active"
    )
    row = (await session.execute(query)).mappings().first()
    if row is None:
        raise Problem(
            409, "no_active_version", f"No version of mapping {new.mapping!r} is active.",
            "Activate one, or name the `version`.",
        )  # fmt: skip
    return row


async def _connectors(
    wanted: str | None, name: str, session: ReadSessionDep, principal: Principal
) -> list[str]:
    """Return the connectors to look at: the one that was named, or all that use the mapping."""
    using = await registry.connectors_using(session, name)
    candidates = [wanted] if wanted is not None else using
    query = sa.select(connectors.c.id).where(
        connectors.c.id.in_(candidates), equipment_scope.connector_visible(principal)
    )
    found = sorted((await session.scalars(query)).all())
    if not found:
        missing = wanted if wanted is not None else f"that uses mapping {name!r}"
        raise Problem(
            404, "unknown_connector", f"There is no connector {missing} that this key may see.",
            "Name one with `connector`; GET /api/v1/connectors lists them.",
        )  # fmt: skip
    return found


def _version(row: sa.RowMapping) -> MappingVersionView:
    told = {name: row[name] for name in MappingVersionView.model_fields if name != "digest"}
    return MappingVersionView(**told, digest=bytes(row["digest"]).hex())


def _replay(row: sa.RowMapping) -> ReplayView:
    told = {name: row[name] for name in ReplayView.model_fields if name not in {"start", "end"}}
    return ReplayView(**told, start=row["start_at"], end=row["end_at"])


def _now(context: ContextDep) -> datetime:
    return instant_of(context.now_us()).astimezone(UTC)
