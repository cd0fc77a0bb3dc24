"""Connectors: their reported status, combined with what is stored of them."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request, Response

from werknetz.store.session import ReadSession
from werknetz.store.tables import (
    BOOK_COUNTS,
    connector_books,
    connectors,
    gaps,
    mapping_versions,
    spools,
)
from werknetz.texts.sentence import Sentence
from werknetz_core.access import equipment_scope
from werknetz_core.access.principal import Principal
from werknetz_core.access.require import MayRead
from werknetz_core.connectors.reported import ReportedStatus, load_reported
from werknetz_core.connectors.schemas import ConnectorDetailView, ConnectorView
from werknetz_core.connectors.views import detail_view_of, view_of
from werknetz_core.context.app_context import AppContext, ContextDep, ReadSessionDep
from werknetz_core.context.collection import load_page
from werknetz_core.context.polling import refuse_unknown_parameters
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.http.problem import Problem
from werknetz_core.http.responses import UNCHANGED, VARY, json_response, with_content_etag
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["connectors"])
STRICT: Final = [Depends(refuse_unknown_parameters)]
_SPOOLS = (
    sa.select(
        spools.c.connector_id,
        sa.func.sum(spools.c.sample_count).label("samples"),
        sa.func.sum(spools.c.quarantine_count).label("quarantined"),
    )
    .group_by(spools.c.connector_id)
    .subquery()
)
_GAPS = (
    sa.select(gaps.c.connector_id, sa.func.count().label("open_gaps"))
    .where(gaps.c.end_at.is_(None))
    .group_by(gaps.c.connector_id)
    .subquery()
)
_BOOKS = connector_books.c
_USED, _ACTIVE = mapping_versions.alias("used"), mapping_versions.alias("active")
_CONNECTORS = sa.select(
    connectors, _SPOOLS.c.samples, _SPOOLS.c.quarantined, _GAPS.c.open_gaps,
    *(_BOOKS[name].label(f"books_{name}") for name in (*BOOK_COUNTS, "since")),
    *(
        versions.c[name].label(f"{versions.name}_{name}")
        for versions in (_USED, _ACTIVE) for name in ("name", "version", "digest")
    ),
).select_from(
    connectors.outerjoin(_SPOOLS, _SPOOLS.c.connector_id == connectors.c.id)
    .outerjoin(_GAPS, _GAPS.c.connector_id == connectors.c.id)
    .outerjoin(connector_books, _BOOKS.connector_id == connectors.c.id)
    .outerjoin(_USED, _USED.c.id == connectors.c.mapping_id)
    .outerjoin(_ACTIVE, (_ACTIVE.c.name == _USED.c.name) & (_ACTIVE.c.state == "active"))
)  # fmt: skip


def _count_key(column: sa.ColumnElement[object]) -> SortKey:
    return SortKey(sa.cast(sa.func.coalesce(column, 0), sa.BigInteger), SortType.NUMBER)


_SORTING: Final = Sorting(
    "id",
    tie=SortKey(connectors.c.id),
    keys={
        "id": SortKey(connectors.c.id),
        "open_gaps": _count_key(_GAPS.c.open_gaps),
        "samples": _count_key(_SPOOLS.c.samples),
    },
)


@router.get(
    "/connectors",
    response_model=pagination.Page[ConnectorView],
    responses=UNCHANGED,
    dependencies=STRICT,
)
async def list_connectors(
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    params: ListParamsDep,
) -> Response:
    """List connectors: state, reasons, last good value, lag, rate, clocks, certificates, mapping.

    Sort: id, open_gaps, samples.
    """
    query = _CONNECTORS.where(equipment_scope.connector_visible(principal))
    rows, next_cursor = await load_page(session, params, query, _SORTING)
    response = list_response(
        request, params, await _load_views(context, rows), columns_of(ConnectorView),
        next_cursor=next_cursor,
    )  # fmt: skip
    return with_content_etag(request, response)


@router.get(
    "/connectors/{connector}",
    response_model=ConnectorDetailView,
    responses=UNCHANGED,
    dependencies=STRICT,
)
async def show_connector(
    request: Request,
    connector: str,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
) -> Response:
    """Show one connector, with its last changes of state."""
    row = await find_connector(session, principal, connector)
    reported = await load_reported(context.redis, [connector])
    view = detail_view_of(row, reported.get(connector, ReportedStatus()), context.now_us())
    return with_content_etag(request, json_response(view.model_dump(), {"Vary": VARY}))


async def find_connector(
    session: ReadSession, principal: Principal, connector: str
) -> sa.RowMapping:
    """Return the row of a connector; raise 404 for one that the key may not see."""
    query = _CONNECTORS.where(
        connectors.c.id == connector, equipment_scope.connector_visible(principal)
    )
    row = (await session.execute(query)).mappings().first()
    if row is None:
        raise Problem(
            404,
            "unknown_connector",
            Sentence("mappings.unknown_connector", connector=connector),
            Sentence("mappings.list_connectors"),
        )
    return row


async def load_connectors(
    context: AppContext, session: ReadSession, principal: Principal
) -> list[ConnectorView]:
    """Return all connectors that the key may see."""
    query = _CONNECTORS.where(equipment_scope.connector_visible(principal))
    rows = (await session.execute(query.order_by(connectors.c.id))).mappings().all()
    return await _load_views(context, rows)


async def _load_views(context: AppContext, rows: Sequence[sa.RowMapping]) -> list[ConnectorView]:
    reported = await load_reported(context.redis, [row["id"] for row in rows])
    now_us = context.now_us()
    return [view_of(row, reported.get(row["id"], ReportedStatus()), now_us) for row in rows]
