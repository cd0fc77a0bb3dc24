"""Samples of a signal: raw by cursor, or aggregated in windows; bad values never move a mean."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.domain.status import severity
from werknetz.domain.window import Window
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import (
    TimeContext,
    TimeSpan,
    format_local,
    format_utc,
    parse_span,
    parse_zone,
)
from werknetz_core.context.windows import WINDOWS_MAX, query_too_large, time_context_of, windows_of
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParams, columns_of
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.signals import time_weighted
from werknetz_core.signals.finite import FINITE
from werknetz_core.signals.schemas import SampleView, SignalView

_WIDTH: Final = re.compile(r"(\d{1,6})(s|m|h)")
_WIDTH_S: Final = {"s": 1, "m": 60, "h": 3600}
# The same instant may hold several samples, so a page also says how many of them it gave.
_PAGE: Final = """
    SELECT at, value, status, server_at, text, (
        SELECT name || '@' || version FROM mapping_versions v WHERE v.id = mapping_id) AS mapping
    FROM samples
    WHERE signal_id = $1 AND at >= $2 AND at < $3
    ORDER BY at {0}, status {0}, value {0}, text {0} OFFSET $4 LIMIT $5
"""
_RAW: Final = {"at": _PAGE.format("ASC"), "-at": _PAGE.format("DESC")}
_FEWER: Final = """
    SELECT count(*) FROM (SELECT 1 FROM samples
        WHERE signal_id = $1 AND at >= $2 AND at < $3 LIMIT $4) AS few
"""
_AGGREGATES: Final = """
    count(*) AS count, min(value) AS min, avg(value) AS avg, max(value) AS max,
    sum(value) AS sum, (array_agg(value ORDER BY at))[1] AS first,
    (array_agg(value ORDER BY at DESC))[1] AS last, stddev_samp(value) AS stddev
"""
_GOOD: Final = f"signal_id = $1 AND {FINITE}"
PLAIN: Final = ("count", "min", "avg", "max", "sum", "first", "last", "stddev")
KNOWN: Final = (*PLAIN, *time_weighted.NAMES)
_NOTHING_IN: Final[dict[str, object]] = {
    **dict.fromkeys(PLAIN),
    "count": 0,
    "time_weighted_avg": None,
    "duration_good": 0.0,
}
_EVEN: Final = f"""
    SELECT date_bin($4, at, $2) AS start_at, {_AGGREGATES} FROM samples
    WHERE {_GOOD} AND at >= $2 AND at < $3 GROUP BY 1 ORDER BY 1
