"""Mappings: versions, preview, diff and activation."""

from datetime import timedelta
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path, Request

from werknetz.connector.mapping.mapping import Mapping
from werknetz.domain.bucket import instant_of
from werknetz.store.session import ReadSession
from werknetz.store.tables import connectors, mapping_versions
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayChangeMappings, MayRead, MayReadRaw
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.collection import page_response, utc_time_context
from werknetz_core.context.time_spec import parse_span
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import sort_and_paginate
from werknetz_core.idempotency.route import OnceRoute
from werknetz_core.limits.reading import reading
from werknetz_core.mappings import registry
from werknetz_core.mappings.dry_run import READS_OF_COMPARISON, DryRun
from werknetz_core.mappings.schemas import (
    DiffRequest,
    DiffView,
    DryRunRequest,
    MappingDocumentView,
    MappingNameView,
    MappingVersionView,
    NewMapping,
    PreviewRequest,
    PreviewView,
)
from werknetz_core.mappings.views import diff_view, preview_view

router = APIRouter(tags=["mappings"], route_class=OnceRoute)
Name = Annotated[str, Path(description="The mapping's name.")]


@router.get("/mappings")
async def list_mappings(
    request: Request, session: ReadSessionDep, principal: MayRead, *, params: ListParamsDep
) -> pagination.Page[MappingNameView]:
    """List mappings by name, with the active version and the connectors that use the mapping.

    Sort: name, newest.
    """
    principal.require_all_plants()
    versions = mapping_versions
    using = (
        sa.select(sa.func.array_agg(connectors.c.id))
        .join(used := mapping_versions.alias("used"), used.c.id == connectors.c.mapping_id)
        .where(used.c.name == versions.c.name)
        .scalar_subquery()
    )
    query = sa.select(
        versions.c.name,
        sa.func.max(versions.c.version).label("newest"),
        sa.func.max(versions.c.version).filter(versions.c.state == "active").label("active"),
        sa.func.count().label("versions"),
        using.label("connectors"),
    ).group_by(versions.c.name)
    names = [
        {**row, "connectors": sorted(row["connectors"] or [])}
        for row in (await session.execute(query)).mappings().all()
    ]
    shown, next_cursor = sort_and_paginate(
        names, params, default="name", keys=("name", "newest"), tie="name"
    )
    views = [MappingNameView(**name) for name in shown]
    return page_response(request, params, views, MappingNameView, next_cursor=next_cursor)


@router.post("/mappings", status_code=201)
async def add_mapping(
    new: NewMapping, session: WriteSessionDep, principal: MayChangeMappings
) -> MappingVersionView:
    """Store a version as a draft. It is checked as at the edge; nothing else changes."""
    principal.require_all_plants()
    mapping = await registry.read_document(new.document)
    row = await registry.add_version(
        session, mapping, new.document, note=new.note, by=principal.name
    )
    after = {"note": new.note, "digest": bytes(row["digest"]).hex()}
    await record_change(session, principal, "created", ("mapping", mapping.label), after=after)
    return _to_version_view(row)


@router.post("/mappings:preview")
async def preview_mapping(
    body: PreviewRequest,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayChangeMappings,
) -> PreviewView:
    """Show the result of a mapping for the newest raw input; nothing is stored."""
    dry_run = await _dry_run(body, session, principal)
    since = instant_of(context.now_us()) - timedelta(minutes=body.minutes)
    async with reading(context, principal, dry_run.reads_of_preview) as context_of_reads:
        results = await dry_run.preview(context_of_reads.database, since)
    return preview_view(dry_run, results, body.examples)


@router.post("/mappings:diff")
async def diff_mapping(
    body: DiffRequest, context: ContextDep, session: ReadSessionDep, principal: MayChangeMappings
) -> DiffView:
    """Run a mapping over stored raw input: which values, states, events and KPIs would change."""
    dry_run = await _dry_run(body, session, principal)
    span = parse_span(body.start, body.end, utc_time_context(context))
    start, end = instant_of(span.start_us), instant_of(span.end_us)
    async with reading(context, principal, READS_OF_COMPARISON) as context_of_reads:
        await dry_run.compare(context_of_reads.database, start, end, body.budget_s)
    return diff_view(dry_run, await context.tree.current())


@router.get("/mappings/{name}")
async def list_mapping_versions(
    name: Name, session: ReadSessionDep, principal: MayRead
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
            404, "unknown_mapping", Sentence("mappings.unknown", name=name),
            Sentence("mappings.list_all"),
        )  # fmt: skip
    return [_to_version_view(row) for row in rows]


@router.get("/mappings/{name}/versions/{version}")
async def show_mapping_version(
    name: Name, version: int, session: ReadSessionDep, principal: MayReadRaw
) -> MappingDocumentView:
    """Show a version with its document."""
    principal.require_all_plants()
    row = await registry.load_version(session, name, version)
    return MappingDocumentView(**_to_version_view(row).model_dump(), document=row["document"])


@router.post("/mappings/{name}/versions/{version}:activate")
async def activate_mapping_version(
    name: Name, version: int, session: WriteSessionDep, principal: MayChangeMappings
) -> MappingVersionView:
    """Activate a version; edges that use the mapping switch to it within seconds."""
    principal.require_all_plants()
    row = await registry.load_version(session, name, version)
    former = await registry.active_version(session, name)
    await registry.activate(session, row, by=principal.name)
    await record_change(
        session, principal, "activated", ("mapping", name),
        before=None if former is None else {"version": former}, after={"version": version},
    )  # fmt: skip
    return _to_version_view(await registry.load_version(session, name, version))


async def _dry_run(request: DryRunRequest, session: ReadSession, principal: Principal) -> DryRun:
    mapping = await _load_mapping(request, session)
    connector_ids = await registry.select_connectors(
        session, principal, connector=request.connector, mapping=mapping.name
    )
    return DryRun(mapping, connector_ids)


async def _load_mapping(request: DryRunRequest, session: ReadSession) -> Mapping:
    if request.document is not None:
        return await registry.read_document(request.document)
    if request.name is None or request.version is None:
        raise Problem(
            422,
            "invalid_parameter",
            Sentence("mappings.nothing_sent"),
            Sentence("mappings.send_document"),
        )
    row = await registry.load_version(session, request.name, request.version)
    return await registry.read_document(row["document"], f"{request.name}@{request.version}")


def _to_version_view(row: sa.RowMapping) -> MappingVersionView:
    fields = {name: row[name] for name in MappingVersionView.model_fields if name != "digest"}
    return MappingVersionView(**fields, digest=bytes(row["digest"]).hex())
