"""Statements that read a table page by page, by what comes after the last row: never OFFSET."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.sql.config import SqlSource

_ALIAS: Final = "werknetz_source"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next page begins: at `cursor`, or after the row that is named by both."""

    cursor: Any = None
    after: tuple[Any, ...] | None = None


def page_statement(source: SqlSource, place: Place, rows: int) -> sa.Select[Any]:
    """The next rows in the order of cursor and id."""
    columns = _order(source)
    statement: sa.Select[Any] = sa.select(sa.literal_column("*")).select_from(_from(source))
    if place.after is not None:
        statement = statement.where(_behind(columns, place.after))
    elif place.cursor is not None:
        statement = statement.where(columns[0] >= place.cursor)
    elif source.cursor is not None:
        statement = statement.where(columns[0].is_not(None))
    return statement.order_by(*columns).limit(rows)


def ids_statement(source: SqlSource, after: tuple[Any, ...] | None, rows: int) -> sa.Select[Any]:
    """The next ids, to find out what is gone."""
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in source.id]
    statement = sa.select(*columns).select_from(_from(source))
    if after is not None:
        statement = statement.where(_behind(columns, after))
    return statement.order_by(*columns).limit(rows)


def order_of(source: SqlSource) -> list[str]:
    names = [source.changed_at] if source.changed_at is not None else []
    return [*names, *(name for name in source.id if name not in names)]


def _order(source: SqlSource) -> list[sa.ColumnClause[Any]]:
    return [sa.column(name) for name in order_of(source)]


def _from(source: SqlSource) -> sa.FromClause:
    if source.query is not None:
        text = sa.text(source.query.replace("\\:", ":").replace(":", "\\:"))
        return text.columns(*_order(source)).subquery(_ALIAS)
    schema, _, name = (source.table or "").rpartition(".")
    return sa.table(name, schema=schema or None)


def _behind(columns: Sequence[sa.ColumnClause[Any]], row: Sequence[Any]) -> sa.ColumnElement[bool]:
    """(a, b) > (x, y), written so that every database understands it and can use an index."""
    column, value = columns[0], row[0]
    later: sa.ColumnElement[bool] = column > value
    if len(columns) == 1:
        return later
    return sa.and_(
        column >= value,
        sa.or_(later, _behind(columns[1:], row[1:])),
    )


def back(source: SqlSource, cursor: Any) -> Any:
    """Where the next poll begins: so far before the newest row as a transaction may be late."""
    if isinstance(cursor, (datetime, date)):
        return cursor - timedelta(seconds=source.lag_s)
    if isinstance(cursor, (int, float, Decimal)):
        return cursor - source.lag
    if isinstance(cursor, bytes):
        return max(0, int.from_bytes(cursor) - source.lag).to_bytes(len(cursor))
    if isinstance(cursor, str):
        return _back_in_text(source, cursor)
    raise ConfigurationRejected(
        f"{source.name}: {source.cursor} is a {type(cursor).__name__}: take a column that is a "
        "time, a number or a rowversion"
    )


def _back_in_text(source: SqlSource, cursor: str) -> str:
    """SQLite keeps times as text, which sorts as long as all of it has one form."""
    try:
        at = datetime.fromisoformat(cursor)
    except ValueError as error:
        raise ConfigurationRejected(
            f"{source.name}: {cursor[:40]!r} in {source.cursor} is no ISO time: as a text it must "
            "be one, to be sorted"
        ) from error
    earlier = at - timedelta(seconds=source.lag_s)
    places = len(cursor.partition(".")[2].rstrip("Z").partition("+")[0])
    precision = "seconds" if places == 0 else "milliseconds" if places <= 3 else "microseconds"
    text = earlier.isoformat("T" if "T" in cursor else " ", precision)
    return text.replace("+00:00", "Z") if cursor.endswith("Z") else text


def packed(value: Any) -> Any:
    """A cursor as it is kept in the state, and so as it comes back from `unpacked`."""
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    return value


def unpacked(kept: Any) -> Any:
    if not isinstance(kept, dict):
        return kept
    if "at" in kept:
        return datetime.fromisoformat(kept["at"])
    if "day" in kept:
        return date.fromisoformat(kept["day"])
    return Decimal(kept["number"])


def sortable(value: Any) -> Any:
    """A cursor as SQLite sorts it: numbers and texts."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    if isinstance(value, date):
        return value.toordinal()
    if isinstance(value, Decimal):
        return float(value)
    return value
