"""Marks relations that time or a data gap has changed without a new event."""

from werknetz.domain.bucket import instant_of
from werknetz.kpi.supply.asn import PARTIAL_WAIT_US
from werknetz.store import dirty
from werknetz.store.session import DriverPool


async def mark_after_time(pool: DriverPool, now_us: int) -> int:
    """Mark relations after deadlines and data gaps; return how many marks are new."""
    marked = 0
    for statement, arguments in (
        (dirty.MARK_RELATIONS_AFTER_DEADLINES, [instant_of(now_us), PARTIAL_WAIT_US]),
        (dirty.MARK_RELATIONS_AFTER_GAPS, []),
    ):
        answer = await pool.execute(statement, *arguments)
        marked += int(answer.rpartition(" ")[2])
    return marked
