"""Locks the rows of connectors and spools, and grants leases: every transaction begins here.

The connectors are locked first, then the spools, each in the order of their keys: so writers that
apply for several connectors never wait for each other in a circle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from werknetz.domain.bucket import microseconds_of
from werknetz.events import codec
from werknetz.events.batch import LaneName
from werknetz.link.watermark import Watermark, answer_hello, is_set_back
from werknetz.link.wire import BatchEnvelope, Hello, LeaseRefused, Welcome, connector_of
from werknetz.runtime.log import get_logger
from werknetz.store.ingest import spools as statements
from werknetz_core.ingest.durability import OtherIncarnation, begin_incarnation

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

_log = get_logger("ingest.leases")


@dataclass(frozen=True, slots=True)
class SpoolRow:
    id: int
    owner: str  # the connector that made the spool
    watermark: Watermark


async def accept_hello(
    connection: "Connection", name: str, hello: Hello, incarnation: UUID
) -> Welcome | LeaseRefused:
    """Give a connector's lane its epoch; answer with the watermark of its spool (R3).

    Raises `OtherIncarnation`, also if the hello shows that the database was set back.
    """
    connector, lane = connector_of(name)
    async with connection.transaction():
        row = await lock_spool(connection, connector, lane, hello, incarnation)
        if not is_set_back(row.watermark, hello, incarnation):
            return await _answer(connection, name, row, hello, incarnation)
    in_force = row.watermark.connector_epoch
    _log.warning("the database lost a lease", connector=name, granted=hello.base, found=in_force)
    await begin_incarnation(connection, incarnation)
    raise OtherIncarnation(incarnation, None)


async def _answer(
    connection: "Connection", name: str, row: SpoolRow, hello: Hello, incarnation: UUID
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


async def lock_spool(
    connection: "Connection",
    connector: str,
    lane: LaneName,
    message: BatchEnvelope | Hello,
    incarnation: UUID,
) -> SpoolRow:
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
    return SpoolRow(spool["id"], spool["connector_id"], mark)


async def lock_spools(
    connection: "Connection", spools: Sequence[tuple[str, UUID]], incarnation: UUID
) -> dict[tuple[str, UUID], SpoolRow]:
    """Lock live spools by (connector, spool), as far as both have rows.

    Raises `OtherIncarnation`.
    """
    connectors = [connector for connector, _ in spools]
    rows = await connection.fetch(statements.LOCK_SPOOLS, connectors, [s for _, s in spools])
    epochs = dict(zip(rows[0]["connectors"], rows[0]["epochs"], strict=True)) if rows else {}
    by_spool = {row["spool_id"]: row for row in rows}
    for row in rows:
        if row["incarnation"] != incarnation:
            raise OtherIncarnation(incarnation, row["incarnation"])
    locked: dict[tuple[str, UUID], SpoolRow] = {}
    for connector, spool_id in spools:
        if connector in epochs and spool_id in by_spool:
            row = by_spool[spool_id]
            last = (row["last_seq"], bytes(row["last_hash"]))
            mark = Watermark(spool_id, epochs[connector], *last)
            locked[connector, spool_id] = SpoolRow(row["id"], row["connector_id"], mark)
    return locked
