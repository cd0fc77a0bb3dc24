"""Recomputes dirty buckets, a range of one machine at a time (R15).

The marks in PostgreSQL are the truth: any number of workers may call this at any time. A mark is
deleted only if it is unchanged since it was read.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import asyncpg

from werknetz.domain.bucket import (
    BUCKET_US,
    bucket_of,
    instant_of,
    microseconds_of,
)
from werknetz.kpi.carry import Carry
from werknetz.kpi.counts import Debt
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz.kpi.energy.buckets import CarrierRow, add_energy
from werknetz.kpi.states import BucketRange, ComputedBuckets
from werknetz.kpi.states import compute_buckets as compute_range
from werknetz.kpi.stops.thresholds import MINOR_STOP_US
from werknetz.kpi.timeline.reports import Reports
from werknetz.store import dirty, locks
from werknetz.store.elements.element_rows import LAST_ELEMENTS_BEFORE
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.elements import element_rows as rows
from werknetz_worker.elements import findings
from werknetz_worker.elements import marks as marking
from werknetz_worker.elements.machine import Machine
from werknetz_worker.elements.marks import QUIET_S, RANGE_GAP_MAX
from werknetz_worker.elements.signals_in_force import SignalConflict
from werknetz_worker.energy.inputs import load_energy
from werknetz_worker.failures import Retries, Subject, report_unfinished, run_isolated
from werknetz_worker.turns import Turns
from werknetz_worker.watermarks import WatermarkPublisher

BUCKETS_MAX: Final = 7 * 96  # of one transaction: a week, so that memory stays small
FILL_US: Final = 400 * 86_400_000_000
"""Empty buckets are filled no further back: a sample of 1601 must not create millions."""

DEBT: Final = "debt"  # in the stored carry: what a bucket passes to the one before it
ENERGY: Final = "energy"  # in the stored carry: what the row has of each carrier
_LOCK: Final = 0x4B5049  # "KPI": one worker at a machine
_SAMPLES: Final = ELEMENT_NAMES.index("samples")
_Entry = tuple[int, Subject]  # a machine
_LATE: Final = ELEMENT_NAMES.index("late_samples")


@dataclass(frozen=True, slots=True)
class MachineOutcome:
    """The result of one transaction for one machine."""

    path: str = ""
    done: int = 0  # marks handled
    changed: int = 0  # rows written
    more: bool = False  # marks are left that can be handled at once


async def compute_dirty_buckets(
    pool: DriverPool,
    watermarks: WatermarkPublisher,
    *,
    now_us: int | None = None,
    seconds_max: float = 8.0,
    quiet_s: float = QUIET_S,
    retries: Retries | None = None,
) -> int:
    """Compute until all marks are handled or the time is up; return how many were.

    Later marks are for the next call. `now_us` is for tests. A machine that cannot be computed
    waits; the others go on. Recent buckets of all machines and a long past take turns.
    """
    retries = Retries() if retries is None else retries
    await report_unfinished(pool, retries)
    deadline = time.monotonic() + seconds_max
    turns = await _list_turns(pool, _now_us(now_us))
    done = 0
    while (turn := turns.next()) is not None and time.monotonic() <= deadline:
        (equipment_id, subject), is_past = turn
        at_us = _now_us(now_us)
        compute = partial(
            _compute_next_range, pool, equipment_id, at_us, quiet_s, past_first=is_past
        )
        outcome = await run_isolated(pool, retries, subject, compute) or MachineOutcome()
        done += outcome.done
        if outcome.changed:
            await watermarks.increment_paths([outcome.path])
        turns.end((equipment_id, subject) if outcome.more else None)
        if turns.is_time_to_look():
            turns.add_live(await _list_live(pool, at_us))
    return done


def _now_us(given_us: int | None) -> int:
    return time.time_ns() // 1000 if given_us is None else given_us


async def _list_turns(pool: DriverPool, now_us: int) -> Turns[_Entry]:
    since_us = marking.recent_since_us(now_us)
    rows = await pool.fetch(dirty.DIRTY_MACHINES, instant_of(now_us), instant_of(since_us))
    return Turns(
        [_entry_of(row) for row in rows if row["is_recent"]],
        [_entry_of(row) for row in rows if not row["is_recent"]],
    )


async def _list_live(pool: DriverPool, now_us: int) -> list[_Entry]:
    since_us = marking.recent_since_us(now_us)
    rows = await pool.fetch(dirty.DIRTY_RECENTLY, instant_of(now_us), instant_of(since_us))
    return [_entry_of(row) for row in rows]


def _entry_of(row: asyncpg.Record) -> _Entry:
    number = row["equipment_id"]
    return number, Subject("machine", row["path"], equipment_id=number)


async def _compute_next_range(
    pool: DriverPool, equipment_id: int, now_us: int, quiet_s: float, *, past_first: bool
) -> MachineOutcome:
    async with pool.acquire() as connection:
        return await compute_machine(
            connection, equipment_id, now_us, quiet_s=quiet_s, past_first=past_first
        )


async def compute_machine(
    connection: WriteConnection,
    equipment_id: int,
    now_us: int,
    *,
    quiet_s: float = QUIET_S,
    past_first: bool = True,
) -> MachineOutcome:
    """Compute a dirty range of a machine, unless another worker has locked it."""
    async with connection.transaction():
        locked = await connection.fetchval(locks.TRY_LOCK_OF, _LOCK, equipment_id)
        if not locked:
            return MachineOutcome()
        dirty_rows = await connection.fetch(
            dirty.DIRTY_BUCKETS_OF_MACHINE, equipment_id, instant_of(now_us)
        )
        marks_with_age = {microseconds_of(r[0]): (r[1], r[2]) for r in dirty_rows}
        dropped_before_us = await marking.dropped_before_us(connection)
        if dropped := marking.find_dropped(dropped_before_us, marks_with_age):
            await marking.delete_marks(connection, equipment_id, dropped)
            return MachineOutcome(done=len(dropped), more=len(dropped) < len(marks_with_age))
        marks, more = marking.select_due(marks_with_age, now_us, quiet_s, past_first=past_first)
        if not marks:
            return MachineOutcome()
        machine = await Machine.load(connection, equipment_id)
        if machine is None or not await machine.has_inputs(connection):
            await marking.delete_marks(connection, equipment_id, marks)
            return MachineOutcome(done=len(marks))
        if outside := marking.outside_of(machine, marks):
            await marking.pass_on(connection, machine, outside)
            await marking.delete_marks(connection, equipment_id, outside)
            more = more or len(outside) < len(marks)
            return MachineOutcome(machine.path, len(outside), len(outside), more)
        outcome = await _MachineComputation(
            connection, machine, now_us, marks, dropped_before_us
        ).run()
        return replace(outcome, more=outcome.more or more)


class _MachineComputation:
    """One range of one machine in one transaction."""

    def __init__(
        self,
        connection: WriteConnection,
        machine: Machine,
        now_us: int,
        marks: dict[int, int],
        dropped_before_us: int,
    ) -> None:
        self._connection = connection
        self._machine = machine
        self._now_us = now_us
        self._end_us = min(now_us, machine.until_us)  # of the machine's time
        self._marks = marks
        self._dropped_before_us = max(dropped_before_us, machine.since_us)
        # By then a fault at the end of a bucket is classified.
        self._settled_us = max(MINOR_STOP_US, machine.minor_stops.longest_us)
        self._old: dict[int, rows.StoredElements] = {}
        self._conflicts: list[SignalConflict] = []
        self._without_factor: tuple[tuple[int, int], ...] = ()  # meters, since which bucket
        self._carriers: Sequence[CarrierRow] = ()

    async def run(self) -> MachineOutcome:
        start_us, carry = await self._find_start(await self._find_first())
        buckets = self._first_length(start_us)
        while True:
            span = BucketRange(start_us, buckets, self._end_us)
            computed = await self._compute(span, carry)
            if not self._changes_next_bucket(span, computed):
                break
            if buckets >= BUCKETS_MAX:
                await self._mark(span.end_us)
                break
            # The next bucket starts differently than it is stored: continue.
            ahead = (bucket_of(self._end_us) - start_us) // BUCKET_US + 1
            buckets = min(max(2 * buckets, buckets + 4), ahead, BUCKETS_MAX)
        while self._changes_bucket_before(span, computed):
            longer = await self._extend_back(span)
            if longer is None:
                await self._mark(span.start_us - BUCKET_US)
                break
            span, carry = longer
            computed = await self._compute(span, carry)
        changes = self._compare(span, computed)
        await rows.write_elements(self._connection, self._machine.id, computed, span, changes)
        await findings.replace_findings(
            self._connection, self._machine, computed, span, self._conflicts, self._without_factor
        )
        await marking.mark_meters_above(self._connection, self._machine.id, [
            span.start_us + n * BUCKET_US for n in changes.buckets
        ])  # fmt: skip
        computed_marks = {
            at: n for at, n in self._marks.items() if span.start_us <= at < span.end_us
        }
        await marking.delete_marks(self._connection, self._machine.id, computed_marks)
        more = len(computed_marks) < len(self._marks)
        return MachineOutcome(self._machine.path, len(computed_marks), len(changes.buckets), more)

    async def _find_first(self) -> int:
        """Return the first bucket that the marks concern.

        What arrives marks what it changes by the usual threshold of minor stops: a longer one
        reaches further back.
        """
        first_us = min(self._marks)
        if self._settled_us == MINOR_STOP_US:
            return first_us
        earliest_us = max(bucket_of(first_us - self._settled_us), self._dropped_before_us)
        stored = await rows.load_elements(self._connection, self._machine.id, earliest_us, first_us)
        return min(stored, default=first_us)

    async def _mark(self, at_us: int) -> None:
        await self._connection.execute(dirty.MARK_BUCKETS, [self._machine.id], [at_us // BUCKET_US])

    async def _find_start(self, first_us: int) -> tuple[int, Carry]:
        """Return where to start: after the last stored bucket, so that no bucket is missing."""
        row = await self._connection.fetchrow(
            LAST_ELEMENTS_BEFORE, self._machine.id, instant_of(first_us)
        )
        if row is not None:
            after_us = microseconds_of(row[0]) + BUCKET_US
            if after_us == first_us or after_us > self._now_us - FILL_US:
                return after_us, await self._carry_after(after_us, json.loads(row[1]))
        return first_us, await self._machine.load_carry_before(self._connection, first_us)

    async def _carry_after(self, at_us: int, document: dict[str, Any]) -> Carry:
        carry = Carry.from_document(document)
        if all(start.at_us is not None for start in carry.counts.values()):
            return carry
        # A version before stored no times, and counted a sample at the end in the next bucket.
        before = await self._machine.load_carry_before(self._connection, at_us)
        return replace(carry, counts=before.counts)

    async def _extend_back(self, span: BucketRange) -> tuple[BucketRange, Carry] | None:
        """Return a longer range with the same end; None: it would be too long."""
        longer = min(2 * span.buckets + 4, BUCKETS_MAX)
        if longer <= span.buckets:
            return None
        earliest_us = max(span.end_us - longer * BUCKET_US, self._dropped_before_us)
        stored = await rows.load_elements(
            self._connection, self._machine.id, earliest_us, span.start_us
        )
        start_us, carry = await self._find_start(min(stored))
        buckets = (span.end_us - start_us) // BUCKET_US
        return BucketRange(start_us, buckets, self._end_us), carry

    def _first_length(self, start_us: int) -> int:
        """Return how many buckets lie up to the last mark that is near the one before it."""
        ascending = sorted(self._marks)
        last_us = ascending[0]
        for at in ascending:
            if at - last_us > RANGE_GAP_MAX * BUCKET_US:
                break
            last_us = at
        return min((last_us - start_us) // BUCKET_US + 1, BUCKETS_MAX)

    async def _compute(self, span: BucketRange, carry: Carry) -> ComputedBuckets:
        machine, end_us = self._machine, span.end_us + self._settled_us
        self._old = await rows.load_elements(
            self._connection, machine.id, span.start_us - BUCKET_US, span.end_us + BUCKET_US
        )
        samples, self._conflicts = await machine.load_samples(
            self._connection, span.start_us, end_us, carry.order
        )
        plan = machine.build_plan(*_planned_span(samples.reports, span.start_us, end_us))
        after = self._old.get(span.end_us)
        corrections = {} if after is None else after.carry.get(DEBT, {}).get("corrections", {})
        computed = compute_range(samples, plan, carry, span, corrections)
        inputs, conflicts = await load_energy(self._connection, machine, span)
        with_energy = add_energy(computed, inputs, carry, span, corrections)
        self._conflicts += conflicts
        self._without_factor, self._carriers = with_energy.without_factor, with_energy.carriers
        return with_energy.computed

    def _changes_next_bucket(self, span: BucketRange, computed: ComputedBuckets) -> bool:
        """Return whether the bucket after the range must be computed, too."""
        if span.end_us > self._end_us or span.end_us >= self._machine.until_us:
            return False
        if span.end_us not in self._old:
            return span.end_us > self._now_us - FILL_US
        last = self._old.get(span.end_us - BUCKET_US)
        return last is None or not _is_same_carry(last.carry, computed.carries[-1].to_document())

    def _changes_bucket_before(self, span: BucketRange, computed: ComputedBuckets) -> bool:
        """Return whether the bucket before the range must be computed, too."""
        before_us = span.start_us - BUCKET_US
        if before_us not in self._old or before_us < self._dropped_before_us:
            return False
        first = self._old.get(span.start_us)
        stored = {} if first is None else first.carry.get(DEBT, {})
        return not computed.debts[0].is_like(stored)

    def _compare(self, span: BucketRange, computed: ComputedBuckets) -> rows.ElementChanges:
        carries, provisional, revisions = [], [], []
        buckets, revised = [], []
        columns = list(
            zip(*(computed.columns[name].tolist() for name in ELEMENT_NAMES), strict=True)
        )
        for n in range(span.buckets):
            at_us = span.start_us + n * BUCKET_US
            old = self._old.get(at_us)
            settled = at_us + BUCKET_US + self._settled_us <= self._now_us
            late = _late_samples(old, columns[n][_SAMPLES], at_us, self._now_us)
            computed.columns["late_samples"][n] = late
            values = (*columns[n][:_LATE], late, *columns[n][_LATE + 1 :])
            carries.append(self._carry_document(computed.carries[n], at_us, computed.debts[n]))
            if self._carriers:
                carries[n][ENERGY] = self._carriers[n]
            provisional.append(not settled)
            replaced = old is not None and not old.provisional and old.values != values
            revisions.append(1 if old is None else old.revision + replaced)
            if replaced:
                revised.append(at_us)
            if old is None or (old.values, old.carry, old.provisional) != (
                values, carries[n], not settled,
            ):  # fmt: skip
                buckets.append(n)
        touched = [span.start_us + n * BUCKET_US for n in buckets]
        touched += [at for at in self._marks if span.start_us <= at < span.end_us]
        # The next bucket may begin with another order or code, though its sums are the same.
        pieces_us = (0, 0)
        if touched:
            pieces_us = (min(touched), min(max(touched) + 2 * BUCKET_US, span.end_us))
        return rows.ElementChanges(buckets, revised, carries, provisional, revisions, pieces_us)

    def _carry_document(self, carry: Carry, at_us: int, debt: Debt) -> dict[str, Any]:
        document = carry.to_document()
        if passed := debt.to_document():
            document[DEBT] = passed
        if self._machine.calendar_at(at_us) is None:
            document["remark"] = "no shift calendar: all time is planned"
        return document


def _planned_span(reports: Reports, start_us: int, end_us: int) -> tuple[int, int]:
    """Return the span of the plan: a quantity is spread over the planned time of its whole job."""
    jobs = [q for q in reports.quantities if q.since_us < q.at_us]
    return (
        min([start_us, *(max(job.since_us, start_us - FILL_US) for job in jobs)]),
        max([end_us, *(min(job.at_us, end_us + FILL_US) for job in jobs)]),
    )


def _is_same_carry(stored: dict[str, Any], computed: dict[str, Any]) -> bool:
    """Return whether the next bucket would start in the same way."""
    ignored = {"remark", DEBT, ENERGY}  # for readers, and for buckets before and above
    if "count_at" not in stored:  # a version before: its rows need not be computed again
        ignored |= {"count_at", "count_before"}
    return {key: value for key, value in stored.items() if key not in ignored} == {
        key: value for key, value in computed.items() if key not in ignored
    }


def _late_samples(
    old: rows.StoredElements | None, samples: float, at_us: int, now_us: int
) -> float:
    """Return how many samples arrived more than a bucket late: those new in a finished row."""
    if old is None:
        return 0.0
    end_us = at_us + BUCKET_US
    came_late = old.computed_us >= end_us and now_us > end_us + BUCKET_US
    return old.values[_LATE] + (max(0.0, samples - old.values[_SAMPLES]) if came_late else 0.0)
