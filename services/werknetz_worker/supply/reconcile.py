"""Dirty relations reconciled: facts in, derived rows and findings out, in one transaction (R15).

A supplier is in one worker's hands at a time, since its shipments serve several relations. A mark
is removed only where nobody has marked again since it was read; killed anywhere, nothing is lost.
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
from werknetz_worker.watermarks import Watermarks

RELATIONS_MAX: Final = 200  # of one transaction, so that memory and locks stay small
SUPPLIERS_MAX: Final = 50
MARK: Final = "#supply"
"""The watermark of all suppliers: no path of an equipment has this form."""

_LOCK: Final = 0x53555050  # "SUPP": one worker at a supplier
_log: Final = get_logger("worker.supply")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one transaction has done."""

    relations: int = 0
    more: bool = False  # of the same suppliers


async def dirty_relations(
    pool: DriverPool,
    watermarks: Watermarks,
    *,
    now_us: int | None = None,
    seconds_max: float = 8.0,
) -> int:
    """Reconcile until no relation is dirty or the time is up; return how many were.

    What is marked meanwhile is for the next call. `now_us` is for tests.
    """
    deadline = time.monotonic() + seconds_max
    done = 0
    await pool.execute(dirty.DELETE_ORPHANED_RELATION_MARKS)
    waiting = [row[0] for row in await pool.fetch(dirty.DIRTY_SUPPLIERS)]
    while waiting and time.monotonic() < deadline:
        chosen, waiting = waiting[:SUPPLIERS_MAX], waiting[SUPPLIERS_MAX:]
        at_us = time.time_ns() // 1000 if now_us is None else now_us
        async with pool.acquire() as connection:
            outcome = await suppliers(connection, chosen, at_us)
        done += outcome.relations
        if outcome.relations:
            await watermarks.grow_marks([MARK])
        if outcome.more:
            waiting = [*chosen, *waiting]
    return done


async def suppliers(
    connection: WriteConnection, supplier_ids: Sequence[int], now_us: int
) -> Outcome:
    """Reconcile dirty relations of those suppliers that no other worker is at."""
    async with connection.transaction():
        held = [
            row[0]
            for row in await connection.fetch(dirty.LOCK_SUPPLIERS, _LOCK, sorted(supplier_ids))
        ]
        if not held:
            return Outcome()
        # The marks first: what comes after them is marked again.
        marked = await connection.fetch(dirty.DIRTY_RELATIONS_OF_SUPPLIERS, held, RELATIONS_MAX)
        if not marked:
            return Outcome()
        marks = {row["relation_id"]: row["marks"] for row in marked}
        refused = await _reconcile(connection, list(marks), now_us)
        done = {id_: count for id_, count in marks.items() if id_ not in refused}
        await connection.execute(dirty.DELETE_RELATION_MARKS, list(done), list(done.values()))
        if refused:
            await connection.execute(
                dirty.DEFER_RELATIONS, refused, [marks[id_] for id_ in refused]
            )
        return Outcome(len(done), len(marks) == RELATIONS_MAX)


async def _reconcile(connection: WriteConnection, dirty: Sequence[int], now_us: int) -> list[int]:
    """Reconcile the relations; return those that could not be."""
    subjects = await facts.load(connection, dirty)
    policies = await Policies.load(connection, sorted({s.supplier_id for s in subjects}))
    done, refused = [], []
    for subject in subjects:
        terms = policies.terms(subject.supplier_id, subject.zone, now_us)
        try:
            done.append((subject, reconcile(subject.relation, terms)))
        except Exception:  # noqa: BLE001 - one must not stop the others; its mark and rows stay
            _log.exception("relation cannot be reconciled", relation=subject.id)
            refused.append(subject.id)
    ids = [relation_id for relation_id in dirty if relation_id not in refused]
    documents = await shipments.touched(connection, ids)
    await rows.replace(connection, ids, done, policies)
    await shipments.replace(connection, documents, instant_of(now_us))
    await findings.replace(connection, ids, done)
    return refused
