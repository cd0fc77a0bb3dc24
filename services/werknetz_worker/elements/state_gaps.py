"""Loads the data gaps of one machine's state: gaps and outages, as `kpi.data_gaps` needs them.

Usually there is none, which costs two queries. Otherwise the instants at which the state is known
again are looked up by index, however long a gap is.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

import asyncpg

from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, instant_of, microseconds_of
from werknetz.kpi.data_gaps import (
    GAP_END_TOLERANCE_US,
    DataGap,
    GapKind,
    Span,
    StateSampleTimes,
    backfill_window,
    gap_kind_of,
    unknown_spans,
)
from werknetz.store.elements import state_gaps as statements
from werknetz.store.queries.latest_samples import load_latest_time
from werknetz.store.session import WriteConnection


async def load_unknown_spans(
    connection: WriteConnection, equipment_id: int, state_id: int, start_us: int, end_us: int
) -> tuple[Span, ...]:
    """Return the spans in which the state is unknown, as far as they touch the range."""
    last_at = await load_latest_time(connection, state_id, instant_of(start_us))
    question = (state_id, last_at, instant_of(end_us))
    if not await connection.fetchval(statements.HAS_DATA_GAPS, *question):
        return ()
    rows = await connection.fetch(statements.DATA_GAPS_OF_STATE, *question)
    gaps_with_cause = [gap for row in rows if (gap := _data_gap(row)) is not None]
    if not gaps_with_cause:
        return ()
    gaps = await _mark_backfilled(connection, equipment_id, gaps_with_cause)
    sample_times = await _load_sample_times(connection, state_id, gaps)
    return tuple(span for span in unknown_spans(gaps, sample_times) if span[1] >= start_us)


def _data_gap(row: asyncpg.Record) -> tuple[str, DataGap] | None:
    kind = gap_kind_of(row["cause"], is_listed=row["listed"])
    end_at = row["end_at"]
    if row["cause"] == statements.OVERFLOW_CAUSE and not row["listed"]:
        end_at = row["overflown_at"]
        kind = kind if end_at is not None else None
    if kind is None or (kind is GapKind.RESUBSCRIBED and row["is_first"]):
        return None  # a first connection has lost nothing
    end_us = None if end_at is None else microseconds_of(end_at)
    start_us = microseconds_of(row["start_at"])
    return row["cause"], DataGap(start_us, end_us, kind, row["backfilled"], row["omits_repeats"])


async def _mark_backfilled(
    connection: WriteConnection, equipment_id: int, gaps_with_cause: list[tuple[str, DataGap]]
) -> list[DataGap]:
    """Mark the gaps that were backfilled by their source.

    A closed outage was checked with all signals of its connector when it was written. An open
    outage does not affect a machine whose samples arrive through another connector.
    """
    windows = {
        index: window
        for index, (cause, gap) in enumerate(gaps_with_cause)
        if not gap.is_backfilled
        and not (gap.kind is GapKind.NO_HEARTBEAT and gap.end_us is not None)
        if (window := backfill_window(cause, gap)) is not None and window[0] < window[1]
    }
    gaps = [gap for _, gap in gaps_with_cause]
    if not windows:
        return gaps
    indexes = list(windows)
    backfilled_rows = await connection.fetch(
        statements.BACKFILLED_GAPS,
        equipment_id,
        [_clamp_instant(start) for start, _ in windows.values()],
        [_clamp_instant(end) for _, end in windows.values()],
        [gaps[index].kind is GapKind.NO_HEARTBEAT for index in indexes],
    )
    for row in backfilled_rows:
        index = indexes[row["number"] - 1]
        gaps[index] = replace(gaps[index], is_backfilled=True)
    return gaps


async def _load_sample_times(
    connection: WriteConnection, state_id: int, gaps: list[DataGap]
) -> StateSampleTimes:
    ended = [gap for gap in gaps if gap.end_us is not None and gap.kind is not GapKind.NO_HEARTBEAT]
    rows: list[Any] = []
    if ended:
        rows = await connection.fetch(
            statements.STATE_SAMPLES_AROUND_GAPS,
            state_id,
            [_clamp_instant(gap.start_us) for gap in ended],
            [_clamp_instant((gap.end_us or 0) - GAP_END_TOLERANCE_US) for gap in ended],
        )
    samples_at: dict[int, int] = {}
    confirmed_until: dict[int, int] = {}
    for before, count, until, after, at_end in rows:
        for at in (after, at_end):
            if at is not None:
                samples_at.setdefault(microseconds_of(at), 1)
        if before is not None:
            samples_at[microseconds_of(before)] = count
            confirmed_until[microseconds_of(before)] = microseconds_of(until or before)
    return StateSampleTimes.of(samples_at, confirmed_until)


def _clamp_instant(at_us: int) -> datetime:
    """Return the instant, clamped to the range of PostgreSQL and Python."""
    return instant_of(min(max(at_us, TIME_MIN_US), TIME_MAX_US))
