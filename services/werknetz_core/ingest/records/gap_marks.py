"""The buckets that a gap makes dirty: where it starts and ends, at each affected machine.

Two marks a machine are enough, however long the gap is: a bucket passes on until when the state
is unknown, so the worker continues up to the end of the gap.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import numpy as np
from numpy.typing import NDArray

from werknetz.domain.bucket import microseconds_of
from werknetz.store import gaps
from werknetz_core.ingest.records.sample_rows import pack_dirty

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


async def gap_edge_marks(
    connection: "Connection", connector_id: str, keys: Sequence[str], at: Sequence[datetime]
) -> NDArray[np.int64]:
    """Return the marks, packed; `keys` are the signals of the gap; empty: all of the connector."""
    rows = await connection.fetch(gaps.AFFECTED_MACHINES, connector_id, keys)
    now = datetime.now(UTC)
    edges = [
        (row["equipment_id"], microseconds_of(max(instant, row["first_at"])))
        for row in rows
        if row["first_at"] is not None
        for instant in at
        if instant <= now
    ]
    machines = np.array([machine for machine, _ in edges], np.int32)
    return pack_dirty(machines, np.array([instant for _, instant in edges], np.int64))
