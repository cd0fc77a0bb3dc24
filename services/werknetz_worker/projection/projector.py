"""Takes changed events from the outbox and makes their fact rows: one transaction a batch.

One projector at a time, whoever calls: what a name means must not depend on a race. An event's
rows are replaced whole, so a batch that is done again changes nothing.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg

from werknetz.runtime.log import get_logger
from werknetz.store import locks
from werknetz.store.projection import outbox as statements
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.projection import fact_rows, findings, relations
from werknetz_worker.projection.event_revisions import Told, load
from werknetz_worker.projection.facts import facts_of, names_of
from werknetz_worker.projection.findings import Finding, key_of
from werknetz_worker.projection.jobs import write_jobs

BATCH: Final = 5_000
_LOCK: Final = 0x50524F4A  # "PROJ"
_STAGE: Final = {"delivery_called_off": 0, "shipment_announced": 1}
# The database refuses it, or it is not what its kind promises: nothing that waiting would mend.
_POISON: Final = (
    asyncpg.DataError, asyncpg.IntegrityConstraintViolationError,
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
)  # fmt: skip
_log: Final = get_logger("worker.project")


@dataclass(frozen=True, slots=True)
class Outcome:
    events: int = 0
    is_mine: bool = True  # False: another worker is at it


async def project(pool: DriverPool, *, seconds_max: float = 20.0, batch: int = BATCH) -> int:
    """Project until the outbox is empty or the time is up; return how many events were."""
    deadline = time.monotonic() + seconds_max
    done = 0
    while time.monotonic() < deadline:
        async with pool.acquire() as connection:
            outcome = await one_batch(connection, batch=batch)
        done += outcome.events
        if not outcome.events:
            break
    return done


async def one_batch(connection: WriteConnection, *, batch: int = BATCH) -> Outcome:
    async with connection.transaction():
        if not await connection.fetchval(locks.TRY_LOCK, _LOCK):
            return Outcome(is_mine=False)
        await connection.execute(statements.USE_INDEXES)
        taken = await connection.fetch(statements.TAKE_CHANGES, batch)
        events = sorted({row[0] for row in taken}, key=lambda one: one.bytes)
        if events:
            await _apart(connection, events)
        return Outcome(len(taken))


async def _apart(connection: WriteConnection, events: Sequence[UUID]) -> None:
    """Project the events; those that cannot be are found by halving and become findings."""
    try:
        async with connection.transaction():
            await _together(connection, events)
    except _POISON as error:
        if len(events) > 1:
            middle = len(events) // 2
            await _apart(connection, events[:middle])
            await _apart(connection, events[middle:])
            return
        _log.error("event cannot be projected", event_id=str(events[0]), reason=str(error))
        detail = f"It cannot be brought into the model: {error}. Correct its mapping and replay it."
        kind, now = "unprojectable_event", datetime.now(UTC)
        finding = Finding(key_of(kind, events[0]), kind, events[0], now, detail)
        await findings.write(connection, events, [finding])


async def _together(connection: WriteConnection, events: Sequence[UUID]) -> None:
    told = await load(connection, events)
    there = {one.event_id for one in told}
    dirt = await fact_rows.close(connection, [event for event in events if event not in there])
    names = await names_of(connection, told)
    stages: list[list[Told]] = [[], [], []]  # each reads in its tables what the former wrote
    for one in told:
        stages[_STAGE.get(one.kind, 2)].append(one)
    doubts: list[Finding] = []
    for stage in stages:
        facts = await facts_of(connection, names, stage)
        new = await relations.not_called(connection, facts.called)
        dirt |= await fact_rows.write(connection, stage, facts)
        await relations.siblings_again(connection, new)
        await relations.receipts_again(connection, facts.notes, events)
        doubts += facts.findings
    await write_jobs(connection, told, events)
    await fact_rows.mark(connection, dirt)
    current = [one for one in told if one.known_to is None]
    by_id = {one.event_id: one for one in current}
    found = [one for one in doubts if one.event_id in by_id]
    await findings.write(connection, events, found)
    for number, ids in sorted(names.materials.shared.items()):
        await findings.write_shared(connection, number, by_id[min(ids)].at, [*ids])
    await findings.waiting_again(connection, names.materials.learnt)
