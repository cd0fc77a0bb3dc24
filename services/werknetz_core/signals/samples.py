"""Samples of a signal: raw by cursor, or aggregated by window. Bad values are not aggregated."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.domain.status import severity
from werknetz.store.queries.samples import (
    AGGREGATES_BY_WIDTH,
    AGGREGATES_BY_WINDOW,
    COUNT_SAMPLES_UP_TO,
    SAMPLES_ASCENDING,
    SAMPLES_DESCENDING,
)
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import (
    TimeContext,
    UtcSpan,
    format_local,
    format_utc,
    parse_span,
    parse_zone,
)
from werknetz_core.context.windows import WINDOWS_MAX, query_too_large, time_context_of, windows_of
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParams, columns_of
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.limits.reading import reading, reads_of_machines
from werknetz_core.signals import time_weighted
from werknetz_core.signals.schemas import SampleView, SignalView

_WIDTH_FORMAT: Final = re.compile(r"(\d{1,6})(s|m|h)")
ROWS_PER_BUCKET: Final = 100  # of a signal and a quarter of an hour, as an estimate of its samples
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600}
PLAIN_AGGREGATES: Final = ("count", "min", "avg", "max", "sum", "first", "last", "stddev")
AGGREGATES: Final = (*PLAIN_AGGREGATES, *time_weighted.NAMES, time_weighted.BAD_COUNT)
_EMPTY_WINDOW: Final[dict[str, object]] = {
    **dict.fromkeys(PLAIN_AGGREGATES),
    "count": 0,
    "time_weighted_avg": None,
    "duration_good": 0.0,
    time_weighted.BAD_COUNT: 0,
}


@dataclass(frozen=True, slots=True)
class SampleQuery:
    start: str
    end: str | None
    granularity: str | None
    max_points: int | None
    tz: str | None
    aggregates: tuple[str, ...]
    params: ListParams

    @property
    def is_time_weighted(self) -> bool:
        """Whether an aggregate needs the duration of values."""
        return not set(self.aggregates).isdisjoint(time_weighted.NAMES)

    @property
    def newest_first(self) -> bool:
        if self.params.sort not in {None, "at", "-at"}:
            raise invalid_parameter(
                "sort",
                Sentence("requests.unknown_sort", sort=self.params.sort),
                Sentence("requests.sort_by_at"),
            )
        return self.params.sort == "-at"


@dataclass(frozen=True, slots=True)
class SamplePage:
    items: list[dict[str, object]]
    fields: Sequence[str]  # names of the fields of an item
    next_cursor: str | None
    envelope: dict[str, object]


def parse_aggregates(values: Sequence[str]) -> tuple[str, ...]:
    """Return the requested aggregates; by default those that need no durations."""
    names = tuple(dict.fromkeys(name for text in values for name in text.split(",") if name))
    if unknown := set(names) - set(AGGREGATES):
        raise invalid_parameter(
            "aggregates",
            Sentence("requests.no_aggregate", unknown=min(unknown)),
            Sentence("requests.use_aggregates", aggregates=[*AGGREGATES]),
        )
    return names or PLAIN_AGGREGATES


async def load_samples(
    context: AppContext, signal: SignalView, query: SampleQuery, principal: Principal
) -> SamplePage:
    """Return the samples or windows that SamplesView shows."""
    time = await _time_context(context, signal, query, principal)
    span = parse_span(query.start, query.end, time)
    granularity = query.granularity or ("auto" if query.max_points else "raw")
    newest_first, next_cursor = query.newest_first, None
    fields: Sequence[str] = ("start", "end", *query.aggregates)
    if granularity == "auto":
        granularity, width_us = await _choose_width(
            context, signal.id, span, query.max_points or 1500
        )
    else:
        width_us = _width_us(granularity)
    if granularity == "raw":
        fields = columns_of(SampleView)
        items, next_cursor = await _load_raw(context, signal.id, span, query)
    else:
        reads = await reads_of_machines(context, ROWS_PER_BUCKET, span.start_us, span.end_us)
        async with reading(context, principal, reads) as own:
            if width_us:
                span, items = await _load_even_windows(own, signal.id, span, width_us, query)
            else:
                # The whole span needs no edge of a bucket: samples have times of their own.
                bounds = [(span.start_us, span.end_us)]
                if granularity != "none":
                    windows = windows_of(granularity, span, time)
                    bounds = [(window.start_us, window.end_us) for window in windows]
                span, items = await _load_plant_windows(own, signal.id, bounds, span, query)
    if newest_first and granularity != "raw":
        items.reverse()
    envelope: dict[str, object] = {
        "signal": signal.key,
        "unit": signal.unit,
        "next_cursor": next_cursor,
        "start": format_local(span.start_us, time.zone),
        "end": format_local(span.end_us, time.zone),
        "granularity": granularity,
        "time_zone": time.zone.key,
        "source": "samples",
        "no_data": not items and query.params.cursor is None,
    }
    return SamplePage(items, fields, next_cursor, envelope)


async def _time_context(
    context: AppContext, signal: SignalView, query: SampleQuery, principal: Principal
) -> TimeContext:
    if signal.equipment is None:
        return TimeContext(context.now_us(), parse_zone(query.tz, "UTC"))
    node = await context.tree.find_node(signal.equipment, principal)
    return time_context_of(context, await context.tree.current(), node, query.tz)


async def _load_raw(
    context: AppContext, signal_id: int, span: UtcSpan, query: SampleQuery
) -> tuple[list[dict[str, object]], str | None]:
    """Load a page of samples; its cursor also counts samples with the same time."""
    limit, order = query.params.limit, "-at" if query.newest_first else "at"
    after = pagination.decode_cursor(query.params.cursor, str, int, int)
    start_us, end_us, skipped = span.start_us, span.end_us, 0
    if after is not None:
        last_us, skipped = int(after[1]), int(after[2])
        if after[0] != order or not start_us <= last_us < end_us or skipped < 0:
            raise invalid_parameter(
                "cursor",
                Sentence("requests.cursor_outside_span"),
                Sentence("requests.send_same_span"),
            )
        start_us, end_us = (start_us, last_us + 1) if order == "-at" else (last_us, end_us)
    rows = await context.database.fetch(
        SAMPLES_DESCENDING if order == "-at" else SAMPLES_ASCENDING,
        signal_id,
        instant_of(start_us),
        instant_of(end_us),
        skipped,
        limit + 1,
    )
    page, more = pagination.paginate(rows, limit)
    if not more:
        return [_to_sample_item(row) for row in page], None
    last = page[-1]["at"]
    at_last = sum(row["at"] == last for row in page)
    if after is not None and microseconds_of(last) == int(after[1]):
        at_last += skipped
    return [_to_sample_item(row) for row in page], pagination.encode_cursor(
        order, microseconds_of(last), at_last
    )


async def _choose_width(
    context: AppContext, signal_id: int, span: UtcSpan, max_points: int
) -> tuple[str, int]:
    """Return raw if there are at most `max_points` samples, else the width of a window in us."""
    start, end = instant_of(span.start_us), instant_of(span.end_us)
    count = await context.database.fetchval(
        COUNT_SAMPLES_UP_TO, signal_id, start, end, max_points + 1
    )
    if count <= min(max_points, pagination.LIMIT_MAX):
        return "raw", 0
    width_us = math.ceil((span.end_us - span.start_us) / max_points)
    return f"{width_us / 1e6:.15g}s", width_us


async def _load_even_windows(
    context: AppContext, signal_id: int, span: UtcSpan, width_us: int, query: SampleQuery
) -> tuple[UtcSpan, list[dict[str, object]]]:
    whole_s = width_us % 1_000_000 == 0
    start_us = span.start_us - span.start_us % width_us if whole_s else span.start_us
    count = -(-(span.end_us - start_us) // width_us)
    if count > WINDOWS_MAX:
        raise query_too_large("windows")
    whole = UtcSpan(start_us, start_us + count * width_us)
    width = timedelta(microseconds=width_us)
    rows = await context.database.fetch(
        AGGREGATES_BY_WIDTH, signal_id, instant_of(whole.start_us), instant_of(whole.end_us), width
    )
    numbered = {
        (microseconds_of(row["start_at"]) - start_us) // width_us + 1: dict(row) for row in rows
    }
    starts = [start_us + n * width_us for n in range(count)]
    return whole, await _window_items(
        context, signal_id, [(at, at + width_us) for at in starts], numbered, query
    )


async def _load_plant_windows(
    context: AppContext,
    signal_id: int,
    bounds: list[tuple[int, int]],
    span: UtcSpan,
    query: SampleQuery,
) -> tuple[UtcSpan, list[dict[str, object]]]:
    rows = await context.database.fetch(
        AGGREGATES_BY_WINDOW,
        signal_id,
        [instant_of(start_us) for start_us, _ in bounds],
        [instant_of(end_us) for _, end_us in bounds],
    )
    if bounds:
        span = UtcSpan(bounds[0][0], bounds[-1][1])
    return span, await _window_items(
        context, signal_id, bounds, {row["n"]: dict(row) for row in rows}, query
    )


async def _window_items(
    context: AppContext,
    signal_id: int,
    bounds: list[tuple[int, int]],
    rows: dict[int, dict[str, object]],
    query: SampleQuery,
) -> list[dict[str, object]]:
    """Return the windows with samples and, where that is requested, with a value or bad ones."""
    weighted: dict[int, dict[str, object]] = {}
    bad: dict[int, dict[str, object]] = {}
    if bounds:
        starts, ends = ([instant_of(at) for at in column] for column in zip(*bounds, strict=True))
        edges = time_weighted.Edges(starts, ends)
        if query.is_time_weighted:
            weighted = await time_weighted.load_time_weighted(
                context.database, signal_id, edges, instant_of(context.now_us())
            )
        if time_weighted.BAD_COUNT in query.aggregates:
            bad = await time_weighted.load_bad_counts(context.database, signal_id, edges)
    items = []
    for n in sorted({*rows, *weighted, *bad}):
        values = _EMPTY_WINDOW | rows.get(n, {}) | weighted.get(n, {}) | bad.get(n, {})
        start, end = (format_utc(at) for at in bounds[n - 1])
        items.append(
            {"start": start, "end": end, **{name: values[name] for name in query.aggregates}}
        )
    return items


def _width_us(granularity: str) -> int:
    """Return the width of a fixed granularity such as 10s or 5m, 0 for periods of the plant."""
    match = _WIDTH_FORMAT.fullmatch(granularity)
    if match is None or granularity == "1h":
        return 0
    width = int(match[1]) * _UNIT_S[match[2]] * 1_000_000
    if width == 0:
        raise invalid_parameter(
            "granularity", Sentence("requests.width_zero"), Sentence("requests.use_width")
        )
    return width


def _to_sample_item(row: asyncpg.Record) -> dict[str, object]:
    status = row["status"] & 0xFFFF_FFFF
    return {
        "at": row["at"],
        "value": row["value"],
        "text": row["text"],
        "status": status,
        "quality": severity(status),
        "server_at": row["server_at"],
        "mapping": row["mapping"],
    }
