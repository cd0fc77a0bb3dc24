"""What held for how long: the time-weighted mean and the duration of good values, by window.

A value holds until the next sample, also a process value: nothing is interpolated. The one before
the first window is carried in; a bad one ends what held; time that has not passed is not counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from werknetz.domain.status import UNCERTAIN
from werknetz_core.signals.finite import FINITE

NAMES: Final = ("time_weighted_avg", "duration_good")

# Samples and the windows' edges on one line of time: each event says what holds from it on, and in
# which window. Ends come before starts and both before samples; of two samples at one instant the
# later row holds.
_HELD: Final = f"""
    WITH edges AS (
        SELECT * FROM unnest($2::timestamptz[], $3::timestamptz[])
            WITH ORDINALITY AS w (start_at, end_at, n)
    ), events AS (
        (SELECT at, 2 AS kind, ctid AS place, NULL::bigint AS n, value, status FROM samples
         WHERE signal_id = $1 AND at < $4 ORDER BY at DESC, ctid DESC LIMIT 1)
        UNION ALL SELECT at, 2, ctid, NULL, value, status FROM samples
            WHERE signal_id = $1 AND at >= $4 AND at < $5
        UNION ALL SELECT start_at, 1, NULL, n, NULL, NULL FROM edges
        UNION ALL SELECT end_at, 0, NULL, NULL, NULL, NULL FROM edges
    ), placed AS (
        SELECT *, least(lead(at) OVER line, $6) AS until,
            count(*) FILTER (WHERE kind = 2) OVER line AS sample,
            count(*) FILTER (WHERE kind < 2) OVER line AS edge
        FROM events WINDOW line AS (ORDER BY at, kind, place)
    ), held AS (
        SELECT extract(epoch FROM until - at)::float8 AS seconds,
            first_value(n) OVER (PARTITION BY edge ORDER BY at, kind, place) AS n,
            first_value(value) OVER same AS value, first_value(status) OVER same AS status
        FROM placed WINDOW same AS (PARTITION BY sample ORDER BY at, kind, place)
    )
    SELECT n, sum(value * seconds) FILTER (WHERE {FINITE})
            / nullif(sum(seconds) FILTER (WHERE {FINITE}), 0) AS time_weighted_avg,
        coalesce(sum(seconds) FILTER (WHERE status BETWEEN 0 AND {UNCERTAIN - 1}), 0)
            AS duration_good
    FROM held WHERE n IS NOT NULL AND status IS NOT NULL AND seconds > 0 GROUP BY n
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Edges:
    """Windows in order of time that do not overlap."""

    starts: Sequence[datetime]
    ends: Sequence[datetime]


async def held_in(
    pool: asyncpg.Pool, number: int, edges: Edges, now: datetime
) -> dict[int, dict[str, object]]:
    """Return both aggregates by the number of the window, from 1; none where nothing held."""
    if not edges.starts:
        return {}
    rows = await pool.fetch(
        _HELD, number, edges.starts, edges.ends, edges.starts[0], edges.ends[-1], now
    )
    return {row["n"]: {name: row[name] for name in NAMES} for row in rows}
