"""The writer's side of one connector: which run of batches to apply, and what to answer.

Pure: the writer reads, locks the rows, asks, commits, and only then sends the answers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
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
from werknetz.link.wire import Ack, Envelope, Fenced, Forked, Hello, Need, ToCore, ToEdge

ACK_EVERY_S: Final = 5.0
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
    _acked: dict[UUID, int] = field(default_factory=dict)
    _acked_at_s: float = -ACK_EVERY_S
    _needed: dict[UUID, tuple[int, float]] = field(default_factory=dict)

    def plan(self, row: Watermark, envelopes: Sequence[Envelope], now_s: float) -> Plan:
        """Take the contiguous run that continues the watermark, skip what is known."""
        run: list[Envelope] = []
        answers: list[ToEdge] = []
        alarm: str | None = None
        repeated = False
        for envelope in envelopes:
            match decide(row, envelope):
                case Apply(watermark):
                    run.append(envelope)
                    row = watermark
                case Duplicate():
                    repeated = True
                case Fork(reason):
                    alarm = f"fork: {reason}"
                    answers = [Forked(row.spool_id, row.last_seq, row.last_hash)]
                    break
                case Missing(seq):
                    answers = self._need(row.spool_id, seq, now_s)
                case StaleEpoch(epoch):
                    answers = [Fenced(epoch)]
        if run and answers and isinstance(answers[0], Need):
            answers = self._need(row.spool_id, row.last_seq + 1, now_s) if _hole(row, envelopes) \
                else []
        if run or repeated:
            answers.append(self.committed(row, now_s))
        return Plan(tuple(run), row, tuple(answers), alarm)

    def committed(self, row: Watermark, now_s: float) -> Ack:
        """The ack of a committed watermark; only for what is durable (R9)."""
        self._acked[row.spool_id] = row.last_seq
        self._acked_at_s = now_s
        return Ack(self.incarnation, row.spool_id, row.last_seq)

    def tick(self, now_s: float) -> list[ToEdge]:
        """Every 5 s the acks again (R8)."""
        if now_s - self._acked_at_s < ACK_EVERY_S:
            return []
        self._acked_at_s = now_s
        return [Ack(self.incarnation, spool, seq) for spool, seq in self._acked.items()]

    def _need(self, spool_id: UUID, seq: int, now_s: float) -> list[ToEdge]:
        asked, at_s = self._needed.get(spool_id, (0, -NEED_EVERY_S))
        if asked == seq and now_s - at_s < NEED_EVERY_S:
            return []
        self._needed[spool_id] = (seq, now_s)
        return [Need(spool_id, seq)]
