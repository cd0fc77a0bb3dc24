"""Switches that only tests can reach: each plants a known bug into the production machines.

The simulation must find every one of them; `BUGS` names them after FAILURES section 4.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec

from werknetz.link import receiver as receiver_module
from werknetz.link.receiver import ApplyPlan, Receiver
from werknetz.link.sender import Sender
from werknetz.link.watermark import Apply, Decision, Missing, StaleEpoch, Watermark, decide
from werknetz.link.wire import Ack, BatchEnvelope, Fenced, ToEdge
from werknetz_edge.spool.spool import Spool


class RowidSpool(Spool):
    """Numbers by what is in the table, which is empty after a trim."""

    def append(self, *args: Any, **kwargs: Any) -> int:
        top = self._db.execute("SELECT max(seq) FROM batches").fetchone()[0]
        self.last_seq = top or 0
        return super().append(*args, **kwargs)


class TrustingSender(Sender):
    """Takes any ack for its own."""

    def _acknowledged(self, ack: Ack, now_s: float) -> None:  # noqa: ARG002  as it is overridden
        if ack.last_seq > self.acked:
            self.acked = ack.last_seq
            self._next = max(self._next, self.acked + 1)
        while self._in_flight and self._in_flight[0][0] <= self.acked:
            self._flight_bytes -= self._in_flight.popleft()[1]


class DeafSender(Sender):
    """Never notices that the database is another or knows less."""

    def _acknowledged(self, ack: Ack, now_s: float) -> None:
        if ack.last_seq >= self.acked:
            life = self._incarnation or ack.incarnation
            super()._on_ack(msgspec.structs.replace(ack, incarnation=life), now_s)

    def _greet_again(self, now_s: float, *, at_once: bool = False) -> None:
        if at_once:
            super()._rehandshake(now_s, at_once=True)


class OnceSender(Sender):
    """Sends every batch once."""

    def _rewind(self, seq: int, now_s: float) -> None:
        super()._rewind(max(seq, self._sent_seq + 1), now_s)


class BlindSender(Sender):
    """Does not compare the chain with what the core holds."""

    def _same_chain(self, welcome: Any) -> bool:  # noqa: ARG002  as it is overridden
        return True


def any_epoch(row: Watermark, envelope: BatchEnvelope) -> Decision:
    return decide(row, replace_epoch(envelope, row.connector_epoch))


def replace_epoch(envelope: BatchEnvelope, epoch: int) -> BatchEnvelope:
    return msgspec.structs.replace(envelope, epoch=epoch)


def highest(row: Watermark, envelope: BatchEnvelope) -> Decision:
    decision = decide(row, envelope)
    if isinstance(decision, Missing):
        return Apply(Watermark(row.spool_id, row.connector_epoch, envelope.seq, envelope.hash))
    return decision


def any_chain(row: Watermark, envelope: BatchEnvelope) -> Decision:
    if envelope.epoch != row.connector_epoch:
        return StaleEpoch(row.connector_epoch)
    if envelope.seq == row.last_seq + 1:
        return Apply(Watermark(row.spool_id, row.connector_epoch, envelope.seq, envelope.hash))
    return decide(replace(row, last_hash=envelope.hash), envelope)


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
    spool: Callable[..., Spool] = Spool
    sender: Callable[..., Sender] = Sender
    decide: Callable[[Watermark, BatchEnvelope], Decision] = decide

    def plan(
        self, receiver: Receiver, row: Watermark, batch: Sequence[BatchEnvelope], now_s: float
    ) -> ApplyPlan:
        if self.decide is decide:
            return receiver.plan(row, batch, now_s)
        names = vars(receiver_module)  # the bug is planted here, for this one call
        names["decide"] = self.decide
        try:
            return receiver.plan(row, batch, now_s)
        finally:
            names["decide"] = decide

    def spool_id(self, edge: Any, fresh: UUID) -> UUID:
        if not self.same_spool_id:
            return fresh
        edge.wiped_id = edge.wiped_id or fresh
        return UUID(bytes=edge.wiped_id.bytes)

    def trim(self, edge: Any, retention_s: float) -> None:
        acked = edge.sender._sent if self.trim_at_send else edge.sender.acked
        retention_us = 0 if self.no_retention else int(retention_s * 1e6)
        edge.spool.trim(acked, retention_us=retention_us)


BUGS: dict[str, Bugs] = {
    "acknowledge the source before the commit": Bugs(ack_before_commit=True),
    "spool without sync": Bugs(no_sync=True),
    "watermark in a second transaction": Bugs(two_transactions=True),
    "no row lock": Bugs(no_lock=True),
    "ack before the database has committed": Bugs(ack_before_store=True),
    "store the highest sequence over a gap": Bugs(decide=highest),
    "no epoch": Bugs(decide=any_epoch),
    "no hash chain with a cloned spool": Bugs(decide=any_chain, sender=BlindSender),
    "keep the spool id after a wipe": Bugs(same_spool_id=True),
    "sequence from the row id": Bugs(spool=RowidSpool),
    "trim at send": Bugs(trim_at_send=True),
    "trim without retention": Bugs(no_retention=True),
    "believe any ack": Bugs(sender=TrustingSender),
    "overlook another incarnation": Bugs(sender=DeafSender),
    "send only once": Bugs(sender=OnceSender),
    "apply what may overlap as live": Bugs(overlap_as_live=True),
}

__all__ = ["BUGS", "Bugs", "Fenced", "ToEdge"]
