"""A page of stops by start: reads slice by slice until the page is full, not the whole span."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.domain.bucket import BUCKET_US
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.http.list_params import ListParams
from werknetz_core.http.sorting import SortType, parse_cursor, sort_and_paginate
from werknetz_core.stops.loading import MachineStop, load_stops, open_from_us
from werknetz_core.stops.views import StopFilter

SORT_KEYS: Final = ("start", "duration_s", "lost_s")
SLICE_MAX_US: Final = 64 * 86_400_000_000


def is_by_start(params: ListParams) -> bool:
    return (params.sort or "start").strip().removeprefix("-") == "start"


@dataclass(frozen=True, slots=True)
class StopHistory:
    """The whole stops of machines that overlap a span and match a filter."""

    context: AppContext
    ids: Sequence[int]
    span: UtcSpan
    stop_filter: StopFilter
    as_of_us: int | None = None

    async def load_page(self, params: ListParams) -> tuple[list[MachineStop], str | None]:
        """Return a page in order of start, and the cursor of the next."""
        cursor = parse_cursor(
            params.sort, params.cursor, default="start",
            types=dict.fromkeys(SORT_KEYS, SortType.NUMBER), tie=SortType.TEXT,
        )  # fmt: skip
        after = cursor.after
        start_us, end_us = self.span.start_us, self.span.end_us
        if after is not None and cursor.descending:
            end_us = min(end_us, max(start_us, int(after[0])) + 1)
        elif after is not None:
            start_us = max(start_us, int(after[0]))
        step_us = max(BUCKET_US, params.limit * BUCKET_US // max(1, len(self.ids)))
        page: list[MachineStop] = []
        while start_us < end_us and len(page) <= params.limit:
            if cursor.descending:
                first_us, last_us = max(start_us, end_us - step_us), end_us
                end_us = first_us
            else:
                first_us, last_us = start_us, min(end_us, start_us + step_us)
                start_us = last_us
            stops = await self._starting_between(first_us, last_us)
            stops.sort(key=_key_of, reverse=cursor.descending)
            page += [
                stop
                for stop in stops
                if after is None
                or (_key_of(stop) < after if cursor.descending else _key_of(stop) > after)
            ]
            step_us = min(2 * step_us, SLICE_MAX_US)
        if len(page) <= params.limit:
            return page, None
        page = page[: params.limit]
        return page, cursor.encode_next(*_key_of(page[-1]))

    @property
    def read_us(self) -> tuple[int, int]:
        """The start and end of what is read: of stops that go on, the time in which they end."""
        if not self.stop_filter.is_open:
            return self.span.start_us, self.span.end_us
        now_us = self.context.now_us() if self.as_of_us is None else self.as_of_us
        return open_from_us(now_us) - 1, max(self.span.end_us, now_us)

    async def load_all(self) -> list[MachineStop]:
        span = self.span
        stops = await load_stops(self.context, self.ids, *self.read_us, self.as_of_us)
        return [
            stop
            for stop in stops
            if stop.stop.overlap_us(span.start_us, span.end_us) and self.stop_filter.matches(stop)
        ]

    async def _starting_between(self, first_us: int, last_us: int) -> list[MachineStop]:
        """Return the stops that start in [first, last); with the span, also those before it."""
        stops = await load_stops(self.context, self.ids, first_us, last_us, self.as_of_us)
        is_first = first_us == self.span.start_us
        return [
            stop
            for stop in stops
            if (is_first or stop.stop.start_us >= first_us) and self.stop_filter.matches(stop)
        ]


def page_of(
    stops: Sequence[MachineStop], params: ListParams
) -> tuple[list[MachineStop], str | None]:
    """Return a page of all stops, by any sort key, and the cursor of the next."""
    by_id = {item.id: item for item in stops}
    rows = [
        {
            "id": item.id,
            "start": item.stop.start_us,
            "duration_s": item.stop.duration_us,
            "lost_s": round(item.stop.lost_s * 1e6),
        }
        for item in by_id.values()
    ]
    page, next_cursor = sort_and_paginate(rows, params, default="start", keys=SORT_KEYS, tie="id")
    return [by_id[row["id"]] for row in page], next_cursor


def _key_of(stop: MachineStop) -> tuple[int, str]:
    return stop.stop.start_us, stop.id
