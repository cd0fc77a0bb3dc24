"""Sorting and keyset pagination of lists.

A cursor holds the sort order and the position of the last item: its sort value and a unique
tie-breaker. So no item is skipped or returned twice, however many share the same sort value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, instant_of, microseconds_of
from werknetz.texts.sentence import Sentence
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParams
from werknetz_core.http.problem import Problem, invalid_parameter

_KEY, _TIE = "order_key", "order_tie"  # no view has fields with these names


class SortType(Enum):
    """How a sort value is encoded in a cursor."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    UUID = "uuid"


@dataclass(frozen=True, slots=True)
class SortKey:
    """An expression to sort by; never null."""

    expression: sa.ColumnElement[Any]
    type: SortType = SortType.TEXT


@dataclass(frozen=True, slots=True)
class Cursor:
    """The sort order of a list, and the sort value and tie-breaker of the last item returned."""

    name: str
    descending: bool
    after: tuple[Any, Any] | None  # None: the first page

    def encode_next(self, value: object, tie: object) -> str:
        """Return the cursor text of the page after the item with these values."""
        order = f"{'-' * self.descending}{self.name}"
        return pagination.encode_cursor(order, _to_cursor_key(value), _to_cursor_key(tie))


def parse_cursor(
    sort: str | None,
    cursor: str | None,
    *,
    default: str,
    types: Mapping[str, SortType],
    tie: SortType,
) -> Cursor:
    """Parse `sort` and `cursor`; raise 422 for an unknown key or a cursor of another order."""
    order = (sort or default).strip()
    name = order.removeprefix("-")
    if name not in types:
        raise invalid_parameter(
            "sort",
            Sentence("requests.unknown_sort", sort=order),
            Sentence("requests.sort_keys", sort_keys=sorted(types)),
        )
    descending = order.startswith("-")
    decoded = pagination.decode_cursor(cursor, str, _CURSOR_TYPES[types[name]], _CURSOR_TYPES[tie])
    if decoded is None:
        return Cursor(name, descending, None)
    if decoded[0] != order:
        raise invalid_parameter(
            "cursor",
            Sentence("requests.cursor_of_other_sort", cursor_sort=decoded[0], sort=order),
            Sentence("requests.send_same_sort"),
        )
    after = (_from_cursor_key(decoded[1], types[name]), _from_cursor_key(decoded[2], tie))
    return Cursor(name, descending, after)


class Sorting:
    """The sort keys of a list that is read from PostgreSQL."""

    def __init__(self, default: str, *, tie: SortKey, keys: Mapping[str, SortKey]) -> None:
        self._default = default
        self._tie = tie
        self._keys = keys

    def page_query(
        self, query: sa.Select[Any], params: ListParams
    ) -> tuple[sa.Select[Any], Cursor]:
        """Return the query of the page, with one row more to detect a following page."""
        types = {name: key.type for name, key in self._keys.items()}
        cursor = parse_cursor(
            params.sort, params.cursor, default=self._default, types=types, tie=self._tie.type
        )
        columns = (self._keys[cursor.name].expression, self._tie.expression)
        query = query.add_columns(columns[0].label(_KEY), columns[1].label(_TIE))
        query = query.order_by(*(c.desc() if cursor.descending else c.asc() for c in columns))
        if cursor.after is not None:
            values = [sa.literal(v, c.type) for v, c in zip(cursor.after, columns, strict=True)]
            current, last = sa.tuple_(*columns), sa.tuple_(*values)
            query = query.where(current < last if cursor.descending else current > last)
        return query.limit(params.limit + 1), cursor


def paginate(
    rows: Sequence[sa.RowMapping], cursor: Cursor, limit: int
) -> tuple[list[sa.RowMapping], str | None]:
    """Return the rows of the page, and the cursor of the next page."""
    page, more = pagination.paginate(rows, limit)
    return page, cursor.encode_next(page[-1][_KEY], page[-1][_TIE]) if more else None


def sort_and_paginate(
    rows: Sequence[dict[str, Any]],
    params: ListParams,
    *,
    default: str,
    keys: Sequence[str],
    tie: str,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of a list that is held in memory; sort values are texts or whole numbers."""
    types = {
        name: SortType.NUMBER if any(isinstance(row[name], int) for row in rows) else SortType.TEXT
        for name in {*keys, tie}
    }
    sortable = {name: types[name] for name in keys}
    # Nothing follows in an empty list, and its values have no type: any cursor fits.
    cursor = parse_cursor(
        params.sort, params.cursor if rows else None, default=default, types=sortable,
        tie=types[tie],
    )  # fmt: skip

    def key_of(row: dict[str, Any]) -> tuple[Any, Any]:
        return row[cursor.name], row[tie]

    ordered = sorted(rows, key=key_of, reverse=cursor.descending)
    if cursor.after is not None:
        last = cursor.after
        ordered = [
            row
            for row in ordered
            if (key_of(row) < last if cursor.descending else key_of(row) > last)
        ]
    page, more = pagination.paginate(ordered, params.limit)
    return page, cursor.encode_next(*key_of(page[-1])) if more else None


_CURSOR_TYPES: Final[Mapping[SortType, type[pagination.CursorKey]]] = {
    SortType.TEXT: str,
    SortType.NUMBER: int,
    SortType.TIME: int,
    SortType.UUID: str,
}


def _to_cursor_key(value: object) -> pagination.CursorKey:
    match value:
        case datetime():
            return microseconds_of(value)
        case int():
            return value
        case _:
            return str(value)


def _from_cursor_key(key: pagination.CursorKey, sort_type: SortType) -> object:
    try:
        if sort_type is SortType.TIME:
            return instant_of(min(max(int(key), TIME_MIN_US), TIME_MAX_US))
        return UUID(str(key)) if sort_type is SortType.UUID else key
    except ValueError as error:
        raise _foreign_cursor() from error


def _foreign_cursor() -> Problem:
    return invalid_parameter(
        "cursor", Sentence("requests.cursor_of_other_route"), Sentence("requests.send_no_cursor")
    )
