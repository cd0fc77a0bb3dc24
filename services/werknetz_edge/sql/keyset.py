"""Keyset pagination: statements that read the rows after the last one, never with OFFSET."""

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
class PagePosition:
    """Start of the next page: at `cursor`, or after the row with the sort columns `after`."""

    cursor: Any = None
    after: tuple[Any, ...] | None = None


def page_statement(source: SqlSource, position: PagePosition, rows: int) -> sa.Select[Any]:
    """Select the next rows in the order of cursor and id."""
    columns = _order(source)
    statement: sa.Select[Any] = sa.select(sa.literal_column("*")).select_from(_from(source))
    if position.after is not None:
        statement = statement.where(_rows_after(columns, position.after))
    elif position.cursor is not None:
        statement = statement.where(columns[0] >= position.cursor)
    elif source.cursor is not None:
        statement = statement.where(columns[0].is_not(None))
    return statement.order_by(*columns).limit(rows)


def ids_statement(source: SqlSource, after: tuple[Any, ...] | None, rows: int) -> sa.Select[Any]:
    """Select the next ids, to find deleted rows."""
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in source.id]
    statement = sa.select(*columns).select_from(_from(source))
    if after is not None:
        statement = statement.where(_rows_after(columns, after))
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


def _rows_after(
    columns: Sequence[sa.ColumnClause[Any]], row: Sequence[Any]
) -> sa.ColumnElement[bool]:
    """(a, b) > (x, y), in a form that every database supports and can use an index for."""
    column, value = columns[0], row[0]
    later: sa.ColumnElement[bool] = column > value
    if len(columns) == 1:
        return later
    return sa.and_(
        column >= value,
        sa.or_(later, _rows_after(columns[1:], row[1:])),
    )


def poll_start(source: SqlSource, cursor: Any) -> Any:
    """Return the cursor of the next poll: before the newest row, by the lag of late commits."""
    if isinstance(cursor, (datetime, date)):
        return cursor - timedelta(seconds=source.lag_s)
    if isinstance(cursor, (int, float, Decimal)):
        return cursor - source.lag
    if isinstance(cursor, bytes):
        return max(0, int.from_bytes(cursor) - source.lag).to_bytes(len(cursor))
    if isinstance(cursor, str):
        return _poll_start_of_text(source, cursor)
    raise ConfigurationRejected(
        f"{source.name}: {source.cursor} is a {type(cursor).__name__}: use a column that is a "
        "time, a number or a rowversion"
    )


def _poll_start_of_text(source: SqlSource, cursor: str) -> str:
    """SQLite stores times as text, which is sortable if all of them have the same format."""
    try:
        at = datetime.fromisoformat(cursor)
    except ValueError as error:
        raise ConfigurationRejected(
            f"{source.name}: {cursor[:40]!r} in {source.cursor} is not an ISO time, "
            "which a text column must contain to be sortable"
        ) from error
    earlier = at - timedelta(seconds=source.lag_s)
    digits = len(cursor.partition(".")[2].rstrip("Z").partition("+")[0])
    precision = "seconds" if digits == 0 else "milliseconds" if digits <= 3 else "microseconds"
    text = earlier.isoformat("T" if "T" in cursor else " ", precision)
    return text.replace("+00:00", "Z") if cursor.endswith("Z") else text


def encode_cursor(value: Any) -> Any:
    """Encode a cursor for the state; `decode_cursor` restores it."""
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    return value


def decode_cursor(encoded: Any) -> Any:
    if not isinstance(encoded, dict):
        return encoded
    if "at" in encoded:
        return datetime.fromisoformat(encoded["at"])
    if "day" in encoded:
        return date.fromisoformat(encoded["day"])
    return Decimal(encoded["number"])


def sortable(value: Any) -> Any:
    """Convert a cursor into a number or text that SQLite sorts."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    if isinstance(value, date):
        return value.toordinal()
    if isinstance(value, Decimal):
        return float(value)
    return value
