"""Applies batches exactly once: rows, marks and watermark in ONE transaction.

The lock on the spool's row makes it safe for any number of writers. After a lost answer to COMMIT
the batch is sent again, and the watermark shows that it was already applied (R5, R17).
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final

import asyncpg

from werknetz.link.receiver import ApplyPlan, Receiver
from werknetz.link.wire import BatchEnvelope, Forked, ToEdge, connector_of
from werknetz.runtime.log import get_logger
from werknetz.store.ingest import spools as statements
from werknetz.store.ingest.events import ADD_TO_BOOKS
from werknetz_core.ingest.leases import SpoolRow, lock_spool, lock_spools
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_core.ingest.records.points import PointMap, load_points
from werknetz_core.ingest.records.record_writer import RecordWriter
from werknetz_core.ingest.records.together import CollectedRun, store_together
from werknetz_core.ingest.spool_batches import SpoolBatches, collect, times_of, write_alone

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SPOOLS_CACHED: Final = 4096
_log = get_logger("ingest.apply")


@dataclass(frozen=True, slots=True)
class ApplyOutcome:
    """What was committed, and the answers to send."""

    answers: tuple[ToEdge, ...]
    batches: int = 0
    samples: int = 0
    quarantined: int = 0


class Applier:
    """Applies batches on the connection of its owner, one transaction at a time."""

    def __init__(self, partitions: PartitionMaker, *, now: Callable[[], float] = monotonic) -> None:
        self._partitions = partitions
        self._now = now
        self._points: OrderedDict[int, PointMap] = OrderedDict()

    def clear_cache(self) -> None:
        """Drop what was read from a database that may be another one now."""
        self._points.clear()
        self._partitions.clear_cache()

    async def apply(
        self, connection: "Connection", receiver: Receiver, envelopes: Sequence[BatchEnvelope]
    ) -> ApplyOutcome:
        """Apply batches of ONE spool; see `apply_alone`."""
        return await self.apply_alone(connection, SpoolBatches.open(receiver, envelopes))

    async def apply_alone(self, connection: "Connection", delivery: SpoolBatches) -> ApplyOutcome:
        """Apply the batches of a spool as far as they continue what is stored.

        After an exception the receiver must be discarded: its cached watermark may be ahead of
        the database.
        """
        await self._partitions.make_for(connection, times_of([delivery]))
        receiver, first = delivery.receiver, delivery.envelopes[0]
        connector, lane = connector_of(receiver.connector)
        try:
            async with connection.transaction():
                row = await lock_spool(connection, connector, lane, first, receiver.incarnation)
                plan = await self._plan(connection, delivery, row)
                writer = await self._write_alone(connection, delivery, row, plan)
        except BaseException:
            self._points.clear()  # what it was read from may have been rolled back or restored
            raise
        return self._outcome(row, plan, writer)

    async def apply_together(
        self, connection: "Connection", deliveries: Sequence[SpoolBatches]
    ) -> list[ApplyOutcome | None]:
        """Apply plain deliveries of different connectors in one transaction.

        None: connector or spool are new, and it is not applied. After an exception, of whatever
        kind, nothing is applied, and all receivers must be discarded; points are only read here,
        so that those in the cache stay right.
        """
        await self._partitions.make_for(connection, times_of(deliveries))
        spools = [
            (connector_of(d.receiver.connector)[0], d.envelopes[0].spool_id) for d in deliveries
        ]
        incarnation = deliveries[0].receiver.incarnation
        async with connection.transaction():
            rows = await lock_spools(connection, spools, incarnation)
            planned = [
                (delivery, rows[spool], await self._plan(connection, delivery, rows[spool]))
                for delivery, spool in zip(deliveries, spools, strict=True)
                if spool in rows
            ]
            runs = {
                id(delivery): await self._collect(connection, delivery, row, plan)
                for delivery, row, plan in planned
                if plan.run
            }
            if runs:
                await store_together(connection, [*runs.values()])
        outcomes: dict[int, ApplyOutcome] = {}
        for delivery, row, plan in planned:
            run = runs.get(id(delivery))
            outcomes[id(delivery)] = self._outcome(row, plan, run.writer if run else None)
        return [outcomes.get(id(delivery)) for delivery in deliveries]

    def _outcome(self, row: SpoolRow, plan: ApplyPlan, writer: RecordWriter | None) -> ApplyOutcome:
        if writer is None:
            return ApplyOutcome(plan.replies)
        self._cache_points(row.id, writer.points)
        counts = (len(plan.run), writer.sample_count, writer.quarantine_count)
        return ApplyOutcome(plan.replies, *counts)

    async def _plan(
        self, connection: "Connection", delivery: SpoolBatches, row: SpoolRow
    ) -> ApplyPlan:
        receiver = delivery.receiver
        connector, _ = connector_of(receiver.connector)
        if row.owner == connector:
            plan = receiver.plan(row.watermark, delivery.envelopes, self._now())
        else:
            mark = row.watermark
            forked = Forked(mark.spool_id, mark.last_seq, mark.last_hash)
            alarm = f"fork: the spool belongs to {row.owner}"
            plan = ApplyPlan((), mark, (forked,), alarm)
        if plan.alarm:
            _log.error("alarm", connector=receiver.connector, alarm=plan.alarm)
            await connection.execute(statements.SET_ALARM, connector, plan.alarm)
        return plan

    async def _writer(
        self, connection: "Connection", delivery: SpoolBatches, row: SpoolRow
    ) -> RecordWriter:
        points = self._points.get(row.id)
        if points is None:
            points = await load_points(connection, row.id)
        return RecordWriter(
            connection,
            spool=row.id,
            spool_id=row.watermark.spool_id,
            connector_id=connector_of(delivery.receiver.connector)[0],
            points=points,
        )

    async def _collect(
        self, connection: "Connection", delivery: SpoolBatches, row: SpoolRow, plan: ApplyPlan
    ) -> CollectedRun:
        writer = await self._writer(connection, delivery, row)
        return CollectedRun(writer, await collect(writer, delivery, plan.run), plan.run[-1])

    async def _write_alone(
        self, connection: "Connection", delivery: SpoolBatches, row: SpoolRow, plan: ApplyPlan
    ) -> RecordWriter | None:
        if not plan.run:
            return None
        writer = await self._writer(connection, delivery, row)
        await write_alone(writer, delivery, plan.run)
        last = plan.run[-1]
        counts = (writer.sample_count, writer.quarantine_count)
        await connection.execute(statements.ADVANCE_WATERMARK, row.id, last.seq, last.hash, *counts)
        await connection.execute(statements.SET_LAST_APPLIED, writer.connector_id)
        if not writer.books.is_empty:
            await connection.execute(ADD_TO_BOOKS, writer.connector_id, *writer.books.values)
        return writer

    def _cache_points(self, spool: int, points: PointMap) -> None:
        self._points[spool] = points
        self._points.move_to_end(spool)
        if len(self._points) > SPOOLS_CACHED:
            self._points.popitem(last=False)
