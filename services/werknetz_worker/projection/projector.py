"""Takes changed events from the outbox and builds their fact rows: one transaction a batch.

One projector runs at a time, so that the resolution of names does not depend on a race. The rows
of an event are replaced as a whole, so a repeated batch changes nothing.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from werknetz.runtime.log import get_logger
from werknetz.store import locks
from werknetz.store.projection import outbox as statements
from werknetz.store.session import DriverPool, WriteConnection
from werknetz.texts.sentence import Sentence
from werknetz_worker.failures import DETAIL_MAX, raise_unless_isolated
from werknetz_worker.projection import fact_rows, findings, relations
from werknetz_worker.projection.event_revisions import EventRevision, load_revisions
from werknetz_worker.projection.facts import build_facts
from werknetz_worker.projection.findings import EventFinding, key_of
from werknetz_worker.projection.machines.jobs import write_jobs
from werknetz_worker.projection.machines.reports import write_machine_reports
from werknetz_worker.projection.names import load_names
from werknetz_worker.projection.subjects import ConnectorSubjects
from werknetz_worker.watermarks import WatermarkPublisher

BATCH: Final = 5_000
PRODUCTS_WATERMARK: Final = "#products"
"""Name of the watermark of what orders make."""
_LOCK: Final = 0x50524F4A  # "PROJ"
_STAGE: Final = {"delivery_called_off": 0, "shipment_announced": 1}
_log: Final = get_logger("worker.project")


@dataclass(frozen=True, slots=True)
class ProjectionOutcome:
    events: int = 0
    is_mine: bool = True  # False: another worker is projecting
    has_jobs: bool = False  # what orders make may have changed


async def project(
    pool: DriverPool,
    watermarks: WatermarkPublisher | None = None,
    *,
    seconds_max: float = 20.0,
    batch: int = BATCH,
) -> int:
    """Project until the outbox is empty or the time is up; return the number of events."""
    deadline = time.monotonic() + seconds_max
    done = 0
    while time.monotonic() < deadline:
        async with pool.acquire() as connection:
            outcome = await project_next_batch(connection, batch=batch)
        if watermarks is not None and outcome.has_jobs:
            await watermarks.increment_names([PRODUCTS_WATERMARK])
        done += outcome.events
        if not outcome.events:
            break
    return done


async def project_next_batch(
    connection: WriteConnection, *, batch: int = BATCH
) -> ProjectionOutcome:
    async with connection.transaction():
        if not await connection.fetchval(locks.TRY_LOCK, _LOCK):
            return ProjectionOutcome(is_mine=False)
        await connection.execute(statements.USE_INDEXES)
        changes = await connection.fetch(statements.TAKE_CHANGES, batch)
        events = sorted({row[0] for row in changes}, key=lambda event_id: event_id.bytes)
        has_jobs = bool(events) and await _project_by_bisection(connection, events)
        return ProjectionOutcome(len(changes), has_jobs=has_jobs)


async def _project_by_bisection(connection: WriteConnection, events: Sequence[UUID]) -> bool:
    """Project the events; isolate by bisection those that fail, and write findings for them.

    Return whether jobs were among them.
    """
    try:
        async with connection.transaction():
            return await _project_batch(connection, events)
    except Exception as error:  # noqa: BLE001 - one event must not stop the others
        raise_unless_isolated(error)
        if len(events) > 1:
            middle = len(events) // 2
            first = await _project_by_bisection(connection, events[:middle])
            return await _project_by_bisection(connection, events[middle:]) or first
        _log.error("event cannot be projected", event_id=str(events[0]), reason=str(error))
        reason = f"{type(error).__name__}: {error}"[:DETAIL_MAX].replace("\0", "")
        detail = Sentence("finding_detail.event_unusable", reason=reason)
        kind, now = "unprojectable_event", datetime.now(UTC)
        finding = EventFinding(key_of(kind, events[0]), kind, events[0], now, detail)
        await findings.write_findings(connection, events, [finding])
        return False


async def _project_batch(connection: WriteConnection, events: Sequence[UUID]) -> bool:
    """Project the events; return whether jobs were among them."""
    revisions = await load_revisions(connection, events)
    existing_ids = {event.event_id for event in revisions}
    marks = await fact_rows.close_rows(
        connection, [event for event in events if event not in existing_ids]
    )
    names = await load_names(connection, revisions)
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
    await fact_rows.mark_dirty(connection, marks)
    current = [event for event in revisions if event.known_to is None]
    by_id = {event.event_id: event for event in current}
    current_findings = [event for event in findings_of_batch if event.event_id in by_id]
    await findings.write_findings(connection, events, current_findings)
    for number, ids in sorted(names.materials.events_by_shared_number.items()):
        await findings.write_shared_number(connection, number, by_id[min(ids)].at, [*ids])
    await findings.reproject_waiting(connection, names.materials.new_numbers)
    return has_jobs
