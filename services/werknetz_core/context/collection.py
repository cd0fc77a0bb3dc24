"""A collection that PostgreSQL keeps: sorted, cut into pages, given in the form asked for."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from fastapi import Request
from pydantic import BaseModel

from werknetz.domain.bucket import instant_of
from werknetz.store.session import ReadSession
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import TimeContext, parse_span, parse_zone
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParams, columns_of, list_response
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.http.sorting import Sorting, paginate

View = TypeVar("View", bound=BaseModel)


async def query_page(
    request: Request,
    session: ReadSession,
    params: ListParams,
    query: sa.Select[Any],
    sorting: Sorting,
    view: type[View],
    to_view: Callable[[sa.RowMapping], View] | None = None,
) -> pagination.Page[View]:
    """Return a page of the query's rows; without `to_view`, the columns are the view's fields."""
    query, place = sorting.page_query(query, params)
    rows = (await session.execute(query)).mappings().all()
    shown, next_cursor = paginate(rows, place, params.limit)
    items = [view(**row) if to_view is None else to_view(row) for row in shown]
    answer = list_response(request, params, items, columns_of(view), next_cursor=next_cursor)
    return cast("pagination.Page[View]", answer)  # a ready answer of that form


def utc_time_context(context: AppContext) -> TimeContext:
    """What times without a plant are read against."""
    return TimeContext(context.now_us(), parse_zone(None, "UTC"))


def time_condition(
    context: AppContext, column: sa.ColumnElement[Any], start: str | None, end: str | None
) -> sa.ColumnElement[bool]:
    """Return the condition that an instant lies in the half-open span; no start: any instant."""
    if start is None:
        if end is not None:
            raise invalid_parameter("end", "end needs a start.", "Give `start`, too, or neither.")
        return sa.true()
    span = parse_span(start, end, utc_time_context(context))
    return sa.and_(column >= instant_of(span.start_us), column < instant_of(span.end_us))


def overlap_condition(
    context: AppContext,
    start_at: sa.ColumnElement[Any],
    end_at: sa.ColumnElement[Any],
    start: str | None,
    end: str | None,
) -> sa.ColumnElement[bool]:
    """Return the condition that a row's time overlaps the span; no start: any row.

    A row without an end goes on.
    """
    if start is None:
        return sa.true()
    span = parse_span(start, end, utc_time_context(context))
    return sa.and_(
        start_at < instant_of(span.end_us),
        sa.or_(end_at.is_(None), end_at > instant_of(span.start_us)),
    )
