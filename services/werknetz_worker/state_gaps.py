"""What hides the state of one machine: gaps and outages out of rows, as `kpi.knowledge` needs them.

Usually there is none, and that is one query. Else the instants that say when the state is known
again are looked up by index, however long a loss is.
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
from werknetz.store.session import WriteConnection


async def unknown_of(
    connection: WriteConnection, equipment_id: int, state_id: int, start_us: int, end_us: int
) -> tuple[Span, ...]:
    """Return the spans in which the state is unknown, as far as they touch the range."""
    rows = await connection.fetch(
        statements.DATA_GAPS_OF_STATE, state_id, instant_of(start_us), instant_of(end_us)
    )
    told = [found for row in rows if (found := _loss(row)) is not None]
    if not told:
        return ()
    losses = await _with_stories(connection, equipment_id, told)
    words = await _words(connection, state_id, losses)
    return tuple(span for span in unknown_spans(losses, words) if span[1] >= start_us)


def _loss(row: asyncpg.Record) -> tuple[str, DataGap] | None:
    kind = gap_kind_of(row["cause"], is_listed=row["listed"])
    end_at = row["end_at"]
    if row["cause"] == statements.OVERFLOW_CAUSE and not row["listed"]:
        end_at = row["overflown_at"]
        kind = kind if end_at is not None else None
    if kind is None or (kind is GapKind.RESUBSCRIBED and row["is_first"]):
        return None  # who follows for the first time has lost nothing
    end_us = None if end_at is None else microseconds_of(end_at)
    start_us = microseconds_of(row["start_at"])
    return row["cause"], DataGap(start_us, end_us, kind, row["kept"], row["leaves_out"])


async def _with_stories(
    connection: WriteConnection, equipment_id: int, told: list[tuple[str, DataGap]]
) -> list[DataGap]:
    """Mark the losses whose source gave later what had happened.

    A closed outage was judged by all signals of its connector when it was written; one that goes
    on is none of a machine of which samples come by another connector.
    """
    windows = {
        number: window
        for number, (cause, loss) in enumerate(told)
        if not loss.is_backfilled
        and not (loss.kind is GapKind.NO_HEARTBEAT and loss.end_us is not None)
        if (window := backfill_window(cause, loss)) is not None and window[0] < window[1]
    }
    losses = [loss for _, loss in told]
    if not windows:
        return losses
    numbers = list(windows)
    kept = await connection.fetch(
        statements.BACKFILLED_GAPS,
        equipment_id,
        [_instant(start) for start, _ in windows.values()],
        [_instant(end) for _, end in windows.values()],
        [losses[number].kind is GapKind.NO_HEARTBEAT for number in numbers],
    )
    for row in kept:
        number = numbers[row["number"] - 1]
        losses[number] = replace(losses[number], is_backfilled=True)
    return losses


async def _words(
    connection: WriteConnection, state_id: int, losses: list[DataGap]
) -> StateSampleTimes:
    ended = [
        loss for loss in losses if loss.end_us is not None and loss.kind is not GapKind.NO_HEARTBEAT
    ]
    rows: list[Any] = []
    if ended:
        rows = await connection.fetch(
            statements.STATE_SAMPLES_AROUND_GAPS,
            state_id,
            [_instant(loss.start_us) for loss in ended],
            [_instant((loss.end_us or 0) - GAP_END_TOLERANCE_US) for loss in ended],
        )
    told: dict[int, int] = {}
    vouched: dict[int, int] = {}
    for before, count, until, after, said in rows:
        for at in (after, said):
            if at is not None:
                told.setdefault(microseconds_of(at), 1)
        if before is not None:
            told[microseconds_of(before)] = count
            vouched[microseconds_of(before)] = microseconds_of(until or before)
    return StateSampleTimes.of(told, vouched)


def _instant(at_us: int) -> datetime:
    """Return the instant, as far as PostgreSQL and Python can both say it."""
    return instant_of(min(max(at_us, TIME_MIN_US), TIME_MAX_US))
