"""One open connection: reads pages of a source, and finds deleted rows. Used by one thread."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz_edge.sql.config import SqlConfig, SqlSource
from werknetz_edge.sql.cursor import (
    LATE_FACTOR,
    decode_cursor,
    encode_cursor,
    is_number,
    limit_to_now,
    newest_of,
    poll_start,
    sortable,
)
from werknetz_edge.sql.engine import open_engine, to_connector_error
from werknetz_edge.sql.keyset import (
    PagePosition,
    ids_statement,
    newest_statement,
    order_of,
    page_statement,
    rows_statement,
)
from werknetz_edge.sql.progress import (
    SkippedRange,
    SourceProgress,
    add_anchors,
    add_skips,
    anchor_of,
    is_restart,
    shrink_range,
    skips_in,
)
from werknetz_edge.sql.rows import SqlRow, deleted_row, key_of, to_fields, to_row
from werknetz_edge.sql.state import SqlState
from werknetz_edge.sql.watch import SourceWatch

_TOO_MANY_ROWS = "{} has more than {} rows: set `changed_at`, or raise `rows_max`"
_KNOWN_ROWS: Final = 50  # recent rows that are compared to recognize a restart


@dataclass(frozen=True, slots=True)
class SqlPage:
    rows: list[SqlRow]  # new or changed rows
    count: int  # rows read
    cursor: Any  # of the newest row; None without a cursor column
    next: PagePosition | None  # None: last page of the sweep
    progress: SourceProgress
    is_reread: bool = False  # rows may be on disk, as readings of the same time


@dataclass(slots=True)
class SqlSession:
    config: SqlConfig
    state: SqlState
    on_disk: set[bytes]  # dedup keys of rows in the spool that may be missing in the state
    watches: dict[str, SourceWatch] = field(default_factory=dict)
    _progress: dict[str, SourceProgress] = field(default_factory=dict)
    _sweeps: dict[str, int] = field(default_factory=dict)
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
        if position is None:
            position = self._begin_sweep(source)
        progress = self._load_progress(source)
        with self._read_transaction(source.name) as connection:
            result = connection.execute(page_statement(source, position, size))
            names, rows = list(result.keys()), result.fetchall()
        if source.cursor is None and rows_read + len(rows) > source.rows_max:
            raise ConfigurationRejected(_TOO_MANY_ROWS.format(source.name, source.rows_max))
        order = [self._index(source, names, name) for name in order_of(source)]
        ids = [names.index(name) for name in source.id]
        keys = [
            key_of(source, [row[index] for index in ids], self._restarts_of(source)) for row in rows
        ]
        stored_rows = self.state.get_rows(source.name, keys)
        changed = [
            new
            for row in rows
            if (new := to_row(source, names, row, stored_rows, progress.restarts)) is not None
        ]
        if source.append and any(row.change == "changed" for row in changed):
            newest = rows[-1][ids[0]]
            if self._has_restarted(source, newest):
                self._reset(source, f"began again and reached {newest}")
                return self.read_page(source, None, rows_read)
        unsent = [row for row in changed if row.dedup_key not in self.on_disk]
        cursor = self._advance(source, position, names, rows, changed)
        if len(unsent) < len(changed):  # killed between the commits of spool and state
            stored = [row.stored for row in changed if row.dedup_key in self.on_disk]
            self.state.save(source.name, stored, None)
        next_position = position.later
        if len(rows) == size:
            next_position = (
                self._next_position(position, [rows[-1][i] for i in order]) or next_position
            )
        if next_position is None:
            self._end_sweep(source, cursor)
        watch = self._watch(source)
        watch.note_page(rows, cursor, is_last=next_position is None)
        return SqlPage(
            unsent, len(rows), cursor, next_position, self._load_progress(source),
            is_reread=progress.is_reread,
        )  # fmt: skip

    def _begin_sweep(self, source: SqlSource) -> PagePosition:
        """Return the ranges to read, with the newest rows last."""
        if source.cursor is None:
            return PagePosition()
        now_us = time.time_ns() // 1000
        saved = decode_cursor(self.state.cursor(source.name))
        with self._read_transaction(source.name) as connection:
            newest = connection.execute(newest_statement(source)).scalar()
            settled = None
            if saved is not None and not self._load_progress(source).skipped:
                cursor = limit_to_now(source, saved, now_us)
                settled = self._start(source, cursor, is_deep=True)
            self._watch(source).look(connection, source, newest, now_us, settled)
        if saved is not None:
            saved = self._upgrade(source, saved, newest, now_us)
            if newest is not None and self._is_behind(source, saved, newest):
                self._reset(source, f"went back from {saved} to {newest}")
                saved = None
        if saved is None:
            return self._first_position(source)
        number = self._sweeps[source.name] = self._sweeps.get(source.name, -1) + 1
        is_deep = number % LATE_FACTOR == 0
        position = PagePosition(self._start(source, saved, is_deep=is_deep))
        for skipped in sorted(self._load_progress(source).skipped, key=_end_of, reverse=True):
            position = PagePosition(
                poll_start(source, skipped.start), before=skipped.end, later=position
            )
        return position

    def _upgrade(self, source: SqlSource, saved: Any, newest: Any, now_us: int) -> Any:
        """Return the cursor of a state of version 0.1, which may lie in the future."""
        if self.state.progress(source.name) is not None:
            return saved
        cursor = limit_to_now(source, saved, now_us)
        if cursor != saved and newest is not None:
            cursor = limit_to_now(source, newest, now_us)
        progress = self._load_progress(source)
        if progress.floor is None:
            # Older rows are stored, but this state does not hold them: they would be read again.
            floor = poll_start(source, cursor)
            progress = self._progress[source.name] = SourceProgress(floor=floor)
        if cursor != saved:
            self.state.save(source.name, [], encode_cursor(cursor), progress)
            self._watch(source).note_restart(
                f"{source.cursor} was {saved}, in the future, so rows before {progress.floor} may "
                "be missing; delete the state file to read them"
            )
        return cursor

    def _first_position(self, source: SqlSource) -> PagePosition:
        start: Any = source.start
        if source.append and self._restarts_of(source):
            return PagePosition()  # `start` is an id of the time before
        if isinstance(start, datetime) and self._file is not None:
            start = start.isoformat(" ")  # SQLite stores times as text
        return PagePosition(start)

    def _start(self, source: SqlSource, cursor: Any, *, is_deep: bool) -> Any:
        start = poll_start(source, cursor, is_deep=is_deep)
        floor = self._load_progress(source).floor
        if is_deep and floor is not None and sortable(floor) > sortable(start):
            normal = poll_start(source, cursor)
            return floor if sortable(floor) < sortable(normal) else normal
        return start

    def _is_behind(self, source: SqlSource, saved: Any, newest: Any) -> bool:
        """Whether the newest row is so old that the ids, the clock or the table began again."""
        if sortable(newest) >= sortable(saved):
            return False
        if source.append:
            return self._has_restarted(source, newest)
        return bool(sortable(newest) < sortable(poll_start(source, saved, is_deep=True)))

    def _has_restarted(self, source: SqlSource, newest: Any) -> bool:
        """Compare rows that were read before with those that have their ids now."""
        progress = self._load_progress(source)
        anchors = [*progress.anchors, *progress.recent]
        name = source.id[0]
        with self._read_transaction(source.name) as connection:
            ids = [anchor.id for anchor in anchors if anchor.id <= newest]
            if not anchors:  # a state of version 0.1 holds recent rows only
                result = connection.execute(
                    page_statement(source, PagePosition(poll_start(source, newest)), _KNOWN_ROWS)
                )
            else:
                result = connection.execute(rows_statement(source, ids))
            names, rows = list(result.keys()), result.fetchall()
        if anchors:
            present = [
                anchor_of(fields[name], fields)
                for fields in (to_fields(source, names, row) for row in rows)
            ]
            return is_restart(anchors, present)
        keys = [key_of(source, [row[names.index(name)]]) for row in rows]
        stored = self.state.get_rows(source.name, keys)
        return all(to_row(source, names, row, stored) is not None for row in rows)

    def _reset(self, source: SqlSource, what: str) -> None:
        """Read the source from its beginning: its cursor no longer means what was read."""
        before = self._load_progress(source)
        progress = SourceProgress(
            restarts=before.restarts + 1, is_reread=not source.append, unwatched=before.unwatched
        )
        # Where deletions are recognized, the rows of before are found to be missing.
        self.state.reset(source.name, progress, with_rows=not source.stores_all_rows)
        self._progress[source.name] = progress
        self._watch(source).note_restart(
            f"{source.cursor} {what}, so the table is read from its beginning"
        )

    def _advance(
        self, source: SqlSource, position: PagePosition, names: Sequence[str],
        rows: Sequence[Any], changed: Sequence[SqlRow],
    ) -> Any:  # fmt: skip
        """Return the cursor after a page; note skipped ranges, anchors and late rows."""
        saved = decode_cursor(self.state.cursor(source.name)) if source.cursor else None
        if source.cursor is None or not rows:
            return saved
        index = names.index(source.cursor)
        values = [row[index] for row in rows if row[index] is not None]
        progress = self._load_progress(source)
        if source.append:
            new = [row.fields for row in changed if row.change == "new"]
            name = source.id[0]
            progress = add_anchors(progress, [anchor_of(fields[name], fields) for fields in new])
        if saved is not None and position.before is None:
            new_rows = [row for row in changed if row.change == "new"]
            self._watch(source).note_late(source, new_rows, sortable(poll_start(source, saved)))
        if position.before is not None:
            progress = shrink_range(progress, position.before, values, source.lag)
            self._progress[source.name] = progress
            return saved
        last = saved
        if values and is_number(values[-1]):
            after = None if position.after is None else position.after[0]
            read_to = max((v for v in (saved, after) if v is not None), default=None)
            skips, last = skips_in(read_to, values, source.lag)
            progress = add_skips(progress, skips)
        elif values:
            newest = newest_of(source, values, saved, time.time_ns() // 1000)
            if saved is None or sortable(newest) > sortable(saved):
                last = newest
        self._progress[source.name] = progress
        return last

    def _end_sweep(self, source: SqlSource, cursor: Any) -> None:
        progress = self._load_progress(source)
        if progress.is_reread:
            progress = msgspec.structs.replace(progress, is_reread=False)
            self._progress[source.name] = progress
        if cursor is None or source.stores_all_rows:
            return
        end = None  # of the range before
        for skipped in sorted(progress.skipped, key=_end_of):
            start = sortable(poll_start(source, skipped.start))
            self.state.delete_between(source.name, end, start)
            end = sortable(skipped.end)
        start = sortable(self._start(source, cursor, is_deep=True))
        self.state.delete_between(source.name, end, start)

    def _load_progress(self, source: SqlSource) -> SourceProgress:
        progress = self._progress.get(source.name)
        if progress is None:
            progress = self.state.progress(source.name) or SourceProgress()
            self._progress[source.name] = progress
        return progress

    def _restarts_of(self, source: SqlSource) -> int:
        return self._load_progress(source).restarts if source.append else 0

    def _watch(self, source: SqlSource) -> SourceWatch:
        return self.watches.setdefault(source.name, SourceWatch())

    def find_deleted(self, source: SqlSource) -> tuple[list[SqlRow], int]:
        """Return the rows that are stored but no longer in the table, and how many are there.

        Compares ids page by page, in one transaction.
        """
        missing = self.state.list_present(source.name)
        after: tuple[Any, ...] | None = None
        count = 0
        with self._read_transaction(source.name) as connection:
            while True:
                statement = ids_statement(source, after, self.config.page_rows)
                rows = connection.execute(statement).fetchall()
                for row in rows:
                    missing.pop(key_of(source, row, self._restarts_of(source)), None)
                count += len(rows)
                if count > source.rows_max:
                    raise ConfigurationRejected(_TOO_MANY_ROWS.format(source.name, source.rows_max))
                if len(rows) < self.config.page_rows or after == tuple(rows[-1]):
                    break
                after = tuple(rows[-1])
        deleted = [deleted_row(source, key, before) for key, before in missing.items()]
        return [row for row in deleted if row.dedup_key not in self.on_disk], count

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

    @staticmethod
    def _next_position(position: PagePosition, row: list[Any]) -> PagePosition | None:
        """None where the position does not advance: the times of the database are coarse."""
        after = tuple(row)
        if after == position.after:
            return None
        return PagePosition(None, after, position.before, position.later)

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


def _end_of(skipped: SkippedRange) -> Any:
    return skipped.end