"""  # noqa: S608 - made of constants
_WINDOWED: Final = f"""
    SELECT w.n, {_AGGREGATES}
    FROM unnest($2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS w(start_at, end_at, n)
    JOIN samples ON {_GOOD} AND at >= w.start_at AND at < w.end_at GROUP BY w.n ORDER BY w.n
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Question:
    start: str
    end: str | None
    granularity: str | None
    max_points: int | None
    tz: str | None
    aggregates: tuple[str, ...]
    params: ListParams

    @property
    def timed(self) -> bool:
        """Whether it must be known how long values held."""
        return not set(self.aggregates).isdisjoint(time_weighted.NAMES)

    @property
    def newest_first(self) -> bool:
        if self.params.sort not in {None, "at", "-at"}:
            raise invalid_parameter(
                "sort", f"sort={self.params.sort!r} is not known here.", "Sort by at or by -at."
            )
        return self.params.sort == "-at"


@dataclass(frozen=True, slots=True)
class Found:
    items: list[dict[str, object]]
    names: Sequence[str]  # of the fields of an item
    next_cursor: str | None
    envelope: dict[str, object]


def aggregates_of(given: Sequence[str]) -> tuple[str, ...]:
    """Return the aggregates that were asked for, none: those that cost nothing more."""
    chosen = tuple(dict.fromkeys(name for text in given for name in text.split(",") if name))
    if unknown := set(chosen) - set(KNOWN):
        raise invalid_parameter(
            "aggregates",
            f"aggregates={min(unknown)!r} is not known.",
            f"Known: {', '.join(KNOWN)}.",
        )
    return chosen or PLAIN


async def found(
    context: AppContext, signal: SignalView, question: Question, principal: Principal
) -> Found:
    """Return what SamplesView shows."""
    clock = await _clock(context, signal, question, principal)
    span = parse_span(question.start, question.end, clock)
    granularity = question.granularity or ("auto" if question.max_points else "raw")
    newest_first, next_cursor = question.newest_first, None
    names: Sequence[str] = ("start", "end", *question.aggregates)
    if granularity == "auto":
        granularity, width_us = await _thinned(
            context, signal.id, span, question.max_points or 1500
        )
    else:
        width_us = _width_us(granularity)
    if granularity == "raw":
        names = columns_of(SampleView)
        items, next_cursor = await _raw(context, signal.id, span, question)
    elif width_us:
        span, items = await _even(context, signal.id, span, width_us, question)
    else:
        windows = windows_of(granularity, span, clock)
        span, items = await _windowed(context, signal.id, windows, span, question)
    if newest_first and granularity != "raw":
        items.reverse()
    envelope: dict[str, object] = {
        "signal": signal.key,
        "unit": signal.unit,
        "next_cursor": next_cursor,
        "start": format_local(span.start_us, clock.zone),
        "end": format_local(span.end_us, clock.zone),
        "granularity": granularity,
        "time_zone": clock.zone.key,
        "source": "samples",
        "no_data": not items and question.params.cursor is None,
    }
    return Found(items, names, next_cursor, envelope)


async def _clock(
    context: AppContext, signal: SignalView, question: Question, principal: Principal
) -> TimeContext:
    if signal.equipment is None:
        return TimeContext(context.now_us(), parse_zone(question.tz, "UTC"))
    node = await context.tree.find_node(signal.equipment, principal)
    return time_context_of(context, await context.tree.current(), node, question.tz)


async def _raw(
    context: AppContext, number: int, span: TimeSpan, question: Question
) -> tuple[list[dict[str, object]], str | None]:
    """Go on at the instant of the last page; the same instant may hold several samples."""
    limit, way = question.params.limit, "-at" if question.newest_first else "at"
    after = pagination.decode_cursor(question.params.cursor, str, int, int)
    start_us, end_us, skipped = span.start_us, span.end_us, 0
    if after is not None:
        last_us, skipped = int(after[1]), int(after[2])
        if after[0] != way or not start_us <= last_us < end_us or skipped < 0:
            raise invalid_parameter(
                "cursor",
                "The cursor lies outside the span, or was given for another order.",
                "Send the same start, end and sort as for the page before; relative ones move.",
            )
        start_us, end_us = (start_us, last_us + 1) if way == "-at" else (last_us, end_us)
    rows = await context.pool.fetch(
        _RAW[way], number, instant_of(start_us), instant_of(end_us), skipped, limit + 1
    )
    shown, more = pagination.paginate(rows, limit)
    if not more:
        return [_sample(row) for row in shown], None
    last = shown[-1]["at"]
    at_last = sum(row["at"] == last for row in shown)
    if after is not None and microseconds_of(last) == int(after[1]):
        at_last += skipped
    return [_sample(row) for row in shown], pagination.encode_cursor(
        way, microseconds_of(last), at_last
    )


async def _thinned(
    context: AppContext, number: int, span: TimeSpan, max_points: int
) -> tuple[str, int]:
    """Return raw if there are no more samples than points, else how wide a window must be."""
    start, end = instant_of(span.start_us), instant_of(span.end_us)
    held = await context.pool.fetchval(_FEWER, number, start, end, max_points + 1)
    if held <= min(max_points, pagination.LIMIT_MAX):
        return "raw", 0
    width_us = math.ceil((span.end_us - span.start_us) / max_points)
    return f"{width_us / 1e6:g}s", width_us


async def _even(
    context: AppContext, number: int, span: TimeSpan, width_us: int, question: Question
) -> tuple[TimeSpan, list[dict[str, object]]]:
    whole_s = width_us % 1_000_000 == 0
    start_us = span.start_us - span.start_us % width_us if whole_s else span.start_us
    count = -(-(span.end_us - start_us) // width_us)
    if count > WINDOWS_MAX:
        raise query_too_large("windows")
    whole = TimeSpan(start_us, start_us + count * width_us)
    width = timedelta(microseconds=width_us)
    rows = await context.pool.fetch(
        _EVEN, number, instant_of(whole.start_us), instant_of(whole.end_us), width
    )
    numbered = {
        (microseconds_of(row["start_at"]) - start_us) // width_us + 1: dict(row) for row in rows
    }
    starts = [start_us + n * width_us for n in range(count)]
    return whole, await _items(
        context, number, [(at, at + width_us) for at in starts], numbered, question
    )


async def _windowed(
    context: AppContext, number: int, windows: list[Window], span: TimeSpan, question: Question
) -> tuple[TimeSpan, list[dict[str, object]]]:
    rows = await context.pool.fetch(
        _WINDOWED,
        number,
        [instant_of(window.start_us) for window in windows],
        [instant_of(window.end_us) for window in windows],
    )
    if windows:
        span = TimeSpan(windows[0].start_us, windows[-1].end_us)
    cuts = [(window.start_us, window.end_us) for window in windows]
    return span, await _items(
        context, number, cuts, {row["n"]: dict(row) for row in rows}, question
    )


async def _items(
    context: AppContext,
    number: int,
    cuts: list[tuple[int, int]],
    rows: dict[int, dict[str, object]],
    question: Question,
) -> list[dict[str, object]]:
    """Return the windows in which there was a sample or, where it is asked for, a value held."""
    lasting: dict[int, dict[str, object]] = {}
    if question.timed and cuts:
        starts, ends = ([instant_of(at) for at in column] for column in zip(*cuts, strict=True))
        edges = time_weighted.Edges(starts, ends)
        lasting = await time_weighted.held_in(
            context.pool, number, edges, instant_of(context.now_us())
        )
    found = []
    for n in sorted({*rows, *lasting}):
        known = _NOTHING_IN | rows.get(n, {}) | lasting.get(n, {})
        start, end = (format_utc(at) for at in cuts[n - 1])
        found.append({"start": start, "end": end, **{x: known[x] for x in question.aggregates}})
    return found


def _width_us(granularity: str) -> int:
    """Return the width of a plain granularity such as 10s or 5m, 0 for the plant's periods."""
    match = _WIDTH.fullmatch(granularity)
    if match is None or granularity == "1h":
        return 0
    width = int(match[1]) * _WIDTH_S[match[2]] * 1_000_000
    if width == 0:
        raise invalid_parameter("granularity", "A window cannot be 0 wide.", "Write 10s, 1m, 1h …")
    return width


def _sample(row: asyncpg.Record) -> dict[str, object]:
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
