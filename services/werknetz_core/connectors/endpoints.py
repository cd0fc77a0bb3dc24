"""Connectors: their reported status, combined with what is stored of them."""

from typing import Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from redis.exceptions import RedisError

from werknetz.domain.bucket import instant_of
from werknetz.link.redis import status_key
from werknetz.link.wire import Status, UnreadableMessage, link_name_of, status_from_hash
from werknetz.runtime.log import get_logger
from werknetz.store.session import ReadSession
from werknetz.store.tables import BOOK_COUNTS, connector_books, connectors, gaps, spools
from werknetz.texts.sentence import Sentence, write_text
from werknetz_core.access import equipment_scope
from werknetz_core.access.principal import Principal
from werknetz_core.access.require import MayRead
from werknetz_core.connectors.schemas import BooksView, ConnectorView
from werknetz_core.context.app_context import AppContext, ContextDep, ReadSessionDep
from werknetz_core.context.collection import load_page, page_response
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["connectors"])
_log = get_logger("core.connectors")
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
_CONNECTORS = sa.select(
    connectors, _SPOOLS.c.samples, _SPOOLS.c.quarantined, _GAPS.c.open_gaps,
    *(_BOOKS[name].label(f"books_{name}") for name in (*BOOK_COUNTS, "since")),
).select_from(
    connectors.outerjoin(_SPOOLS, _SPOOLS.c.connector_id == connectors.c.id)
    .outerjoin(_GAPS, _GAPS.c.connector_id == connectors.c.id)
    .outerjoin(connector_books, _BOOKS.connector_id == connectors.c.id)
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


@router.get("/connectors")
async def list_connectors(
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    params: ListParamsDep,
) -> pagination.Page[ConnectorView]:
    """List connectors with state, lag, backlog and last good value.

    Sort: id, open_gaps, samples.
    """
    query = _CONNECTORS.where(equipment_scope.connector_visible(principal))
    rows, next_cursor = await load_page(session, params, query, _SORTING)
    items = [await _load_view(context, row) for row in rows]
    return page_response(request, params, items, ConnectorView, next_cursor=next_cursor)


@router.get("/connectors/{connector}")
async def show_connector(
    connector: str, context: ContextDep, session: ReadSessionDep, principal: MayRead
) -> ConnectorView:
    """Show one connector."""
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
    return await _load_view(context, row)


async def load_connectors(
    context: AppContext, session: ReadSession, principal: Principal
) -> list[ConnectorView]:
    """Return all connectors that the key may see."""
    query = _CONNECTORS.where(equipment_scope.connector_visible(principal))
    rows = (await session.execute(query.order_by(connectors.c.id))).mappings().all()
    return [await _load_view(context, row) for row in rows]


async def _load_view(context: AppContext, row: sa.RowMapping) -> ConnectorView:
    connector: str = row["id"]
    status = await load_status(context, connector)
    history = await load_status(context, link_name_of(connector, "backfill"))
    return _to_view(row, status, merge_findings(status, history))


def merge_findings(live: Status | None, history: Status | None) -> dict[str, str]:
    """Return the findings of both lanes of a connector; of one kind, that of history is second.

    Both lanes report what the connector itself has found: that is shown once.
    """
    merged = dict(live.findings) if live else {}
    for kind, text in (history.findings if history else {}).items():
        former = merged.get(kind, text)
        merged[kind] = text if former == text else f"{former} In the backfill: {text}"
    return merged


async def load_status(context: AppContext, connector: str) -> Status | None:
    """Return the last status of a connector's lane; None if it sent none in the last minute."""
    if context.redis is None:
        return None
    try:
        fields = await context.redis.hgetall(status_key(connector))
        if not fields:
            return None
        return status_from_hash({str(name): str(text) for name, text in fields.items()})
    except (RedisError, OSError, TimeoutError, UnreadableMessage) as error:
        _log.warning("status not readable", connector=connector, error=type(error).__name__)
        return None


def _to_view(row: sa.RowMapping, status: Status | None, findings: dict[str, str]) -> ConnectorView:
    last_good_us = status.last_good_us if status else None
    return ConnectorView.model_validate(
        {
            "id": row["id"],
            "state": status.state if status else "silent",
            "detail": status.detail if status else write_text(Sentence("system.no_status")),
            "protocol": status.protocol if status else None,
            "lag_s": status.lag_s if status else None,
            "backlog": status.backlog if status else None,
            "last_good_at": instant_of(last_good_us) if last_good_us is not None else None,
            "last_applied_at": row["last_applied_at"],
            "alarm": row["alarm"],
            "epoch": row["epoch"],
            "samples": int(row["samples"] or 0),
            "quarantined": int(row["quarantined"] or 0),
            "open_gaps": int(row["open_gaps"] or 0),
            "books": _books_of(row),
            "version": status.version if status else None,
            "spool_bytes": status.spool_bytes if status else None,
            "rss_bytes": status.rss_bytes if status else None,
            "details": dict(status.details) if status else {},
            "findings": findings,
            "mapping": status.mapping if status else None,
            "mapping_state": status.mapping_state if status else None,
            "mapping_detail": status.mapping_detail if status else None,
        }
    )


def _books_of(row: sa.RowMapping) -> BooksView | None:
    since = row["books_since"]
    if since is None:
        return None
    counts: dict[str, int] = {name: row[f"books_{name}"] for name in BOOK_COUNTS}
    outcomes = sum(count for name, count in counts.items() if name != "taken")
    return BooksView.model_validate(
        {**counts, "balanced": counts["taken"] == outcomes, "since": since}
    )
