"""Lists that are read from PostgreSQL: filtered, sorted, paginated, in the requested format."""

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from fastapi import Request
from pydantic import BaseModel

from werknetz.domain.bucket import instant_of
from werknetz.store.session import ReadSession
from werknetz.texts.sentence import Sentence
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
) -> pagination.Page[View]:
    """Respond with a page of the query, whose columns have the names of the view's fields."""
    rows, next_cursor = await load_page(session, params, query, sorting)
    items = [view(**row) for row in rows]
    return page_response(request, params, items, view, next_cursor=next_cursor)


async def load_page(
    session: ReadSession, params: ListParams, query: sa.Select[Any], sorting: Sorting
) -> tuple[list[sa.RowMapping], str | None]:
    """Return the rows of a page, and the cursor of the next page."""
    page_query, cursor = sorting.page_query(query, params)
    rows = (await session.execute(page_query)).mappings().all()
    return paginate(rows, cursor, params.limit)


def page_response(
    request: Request,
    params: ListParams,
    items: Sequence[View],
    view: type[View],
    *,
    next_cursor: str | None,
) -> pagination.Page[View]:
    """Respond with the items of a page, typed as what the response contains."""
    response = list_response(request, params, items, columns_of(view), next_cursor=next_cursor)
    return cast("pagination.Page[View]", response)  # FastAPI sends a Response as it is


def utc_time_context(context: AppContext) -> TimeContext:
    """Return the time context of a list that belongs to no plant."""
    return TimeContext(context.now_us(), parse_zone(None, "UTC"))


def time_condition(
    context: AppContext, column: sa.ColumnElement[Any], start: str | None, end: str | None
) -> sa.ColumnElement[bool]:
    """Return the condition that an instant lies in the half-open span; no start: any instant."""
    if start is None:
        if end is not None:
            raise invalid_parameter(
                "end", Sentence("requests.end_without_start"), Sentence("requests.send_start")
            )
        return sa.true()
    span = parse_span(start, end, utc_time_context(context))
    return sa.and_(column >= instant_of(span.start_us), column < instant_of(span.end_us))
