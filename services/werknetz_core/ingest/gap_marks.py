"""Which buckets a gap makes dirty: where it starts and ends, at the machines whose state it hides.

Two marks a machine, however long the gap is: a bucket hands on until when the state is unknown,
so the worker follows the gap as far as it reaches.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import numpy as np
from numpy.typing import NDArray

from werknetz.domain.bucket import microseconds_of
from werknetz.store import gaps
from werknetz_core.ingest.rows import pack_dirty

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


async def hidden_buckets(
    connection: "Connection", connector_id: str, keys: Sequence[str], at: Sequence[datetime]
) -> NDArray[np.int64]:
    """Return the marks, packed; `keys` are the signals of the gap, none: all of the connector."""
    rows = await connection.fetch(gaps.AFFECTED_MACHINES, connector_id, keys)
    now = datetime.now(UTC)
    found = [
        (row["equipment_id"], microseconds_of(max(instant, row["first_at"])))
        for row in rows
        if row["first_at"] is not None
        for instant in at
        if instant <= now
    ]
    machines = np.array([machine for machine, _ in found], np.int32)
    return pack_dirty(machines, np.array([instant for _, instant in found], np.int64))
