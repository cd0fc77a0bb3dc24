"""A page of state intervals by start: reads the history slice by slice until the page is full.

What a page costs depends on the page, not on the span. An interval that goes on beyond its slice is
followed to its end, so it is whole on whatever page it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from werknetz.domain.bucket import BUCKET_US, instant_of, microseconds_of
from werknetz.store.queries.equipment import (
    FIRST_PIECE_FROM,
    LAST_PIECE_BEFORE,
    state_intervals_query,
)
from werknetz_core.context.app_context import AppContext
from werknetz_core.http.sorting import Cursor

Row = dict[str, Any]
SLICE_MAX_US: Final = 64 * 86_400_000_000
_DAY_US: Final = 86_400_000_000
_ROWS_MAX: Final = 1_000_000  # of one slice, which is far less
_INTERVALS: Final = state_intervals_query("start", descending=False, has_cursor=False)
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class StateHistory:
    """State intervals of machines in a span; each is clipped to the span."""

    context: AppContext
    ids: Sequence[int]
    start_us: int
    end_us: int
    open_from_us: int
    as_of_us: int | None = None

    async def load_page(self, cursor: Cursor, limit: int) -> list[Row]:
        """Return the intervals after the cursor, at most `limit`, in its order of start."""
        page: list[Row] = []
        start_us, end_us = self._bounds_after(cursor)
        step_us = max(BUCKET_US, limit * BUCKET_US // max(1, len(self.ids)))
        while start_us < end_us and len(page) < limit:
            if cursor.descending:
                first_us, last_us = max(start_us, end_us - step_us), end_us
            else:
                first_us, last_us = start_us, min(end_us, start_us + step_us)
            rows = await self._starting_between(first_us, last_us)
            page += _sorted_after(rows, cursor)
            step_us = min(2 * step_us, SLICE_MAX_US)
            if cursor.descending:
                end_us = first_us if rows else await self._end_of_data(first_us)
            else:
                start_us = last_us if rows else await self._start_of_data(last_us)
        page = page[:limit]
        await self._follow_to_ends(page)
        return page

    def _bounds_after(self, cursor: Cursor) -> tuple[int, int]:
        """Return where the page can start and end: not before, or not after the cursor."""
        if cursor.after is None:
            return self.start_us, self.end_us
        last_us = int(cursor.after[0])
        if cursor.descending:
            return self.start_us, min(self.end_us, last_us + 1)
        return max(self.start_us, last_us), self.end_us

    async def _starting_between(self, first_us: int, last_us: int) -> list[Row]:
        """Return the intervals that start in [first, last), clipped at `last`.

        Those that start before the span start with it.
        """
        if first_us == self.start_us:
            return await self._fetch(self.ids, first_us, last_us)
        # The piece that ends at `first` decides whether an interval starts there or goes on.
        rows = await self._fetch(self.ids, first_us - 1, last_us)
        first = instant_of(first_us)
        return [row for row in rows if row["start_at"] >= first]

    async def _fetch(self, ids: Iterable[int], start_us: int, end_us: int) -> list[Row]:
        rows = await self.context.database.fetch(
            _INTERVALS,
            list(ids),
            instant_of(start_us),
            instant_of(end_us),
            instant_of(self.open_from_us),
            _ROWS_MAX,
            None if self.as_of_us is None else instant_of(self.as_of_us),
        )
        return [{**row, "clipped_at": end_us} for row in rows]

    async def _start_of_data(self, from_us: int) -> int:
        """Return where the next data start at or after an instant; without any, the span's end."""
        first = await self.context.database.fetchval(
            FIRST_PIECE_FROM, self.ids, instant_of(from_us), instant_of(self.end_us)
        )
        return self.end_us if first is None else max(from_us, microseconds_of(first))

    async def _end_of_data(self, until_us: int) -> int:
        """Return an instant before which the last data before an instant start, in the span."""
        last = await self.context.database.fetchval(
            LAST_PIECE_BEFORE,
            self.ids,
            instant_of(self.start_us - _DAY_US),
            instant_of(until_us),
        )
        if last is None:
            return self.start_us
        # A piece that starts before the span may reach into it.
        return min(until_us, max(self.start_us, microseconds_of(last)) + 1)

    async def _follow_to_ends(self, page: Sequence[Row]) -> None:
        """Replace the ends of intervals that go on beyond their slice."""
        going_on: defaultdict[int, dict[int, Row]] = defaultdict(dict)
        for row in page:
            clipped_us: int = row["clipped_at"]
            if clipped_us < self.end_us and row["end_at"] == instant_of(clipped_us):
                going_on[clipped_us][row["equipment_id"]] = row
        for from_us, rows in going_on.items():
            await self._follow(rows, from_us)

    async def _follow(self, rows: Mapping[int, Row], from_us: int) -> None:
        """Follow an interval of each machine, which lasts at least to `from_us`."""
        step_us = _DAY_US
        while rows and from_us < self.end_us:
            until_us = min(self.end_us, from_us + step_us)
            before = instant_of(from_us) - _TICK
            for row in await self._fetch(rows, from_us - 1, until_us):
                if row["start_at"] == before:
                    end = {name: row[name] for name in ("end_at", "known_to", "is_open")}
                    rows[row["equipment_id"]].update(end)
            until = instant_of(until_us)
            rows = {number: row for number, row in rows.items() if row["end_at"] == until}
            from_us, step_us = until_us, min(2 * step_us, SLICE_MAX_US)


def _sorted_after(rows: Iterable[Row], cursor: Cursor) -> list[Row]:
    """Return the rows after the cursor, in its order."""

    def key_of(row: Row) -> tuple[int, str]:
        return row["key"], row["tie"]

    ordered = sorted(rows, key=key_of, reverse=cursor.descending)
    after = cursor.after
    if after is None:
        return ordered
    if cursor.descending:
        return [row for row in ordered if key_of(row) < after]
    return [row for row in ordered if key_of(row) > after]
