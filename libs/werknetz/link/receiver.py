"""The writer's side of one connector: which run of batches to apply, and which replies to send.

Pure: the writer reads, locks the rows, calls `plan`, commits, and only then sends the replies.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from werknetz.link.watermark import (
    Apply,
    Duplicate,
    Fork,
    Missing,
    StaleEpoch,
    Watermark,
    decide,
)
from werknetz.link.wire import Ack, BatchEnvelope, Fenced, Forked, ResendRequest, ToEdge

ACK_EVERY_S: Final = 5.0
ACKED_SPOOLS_MAX: Final = 4  # of one connector, whose acks are repeated
RESEND_REQUEST_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class ApplyPlan:
    """One transaction: apply `run`, store `watermark`. `replies` are sent after its commit."""

    run: tuple[BatchEnvelope, ...]
    watermark: Watermark
    replies: tuple[ToEdge, ...] = ()
    alarm: str | None = None


@dataclass(slots=True)
class Receiver:
    """Has no state that must survive a restart: only the stored watermark counts."""

    connector: str
    incarnation: UUID
    _acked: dict[UUID, Ack] = field(default_factory=dict)
    _acked_at_s: float = 0.0
    _last_request: tuple[UUID | None, int, float] = (None, 0, 0.0)

    def plan(self, row: Watermark, envelopes: Iterable[BatchEnvelope], now_s: float) -> ApplyPlan:
        """Select the contiguous run that continues the watermark; skip duplicates."""
        run: list[BatchEnvelope] = []
        missing: int | None = None
        epoch_in_force: int | None = None
        ordered = sorted(envelopes, key=lambda envelope: envelope.seq)
        current = [batch for batch in ordered if batch.incarnation in (None, self.incarnation)]
        # The ack shows the sender of the others that it needs a new handshake.
        needs_ack = len(current) < len(ordered)
        for envelope in current:
            match decide(row, envelope):
                case Apply(row):
                    run.append(envelope)
                    missing = None
                case Duplicate():
                    needs_ack = True
                case Missing(missing):
                    pass
                case StaleEpoch(epoch_in_force):
                    pass
                case Fork(reason):
                    forked = Forked(row.spool_id, row.last_seq, row.last_hash)
                    return ApplyPlan(tuple(run), row, (forked,), f"fork: {reason}")
        replies: list[ToEdge] = []
        if epoch_in_force is not None:
            replies.append(Fenced(epoch_in_force, self.incarnation))
        if run or needs_ack:
            replies.append(self.ack_of(row))
        if missing is not None:
            replies.extend(self._request_resend(row.spool_id, missing, now_s))
        return ApplyPlan(tuple(run), row, tuple(replies))

    def ack_of(self, row: Watermark) -> Ack:
        """Return the ack of a watermark: send it only once the watermark is durable (R9)."""
        self._acked.pop(row.spool_id, None)  # re-inserted as the newest
        ack = Ack(self.incarnation, row.spool_id, row.last_seq, row.last_hash)
        self._acked[row.spool_id] = ack
        while len(self._acked) > ACKED_SPOOLS_MAX:
            self._acked.pop(next(iter(self._acked)))
        return ack

    def repeat_acks(self, now_s: float) -> list[ToEdge]:
        """Return the last acks again every 5 s (R8)."""
        if now_s - self._acked_at_s < ACK_EVERY_S:
            return []
        self._acked_at_s = now_s
        return list(self._acked.values())

    def _request_resend(self, spool_id: UUID, seq: int, now_s: float) -> list[ToEdge]:
        if (
            self._last_request[:2] == (spool_id, seq)
            and now_s - self._last_request[2] < RESEND_REQUEST_EVERY_S
        ):
            return []
        self._last_request = (spool_id, seq, now_s)
        return [ResendRequest(spool_id, seq)]
