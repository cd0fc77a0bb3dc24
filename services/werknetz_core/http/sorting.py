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
from werknetz_core.http.list_params import Listing
from werknetz_core.http.problem import Problem, wrong_parameter

_KEY, _TIE = "order_key", "order_tie"  # no view has fields of these names


class Kind(Enum):
    """How a value stands in a cursor."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    UUID = "uuid"


@dataclass(frozen=True, slots=True)
class Key:
    """What is sorted by; never null."""

    expression: sa.ColumnElement[Any]
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Place:
    """Which order was asked for, and where it goes on: after these two values."""

    name: str
    descending: bool
    after: tuple[Any, Any] | None

    def cursor(self, key: object, tie: object) -> str:
        return pagination.encode(f"{'-' * self.descending}{self.name}", _plain(key), _plain(tie))


def place_of(
    sort: str | None, cursor: str | None, *, default: str, kinds: Mapping[str, Kind], tie: Kind
) -> Place:
    """Read `sort` and `cursor`; an unknown key and a cursor of another order are told."""
    asked = (sort or default).strip()
    name = asked.removeprefix("-")
    if name not in kinds:
        raise wrong_parameter(
            "sort",
            f"sort={asked!r} is not known here.",
            f"Sort by one of {', '.join(sorted(kinds))}; a - before it begins at the largest.",
        )
    place = Place(name, asked.startswith("-"), None)
    types = (str, _TYPES[kinds[name]], _TYPES[tie])
    known = pagination.decode(cursor, *types)
    if known is None:
        return place
    if known[0] != asked:
        raise wrong_parameter(
            "cursor",
            f"This cursor was given for sort={known[0]}, not for {asked}.",
            "Send the same sort as for the page before, or no cursor for the first page.",
        )
    after = (_value(known[1], kinds[name]), _value(known[2], tie))
    return Place(place.name, place.descending, after)


class Sorting:
    """The sort keys of a collection that PostgreSQL keeps."""

    def __init__(self, default: str, *, tie: Key, keys: Mapping[str, Key]) -> None:
        self._default = default
        self._tie = tie
        self._keys = keys

    def page(self, query: sa.Select[Any], asked: Listing) -> tuple[sa.Select[Any], Place]:
        """Return the query of the page, with one row too many to see whether more follow."""
        kinds = {name: key.kind for name, key in self._keys.items()}
        place = place_of(
            asked.sort, asked.cursor, default=self._default, kinds=kinds, tie=self._tie.kind
        )
        pair = (self._keys[place.name].expression, self._tie.expression)
        query = query.add_columns(pair[0].label(_KEY), pair[1].label(_TIE))
        query = query.order_by(*(one.desc() if place.descending else one.asc() for one in pair))
        if place.after is not None:
            after = [sa.literal(v, one.type) for v, one in zip(place.after, pair, strict=True)]
            here, there = sa.tuple_(*pair), sa.tuple_(*after)
            query = query.where(here < there if place.descending else here > there)
        return query.limit(asked.limit + 1), place


def cut(
    rows: Sequence[sa.RowMapping], place: Place, limit: int
) -> tuple[list[sa.RowMapping], str | None]:
    """Return the rows of the page, and the cursor of the next one."""
    shown, more = pagination.cut(rows, limit)
    return shown, place.cursor(shown[-1][_KEY], shown[-1][_TIE]) if more else None


def sorted_rows(
    rows: Sequence[dict[str, Any]],
    asked: Listing,
    *,
    default: str,
    keys: Sequence[str],
    tie: str,
) -> tuple[list[dict[str, Any]], str | None]:
    """Do the same for a collection of texts and whole numbers that lies in memory."""
    kinds = {
        name: Kind.NUMBER if any(isinstance(row[name], int) for row in rows) else Kind.TEXT
        for name in {*keys, tie}
    }
    sortable = {name: kinds[name] for name in keys}
    place = place_of(asked.sort, asked.cursor, default=default, kinds=sortable, tie=kinds[tie])

    def key(row: dict[str, Any]) -> tuple[Any, Any]:
        return row[place.name], row[tie]

    ascending = sorted(rows, key=key, reverse=place.descending)
    if place.after is not None:
        after = place.after
        ascending = [
            r for r in ascending if (key(r) < after if place.descending else key(r) > after)
        ]
    shown, more = pagination.cut(ascending, asked.limit)
    return shown, place.cursor(*key(shown[-1])) if more else None


_TYPES: Final[Mapping[Kind, type[pagination.Key]]] = {
    Kind.TEXT: str, Kind.NUMBER: int, Kind.TIME: int, Kind.UUID: str,
}  # fmt: skip


def _plain(value: object) -> pagination.Key:
    match value:
        case datetime():
            return microseconds_of(value)
        case int():
            return value
        case _:
            return str(value)


def _value(plain: pagination.Key, kind: Kind) -> object:
    try:
        if kind is Kind.TIME:
            return instant_of(min(max(int(plain), TIME_MIN_US), TIME_MAX_US))
        return UUID(str(plain)) if kind is Kind.UUID else plain
    except ValueError as error:
        raise _foreign() from error


def _foreign() -> Problem:
    return wrong_parameter(
        "cursor", "This cursor was not given by this route.", "Send none for the first page."
    )
