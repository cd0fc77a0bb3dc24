"""When messages may have been lost before acceptance: gaps and outages of connectors.

A connector that was away but then told what had happened meanwhile has lost nothing.
"""

from collections.abc import Sequence

from werknetz.domain.bucket import TIME_MAX_US, microseconds_of
from werknetz.kpi.data_gaps import gap_kind_of
from werknetz.store.gaps import LOST_MESSAGES
from werknetz.store.session import WriteConnection


async def spans_of(
    connection: WriteConnection, connectors: Sequence[str]
) -> dict[str, list[tuple[int, int]]]:
    """Return the spans of each connector; one that goes on has no end yet."""
    found: dict[str, list[tuple[int, int]]] = {}
    for row in await connection.fetch(LOST_MESSAGES, connectors):
        if gap_kind_of(row["cause"], is_listed=False) is None:
            continue
        end_at = row["end_at"]
        span = (
            microseconds_of(row["start_at"]),
            TIME_MAX_US if end_at is None else microseconds_of(end_at),
        )
        found.setdefault(row["connector_id"], []).append(span)
    return found
