"""Takes changed events from the outbox and builds their fact rows: one transaction a batch.

Any number of projectors run side by side, each on other shards. The rows of an event are replaced
as a whole, so a repeated batch changes nothing.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from werknetz.runtime.log import get_logger
from werknetz.store.master_data import CHANGE_LOCK
from werknetz.store.projection import outbox as statements
from werknetz.store.session import DriverPool, WriteConnection
from werknetz.texts.sentence import Sentence
from werknetz_worker.failures import DETAIL_MAX, raise_unless_isolated
from werknetz_worker.projection import fact_rows, findings, relations
from werknetz_worker.projection.bodies import GoodsBody
from werknetz_worker.projection.event_revisions import EventRevision, load_revisions
from werknetz_worker.projection.fact_rows import ConnectorSubjects, DirtyMarks
from werknetz_worker.projection.facts import build_facts
from werknetz_worker.projection.findings import EventFinding, key_of
from werknetz_worker.projection.machines.jobs import write_jobs
from werknetz_worker.projection.machines.reports import write_machine_reports
from werknetz_worker.projection.master_data import MasterData
from werknetz_worker.projection.names import BatchNames, load_names
from werknetz_worker.projection.shards import LockedShards
from werknetz_worker.watermarks import WatermarkPublisher

BATCH: Final = 5_000
BATCH_MIN: Final = 20
PRODUCTS_WATERMARK: Final = "#products"
"""Name of the watermark of what orders make."""
_UNDERSTANDING_LOCK: Final = 0x4E554D42  # "NUMB"
_STAGE: Final = {"delivery_called_off": 0, "shipment_announced": 1}
_log: Final = get_logger("worker.project")


class MasterDataChangedError(Exception):
    """Master data changed during a batch: it may have read outdated references."""


@dataclass(frozen=True, slots=True)
class ProjectionOutcome:
    events: int = 0
    has_jobs: bool = False  # what orders make may have changed


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the transaction of a batch works with."""

    connection: WriteConnection
    master: MasterData
    shards: LockedShards


