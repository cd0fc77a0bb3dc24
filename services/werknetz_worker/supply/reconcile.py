"""Reconciles dirty relations: facts in, derived rows and findings out, in one transaction (R15).

One worker at a time locks a supplier, because a shipment serves several relations. A mark is
deleted only if it is unchanged since it was read; a worker that is killed loses nothing.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from werknetz.domain.bucket import instant_of
from werknetz.kpi.supply.relation import reconcile
from werknetz.store import dirty
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.failures import (
    Retries,
    Subject,
    run_all_isolated,
    separate_unfinished,
)
from werknetz_worker.supply import facts, findings, rows, shipments
from werknetz_worker.supply.policies import Policies
from werknetz_worker.watermarks import WatermarkPublisher

RELATIONS_MAX: Final = 200  # of one transaction, so that memory and locks stay small
FACTS_MAX: Final = 20_000  # of one transaction; a relation with more has one to itself
SUPPLIERS_MAX: Final = 50
SUPPLY_WATERMARK: Final = "#supply"
"""The watermark of all suppliers: no path of an equipment has this form."""

_LOCK: Final = 0x53555050  # "SUPP": one worker at a supplier


@dataclass(frozen=True, slots=True)
class SupplyOutcome:
    """The result of one transaction."""

    relations: int = 0
    more: bool = False  # of the same suppliers


async def reconcile_dirty_relations(
    pool: DriverPool,
    watermarks: WatermarkPublisher,
    *,
    now_us: int | None = None,
    seconds_max: float = 8.0,
    retries: Retries | None = None,
) -> int:
    """Reconcile until no relation is dirty or the time is up; return how many were.

    Later marks are for the next call. `now_us` is for tests. A relation that cannot be reconciled
    waits; the others go on.
    """
    retries = Retries() if retries is None else retries
    deadline = time.monotonic() + seconds_max
    done = 0
    await pool.execute(dirty.DELETE_ORPHANED_RELATION_MARKS)
    await separate_unfinished(
        pool, retries, lambda subject: pool.execute(dirty.DEFER_RELATION, subject.relation_id)
    )
    waiting = [row[0] for row in await pool.fetch(dirty.DIRTY_SUPPLIERS)]
    while waiting and time.monotonic() < deadline:
        chosen, waiting = waiting[:SUPPLIERS_MAX], waiting[SUPPLIERS_MAX:]
        at_us = time.time_ns() // 1000 if now_us is None else now_us
        async with pool.acquire() as connection:
            outcome = await reconcile_suppliers(connection, chosen, at_us, retries)
        done += outcome.relations
        if outcome.relations:
            await watermarks.increment_names([SUPPLY_WATERMARK])
        if outcome.more:
            waiting = [*chosen, *waiting]
    return done


async def reconcile_suppliers(
    connection: WriteConnection,
    supplier_ids: Sequence[int],
    now_us: int,
    retries: Retries | None = None,
) -> SupplyOutcome:
    """Reconcile dirty relations of the suppliers that no other worker has locked."""
    retries = Retries() if retries is None else retries
    async with connection.transaction():
        locked = [
            row[0]
            for row in await connection.fetch(dirty.LOCK_SUPPLIERS, _LOCK, sorted(supplier_ids))
        ]
        if not locked:
            return SupplyOutcome()
        # Read the marks first: a later change marks again.
        marked = await connection.fetch(dirty.DIRTY_RELATIONS_OF_SUPPLIERS, locked, RELATIONS_MAX)
        if not marked:
            return SupplyOutcome()
        marks = {row["relation_id"]: row["marks"] for row in marked}
        batch = await _take_batch(connection, list(marks), retries)
        refused = await run_all_isolated(
            connection,
            retries,
            {relation_id: _subject_of(relation_id) for relation_id in batch},
            partial(_reconcile, connection, now_us=now_us),
        )
        for statement, ids in (
            (dirty.DELETE_RELATION_MARKS, [id_ for id_ in batch if id_ not in refused]),
            (dirty.DEFER_RELATIONS, sorted(refused)),
        ):
            await connection.execute(statement, ids, [marks[id_] for id_ in ids])
        is_more = len(batch) < len(marks) or len(marks) == RELATIONS_MAX
        return SupplyOutcome(len(batch) - len(refused), is_more)


def _subject_of(relation_id: int) -> Subject:
    return Subject("relation", str(relation_id), relation_id=relation_id)


async def _take_batch(
    connection: WriteConnection, relation_ids: Sequence[int], retries: Retries
) -> list[int]:
    """Return the first relations that fit a transaction; at least one."""
    sizes: dict[int, int] = {
        row[0]: row[1] for row in await connection.fetch(dirty.SIZES_OF_RELATIONS, relation_ids)
    }
    batch: list[int] = []
    facts_count = 0
    for relation_id in relation_ids:
        facts_count += sizes[relation_id]
        is_alone = not retries.may_share(_subject_of(relation_id))
        if batch and (facts_count > FACTS_MAX or is_alone):
            break
        batch.append(relation_id)
        if is_alone:
            break
    return batch


async def _reconcile(
    connection: WriteConnection, relation_ids: Sequence[int], *, now_us: int
) -> None:
    subjects = await facts.load_relations(connection, relation_ids)
    policies = await Policies.load(connection, sorted({s.supplier_id for s in subjects}))
    done = [
        (
            subject,
            reconcile(
                subject.relation, policies.terms_of(subject.supplier_id, subject.zone, now_us)
            ),
        )
        for subject in subjects
    ]
    documents = await shipments.find_documents(connection, relation_ids)
    await rows.replace_rows(connection, relation_ids, done, policies)
    await shipments.replace_shipments(connection, documents, instant_of(now_us))
    await findings.replace_findings(connection, relation_ids, done)
