"""One open connection: reads pages of a source, and finds deleted rows. Used by one thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz_edge.sql.config import SqlConfig, SqlSource
from werknetz_edge.sql.engine import open_engine, to_connector_error
from werknetz_edge.sql.keyset import (
    PagePosition,
    decode_cursor,
    ids_statement,
    order_of,
    page_statement,
    poll_start,
    sortable,
)
from werknetz_edge.sql.rows import SqlRow, deleted_row, key_of, to_row
from werknetz_edge.sql.state import SqlState

_TOO_MANY_ROWS = "{} has more than {} rows: set `changed_at`, or raise `rows_max`"


@dataclass(frozen=True, slots=True)
class SqlPage:
    rows: list[SqlRow]  # new or changed rows
    count: int  # rows read
    cursor: Any  # of the newest row; None without a cursor column
    next: PagePosition | None  # None: last page of the sweep


@dataclass(slots=True)
class SqlSession:
    config: SqlConfig
    state: SqlState
    on_disk: set[bytes]  # dedup keys of rows in the spool that may be missing in the state
    _engine: sa.Engine | None = None
    _connection: sa.Connection | None = None
    _file: tuple[int, int] | None = field(default=None)

    def open(self) -> None:
        engine = self._engine = open_engine(self.config)
        try:
            self._connection = engine.connect()
            for source in self.config.sources:
                self._connection.execute(page_statement(source, PagePosition(), 1)).fetchall()
                self._connection.rollback()
            self._file = self._inode()
        except SQLAlchemyError as error:
            self.close()
            raise to_connector_error(error, "connecting") from error
        except BaseException:
            self.close()
            raise

    def read_page(
        self, source: SqlSource, position: PagePosition | None, rows_read: int
    ) -> SqlPage:
        """Return the rows from a position on; None starts a new sweep."""
        size = self.config.page_rows
        saved_cursor = (
            decode_cursor(self.state.cursor(source.name)) if source.cursor is not None else None
        )
        if position is None:
            position = self._start(source, saved_cursor)
        with self._read_transaction(source.name) as connection:
            result = connection.execute(page_statement(source, position, size))
            names, rows = list(result.keys()), result.fetchall()
        if source.cursor is None and rows_read + len(rows) > source.rows_max:
            raise ConfigurationRejected(_TOO_MANY_ROWS.format(source.name, source.rows_max))
        order = [self._index(source, names, name) for name in order_of(source)]
        ids = [names.index(name) for name in source.id]
        keys = [key_of(source, [row[index] for index in ids]) for row in rows]
        stored_rows = self.state.get_rows(source.name, keys)
        changed = [
            new for row in rows if (new := to_row(source, names, row, stored_rows)) is not None
        ]
        unsent = [row for row in changed if row.dedup_key not in self.on_disk]
        cursor = saved_cursor
        if rows and source.cursor is not None:
            newest = rows[-1][names.index(source.cursor)]
            if saved_cursor is None or sortable(newest) > sortable(saved_cursor):
                cursor = newest
        if len(unsent) < len(changed):  # killed between the commits of spool and state
            stored = [row.stored for row in changed if row.dedup_key in self.on_disk]
            self.state.save(source.name, stored, None)
        next_position = (
            self._next_position(position, [rows[-1][i] for i in order])
            if len(rows) == size
            else None
        )
        if next_position is None and cursor is not None and not source.stores_all_rows:
            self.state.delete_before(source.name, sortable(poll_start(source, cursor)))
        return SqlPage(unsent, len(rows), cursor, next_position)

    def find_deleted(self, source: SqlSource) -> list[SqlRow]:
        """Return the rows that are stored but no longer in the table: compares ids page by page."""
        missing = self.state.list_present(source.name)
        after: tuple[Any, ...] | None = None
        count = 0
        with self._read_transaction(source.name) as connection:
            while True:
                statement = ids_statement(source, after, self.config.page_rows)
                rows = connection.execute(statement).fetchall()
                for row in rows:
                    missing.pop(key_of(source, row), None)
                count += len(rows)
                if count > source.rows_max:
                    raise ConfigurationRejected(_TOO_MANY_ROWS.format(source.name, source.rows_max))
                if len(rows) < self.config.page_rows or after == tuple(rows[-1]):
                    break
                after = tuple(rows[-1])
        deleted = [
            deleted_row(source, key, encoded_id, version)
            for key, (encoded_id, version) in missing.items()
        ]
        return [row for row in deleted if row.dedup_key not in self.on_disk]

    def close(self) -> None:
        connection, self._connection = self._connection, None
        engine, self._engine = self._engine, None
        try:
            if connection is not None:
                connection.close()
        except SQLAlchemyError:
            connection = None  # lost: nothing is left to close
        finally:
            if engine is not None:
                engine.dispose()
            self.state.close()

    def _start(self, source: SqlSource, saved_cursor: Any) -> PagePosition:
        if saved_cursor is None:
            start: Any = source.start
            if isinstance(start, datetime) and self._file is not None:
                start = start.isoformat(" ")  # SQLite stores times as text
            return PagePosition(start)
        return PagePosition(poll_start(source, saved_cursor))

    @staticmethod
    def _next_position(position: PagePosition, row: list[Any]) -> PagePosition | None:
        """None where the position does not advance: the times of the database are coarse."""
        after = tuple(row)
        return None if after == position.after else PagePosition(None, after)

    @staticmethod
    def _index(source: SqlSource, names: list[str], name: str) -> int:
        if name not in names:
            existing = ", ".join(names[:50])
            raise ConfigurationRejected(f"{source.name} has no column {name!r}; it has: {existing}")
        return names.index(name)

    @contextmanager
    def _read_transaction(self, name: str) -> Iterator[sa.Connection]:
        """A read transaction that ends with the block: none stays open between polls."""
        if self._connection is None:
            raise ConnectionLost("not connected")
        if self._inode() != self._file:
            raise ConnectionLost("the database file was replaced")
        try:
            yield self._connection
            self._connection.rollback()
        except SQLAlchemyError as error:
            raise to_connector_error(error, name) from error

    def _inode(self) -> tuple[int, int] | None:
        url = sa.make_url(self.config.url)
        if url.get_backend_name() != "sqlite" or not url.database:
            return None
        try:
            file_stat = Path(url.database).stat()
        except OSError as error:
            raise ConnectionLost(f"{url.database}: {error.strerror}") from error
        return file_stat.st_dev, file_stat.st_ino
