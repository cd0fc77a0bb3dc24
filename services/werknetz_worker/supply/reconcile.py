"""Reconciles dirty relations: facts in, derived rows and findings out, in one transaction (R15).

One worker at a time locks a supplier, because a shipment serves several relations. A mark is
deleted only if it is unchanged since it was read; a worker that is killed loses nothing.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.domain.bucket import instant_of
from werknetz.kpi.supply.relation import reconcile
from werknetz.runtime.log import get_logger
from werknetz.store import dirty
from werknetz.store.session import DriverPool, WriteConnection
from werknetz_worker.supply import facts, findings, rows, shipments
from werknetz_worker.supply.policies import Policies
from werknetz_worker.watermarks import WatermarkPublisher

RELATIONS_MAX: Final = 200  # of one transaction, so that memory and locks stay small
SUPPLIERS_MAX: Final = 50
SUPPLY_WATERMARK: Final = "#supply"
"""The watermark of all suppliers: no path of an equipment has this form."""

_LOCK: Final = 0x53555050  # "SUPP": one worker at a supplier
_log: Final = get_logger("worker.supply")


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
) -> int:
    """Reconcile until no relation is dirty or the time is up; return how many were.

    Later marks are for the next call. `now_us` is for tests.
    """
    deadline = time.monotonic() + seconds_max
    done = 0
    await pool.execute(dirty.DELETE_ORPHANED_RELATION_MARKS)
    waiting = [row[0] for row in await pool.fetch(dirty.DIRTY_SUPPLIERS)]
    while waiting and time.monotonic() < deadline:
        chosen, waiting = waiting[:SUPPLIERS_MAX], waiting[SUPPLIERS_MAX:]
        at_us = time.time_ns() // 1000 if now_us is None else now_us
        async with pool.acquire() as connection:
            outcome = await reconcile_suppliers(connection, chosen, at_us)
        done += outcome.relations
        if outcome.relations:
            await watermarks.increment_names([SUPPLY_WATERMARK])
        if outcome.more:
            waiting = [*chosen, *waiting]
    return done


async def reconcile_suppliers(
    connection: WriteConnection, supplier_ids: Sequence[int], now_us: int
) -> SupplyOutcome:
    """Reconcile dirty relations of the suppliers that no other worker has locked."""
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
        refused = await _reconcile(connection, list(marks), now_us)
        done = {id_: count for id_, count in marks.items() if id_ not in refused}
        await connection.execute(dirty.DELETE_RELATION_MARKS, list(done), list(done.values()))
        if refused:
            await connection.execute(
                dirty.DEFER_RELATIONS, refused, [marks[id_] for id_ in refused]
            )
        return SupplyOutcome(len(done), len(marks) == RELATIONS_MAX)


async def _reconcile(connection: WriteConnection, dirty: Sequence[int], now_us: int) -> list[int]:
    """Reconcile the relations; return those that failed."""
    subjects = await facts.load_relations(connection, dirty)
    policies = await Policies.load(connection, sorted({s.supplier_id for s in subjects}))
    done, refused = [], []
    for subject in subjects:
        terms = policies.terms_of(subject.supplier_id, subject.zone, now_us)
        try:
            done.append((subject, reconcile(subject.relation, terms)))
        except Exception:  # noqa: BLE001 - one failure must not stop the others
            _log.exception("relation cannot be reconciled", relation=subject.id)
            refused.append(subject.id)
    ids = [relation_id for relation_id in dirty if relation_id not in refused]
    documents = await shipments.find_documents(connection, ids)
    await rows.replace_rows(connection, ids, done, policies)
    await shipments.replace_shipments(connection, documents, instant_of(now_us))
    await findings.replace_findings(connection, ids, done)
    return refused
