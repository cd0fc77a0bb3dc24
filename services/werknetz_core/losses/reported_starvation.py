"""Starving that another system tells, an MES or a person, beside what the machine itself says.

Both are one time: a minute that both tell counts once, and one that the machine only calls
suspended is starved where the other says so.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from asyncpg import Connection
from asyncpg.pool import PoolConnectionProxy

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.domain.state import MachineState
from werknetz.kpi.stock.supply_caused import Span, merge_spans, subtract_spans

Piece = tuple[int, int, int, int]  # machine, start, end, state

# What has no end of its own ends with the next word about the equipment; without one, it goes on.
_TOLD: Final = """
SELECT id, at, until_us FROM (
    SELECT q.id, b.at, b.body->>'state' AS state, coalesce(
        (b.body->>'until_us')::bigint,
        (extract(epoch FROM lead(b.at) OVER (PARTITION BY q.id ORDER BY b.at)) * 1000000)::bigint
    ) AS until_us
    FROM business_events b JOIN equipment q ON q.path = b.body->>'equipment'
    WHERE b.kind = 'state_changed' AND q.id = ANY($1)
        AND b.at >= $2::timestamptz - interval '1 day' AND b.at < $3) AS told
WHERE state = 'starved'"""


async def starved_by_reason(
    connection: Connection | PoolConnectionProxy,
    machines: Sequence[int],
    start_us: int,
    end_us: int,
) -> dict[int, list[Span]]:
    """Return when others say that machines starved, cut to the span; events of up to a day ago."""
    rows = await connection.fetch(_TOLD, machines, instant_of(start_us), instant_of(end_us))
    found: dict[int, list[Span]] = defaultdict(list)
    for machine, at, until_us in rows:
        since = max(microseconds_of(at), start_us)
        until = end_us if until_us is None else min(until_us, end_us)
        if since < until:
            found[machine].append((since, until))
    return found


def joined(pieces: Sequence[Piece], told: dict[int, list[Span]]) -> list[Piece]:
    """Return the machines' own starved and suspended time with what others told of it."""
    if not told:
        return [*pieces]
    own: dict[tuple[int, int], list[Span]] = defaultdict(list)
    for machine, since, until, state in pieces:
        own[machine, state].append((since, until))
    starved, suspended = int(MachineState.STARVED), int(MachineState.SUSPENDED)
    for machine, spans in told.items():
        own[machine, starved] = merge_spans([*own[machine, starved], *spans])
        own[machine, suspended] = subtract_spans(own[machine, suspended], spans)
    return [
        (machine, since, until, state)
        for (machine, state), spans in sorted(own.items())
        for since, until in spans
    ]