async def project(
    pool: DriverPool,
    watermarks: WatermarkPublisher | None = None,
    *,
    seconds_max: float = 20.0,
    batch: int = BATCH,
) -> int:
    """Project until nothing is left to take or the time is up; return the number of events.

    The pool needs two connections.
    """
    deadline = time.monotonic() + seconds_max
    done, size = 0, batch
    while time.monotonic() < deadline:
        try:
            outcome = await project_next_batch(pool, batch=size)
        except MasterDataChangedError:
            size = max(size // 4, BATCH_MIN)  # a short batch is done before the next change
            continue
        size = batch
        if watermarks is not None and outcome.has_jobs:
            await watermarks.increment_names([PRODUCTS_WATERMARK])
        done += outcome.events
        if not outcome.events:
            break
    return done


async def project_next_batch(pool: DriverPool, *, batch: int = BATCH) -> ProjectionOutcome:
    """Project the oldest changes of shards that no other worker has.

    Raises MasterDataChangedError, with nothing done.
    """
    await pool.execute(statements.ASSIGN_SHARDS, batch)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(statements.USE_INDEXES)
        shards = LockedShards(connection)
        await shards.lock_next()
        if not shards.numbers:
            return ProjectionOutcome()
        changes = await connection.fetch(statements.TAKE_CHANGES, sorted(shards.numbers), batch)
        events = sorted({row[0] for row in changes}, key=lambda event_id: event_id.bytes)
        before = await connection.fetchval(statements.MASTER_DATA_CHANGES)
        work = _Batch(connection, MasterData(connection, pool), shards)
        marks = DirtyMarks()
        has_jobs = bool(events) and await _project_by_bisection(work, events, marks)
        await connection.execute(statements.LOCK_SHARED, CHANGE_LOCK)
        if await connection.fetchval(statements.MASTER_DATA_CHANGES) != before:
            raise MasterDataChangedError
        await fact_rows.mark_dirty(connection, marks)
        return ProjectionOutcome(len(changes), has_jobs=has_jobs)


async def _project_by_bisection(work: _Batch, events: Sequence[UUID], marks: DirtyMarks) -> bool:
    """Project the events; isolate by bisection those that fail, and write findings for them.

    Return whether jobs were among them.
    """
    shards = set(work.shards.numbers)
    try:
        async with work.connection.transaction():
            has_jobs, marks_of_events = await _project_batch(work, events)
    except Exception as error:  # noqa: BLE001 - one event must not stop the others
        raise_unless_isolated(error)
        work.shards.numbers = shards  # those locked since were released
        if len(events) > 1:
            middle = len(events) // 2
            first = await _project_by_bisection(work, events[:middle], marks)
            return await _project_by_bisection(work, events[middle:], marks) or first
        _log.error("event cannot be projected", event_id=str(events[0]), reason=str(error))
        reason = f"{type(error).__name__}: {error}"[:DETAIL_MAX].replace("\0", "")
        detail = Sentence("finding_detail.event_unusable", reason=reason)
        kind, now = "unprojectable_event", datetime.now(UTC)
        finding = EventFinding(key_of(kind, events[0]), kind, events[0], now, detail)
        await findings.write_findings(work.connection, events, [finding])
        return False
    marks |= marks_of_events
    return has_jobs


async def _project_batch(work: _Batch, taken: Sequence[UUID]) -> tuple[bool, DirtyMarks]:
    """Project the events; return whether jobs were among them, and what to compute again."""
    connection = work.connection
    revisions = await load_revisions(connection, taken)
    names = await load_names(work.master, revisions)
    postponed = await _postpone(work, names, revisions)
    events = [event for event in taken if event not in postponed]
    revisions = [event for event in revisions if event.event_id not in postponed]
    existing_ids = {event.event_id for event in revisions}
    marks = await fact_rows.close_rows(
        connection, [event for event in events if event not in existing_ids]
    )
    stages: list[list[EventRevision]] = [
        [],
        [],
        [],
    ]  # each reads the rows of the one before
    for event in revisions:
        stages[_STAGE.get(event.kind, 2)].append(event)
    findings_of_batch: list[EventFinding] = []
    subjects = ConnectorSubjects(revisions, names)
    for stage in stages:
        facts = await build_facts(connection, names, stage)
        before = await relations.without_call_off(connection, facts.called_off)
        marks |= await fact_rows.replace_rows(connection, stage, facts)
        after = await relations.without_call_off(connection, facts.called_off)
        await relations.reproject_siblings(connection, sorted({*before} ^ {*after}))
        await relations.reproject_receipts(connection, facts.delivery_notes, events)
        subjects.add_facts(facts)
        findings_of_batch += facts.findings
    has_jobs = await write_jobs(connection, revisions, events)
    findings_of_batch += await write_machine_reports(connection, revisions, events)
    await subjects.write(connection, revisions)
    await _write_findings(work, names, revisions, events, findings_of_batch)
    return has_jobs, marks


async def _postpone(
    work: _Batch, names: BatchNames, revisions: Sequence[EventRevision]
) -> set[UUID]:
    """Return to the outbox the events of whose materials another worker has the shard."""
    postponed: dict[UUID, int] = {}
    needs: dict[UUID, set[int]] = defaultdict(set)
    for event in revisions:
        if event.material_id is not None and isinstance(event.named, GoodsBody):
            shard = names.shards[event.material_id]
            if shard not in work.shards.numbers or event.event_id in needs:
                needs[event.event_id].add(shard)
    for event_id, shards in needs.items():
        locked = await work.shards.lock_all(shards)
        if locked is not None:
            postponed[event_id] = locked
    if postponed:
        columns = [*postponed], [*postponed.values()]
        await work.connection.execute(statements.RETURN_CHANGES, *columns)
    return set(postponed)


async def _write_findings(
    work: _Batch,
    names: BatchNames,
    revisions: Sequence[EventRevision],
    events: Sequence[UUID],
    findings_of_batch: Sequence[EventFinding],
) -> None:
    connection, materials = work.connection, names.materials
    by_id = {event.event_id: event for event in revisions if event.known_to is None}
    current_findings = [event for event in findings_of_batch if event.event_id in by_id]
    unknown = [event for event in by_id.values() if event.material_id is None]
    if unknown or materials.new_numbers:
        # Of two workers, of which one misses a number that the other adds, one sees the other.
        await connection.execute(statements.LOCK, _UNDERSTANDING_LOCK)
        await findings.reproject_understood(connection, unknown, materials.by_alias)
    await findings.write_findings(connection, events, current_findings)
    for number, ids in sorted(materials.events_by_shared_number.items()):
        if there := ids & by_id.keys():
            at = by_id[min(there)].at
            await findings.write_shared_number(connection, number, at, [*there])
    await findings.reproject_waiting(connection, materials.new_numbers)
