"""Batches of one spool → the database, exactly once: rows, marks and watermark in ONE transaction.

The lock on the spool's row makes it safe for any number of writers, and whoever lost the answer
to COMMIT comes again: the watermark then says that it was done (R5, R17).
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
from werknetz.link.watermark import Watermark, answer_hello
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
from werknetz_core.ingest.partition import Partitions
from werknetz_core.ingest.points import PointMap, load_points
from werknetz_core.ingest.record_writer import Keeper
from werknetz_core.ingest.rejects import Bad, Unit

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SPOOLS_KEPT: Final = 4096
_log = get_logger("ingest.apply")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is committed now, and what to answer."""

    answers: tuple[ToEdge, ...]
    batches: int = 0
    samples: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    owner: str  # the connector that made the spool
    watermark: Watermark


class Applier:
    """Applies with a connection that its owner gives, one transaction at a time."""

    def __init__(self, partitions: Partitions, *, now: Callable[[], float] = monotonic) -> None:
        self._partitions = partitions
        self._now = now
        self._points: OrderedDict[int, PointMap] = OrderedDict()

    def forget(self) -> None:
        """Forget what was read from a database that may be another one now."""
        self._points.clear()
        self._partitions.forget()

    async def apply(
        self, connection: "Connection", receiver: Receiver, envelopes: Sequence[BatchEnvelope]
    ) -> Outcome:
        """Apply batches of ONE spool as far as they connect to what is there.

        After an exception the receiver must be thrown away: it may have taken for committed what
        was not.
        """
        opened = [_open(envelope) for envelope in envelopes]
        await self._partitions.make_for(connection, _times(opened))
        connector, lane = connector_of(receiver.connector)
        first = envelopes[0]
        try:
            async with connection.transaction():
                row = await _lock(connection, connector, lane, first)
                plan = self._plan(receiver, row, connector, envelopes)
                if plan.alarm:
                    _log.error("alarm", connector=receiver.connector, alarm=plan.alarm)
                    await connection.execute(statements.ALARM, connector, plan.alarm)
                keeper = await self._keep(connection, connector, row, plan.run)
        except BaseException:
            self._points.clear()  # what it was read from may have been rolled back or restored
            raise
        if keeper is None:
            return Outcome(plan.replies)
        self._remember(row.id, keeper.points)
        counts = (len(plan.run), keeper.sample_count, keeper.quarantine_count)
        return Outcome(plan.replies, *counts)

    def _plan(
        self, receiver: Receiver, row: _Row, connector: str, envelopes: Sequence[BatchEnvelope]
    ) -> ApplyPlan:
        if row.owner != connector:
            mark = row.watermark
            forked = Forked(mark.spool_id, mark.last_seq, mark.last_hash)
            return ApplyPlan((), mark, (forked,), f"fork: the spool belongs to {row.owner}")
        return receiver.plan(row.watermark, envelopes, self._now())

    async def _keep(
        self, connection: "Connection", connector: str, row: _Row, run: Sequence[BatchEnvelope]
    ) -> Keeper | None:
        if not run:
            return None
        points = self._points.get(row.id)
        if points is None:
            points = await load_points(connection, row.id)
        keeper = Keeper(
            connection,
            spool=row.id,
            spool_id=row.watermark.spool_id,
            connector_id=connector,
            points=points,
        )
        await keeper.keep(await _units(keeper, run))
        await connection.execute(
            statements.ADVANCE,
            row.id,
            run[-1].seq,
            run[-1].hash,
            keeper.sample_count,
            keeper.quarantine_count,
        )
        await connection.execute(statements.APPLIED, connector)
        return keeper

    def _remember(self, spool: int, points: PointMap) -> None:
        self._points[spool] = points
        self._points.move_to_end(spool)
        if len(self._points) > SPOOLS_KEPT:
            self._points.popitem(last=False)


async def welcome(
    connection: "Connection", name: str, hello: Hello, incarnation: UUID
) -> Welcome | LeaseRefused:
    """Give the lane `name` of a connector its epoch; say what is known of its spool (R3)."""
    connector, lane = connector_of(name)
    async with connection.transaction():
        row = await _lock(connection, connector, lane, hello)
        answer = answer_hello(row.watermark, hello, incarnation)
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
        await connection.execute(statements.ALARM, connector, alarm)
    return answer


async def _lock(
    connection: "Connection", connector: str, lane: LaneName, message: BatchEnvelope | Hello
) -> _Row:
    """Lock connector, then spool; make what is not there.

    The lane of history needs no epoch: whatever is said twice there is stored once, and a clone
    shows in the chain.
    """
    epoch = await connection.fetchval(statements.LOCK_CONNECTOR, connector)
    if epoch is None:
        await connection.execute(statements.ADD_CONNECTOR, connector)
        epoch = await connection.fetchval(statements.LOCK_CONNECTOR, connector)
    found = await connection.fetchrow(statements.LOCK_SPOOL, message.spool_id)
    if found is None:
        await connection.execute(
            statements.ADD_SPOOL, message.spool_id, connector, lane, codec.GENESIS
        )
        found = await connection.fetchrow(statements.LOCK_SPOOL, message.spool_id)
    if found is None or epoch is None:
        raise RuntimeError(f"the row of spool {message.spool_id} vanished under our lock")
    in_force = epoch if lane == "live" else message.epoch
    mark = Watermark(message.spool_id, in_force, found["last_seq"], bytes(found["last_hash"]))
    return _Row(found["id"], found["connector_id"], mark)


async def _units(keeper: Keeper, run: Sequence[BatchEnvelope]) -> list[Unit]:
    """Return the records in order; what is no batch goes to quarantine at once."""
    units: list[Unit] = []
    for envelope in run:
        opened = _open(envelope)
        if isinstance(opened, Bad):
            await keeper.quarantine([opened])
            continue
        history = "backfill" in {opened.lane, envelope.lane}
        lane: LaneName = "backfill" if history else "live"
        units += [Unit(envelope.seq, lane, record) for record in opened.records]
    return units


def _open(envelope: BatchEnvelope) -> Batch | Bad:
    try:
        return codec.decode(envelope.payload)
    except codec.UnreadableBatch as error:
        source, at_us = f"spool {envelope.spool_id}", microseconds_of(datetime.now(UTC))
        size = len(envelope.payload)
        return Bad(envelope.seq, source, str(error), envelope.payload, at_us, size)


def _times(opened: Iterable[Batch | Bad]) -> NDArray[np.int64]:
    times = [
        np.frombuffer(record.time, "<i8")
        for batch in opened
        if isinstance(batch, Batch)
        for record in batch.records
        if isinstance(record, Samples)
    ]
    return np.concatenate(times) if times else np.empty(0, np.int64)
