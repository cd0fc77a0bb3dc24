"""Keyset pagination: statements that read the rows after the last one, never with OFFSET."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from werknetz_edge.sql.config import SqlSource

_ALIAS: Final = "werknetz_source"


@dataclass(frozen=True, slots=True)
class PagePosition:
    """Start of the next page: at `cursor`, or after the row with the sort columns `after`."""

    cursor: Any = None
    after: tuple[Any, ...] | None = None
    before: Any = None  # the first cursor that this range does not contain; None: it has no end
    later: "PagePosition | None" = None  # the next range of the sweep


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
    if position.before is not None:
        statement = statement.where(columns[0] < position.before)
    return statement.order_by(*columns).limit(rows)


def newest_statement(source: SqlSource) -> sa.Select[Any]:
    """Select the largest value of the cursor column; null in an empty table."""
    return sa.select(sa.func.max(_order(source)[0])).select_from(_from(source))


def count_statement(source: SqlSource, *, after: Any = None, before: Any = None) -> sa.Select[Any]:
    """Count the rows whose cursor is null, or is after or before another one."""
    column = _order(source)[0]
    condition = column.is_(None)
    if after is not None:
        condition = column > after
    elif before is not None:
        condition = column < before
    return sa.select(sa.func.count()).select_from(_from(source)).where(condition)


def last_ids_statement(source: SqlSource, before: Any, rows: int) -> sa.Select[Any]:
    """Select ids and cursors of rows before a cursor, the highest ids first."""
    column = _order(source)[0]
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in source.id]
    statement = sa.select(*columns, column).select_from(_from(source)).where(column < before)
    return statement.order_by(*(name.desc() for name in columns)).limit(rows)


def rows_statement(source: SqlSource, ids: Sequence[Any]) -> sa.Select[Any]:
    """Select the rows with these ids, of a source with one id column."""
    id_column: sa.ColumnClause[Any] = sa.column(source.id[0])
    statement: sa.Select[Any] = sa.select(sa.literal_column("*")).select_from(_from(source))
    return statement.where(id_column.in_(ids))


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
