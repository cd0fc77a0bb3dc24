"""Marks of a machine: which are due, of dropped samples, or outside the time of the machine."""

from collections.abc import Iterable, Mapping
from typing import Final

from werknetz.domain.bucket import BUCKET_US, TIME_MIN_US, bucket_of, instant_of, microseconds_of
from werknetz.runtime.log import get_logger
from werknetz.store import dirty
from werknetz.store.elements import lifetimes as statements
from werknetz.store.elements.energy import MARK_METERS_ABOVE
from werknetz.store.elements.retention import DROPPED_BEFORE
from werknetz.store.session import WriteConnection
from werknetz_worker.elements.machine import Machine

RANGE_GAP_MAX: Final = 96  # buckets: marks not further apart are computed in one range
QUIET_S: Final = 5.0
WAIT_MAX_S: Final = 60.0
"""While history comes in for a machine, its past waits until nothing has come for QUIET_S, at most
for PATIENCE_S: each recomputation in between would have to go on up to now."""

RECENT_BUCKETS: Final = 4  # buckets: these never wait
_log: Final = get_logger("worker.compute")


def recent_since_us(now_us: int) -> int:
    """Return since when buckets are recent: they never wait."""
    return bucket_of(now_us) - RECENT_BUCKETS * BUCKET_US


def select_due(
    marks_with_age: dict[int, tuple[int, float]], now_us: int, quiet_s: float, *, past_first: bool
) -> tuple[dict[int, int], bool]:
    """Return the marks to handle now, and whether others can be handled right after them.

    A long past and the present take turns, so that neither delays the other. The past waits while
    more of it arrives.
    """
    recent_us = recent_since_us(now_us)
    recent = {at: marks for at, (marks, _) in marks_with_age.items() if at >= recent_us}
    ages = [age for at, (_, age) in marks_with_age.items() if at < recent_us]
    wait = bool(ages) and min(ages) < quiet_s and max(ages) < WAIT_MAX_S
    past = {} if wait else {at: m for at, (m, _) in marks_with_age.items() if at < recent_us}
    if not recent or not past or recent_us - min(past) <= RANGE_GAP_MAX * BUCKET_US:
        return past | recent, False
    return (past if past_first else recent), True


async def dropped_before_us(connection: WriteConnection) -> int:
    """Return the instant before which samples were dropped."""
    dropped_before = await connection.fetchval(DROPPED_BEFORE)
    return TIME_MIN_US if dropped_before is None else microseconds_of(dropped_before)


def find_dropped(before_us: int, marks_with_age: dict[int, tuple[int, float]]) -> dict[int, int]:
    """Return the marks whose samples were dropped: their computed values stay."""
    dropped = {at: marks for at, (marks, _) in marks_with_age.items() if at < before_us}
    if dropped:
        _log.warning("not recomputed: the samples were dropped", buckets=len(dropped))
    return dropped


async def delete_marks(
    connection: WriteConnection, equipment_id: int, marks: dict[int, int]
) -> None:
    """Delete the marks as they were read, without waiting for locks of the ingest writer."""
    await connection.execute(
        dirty.DELETE_BUCKET_MARKS,
        equipment_id,
        [instant_of(at) for at in marks],
        list(marks.values()),
    )


def outside_of(machine: Machine, marks: Mapping[int, int]) -> dict[int, int]:
    """Return the marks of buckets in which the machine has no time."""
    return {
        at: count
        for at, count in marks.items()
        if at >= machine.until_us or at + BUCKET_US <= machine.since_us
    }


async def pass_on(connection: WriteConnection, machine: Machine, marks: Mapping[int, int]) -> None:
    """Delete what was computed for the buckets; mark them at the machine's other place."""
    buckets = [instant_of(at) for at in marks]
    await connection.execute(statements.DELETE_ELEMENTS, machine.id, buckets)
    await connection.execute(statements.DELETE_STATE_PIECES, machine.id, buckets)
    await connection.execute(statements.DELETE_ORDER_ELEMENTS, machine.id, buckets)
    await connection.execute(statements.MARK_OTHER_PLACE, machine.id, buckets)
    await mark_meters_above(connection, machine.id, marks)


async def mark_meters_above(
    connection: WriteConnection, equipment_id: int, buckets: Iterable[int]
) -> None:
    """Mark the buckets at equipment above that has a meter: it holds what those below leave."""
    if instants := [instant_of(at) for at in buckets]:
        await connection.execute(MARK_METERS_ABOVE, equipment_id, instants)
