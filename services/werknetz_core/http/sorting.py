"""The order of a collection, and the cursor that goes with it.

A cursor holds the order and where the last page ended in it: the value of the sort key and one
that no two items share. So no item is left out or given twice, however many have the same value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, instant_of, microseconds_of
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParams
from werknetz_core.http.problem import Problem, invalid_parameter

_KEY, _TIE = "order_key", "order_tie"  # no view has fields of these names


class SortType(Enum):
    """How a value stands in a cursor."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    UUID = "uuid"


@dataclass(frozen=True, slots=True)
class SortKey:
    """What is sorted by; never null."""

    expression: sa.ColumnElement[Any]
    type: SortType = SortType.TEXT


@dataclass(frozen=True, slots=True)
class Cursor:
    """Which order was asked for, and where it goes on: after these two values."""

    name: str
    descending: bool
    after: tuple[Any, Any] | None

    def encode_next(self, key: object, tie: object) -> str:
        return pagination.encode_cursor(
            f"{'-' * self.descending}{self.name}", _plain(key), _plain(tie)
        )


def parse_cursor(
    sort: str | None,
    cursor: str | None,
    *,
    default: str,
    kinds: Mapping[str, SortType],
    tie: SortType,
) -> Cursor:
    """Read `sort` and `cursor`; an unknown key and a cursor of another order are told."""
    params = (sort or default).strip()
    name = params.removeprefix("-")
    if name not in kinds:
        raise invalid_parameter(
            "sort",
            f"sort={params!r} is not known here.",
            f"Sort by one of {', '.join(sorted(kinds))}; a - before it begins at the largest.",
        )
    place = Cursor(name, params.startswith("-"), None)
    types = (str, _TYPES[kinds[name]], _TYPES[tie])
    known = pagination.decode_cursor(cursor, *types)
    if known is None:
        return place
    if known[0] != params:
        raise invalid_parameter(
            "cursor",
            f"This cursor was given for sort={known[0]}, not for {params}.",
            "Send the same sort as for the page before, or no cursor for the first page.",
        )
    after = (_value(known[1], kinds[name]), _value(known[2], tie))
    return Cursor(place.name, place.descending, after)


class Sorting:
    """The sort keys of a collection that PostgreSQL keeps."""

    def __init__(self, default: str, *, tie: SortKey, keys: Mapping[str, SortKey]) -> None:
        self._default = default
        self._tie = tie
        self._keys = keys

    def page_query(
        self, query: sa.Select[Any], params: ListParams
    ) -> tuple[sa.Select[Any], Cursor]:
        """Return the query of the page, with one row too many to see whether more follow."""
        kinds = {name: key.type for name, key in self._keys.items()}
        place = parse_cursor(
            params.sort, params.cursor, default=self._default, kinds=kinds, tie=self._tie.type
        )
        pair = (self._keys[place.name].expression, self._tie.expression)
        query = query.add_columns(pair[0].label(_KEY), pair[1].label(_TIE))
        query = query.order_by(*(one.desc() if place.descending else one.asc() for one in pair))
        if place.after is not None:
            after = [sa.literal(v, one.type) for v, one in zip(place.after, pair, strict=True)]
            here, there = sa.tuple_(*pair), sa.tuple_(*after)
            query = query.where(here < there if place.descending else here > there)
        return query.limit(params.limit + 1), place


def paginate(
    rows: Sequence[sa.RowMapping], place: Cursor, limit: int
) -> tuple[list[sa.RowMapping], str | None]:
    """Return the rows of the page, and the cursor of the next one."""
    shown, more = pagination.paginate(rows, limit)
    return shown, place.encode_next(shown[-1][_KEY], shown[-1][_TIE]) if more else None


def sort_and_paginate(
    rows: Sequence[dict[str, Any]],
    params: ListParams,
    *,
    default: str,
    keys: Sequence[str],
    tie: str,
) -> tuple[list[dict[str, Any]], str | None]:
    """Do the same for a collection of texts and whole numbers that lies in memory."""
    kinds = {
        name: SortType.NUMBER if any(isinstance(row[name], int) for row in rows) else SortType.TEXT
        for name in {*keys, tie}
    }
    sortable = {name: kinds[name] for name in keys}
    place = parse_cursor(
        params.sort, params.cursor, default=default, kinds=sortable, tie=kinds[tie]
    )

    def key(row: dict[str, Any]) -> tuple[Any, Any]:
        return row[place.name], row[tie]

    ascending = sorted(rows, key=key, reverse=place.descending)
    if place.after is not None:
        after = place.after
        ascending = [
            r for r in ascending if (key(r) < after if place.descending else key(r) > after)
        ]
    shown, more = pagination.paginate(ascending, params.limit)
    return shown, place.encode_next(*key(shown[-1])) if more else None


_TYPES: Final[Mapping[SortType, type[pagination.CursorKey]]] = {
    SortType.TEXT: str, SortType.NUMBER: int, SortType.TIME: int, SortType.UUID: str,
}  # fmt: skip


def _plain(value: object) -> pagination.CursorKey:
    match value:
        case datetime():
            return microseconds_of(value)
        case int():
            return value
        case _:
            return str(value)


def _value(plain: pagination.CursorKey, kind: SortType) -> object:
    try:
        if kind is SortType.TIME:
            return instant_of(min(max(int(plain), TIME_MIN_US), TIME_MAX_US))
        return UUID(str(plain)) if kind is SortType.UUID else plain
    except ValueError as error:
        raise _foreign() from error


def _foreign() -> Problem:
    return invalid_parameter(
        "cursor", "This cursor was not given by this route.", "Send none for the first page."
    )
