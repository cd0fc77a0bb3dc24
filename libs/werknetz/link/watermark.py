"""How the writer decides on a batch or a hello, under the lock of the spool's row. Pure.

The watermark alone decides (R2, R4, R5); loss, order and repetition on the link do not matter.
"""

from dataclasses import dataclass
from uuid import UUID

from werknetz.events.codec import chain_hash
from werknetz.link.wire import BatchEnvelope, Hello, LeaseRefused, Welcome


@dataclass(frozen=True, slots=True)
class Watermark:
    """What is stored of the connector and the spool. A new spool has last_seq 0 and GENESIS."""

    spool_id: UUID
    connector_epoch: int
    last_seq: int
    last_hash: bytes


@dataclass(frozen=True, slots=True)
class Apply:
    watermark: Watermark  # to store in the same transaction


@dataclass(frozen=True, slots=True)
class Duplicate:
    pass


@dataclass(frozen=True, slots=True)
class Fork:
    reason: str


@dataclass(frozen=True, slots=True)
class Missing:
    seq: int  # of the first batch that is missing


@dataclass(frozen=True, slots=True)
class StaleEpoch:
    epoch: int  # in force


Decision = Apply | Duplicate | Fork | Missing | StaleEpoch


def decide(row: Watermark, envelope: BatchEnvelope) -> Decision:
    """Decide on a batch; only Apply may write.

    An epoch above the one in force means that the database was restored: the batch is not applied
    until the connector has repeated its handshake.
    """
    if envelope.spool_id != row.spool_id:
        raise ValueError(f"envelope of spool {envelope.spool_id}, row of {row.spool_id}")
    if envelope.epoch != row.connector_epoch:
        return StaleEpoch(row.connector_epoch)
    if envelope.seq == row.last_seq and envelope.hash != row.last_hash:
        return Fork(f"batch {envelope.seq} has another hash than the one stored")
    if envelope.seq <= row.last_seq:
        return Duplicate()
    is_intact = chain_hash(envelope.prev_hash, envelope.payload) == envelope.hash
    if envelope.seq > row.last_seq + 1 or not is_intact:
        return Missing(row.last_seq + 1)  # lost or damaged on the link: request it again
    if envelope.prev_hash != row.last_hash:
        return Fork(f"batch {envelope.seq} does not continue the chain")
    return Apply(Watermark(row.spool_id, row.connector_epoch, envelope.seq, envelope.hash))


def is_set_back(row: Watermark, hello: Hello, incarnation: UUID) -> bool:
    """Return whether this incarnation has granted a lease that the database no longer knows.

    Then an earlier state is back in place, such as files or a dump, and a new incarnation must
    begin before the hello is answered: what the connector has trimmed may be missing.
    """
    return hello.incarnation == incarnation and hello.base > row.connector_epoch


def answer_hello(
    row: Watermark, hello: Hello, incarnation: UUID, at_us: int = 0
) -> Welcome | LeaseRefused:
    """Answer a hello. Commit the epoch of a Welcome before sending it (R3, R4).

    `at_us`: the wall clock of the core, in µs; 0: unknown.
    """
    is_for_another = hello.incarnation not in (None, incarnation)
    is_taken = row.connector_epoch > hello.base and row.connector_epoch != hello.epoch
    if is_for_another or is_taken:
        return LeaseRefused(hello.nonce, row.connector_epoch, at_us, incarnation)
    return Welcome(
        nonce=hello.nonce,
        epoch=hello.epoch,
        spool_id=hello.spool_id,
        last_seq=row.last_seq,
        last_hash=row.last_hash,
        incarnation=incarnation,
        at_us=at_us,
    )
