"""A collection that PostgreSQL keeps: sorted, cut into pages, given in the form asked for."""

from typing import Any, TypeVar, cast

import sqlalchemy as sa
from fastapi import Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from werknetz.domain.bucket import instant_of
from werknetz_core.context.app_context import Platform
from werknetz_core.context.time_spec import Clockwork, span_of, zone_of
from werknetz_core.http import pagination
from werknetz_core.http.list_params import Listing, columns_of, given
from werknetz_core.http.problem import wrong_parameter
from werknetz_core.http.sorting import Sorting, cut

View = TypeVar("View", bound=BaseModel)


async def paged(
    request: Request,
    reading: AsyncConnection,
    asked: Listing,
    query: sa.Select[Any],
    sorting: Sorting,
    view: type[View],
) -> pagination.Page[View]:
    """Answer with a page of the query's rows, whose columns are named as the view's fields."""
    query, place = sorting.page(query, asked)
    rows = (await reading.execute(query)).mappings().all()
    shown, next_cursor = cut(rows, place, asked.limit)
    items = [view(**row) for row in shown]
    answer = given(request, asked, items, columns_of(view), next_cursor=next_cursor)
    return cast("pagination.Page[View]", answer)  # a ready answer of that form


def utc(core: Platform) -> Clockwork:
    """What times without a plant are read against."""
    return Clockwork(core.now_us(), zone_of(None, "UTC"))


def during(
    core: Platform, column: sa.ColumnElement[Any], start: str | None, end: str | None
) -> sa.ColumnElement[bool]:
    """Return the condition that an instant lies in the half-open span; no start: any instant."""
    if start is None:
        if end is not None:
            raise wrong_parameter("end", "end needs a start.", "Give `start`, too, or neither.")
        return sa.true()
    span = span_of(start, end, utc(core))
    return sa.and_(column >= instant_of(span.start_us), column < instant_of(span.end_us))
