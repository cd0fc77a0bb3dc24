"""Computes roll-ups of elements where marks say that they are older than the elements.

The elements stay the truth: a roll-up is always summed again from all that it consists of, in one
transaction with the deletion of its marks. Readers use the elements wherever a mark is.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.domain.rollup import HOUR_US, Grain, Span, days_of, merge_spans
from werknetz.runtime.log import get_logger
from werknetz.store import locks
from werknetz.store.elements import rollups as statements
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.failures import raise_unless_isolated
from werknetz_worker.rollups.tree import RollupTree

MARKS_MAX: Final = 1000  # of one transaction
_LOCK: Final = 0x524F4C4C  # "ROLL": one worker at a time
_log: Final = get_logger("worker.rollups")
Spans = Mapping[int, Sequence[Span]]


async def roll_up(pool: DriverPool, *, seconds_max: float = 8.0) -> int:
    """Compute roll-ups until no mark is left or the time is up; return how many marks were."""
    deadline = time.monotonic() + seconds_max
    done = 0
    while True:
        async with pool.acquire() as connection:
            marks = await _roll_up_some(connection)
        done += marks
        if marks < MARKS_MAX or time.monotonic() > deadline:
            return done


async def _roll_up_some(connection: WriteConnection) -> int:
    async with connection.transaction():
        if not await connection.fetchval(locks.TRY_LOCK, _LOCK):
            return 0
        await connection.fetch(statements.USE_INDEXES)
        rows = await connection.fetch(statements.TREE)
        tree = RollupTree({row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows})
        await _follow_zones(connection, tree)
        marks = await connection.fetch(statements.TAKE_MARKS, MARKS_MAX)
        return await _compute_by_bisection(connection, tree, marks) if marks else 0


async def _compute_by_bisection(
    connection: WriteConnection, tree: RollupTree, marks: Sequence[asyncpg.Record]
) -> int:
    """Compute the marks; return how many. One that fails stays: readers sum its own rows."""
    try:
        async with connection.transaction():
            await _compute(connection, tree, tree.spans_of_marks(tuple(row)[1:] for row in marks))
            await connection.execute(statements.DELETE_MARKS, [row[0] for row in marks])
    except Exception as error:  # noqa: BLE001 - one subject must not stop the others
        raise_unless_isolated(error)
        if len(marks) > 1:
            middle = len(marks) // 2
            return sum(
                [
                    await _compute_by_bisection(connection, tree, part)
                    for part in (marks[:middle], marks[middle:])
                ]
            )
        _log.error("roll-up cannot be computed", mark=tuple(marks[0])[1:], reason=str(error))
        return 0
    return len(marks)


async def _follow_zones(connection: WriteConnection, tree: RollupTree) -> None:
    """Mark everything that was rolled up by days of another zone."""
    stored = {row[0]: row[1] for row in await connection.fetch(statements.ZONES)}
    changed = [number for number, zone in tree.zones.items() if stored.get(number) != zone]
    if not changed:
        return
    zones = [tree.zones[number] for number in changed]
    await connection.execute(statements.SET_ZONES, changed, zones)
    if moved := [number for number in changed if number in stored]:
        await connection.execute(statements.DELETE_DAYS, moved)
        await connection.execute(statements.MARK_ALL_DAYS, moved)


async def _compute(connection: WriteConnection, tree: RollupTree, spans: Spans) -> None:
    parents: dict[int, list[int]] = defaultdict(list)
    for number in spans:
        if number in tree.children:
            parents[tree.depth(number)].append(number)
    for depth in sorted(parents, reverse=True):  # what is above is summed from what is below
        level = {number: spans[number] for number in parents[depth]}
        await _delete(connection, Grain.TREE_BUCKET, level)
        await _insert_tree_buckets(connection, tree, level)
    hours = {
        number: merge_spans(_whole_hours(span) for span in spans[number])
        for level in parents.values()
        for number in level
    }
    await _delete(connection, Grain.TREE_HOUR, hours)
    await connection.execute(statements.INSERT_TREE_HOURS, *_columns(hours))
    days = {number: days_of(parts, tree.zone_of(number)) for number, parts in spans.items()}
    await _delete(connection, Grain.DAY, days)
    numbers, starts, ends = _columns(days)
    await connection.execute(
        statements.INSERT_DAYS, numbers, [n in tree.children for n in numbers], starts, ends
    )


async def _insert_tree_buckets(connection: WriteConnection, tree: RollupTree, spans: Spans) -> None:
    rows = [
        (parent, part, part == parent or part not in tree.children, span)
        for parent, parts in spans.items()
        for part in (parent, *tree.children[parent])
        for span in parts
    ]
    await connection.execute(
        statements.INSERT_TREE_BUCKETS,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [instant_of(row[3][0]) for row in rows],
        [instant_of(row[3][1]) for row in rows],
    )


async def _delete(connection: WriteConnection, grain: Grain, spans: Spans) -> None:
    numbers, starts, ends = _columns(spans)
    await connection.execute(statements.DELETE_SUMS, numbers, int(grain), starts, ends)


def _columns(spans: Spans) -> tuple[list[int], list[object], list[object]]:
    """Return the spans as columns: equipment, start and end."""
    rows = [(number, start, end) for number, parts in spans.items() for start, end in parts]
    return (
        [row[0] for row in rows],
        [instant_of(row[1]) for row in rows],
        [instant_of(row[2]) for row in rows],
    )


def _whole_hours(span: Span) -> Span:
    return span[0] - span[0] % HOUR_US, span[1] + (-span[1]) % HOUR_US
