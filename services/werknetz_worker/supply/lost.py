"""When messages may have been lost before acceptance: gaps and outages of connectors.

A connector that was away but then told what had happened meanwhile has lost nothing.
"""

from collections.abc import Sequence
from typing import Final

from werknetz.domain.bucket import TIME_MAX_US, microseconds_of
from werknetz.kpi.knowledge import HEARTBEAT, kind_of
from werknetz_worker.session import Connection

LOSSES_MAX: Final = 10_000
_LOSSES: Final = f"""
SELECT connector_id, start_at, end_at, cause FROM gaps
WHERE connector_id = ANY($1) AND NOT backfilled
UNION ALL
SELECT o.connector_id, o.start_at, o.end_at, '{HEARTBEAT}' FROM outages o
WHERE o.connector_id = ANY($1) AND NOT o.kept AND NOT (o.end_at IS NOT NULL AND EXISTS (
    SELECT FROM business_events b
    WHERE b.connector_id = o.connector_id AND b.at > o.start_at AND b.at < o.end_at))
ORDER BY start_at DESC LIMIT {LOSSES_MAX}"""  # noqa: S608 - made of constants


async def spans_of(
    connection: Connection, connectors: Sequence[str]
) -> dict[str, list[tuple[int, int]]]:
    """Return the spans of each connector; one that goes on has no end yet."""
    found: dict[str, list[tuple[int, int]]] = {}
    for row in await connection.fetch(_LOSSES, connectors):
        if kind_of(row["cause"], listed=False) is None:
            continue
        end_at = row["end_at"]
        span = (
            microseconds_of(row["start_at"]),
            TIME_MAX_US if end_at is None else microseconds_of(end_at),
        )
        found.setdefault(row["connector_id"], []).append(span)
    return found
