"""Applies the batches of one spool exactly once: rows, marks and watermark in ONE transaction.

The lock on the spool's row makes it safe for any number of writers. After a lost answer to COMMIT
the batch is sent again, and the watermark shows that it was already applied (R5, R17).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg
import numpy as np
from numpy.typing import NDArray

from werknetz.domain.bucket import microseconds_of
from werknetz.events import codec
from werknetz.events.batch import Batch, LaneName, Samples
from werknetz.link.receiver import ApplyPlan, Receiver
from werknetz.link.watermark import Watermark, answer_hello, is_set_back
from werknetz.link.wire import (
    BatchEnvelope,
    Forked,
    Hello,
    LeaseRefused,
    ToEdge,
    Welcome,
    connector_of,
)
from werknetz.runtime.log import get_logger
from werknetz.store.ingest import spools as statements
from werknetz.store.ingest.events import ADD_TO_BOOKS
from werknetz_core.ingest.durability import OtherIncarnation, begin_incarnation
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_core.ingest.records.points import PointMap, load_points
from werknetz_core.ingest.records.record_writer import RecordWriter
from werknetz_core.ingest.records.rejects import QuarantineRow, RecordUnit

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


_Opened = tuple[BatchEnvelope, Batch | QuarantineRow]


@dataclass(frozen=True, slots=True)
class _SpoolRow:
    id: int
    owner: str  # the connector that made the spool
    watermark: Watermark


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
        """Apply batches of ONE spool as far as they continue what is stored.

        After an exception the receiver must be discarded: its cached watermark may be ahead of
        the database.
        """
        opened = {id(envelope): _decode(envelope) for envelope in envelopes}
        await self._partitions.make_for(connection, _sample_times(opened.values()))
        connector, lane = connector_of(receiver.connector)
        first = envelopes[0]
        try:
            async with connection.transaction():
                row = await _lock(connection, connector, lane, first, receiver.incarnation)
                plan = self._plan(receiver, row, connector, envelopes)
                if plan.alarm:
                    _log.error("alarm", connector=receiver.connector, alarm=plan.alarm)
                    await connection.execute(statements.SET_ALARM, connector, plan.alarm)
                run = [(envelope, opened[id(envelope)]) for envelope in plan.run]
                writer = await self._write_records(connection, connector, row, run)
        except BaseException:
            self._points.clear()  # what it was read from may have been rolled back or restored
            raise
        if writer is None:
            return ApplyOutcome(plan.replies)
        self._cache_points(row.id, writer.points)
        counts = (len(plan.run), writer.sample_count, writer.quarantine_count)
        return ApplyOutcome(plan.replies, *counts)

    def _plan(
        self, receiver: Receiver, row: _SpoolRow, connector: str, envelopes: Sequence[BatchEnvelope]
    ) -> ApplyPlan:
        if row.owner != connector:
            mark = row.watermark
            forked = Forked(mark.spool_id, mark.last_seq, mark.last_hash)
            return ApplyPlan((), mark, (forked,), f"fork: the spool belongs to {row.owner}")
        return receiver.plan(row.watermark, envelopes, self._now())

    async def _write_records(
        self, connection: "Connection", connector: str, row: _SpoolRow, run: Sequence[_Opened]
    ) -> RecordWriter | None:
        if not run:
            return None
        points = self._points.get(row.id)
        if points is None:
            points = await load_points(connection, row.id)
        writer = RecordWriter(
            connection,
            spool=row.id,
            spool_id=row.watermark.spool_id,
            connector_id=connector,
            points=points,
        )
        await writer.write(await _split_records(writer, run))
        await connection.execute(
            statements.ADVANCE_WATERMARK,
            row.id,
            run[-1][0].seq,
            run[-1][0].hash,
            writer.sample_count,
            writer.quarantine_count,
        )
        await connection.execute(statements.SET_LAST_APPLIED, connector)
        if not writer.books.is_empty:
            await connection.execute(ADD_TO_BOOKS, connector, *writer.books.values)
        return writer

    def _cache_points(self, spool: int, points: PointMap) -> None:
        self._points[spool] = points
        self._points.move_to_end(spool)
        if len(self._points) > SPOOLS_CACHED:
            self._points.popitem(last=False)


async def accept_hello(
    connection: "Connection", name: str, hello: Hello, incarnation: UUID
) -> Welcome | LeaseRefused:
    """Give a connector's lane its epoch; answer with the watermark of its spool (R3).

    Raises `OtherIncarnation`, also if the hello shows that the database was set back.
    """
    connector, lane = connector_of(name)
    async with connection.transaction():
        row = await _lock(connection, connector, lane, hello, incarnation)
        if not is_set_back(row.watermark, hello, incarnation):
            return await _answer(connection, name, row, hello, incarnation)
    in_force = row.watermark.connector_epoch
    _log.warning("the database lost a lease", connector=name, granted=hello.base, found=in_force)
    await begin_incarnation(connection, incarnation)
    raise OtherIncarnation(incarnation, None)


async def _answer(
    connection: "Connection", name: str, row: _SpoolRow, hello: Hello, incarnation: UUID
) -> Welcome | LeaseRefused:
    connector, lane = connector_of(name)
    at_us = microseconds_of(datetime.now(UTC))
    answer = answer_hello(row.watermark, hello, incarnation, at_us)
    if isinstance(answer, LeaseRefused):
        return answer
    if lane == "live":
        await connection.execute(statements.SET_EPOCH, connector, answer.epoch)
    alarm = None
    if row.owner != connector:
        alarm = f"fork: spool {hello.spool_id} belongs to {row.owner}"
    elif hello.last_seq < answer.last_seq:
        alarm = f"spool_rolled_back: {hello.last_seq} of {answer.last_seq} batches are left"
    if alarm:
        _log.error("alarm", connector=name, alarm=alarm)
    await connection.execute(statements.SET_ALARM, connector, alarm)
    return answer


async def _lock(
    connection: "Connection",
    connector: str,
    lane: LaneName,
    message: BatchEnvelope | Hello,
    incarnation: UUID,
) -> _SpoolRow:
    """Lock connector, then spool; add the missing rows. Raises `OtherIncarnation`.

    The lane of history needs no epoch: what is sent twice there is stored once, and a clone
    shows in the chain.
    """
    epoch = await connection.fetchval(statements.LOCK_CONNECTOR, connector)
    if epoch is None:
        await connection.execute(statements.ADD_CONNECTOR, connector)
        epoch = await connection.fetchval(statements.LOCK_CONNECTOR, connector)
    spool = await connection.fetchrow(statements.LOCK_SPOOL, message.spool_id)
    if spool is None:
        await connection.execute(
            statements.ADD_SPOOL, message.spool_id, connector, lane, codec.GENESIS
        )
        spool = await connection.fetchrow(statements.LOCK_SPOOL, message.spool_id)
    if spool is None or epoch is None:
        raise RuntimeError(f"the row of spool {message.spool_id} vanished while it was locked")
    if spool["incarnation"] != incarnation:
        raise OtherIncarnation(incarnation, spool["incarnation"])
    in_force = epoch if lane == "live" else message.epoch
    mark = Watermark(message.spool_id, in_force, spool["last_seq"], bytes(spool["last_hash"]))
    return _SpoolRow(spool["id"], spool["connector_id"], mark)


async def _split_records(writer: RecordWriter, run: Sequence[_Opened]) -> list[RecordUnit]:
    """Return the records in order; what cannot be decoded goes to quarantine."""
    units: list[RecordUnit] = []
    for envelope, batch in run:
        if isinstance(batch, QuarantineRow):
            await writer.quarantine_batch(batch)
            continue
        history = "backfill" in {batch.lane, envelope.lane}
        lane: LaneName = "backfill" if history else "live"
        units += [RecordUnit(envelope.seq, lane, record) for record in batch.records]
    return units


def _decode(envelope: BatchEnvelope) -> Batch | QuarantineRow:
    try:
        return codec.decode(envelope.payload)
    except codec.UnreadableBatch as error:
        source, at_us = f"spool {envelope.spool_id}", microseconds_of(datetime.now(UTC))
        size = len(envelope.payload)
        return QuarantineRow(envelope.seq, source, str(error), envelope.payload, at_us, size)


def _sample_times(opened: Iterable[Batch | QuarantineRow]) -> NDArray[np.int64]:
    times = [
        np.frombuffer(record.time, "<i8")
        for batch in opened
        if isinstance(batch, Batch)
        for record in batch.records
        if isinstance(record, Samples)
    ]
    return np.concatenate(times) if times else np.empty(0, np.int64)
