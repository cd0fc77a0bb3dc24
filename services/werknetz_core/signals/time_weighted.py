"""Time-weighted mean and duration of good values, and the number of bad ones, by window.

A value applies until the next sample, also a process value: nothing is interpolated. The last value
before the first window applies at its start; a bad sample ends the value before it; future time is
not counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from werknetz.store.queries.latest_samples import load_latest_time
from werknetz.store.queries.samples import BAD_BY_WINDOW, TIME_WEIGHTED_BY_WINDOW
from werknetz.store.session import Database

NAMES: Final = ("time_weighted_avg", "duration_good")
BAD_COUNT: Final = "bad_count"


@dataclass(frozen=True, slots=True)
class Edges:
    """Windows in ascending order that do not overlap."""

    starts: Sequence[datetime]
    ends: Sequence[datetime]


async def load_time_weighted(
    pool: Database, signal_id: int, edges: Edges, now: datetime
) -> dict[int, dict[str, object]]:
    """Return both aggregates by window number, from 1; windows without a value are left out."""
    if not edges.starts:
        return {}
    start = edges.starts[0]
    rows = await pool.fetch(
        TIME_WEIGHTED_BY_WINDOW,
        signal_id,
        edges.starts,
        edges.ends,
        start,
        edges.ends[-1],
        now,
        await load_latest_time(pool, signal_id, start) or start,
    )
    return {row["n"]: {name: row[name] for name in NAMES} for row in rows}


async def load_bad_counts(
    pool: Database, signal_id: int, edges: Edges
) -> dict[int, dict[str, object]]:
    """Return the number of bad samples by window number, from 1; windows without are left out."""
    rows = await pool.fetch(
        BAD_BY_WINDOW, signal_id, edges.starts, edges.ends, edges.starts[0], edges.ends[-1]
    )
    return {row["n"]: {BAD_COUNT: row["bad_count"]} for row in rows}
