"""Known bugs that the simulation plants into the production code, to prove that it finds them.

`BUGS` names them after FAILURES section 4.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec

from werknetz.link import receiver as receiver_module
from werknetz.link.receiver import ApplyPlan, Receiver
from werknetz.link.sender import Sender
from werknetz.link.watermark import (
    Apply,
    Decision,
    Duplicate,
    Fork,
    Missing,
    StaleEpoch,
    Watermark,
    decide,
)
from werknetz.link.wire import Ack, BatchEnvelope, Fenced, ResendRequest, ToEdge
from werknetz_edge.spool.spool import Spool


class RowidSpool(Spool):
    """Continues from the highest stored sequence, which is none after a trim."""

    def append(self, *args: Any, **kwargs: Any) -> int:
        top = self._db.execute("SELECT max(seq) FROM batches").fetchone()[0]
        self.last_seq = top or 0
        return super().append(*args, **kwargs)


class TrustingSender(Sender):
    """Accepts every ack."""

    def _on_ack(self, ack: Ack, now_s: float) -> None:  # noqa: ARG002  as it is overridden
        if ack.last_seq > self.acked:
            self.acked = ack.last_seq
            self._next_seq = max(self._next_seq, self.acked + 1)
        self._drop_acked()


class EagerSender(Sender):
    """Accepts an ack above what it has sent."""

    def _on_ack(self, ack: Ack, now_s: float) -> None:
        sent_seq, self._sent_seq = self._sent_seq, max(self._sent_seq, ack.last_seq)
        super()._on_ack(ack, now_s)
        self._sent_seq = sent_seq


class OnceSender(Sender):
    """Sends every batch once."""

    def _rewind(self, seq: int, now_s: float) -> None:
        super()._rewind(max(seq, self._sent_seq + 1), now_s)


class BlindSender(Sender):
    """Does not compare its chain with the one that the core stores."""

    def _same_chain(self, welcome: Any) -> bool:  # noqa: ARG002  as it is overridden
        return True


class ObliviousSender(Sender):
    """Does not notice that the database was restored to before its former spool's batches."""

    def _is_lost_by_restore(self, welcome: Any) -> bool:  # noqa: ARG002  as it is overridden
        return False


class WallClockSpool(Spool):
    """Ages its batches by the wall clock."""

    @property
    def age_us(self) -> int:
        return self._clock_us()


class ArrivalSpool(Spool):
    """Bounds a gap by the edge's clock alone."""

    def _insert(self, seq: int, lane: Any, digest: bytes, payload: bytes, records: Any) -> None:  # noqa: ARG002  as it is overridden
        super()._insert(seq, lane, digest, payload, ())


def decide_without_epoch(row: Watermark, envelope: BatchEnvelope) -> Decision:
    return decide(row, replace_epoch(envelope, row.connector_epoch))


def replace_epoch(envelope: BatchEnvelope, epoch: int) -> BatchEnvelope:
    return msgspec.structs.replace(envelope, epoch=epoch)


def decide_without_gap(row: Watermark, envelope: BatchEnvelope) -> Decision:
    decision = decide(row, envelope)
    if isinstance(decision, Missing):
        return Apply(Watermark(row.spool_id, row.connector_epoch, envelope.seq, envelope.hash))
    return decision


def decide_without_chain(row: Watermark, envelope: BatchEnvelope) -> Decision:
    if envelope.epoch != row.connector_epoch:
        return StaleEpoch(row.connector_epoch)
    if envelope.seq == row.last_seq + 1:
        return Apply(Watermark(row.spool_id, row.connector_epoch, envelope.seq, envelope.hash))
    return decide(replace(row, last_hash=envelope.hash), envelope)


def decide_without_last_hash(row: Watermark, envelope: BatchEnvelope) -> Decision:
    """Take another batch of the last sequence for a duplicate."""
    decision = decide(row, envelope)
    return Duplicate() if isinstance(decision, Fork) and envelope.seq == row.last_seq else decision


@dataclass(frozen=True)
class Bugs:
    ack_before_commit: bool = False
    no_sync: bool = False
    two_transactions: bool = False
    no_lock: bool = False
    ack_before_store: bool = False
    overlap_as_live: bool = False
    same_spool_id: bool = False
    trim_at_send: bool = False
    no_retention: bool = False
    request_committed: bool = False
    trust_when_idle: bool = False
    part_of_refused: bool = False
    spool: Callable[..., Spool] = Spool
    sender: Callable[..., Sender] = Sender
    decide: Callable[[Watermark, BatchEnvelope], Decision] = decide

    def plan(
        self, receiver: Receiver, row: Watermark, batch: Sequence[BatchEnvelope], now_s: float
    ) -> ApplyPlan:
        requested: list[int] = []

        def decide_and_record(row: Watermark, envelope: BatchEnvelope) -> Decision:
            decision = self.decide(row, envelope)
            if isinstance(decision, Missing):
                requested[:] = [decision.seq]
            return decision

        names = vars(receiver_module)  # the bug is planted here, for this one call
        names["decide"] = decide_and_record
        try:
            plan = receiver.plan(row, batch, now_s)
        finally:
            names["decide"] = decide
        if self.request_committed and requested and requested[0] <= plan.watermark.last_seq:
            request = ResendRequest(row.spool_id, requested[0])
            return replace(plan, replies=(*plan.replies, request))
        return plan

    def spool_id(self, edge: Any, fresh: UUID) -> UUID:
        if not self.same_spool_id:
            return fresh
        edge.wiped_id = edge.wiped_id or fresh
        return UUID(bytes=edge.wiped_id.bytes)

    def trim(self, edge: Any, retention_s: float) -> None:
        acked = edge.sender._sent_seq if self.trim_at_send else edge.sender.acked
        retention_us = 0 if self.no_retention else int(retention_s * 1e6)
        edge.spool.trim(acked, retention_us=retention_us)


BUGS: dict[str, Bugs] = {
    "acknowledge the source before the commit": Bugs(ack_before_commit=True),
    "spool without sync": Bugs(no_sync=True),
    "watermark in a second transaction": Bugs(two_transactions=True),
    "no row lock": Bugs(no_lock=True),
    "ack before the database has committed": Bugs(ack_before_store=True),
    "store the highest sequence over a gap": Bugs(decide=decide_without_gap),
    "no epoch": Bugs(decide=decide_without_epoch),
    "no hash chain with a cloned spool": Bugs(decide=decide_without_chain, sender=BlindSender),
    "reuse the spool id after a wipe": Bugs(same_spool_id=True),
    "sequence from the row id": Bugs(spool=RowidSpool),
    "trim at send": Bugs(trim_at_send=True),
    "trim without retention": Bugs(no_retention=True),
    "accept any ack": Bugs(sender=TrustingSender),
    "overlook a restored database": Bugs(sender=ObliviousSender),
    "send only once": Bugs(sender=OnceSender),
    "apply what may overlap as live": Bugs(overlap_as_live=True),
    "no fork check for an equal sequence": Bugs(decide=decide_without_last_hash),
    "accept an ack above what was sent": Bugs(sender=EagerSender),
    "age batches by the wall clock": Bugs(spool=WallClockSpool),
    "bound gaps by the edge's clock alone": Bugs(spool=ArrivalSpool),
    "request a batch again after a good copy": Bugs(request_committed=True),
    "keep a part of a refused transaction": Bugs(part_of_refused=True),
    "repeat acks of a database that was restored": Bugs(trust_when_idle=True),
}

__all__ = ["BUGS", "Bugs", "Fenced", "ToEdge"]
