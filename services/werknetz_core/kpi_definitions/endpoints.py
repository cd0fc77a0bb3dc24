"""Own KPIs: defined by engineers, versioned, with their test cases."""

from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request

from werknetz.connector.yaml_format import dump_yaml
from werknetz.own_kpis.document import OwnKpiDocument
from werknetz.store.session import ReadSession
from werknetz.store.tables import kpi_definitions
from werknetz_core.access.require import MayDefineKpis, MayRead
from werknetz_core.context.app_context import AppContext, ContextDep, ReadSessionDep
from werknetz_core.context.collection import page_response
from werknetz_core.context.polling import refuse_unknown_parameters
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import sort_and_paginate
from werknetz_core.kpi_definitions.changes import (
    check_definition,
    is_stored,
    load_newest,
    retire_definition,
    store_definition,
    unknown_definition,
)
from werknetz_core.kpi_definitions.schemas import (
    KpiDefinitionDetailView,
    KpiDefinitionTest,
    KpiDefinitionVersionView,
    KpiDefinitionView,
    KpiTestResultView,
    NewKpiDefinition,
)

router = APIRouter(tags=["kpis"], dependencies=[Depends(refuse_unknown_parameters)])
_C: Final = kpi_definitions.c


@router.get("/kpi_definitions")
async def list_kpi_definitions(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,  # noqa: ARG001 - checks the key
    params: ListParamsDep,
    retired: Annotated[bool, Query(description="true: also those that are retired.")] = False,
) -> pagination.Page[KpiDefinitionView]:
    """List the KPIs that the customer defines, each with its newest version. Sort: id."""
    other = kpi_definitions.alias()
    newest = (
        sa.select(sa.func.max(other.c.version)).where(other.c.name == _C.name).scalar_subquery()
    )
    query = sa.select(kpi_definitions).where(_C.version == newest).order_by(_C.name)
    rows = (await session.execute(query)).mappings().all()
    views = {
        row["name"]: await _to_view(context, row)
        for row in rows
        if retired or row["retired_at"] is None
    }
    page, next_cursor = sort_and_paginate(
        [{"id": name} for name in views], params, default="id", keys=("id",), tie="id"
    )
    items = [views[row["id"]] for row in page]
    return page_response(request, params, items, KpiDefinitionView, next_cursor=next_cursor)


@router.get("/kpi_definitions/{name}")
async def show_kpi_definition(
    name: str, context: ContextDep, session: ReadSessionDep, _: MayRead
) -> KpiDefinitionDetailView:
    """Show an own KPI with all its versions, also where it is retired."""
    return await _load_detail(context, session, name)


@router.put("/kpi_definitions/{name}")
async def put_kpi_definition(
    name: str,
    body: NewKpiDefinition,
    context: ContextDep,
    principal: MayDefineKpis,
) -> KpiDefinitionDetailView:
    """Store a version of an own KPI. The same content again changes nothing.

    Refused: a formula that does not type-check, a test case that fails, the id of a standard KPI.
    A value is computed by the version that is in force at the end of its period; before the first
    version is valid, by the first.
    """
    principal.require_all_plants()
    async with context.database.write_session() as session:
        await store_definition(session, principal, name, body, context.now_us())
    await context.kpis.refresh()  # after the commit, which it must see
    async with context.database.read_session() as reading:
        return await _load_detail(context, reading, name)


@router.delete("/kpi_definitions/{name}", status_code=204)
async def delete_kpi_definition(
    name: str,
    context: ContextDep,
    principal: MayDefineKpis,
    reason: Annotated[str | None, Query(max_length=2000)] = None,
) -> None:
    """Retire an own KPI: it has no values any more; its versions stay."""
    principal.require_all_plants()
    async with context.database.write_session() as session:
        await retire_definition(session, principal, name, reason)
    await context.kpis.refresh()


@router.post("/kpi_definitions:test")
async def check_kpi_definition(
    body: KpiDefinitionTest, context: ContextDep, session: ReadSessionDep, principal: MayDefineKpis
) -> KpiTestResultView:
    """Check a definition and run its test cases; nothing is stored."""
    principal.require_all_plants()
    loaded = check_definition(body.document, context.now_us())
    newest = await load_newest(session, loaded.document.id)
    return KpiTestResultView(
        id=loaded.document.id, tests=len(loaded.document.tests), inputs=list(loaded.kpi.inputs),
        newest_version=None if newest is None else newest["version"],
        is_stored=is_stored(newest, loaded),
    )  # fmt: skip


async def _load_detail(
    context: AppContext, session: ReadSession, name: str
) -> KpiDefinitionDetailView:
    query = sa.select(kpi_definitions).where(_C.name == name).order_by(_C.version)
    rows = (await session.execute(query)).mappings().all()
    if not rows:
        raise unknown_definition(name)
    newest = await _to_view(context, rows[-1])
    names = KpiDefinitionVersionView.model_fields.keys() - {"yaml"}
    versions = [
        KpiDefinitionVersionView(
            **{name: row[name] for name in names}, yaml=_to_yaml(row["document"])
        )
        for row in rows
    ]
    return KpiDefinitionDetailView(**newest.model_dump(), versions=versions)


def _to_yaml(document: dict[str, Any]) -> str:
    """Return the document as YAML, in the order of the reference: PostgreSQL stores none."""
    names = [name for name in OwnKpiDocument.model_fields if document.get(name)]
    return dump_yaml({name: document[name] for name in names})


async def _to_view(context: AppContext, row: sa.RowMapping) -> KpiDefinitionView:
    document = row["document"]
    names = document.get("names") or {}
    catalogue = await context.kpis.current()
    return KpiDefinitionView(
        id=row["name"], version=row["version"], valid_from=row["valid_from"],
        name_de=names.get("de"), name_en=names.get("en"),
        **{name: document.get(name) for name in ("formula", "unit", "better", "subject")},
        retired_at=row["retired_at"], problem=catalogue.unusable.get(row["name"]),
        entered_by=row["entered_by"], entered_at=row["entered_at"],
    )  # fmt: skip
