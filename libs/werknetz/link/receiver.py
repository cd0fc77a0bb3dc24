"""The writer's side of one connector: which run of batches to apply, and what to answer.

Pure: the writer reads, locks the rows, asks, commits, and only then sends the answers.
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
from werknetz.link.wire import Ack, Envelope, Fenced, Forked, Need, ToEdge

ACK_EVERY_S: Final = 5.0
SPOOLS_KEPT: Final = 4  # of one connector, whose acks are said again
NEED_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """One transaction: apply `run`, store `watermark`. `answers` go out after its commit."""

    run: tuple[Envelope, ...]
    watermark: Watermark
    answers: tuple[ToEdge, ...] = ()
    alarm: str | None = None


@dataclass(slots=True)
class Receiver:
    """Forgets everything at a restart, and may: the watermark is the only memory."""

    connector: str
    incarnation: UUID
    _acked: dict[UUID, Ack] = field(default_factory=dict)
    _acked_at_s: float = 0.0
    _needed: tuple[UUID | None, int, float] = (None, 0, 0.0)

    def plan(self, row: Watermark, envelopes: Iterable[Envelope], now_s: float) -> Plan:
        """Take the contiguous run that continues the watermark, skip what is known."""
        run: list[Envelope] = []
        missing: int | None = None
        stale: int | None = None
        known = False
        for envelope in sorted(envelopes, key=lambda envelope: envelope.seq):
            match decide(row, envelope):
                case Apply(row):
                    run.append(envelope)
                    missing = None
                case Duplicate():
                    known = True
                case Missing(missing):
                    pass
                case StaleEpoch(stale):
                    pass
                case Fork(reason):
                    forked = Forked(row.spool_id, row.last_seq, row.last_hash)
                    return Plan(tuple(run), row, (forked,), f"fork: {reason}")
        answers: list[ToEdge] = []
        if stale is not None:
            answers.append(Fenced(stale))
        if run or known:
            answers.append(self.committed(row))
        if missing is not None:
            answers.extend(self._need(row.spool_id, missing, now_s))
        return Plan(tuple(run), row, tuple(answers))

    def committed(self, row: Watermark) -> Ack:
        """The ack of a watermark: send it only when that is durable (R9)."""
        self._acked.pop(row.spool_id, None)  # the newest last
        ack = Ack(self.incarnation, row.spool_id, row.last_seq, row.last_hash)
        self._acked[row.spool_id] = ack
        while len(self._acked) > SPOOLS_KEPT:
            self._acked.pop(next(iter(self._acked)))
        return ack

    def tick(self, now_s: float) -> list[ToEdge]:
        """Every 5 s the acks again (R8)."""
        if now_s - self._acked_at_s < ACK_EVERY_S:
            return []
        self._acked_at_s = now_s
        return list(self._acked.values())

    def _need(self, spool_id: UUID, seq: int, now_s: float) -> list[ToEdge]:
        if self._needed[:2] == (spool_id, seq) and now_s - self._needed[2] < NEED_EVERY_S:
            return []
        self._needed = (spool_id, seq, now_s)
        return [Need(spool_id, seq)]
