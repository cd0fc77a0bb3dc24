"""Computes roll-ups of elements where marks say that they are older than the elements.

The elements stay the truth: a roll-up is always summed again from all that it consists of, in one
transaction with the deletion of its marks. Readers use the elements wherever a mark is.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from werknetz.domain.bucket import instant_of
from werknetz.domain.rollup import HOUR_US, Grain, Span, days_of, merge_spans
from werknetz.store import locks
from werknetz.store.elements.rollups import computing as statements
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.failures import raise_unless_isolated, run_by_bisection
from werknetz_worker.rollups.failed_marks import FailedMarks
from werknetz_worker.rollups.tree import RollupTree

MARKS_MAX: Final = 1000  # of one transaction
_LOCK: Final = 0x524F4C4C  # "ROLL": one worker at a time
Spans = Mapping[int, Sequence[Span]]


class Mark(NamedTuple):
    id: int
    equipment_id: int
    start_us: int
    end_us: int


async def roll_up(
    pool: DriverPool, *, seconds_max: float = 8.0, failed: FailedMarks | None = None
) -> int:
    """Compute roll-ups until no mark is left or the time is up; return how many marks were.

    One that cannot be computed waits; the others go on.
    """
    failed = FailedMarks() if failed is None else failed
    deadline = time.monotonic() + seconds_max
    done = 0
    while True:
        async with pool.acquire() as connection:
            taken, computed = await _roll_up_some(connection, failed)
        done += computed
        if taken < MARKS_MAX or time.monotonic() > deadline:
            return done


async def _roll_up_some(connection: WriteConnection, failed: FailedMarks) -> tuple[int, int]:
    """Return how many marks were taken, and how many of them computed."""
    async with connection.transaction():
        if not await connection.fetchval(locks.TRY_LOCK, _LOCK):
            return 0, 0
        await connection.fetch(statements.USE_INDEXES)
        rows = await connection.fetch(statements.TREE)
        tree = RollupTree(
            {row[0]: row[1] for row in rows},
            {row[0]: row[2] for row in rows},
            {row[0]: row[3] for row in rows},
        )
        await _follow_zones(connection, tree)
        taken = await connection.fetch(statements.TAKE_MARKS, MARKS_MAX, failed.waiting())
        marks = [Mark(*row) for row in taken]
        compute = partial(_compute_marks, connection, tree)
        refused = await run_by_bisection(connection, marks, compute)
        for mark, _ in refused:
            await _compute_below_failure(connection, tree, mark, failed)
        left = {mark.id for mark, _ in refused}
        computed = [mark for mark in marks if mark.id not in left]
        await failed.end(
            connection,
            (mark.id for mark in computed),
            {(mark.equipment_id, tree.paths[mark.equipment_id]) for mark in computed
             if mark.equipment_id in tree.paths},
        )  # fmt: skip
        return len(marks), len(computed)


async def _compute_marks(
    connection: WriteConnection, tree: RollupTree, marks: Sequence[Mark]
) -> None:
    await _compute(
        connection, tree, tree.spans_of_marks((m.equipment_id, m.start_us, m.end_us) for m in marks)
    )
    await connection.execute(statements.DELETE_MARKS, [mark.id for mark in marks])


async def _compute_below_failure(
    connection: WriteConnection, tree: RollupTree, mark: Mark, failed: FailedMarks
) -> None:
    """Compute the equipment of the mark, then what is above it, up to the one that fails.

    The mark goes there. So what fails in one machine leaves its siblings rolled up: only what is
    above both is summed from the machines.
    """
    for number in tree.chain(mark.equipment_id):
        try:
            async with connection.transaction():
                await _compute(connection, tree, {number: ((mark.start_us, mark.end_us),)})
        except Exception as error:  # noqa: BLE001 - one subject must not stop the others
            raise_unless_isolated(error)
            at: int | None = mark.id
            if number != mark.equipment_id:
                at = await connection.fetchval(statements.MOVE_MARK, mark.id, number)
            await failed.add(connection, at, (number, tree.paths[number]), error)
            return
    await connection.execute(statements.DELETE_MARKS, [mark.id])


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
