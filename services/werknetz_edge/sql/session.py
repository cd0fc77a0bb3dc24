"""One open connection: the next page of a source, and what is gone from it. In one thread."""

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
from werknetz_edge.sql.engine import meaning_of, open_engine
from werknetz_edge.sql.keyset import (
    Place,
    back,
    ids_statement,
    order_of,
    page_statement,
    sortable,
    unpacked,
)
from werknetz_edge.sql.rows import SqlRow, deleted_row, key_of, row_of
from werknetz_edge.sql.state import PollState

_TOO_MANY = "{} has more than {} rows: give `changed_at`, or raise `rows_max`"


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[SqlRow]  # those that are new or changed
    count: int  # as they were read
    cursor: Any  # of the newest row, None where there is no cursor
    next: Place | None  # None: this was the last page of the sweep


@dataclass(slots=True)
class SqlSession:
    config: SqlConfig
    state: PollState
    on_disk: set[bytes]  # marks of rows that are in the spool, and perhaps not in the state
    _engine: sa.Engine | None = None
    _connection: sa.Connection | None = None
    _file: tuple[int, int] | None = field(default=None)

    def open(self) -> None:
        engine = self._engine = open_engine(self.config)
        try:
            self._connection = engine.connect()
            for source in self.config.sources:
                self._connection.execute(page_statement(source, Place(), 1)).fetchall()
                self._connection.rollback()
            self._file = self._inode()
        except SQLAlchemyError as error:
            self.close()
            raise meaning_of(error, "connecting") from error
        except BaseException:
            self.close()
            raise

    def page(self, source: SqlSource, place: Place | None, seen: int) -> Page:
        """The rows from a place on; None begins a new sweep."""
        size = self.config.page_rows
        kept = unpacked(self.state.cursor(source.name)) if source.cursor is not None else None
        if place is None:
            place = self._start(source, kept)
        with self._asking(source.name) as connection:
            result = connection.execute(page_statement(source, place, size))
            names, rows = list(result.keys()), result.fetchall()
        if source.cursor is None and seen + len(rows) > source.rows_max:
            raise ConfigurationRejected(_TOO_MANY.format(source.name, source.rows_max))
        order = [self._index(source, names, name) for name in order_of(source)]
        ids = [names.index(name) for name in source.id]
        keys = [key_of(source, [row[index] for index in ids]) for row in rows]
        known = self.state.known(source.name, keys)
        made = [found for row in rows if (found := row_of(source, names, row, known)) is not None]
        fresh = [row for row in made if row.mark not in self.on_disk]
        cursor = kept
        if rows and source.cursor is not None:
            newest = rows[-1][names.index(source.cursor)]
            if kept is None or sortable(newest) > sortable(kept):
                cursor = newest
        if len(fresh) < len(made):  # killed between the spool's commit and ours
            taken = [row.taken for row in made if row.mark in self.on_disk]
            self.state.keep(source.name, taken, None)
        follows = self._follows(place, [rows[-1][i] for i in order]) if len(rows) == size else None
        if follows is None and cursor is not None and not source.keeps_all:
            self.state.forget(source.name, sortable(back(source, cursor)))
        return Page(fresh, len(rows), cursor, follows)

    def gone(self, source: SqlSource) -> list[SqlRow]:
        """What was taken and is there no more: by its ids, page by page."""
        known = self.state.present(source.name)
        after: tuple[Any, ...] | None = None
        count = 0
        with self._asking(source.name) as connection:
            while True:
                statement = ids_statement(source, after, self.config.page_rows)
                rows = connection.execute(statement).fetchall()
                for row in rows:
                    known.pop(key_of(source, row), None)
                count += len(rows)
                if count > source.rows_max:
                    raise ConfigurationRejected(_TOO_MANY.format(source.name, source.rows_max))
                if len(rows) < self.config.page_rows or after == tuple(rows[-1]):
                    break
                after = tuple(rows[-1])
        found = [
            deleted_row(source, key, ident, version) for key, (ident, version) in known.items()
        ]
        return [row for row in found if row.mark not in self.on_disk]

    def close(self) -> None:
        connection, self._connection = self._connection, None
        engine, self._engine = self._engine, None
        try:
            if connection is not None:
                connection.close()
        except SQLAlchemyError:
            connection = None  # it was lost: there is nothing left to close
        finally:
            if engine is not None:
                engine.dispose()
            self.state.close()

    def _start(self, source: SqlSource, kept: Any) -> Place:
        if kept is None:
            start: Any = source.start
            if isinstance(start, datetime) and self._file is not None:
                start = start.isoformat(" ")  # SQLite keeps times as text
            return Place(start)
        return Place(back(source, kept))

    @staticmethod
    def _follows(place: Place, row: list[Any]) -> Place | None:
        """None where the database does not get beyond a row, as its times are coarser than ours."""
        after = tuple(row)
        return None if after == place.after else Place(None, after)

    @staticmethod
    def _index(source: SqlSource, names: list[str], name: str) -> int:
        if name not in names:
            there = ", ".join(names[:50])
            raise ConfigurationRejected(f"{source.name} has no column {name!r}; it has: {there}")
        return names.index(name)

    @contextmanager
    def _asking(self, name: str) -> Iterator[sa.Connection]:
        """A transaction of its own that only reads, and ends: none is left open between polls."""
        if self._connection is None:
            raise ConnectionLost("not connected")
        if self._inode() != self._file:
            raise ConnectionLost("the database file is another than before")
        try:
            yield self._connection
            self._connection.rollback()
        except SQLAlchemyError as error:
            raise meaning_of(error, name) from error

    def _inode(self) -> tuple[int, int] | None:
        url = sa.make_url(self.config.url)
        if url.get_backend_name() != "sqlite" or not url.database:
            return None
        try:
            found = Path(url.database).stat()
        except OSError as error:
            raise ConnectionLost(f"{url.database}: {error.strerror}") from error
        return found.st_dev, found.st_ino
