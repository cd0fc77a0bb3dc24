"""When messages may have been lost before they were accepted: gaps and outages of connectors.

An outage after which the connector delivered its backlog counts as no loss.
"""

from collections.abc import Sequence

from werknetz.domain.bucket import TIME_MAX_US, microseconds_of
from werknetz.kpi.data_gaps import gap_kind_of
from werknetz.store.gaps import LOST_MESSAGES
from werknetz.store.session import WriteConnection


async def load_loss_spans(
    connection: WriteConnection, connectors: Sequence[str]
) -> dict[str, list[tuple[int, int]]]:
    """Return the spans of each connector; an open one ends at the end of time."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for row in await connection.fetch(LOST_MESSAGES, connectors):
        if gap_kind_of(row["cause"], is_listed=False) is None:
            continue
        end_at = row["end_at"]
        span = (
            microseconds_of(row["start_at"]),
            TIME_MAX_US if end_at is None else microseconds_of(end_at),
        )
        spans.setdefault(row["connector_id"], []).append(span)
    return spans
