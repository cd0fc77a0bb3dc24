"""What a cursor cannot read, or may miss, for the connector's status."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from werknetz_edge.sql.config import SqlSource
from werknetz_edge.sql.cursor import is_future, is_number, now_as
from werknetz_edge.sql.keyset import count_statement, last_ids_statement
from werknetz_edge.sql.rows import SqlRow

COUNT_EVERY_S: Final = 600.0
"""How often rows are counted: the database may have to read the whole table."""
COUNT_SHARE_MAX: Final = 0.01  # of the time is spent counting: large tables are counted less often
NAMED_MAX: Final = 5  # rows that a finding names
SHOWN_S: Final = 86_400.0  # how long a finding about one moment is shown
FUTURE_US: Final = 60_000_000  # clocks of servers differ by less


@dataclass(slots=True)
class SourceWatch:
    """Observes the polls of one source. `restarts` are those since the last delivery."""

    nulls: int = 0
    future: int = 0
    future_until: str = ""
    late: int = 0
    late_rows: list[str] = field(default_factory=list)  # ids and cursors of the last ones
    restarts: list[str] = field(default_factory=list)  # not yet delivered as gaps
    last_restart: str = ""
    unseen: int = 0  # rows that appeared before all that is read again
    unseen_before: str = ""
    unseen_when: str = ""  # between which polls they appeared
    unseen_rows: list[str] = field(default_factory=list)  # probable ones
    _noted_s: float = 0.0  # when `late`, `unseen` or a restart was noted last
    # A cursor, how many rows were before it, and when.
    _counted: tuple[Any, int, datetime] | None = None
    last_poll_us: int | None = None
    _newest: Any = None
    _cursor: Any = None
    _caught_up_s: float | None = None
    _began_s: float = field(default_factory=time.monotonic)
    _count_due_s: float = 0.0

    def look(
        self, connection: sa.Connection, source: SqlSource, newest: Any, now_us: int,
        settled: Any = None,
    ) -> None:  # fmt: skip
        """Count rows that are not read, and rows of the future, at the start of a poll.

        `settled`: rows before this cursor are not read again; None: not known.
        """
        self._newest = newest
        limit_us = now_us + FUTURE_US
        is_ahead = newest is not None and is_future(source, newest, limit_us)
        if time.monotonic() >= self._count_due_s:
            began_s = time.monotonic()
            if source.changed_at is not None:
                self.nulls = int(connection.execute(count_statement(source)).scalar() or 0)
            self._count_settled(connection, source, settled)
            duration_s = time.monotonic() - began_s
            wait_s = max(COUNT_EVERY_S, duration_s / COUNT_SHARE_MAX)
            self._count_due_s = time.monotonic() + wait_s
            self.future = 0
        if not is_ahead:
            self.future, self.future_until = 0, ""
        elif not self.future or self.future_until != str(newest):
            later = count_statement(source, after=now_as(source, newest, limit_us))
            self.future = int(connection.execute(later).scalar() or 0)
            self.future_until = str(newest)

    def _count_settled(self, connection: sa.Connection, source: SqlSource, settled: Any) -> None:
        """Compare how many rows are before a cursor: more than the last time were never read."""
        before, self._counted = self._counted, None
        if before is not None:
            cursor, count, since = before
            now = int(connection.execute(count_statement(source, before=cursor)).scalar() or 0)
            if now > count:
                self.unseen, self.unseen_before = self.unseen + now - count, str(cursor)
                self.unseen_when = f"{since:%Y-%m-%d %H:%M:%S} and {datetime.now(UTC):%H:%M:%SZ}"
                if not source.append:  # new rows mostly have the highest ids
                    statement = last_ids_statement(source, cursor, min(now - count, NAMED_MAX))
                    rows = connection.execute(statement).fetchall()
                    self.unseen_rows = [_name_of(source, row[:-1], row[-1]) for row in rows]
                self._noted_s = time.monotonic()
        if settled is not None:
            count = int(connection.execute(count_statement(source, before=settled)).scalar() or 0)
            self._counted = settled, count, datetime.now(UTC)

    def note_page(self, rows: Sequence[Any], cursor: Any, *, is_last: bool) -> None:
        """Note how far a page came; the last one of a poll catches up."""
        self._cursor = cursor
        if is_last:
            self._caught_up_s = time.monotonic()
            self.last_poll_us = time.time_ns() // 1000
            if rows and is_number(cursor):
                self._newest = max(cursor, self._newest or cursor)

    def note_late(self, source: SqlSource, new: Sequence[SqlRow], start: Any) -> None:
        """Note rows that appeared before the regular start of a poll."""
        late = [row for row in new if row.stored.sort is not None and row.stored.sort < start]
        if late:
            self.late, self._noted_s = self.late + len(late), time.monotonic()
            for row in late:
                ids, cursor = [row.fields[name] for name in source.id], source.cursor or ""
                self.late_rows.append(_name_of(source, ids, row.fields.get(cursor)))
            self.late_rows = self.late_rows[-NAMED_MAX:]

    def note_restart(self, what: str) -> None:
        self.restarts.append(what)
        self.last_restart, self._noted_s = what, time.monotonic()
        self._caught_up_s = self._counted = None

    def findings(self, source: SqlSource, unwatched: int) -> dict[str, str]:
        """Return the findings of the source by kind; empty texts: there is none."""
        if time.monotonic() - self._noted_s > SHOWN_S:
            self.late = self.unseen = 0
            self.late_rows, self.unseen_rows, self.last_restart = [], [], ""
        unit, lag = source.changed_at, "`lag_s` or `lag`"
        return {
            "not read": f"{self.nulls} rows where {unit} is null: use a query with "
            f"coalesce({unit}, …)" if self.nulls else "",
            "future": f"{self.future} rows until {self.future_until}: they are read at every poll; "
            "correct them, the clock of the database, or `zone`" if self.future else "",
            "late": f"{self.late} rows were committed later than {lag} allows, the last with "
            f"{'; '.join(self.late_rows)}: raise it" if self.late else "",
            "unseen": f"{self.unseen} rows appeared before {self.unseen_before}, between "
            f"{self.unseen_when}{self._probable_rows()}. This is not read again: raise {lag}, and "
            "delete the state file to read them" if self.unseen else "",
            "restart": self.last_restart,
            "skipped": f"{unwatched} ranges of numbers that were skipped are no longer watched"
            if unwatched else "",
        }  # fmt: skip

    def _probable_rows(self) -> str:
        return f"; probably {'; '.join(self.unseen_rows)}" if self.unseen_rows else ""

    def describe_lag(self) -> str:
        """How far the connector is behind, in the source's numbers and in seconds."""
        since_s = time.monotonic() - (self._caught_up_s or self._began_s)
        if not is_number(self._newest):
            return f"{since_s:.0f} s"
        behind = self._newest if self._cursor is None else self._newest - self._cursor
        return f"{max(behind, 0)} ids, {since_s:.0f} s"


def _name_of(source: SqlSource, ids: Sequence[Any], cursor: Any) -> str:
    """Return a row's ids, and its cursor where that is another column."""
    names = ", ".join(f"{name} {value}" for name, value in zip(source.id, ids, strict=True))
    return names[:200] if source.cursor in source.id else f"{names[:200]} ({cursor})"
