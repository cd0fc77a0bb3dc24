"""The one decision that makes delivery exactly once: what to do with a batch, given the row.

Pure. Whoever calls it holds the lock on the spool's row and applies in the same transaction.
"""

from dataclasses import dataclass
from enum import Enum

from werknetz.link.wire import Envelope


@dataclass(frozen=True, slots=True)
class Watermark:
    """What the database knows of a spool, and which epoch of its connector is in force."""

    epoch: int
    last_seq: int
    last_hash: bytes


class Verdict(Enum):
    APPLY = "apply"
    DUPLICATE = "duplicate"  # applied before: skip
    HOLE = "hole"  # something before it is missing: write nothing, ask for last + 1
    FORK = "fork"  # another history under the same spool: alarm, write nothing
    STALE = "stale"  # an older epoch: a fenced connector still speaks


def decide(row: Watermark, batch: Envelope) -> Verdict:
    """Say what to do with the batch (R4, R5).

    A batch before the last that was applied cannot be compared, since only the last hash is
    kept; its successors in the chain are, so a fork shows at the latest there.
    """
    if batch.epoch < row.epoch:
        return Verdict.STALE
    if batch.seq < row.last_seq:
        return Verdict.DUPLICATE
    if batch.seq == row.last_seq:
        return Verdict.DUPLICATE if batch.hash == row.last_hash else Verdict.FORK
    if batch.seq > row.last_seq + 1:
        return Verdict.HOLE
    return Verdict.APPLY if batch.prev_hash == row.last_hash else Verdict.FORK
