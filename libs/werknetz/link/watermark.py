"""What the database does with a batch or a hello: pure, under the lock of the spool's row.

The watermark alone decides (R2, R4, R5); what the link did to the entries does not matter.
"""

from dataclasses import dataclass
from uuid import UUID

from werknetz.events.codec import chain_hash
from werknetz.link.wire import Envelope, Hello, Refused, Welcome


@dataclass(frozen=True, slots=True)
class Watermark:
    """The rows of the connector and of the spool. A new spool: last_seq 0 and GENESIS."""

    spool_id: UUID
    connector_epoch: int
    last_seq: int
    last_hash: bytes


@dataclass(frozen=True, slots=True)
class Apply:
    watermark: Watermark  # as it must be stored in the same transaction


@dataclass(frozen=True, slots=True)
class Duplicate:
    pass


@dataclass(frozen=True, slots=True)
class Fork:
    reason: str


@dataclass(frozen=True, slots=True)
class Missing:
    seq: int  # the first that is needed


@dataclass(frozen=True, slots=True)
class StaleEpoch:
    epoch: int  # that in force


Decision = Apply | Duplicate | Fork | Missing | StaleEpoch


def decide(row: Watermark, envelope: Envelope) -> Decision:
    """Say what to do with the batch; nothing but Apply may write.

    An epoch above that in force means that the database was restored: not applied either,
    until the connector has said hello.
    """
    if envelope.spool_id != row.spool_id:
        raise ValueError(f"envelope of spool {envelope.spool_id}, row of {row.spool_id}")
    if envelope.epoch != row.connector_epoch:
        return StaleEpoch(row.connector_epoch)
    if envelope.seq == row.last_seq and envelope.hash != row.last_hash:
        return Fork(f"batch {envelope.seq} has another hash than the one stored")
    if envelope.seq <= row.last_seq:
        return Duplicate()
    whole = chain_hash(envelope.prev_hash, envelope.payload) == envelope.hash
    if envelope.seq > row.last_seq + 1 or not whole:
        return Missing(row.last_seq + 1)  # a hole, or damaged on the way: send it again
    if envelope.prev_hash != row.last_hash:
        return Fork(f"batch {envelope.seq} does not continue the chain")
    return Apply(Watermark(row.spool_id, row.connector_epoch, envelope.seq, envelope.hash))


def greet(row: Watermark, hello: Hello, incarnation: UUID) -> Welcome | Refused:
    """Answer a hello. A Welcome's epoch must be committed before it is sent (R3, R4)."""
    if row.connector_epoch > hello.base and row.connector_epoch != hello.epoch:
        return Refused(hello.nonce, row.connector_epoch)
    return Welcome(
        nonce=hello.nonce,
        epoch=hello.epoch,
        spool_id=hello.spool_id,
        last_seq=row.last_seq,
        last_hash=row.last_hash,
        incarnation=incarnation,
    )
