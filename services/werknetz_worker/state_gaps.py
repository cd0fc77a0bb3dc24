"""What hides the state of one machine: gaps and outages out of rows, as `kpi.knowledge` needs them.

Usually there is none, and that is one query. Else the instants that say when the state is known
again are looked up by index, however long a loss is.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import asyncpg

from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, instant_of, microseconds_of
from werknetz.domain.status import OVERFLOW, UNCERTAIN_TIME
from werknetz.kpi.data_gaps import (
    HEARTBEAT,
    GAP_END_TOLERANCE_US,
    GapKind,
    DataGap,
    Span,
    StateSampleTimes,
    gap_kind_of,
    backfill_window,
    unknown_spans,
)
from werknetz.store.gap import SERVES
from werknetz.store.session import WriteConnection

LOSSES_MAX: Final = 10_000
_OPCUA: Final = "nsu="  # how its addresses begin: its connector leaves repeated rows out
_OVERFLOW_CAUSE: Final = "queue_overflow"
# Our clock gave the time: such a sample does not say when something happened.
OWN_TIME: Final = f"(status & -65536) <> {UNCERTAIN_TIME & 0xFFFF_0000}"

# What ended before the last word of the state hides nothing any more. Nor does a connector that
# went for good when another one follows the same state: it tells its own outages.
_LOSSES: Final = f"""
WITH owners AS MATERIALIZED (
    SELECT c.id FROM connectors c JOIN signals s ON s.id = $1
    WHERE {SERVES.format(connector="c.id")}),
last AS (SELECT at FROM samples WHERE signal_id = $1 AND at < $2 ORDER BY at DESC LIMIT 1),
found AS (
    SELECT start_at, end_at, cause, backfilled AS kept, signal_keys <> '{{}}' AS listed,
        connector_id
    FROM gaps JOIN owners ON owners.id = connector_id
    WHERE start_at < $3 AND (signal_keys = '{{}}'
        OR (SELECT key FROM signals WHERE id = $1) = ANY(signal_keys))
    UNION ALL
    SELECT start_at, end_at, '{HEARTBEAT}', kept, false, connector_id
    FROM outages JOIN owners ON owners.id = connector_id
    WHERE start_at < $3 AND (end_at IS NOT NULL OR NOT EXISTS (
        SELECT FROM heartbeats other JOIN owners ON owners.id = other.connector_id
        WHERE other.connector_id <> outages.connector_id
            AND other.last_at > outages.start_at + interval '1 minute')))
SELECT *, CASE WHEN cause = '{_OVERFLOW_CAUSE}' AND NOT listed THEN (
    SELECT max(at) FROM samples WHERE signal_id = $1 AND (status & {OVERFLOW}) = {OVERFLOW}
        AND at >= start_at - interval '2 s' AND at <= coalesce(end_at, $3) + interval '2 s')
    END AS overflown_at,
    start_at <= interval '5 s' + (
        SELECT min(at) FROM samples JOIN signals h ON h.id = signal_id
        WHERE h.role = 'heartbeat' AND h.connector_id = found.connector_id) AS is_first,
    (SELECT starts_with(source, '{_OPCUA}') FROM signals WHERE id = $1) AS leaves_out
FROM found
WHERE end_at IS NULL OR end_at > coalesce((SELECT at FROM last), '-infinity')
ORDER BY start_at DESC LIMIT {LOSSES_MAX}"""  # noqa: S608 - made of constants

_WORDS: Final = """
SELECT before.at, before.told, before.vouched, after.at, said.at
FROM unnest($2::timestamptz[], $3::timestamptz[]) AS loss (start_at, end_at)
LEFT JOIN LATERAL (
    SELECT at, count(*) AS told, max(server_at) AS vouched FROM samples
    WHERE signal_id = $1 AND at = (
        SELECT at FROM samples WHERE signal_id = $1 AND at <= loss.start_at
        ORDER BY at DESC LIMIT 1) GROUP BY at) AS before ON true
LEFT JOIN LATERAL (
    SELECT at FROM samples WHERE signal_id = $1 AND at > loss.start_at
    ORDER BY at LIMIT 1) AS after ON true
LEFT JOIN LATERAL (
    SELECT at FROM samples WHERE signal_id = $1 AND at > loss.start_at AND at >= loss.end_at
    ORDER BY at LIMIT 1) AS said ON true"""

_STORIES: Final = f"""
SELECT loss.number
FROM unnest($2::timestamptz[], $3::timestamptz[], $4::bool[]) WITH ORDINALITY
    AS loss (start_at, end_at, by_one, number)
WHERE EXISTS (
    SELECT FROM signals s
    CROSS JOIN LATERAL (
        SELECT at FROM samples WHERE signal_id = s.id AND at > loss.start_at AND at < loss.end_at
            AND {OWN_TIME} ORDER BY at LIMIT 1) AS first
    CROSS JOIN LATERAL (
        SELECT at FROM samples WHERE signal_id = s.id AND at > loss.start_at AND at < loss.end_at
            AND {OWN_TIME} ORDER BY at DESC LIMIT 1) AS final
    WHERE s.equipment_id = $1 AND (loss.by_one OR first.at < final.at))"""  # noqa: S608 - made of constants


async def unknown_of(
    connection: WriteConnection, equipment_id: int, state_id: int, start_us: int, end_us: int
) -> tuple[Span, ...]:
    """Return the spans in which the state is unknown, as far as they touch the range."""
    rows = await connection.fetch(_LOSSES, state_id, instant_of(start_us), instant_of(end_us))
    told = [found for row in rows if (found := _loss(row)) is not None]
    if not told:
        return ()
    losses = await _with_stories(connection, equipment_id, told)
    words = await _words(connection, state_id, losses)
    return tuple(span for span in unknown_spans(losses, words) if span[1] >= start_us)


def _loss(row: asyncpg.Record) -> tuple[str, DataGap] | None:
    kind = gap_kind_of(row["cause"], listed=row["listed"])
    end_at = row["end_at"]
    if row["cause"] == _OVERFLOW_CAUSE and not row["listed"]:
        end_at = row["overflown_at"]
        kind = kind if end_at is not None else None
    if kind is None or (kind is GapKind.ANEW and row["is_first"]):
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
        if not loss.kept and not (loss.kind is GapKind.SILENT and loss.end_us is not None)
        if (window := backfill_window(cause, loss)) is not None and window[0] < window[1]
    }
    losses = [loss for _, loss in told]
    if not windows:
        return losses
    numbers = list(windows)
    kept = await connection.fetch(
        _STORIES,
        equipment_id,
        [_instant(start) for start, _ in windows.values()],
        [_instant(end) for _, end in windows.values()],
        [losses[number].kind is GapKind.SILENT for number in numbers],
    )
    for row in kept:
        number = numbers[row["number"] - 1]
        losses[number] = replace(losses[number], kept=True)
    return losses


async def _words(connection: WriteConnection, state_id: int, losses: list[DataGap]) -> StateSampleTimes:
    ended = [loss for loss in losses if loss.end_us is not None and loss.kind is not GapKind.SILENT]
    rows: list[Any] = []
    if ended:
        rows = await connection.fetch(
            _WORDS,
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
