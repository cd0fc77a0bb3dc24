"""Sequence numbers of one node's messages, 0 to 255 with wrap-around: in order, late or lost.

No clock. An early message waits for its predecessors, bounded in time and number; then they count
as lost.
"""

from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

MODULUS: Final = 256
WAITING_MAX: Final = 64
_LATE_FROM: Final = 192  # further ahead than this is rather 1 to 64 behind

_T = TypeVar("_T")


@dataclass(slots=True)
class OrderedMessages(Generic[_T]):
    """Messages to apply now, in order, and how many are lost before the last of them."""

    messages: list[_T]
    lost: int = 0
    late: bool = False


@dataclass(slots=True)
class MessageOrder(Generic[_T]):
    wait_s: float
    last: int | None = None  # None: the next one, whatever it is, begins
    until_s: float | None = None  # when waiting ends
    _waiting: dict[int, _T] = field(default_factory=dict)
    _uncounted: int = 0  # messages without a seq: the node may have counted them or not
    _last_late: int | None = None

    @property
    def waiting_count(self) -> int:
        return len(self._waiting)

    def restart(self, last: int | None) -> None:
        """Restart at a birth. Waiting messages belong to the time before it: call flush() first."""
        self.last, self._uncounted, self._last_late = last, 0, None

    def follow_late(self) -> None:
        """Continue after the last late message: it was a jump, not late."""
        self.restart(self._last_late)

    def admit(self, seq: int | None, message: _T, now_s: float) -> OrderedMessages[_T]:
        if seq is None:
            self._uncounted += 1
            return OrderedMessages([message])
        if self.last is None:
            self.last = seq
            return OrderedMessages([message])
        ahead = (seq - self.last - 1) % MODULUS
        if ahead <= self._uncounted:
            self.last, self._uncounted, self._last_late = seq, 0, None
            return OrderedMessages([message, *self._take_following()])
        if ahead >= _LATE_FROM:
            return self._admit_late(seq, message, ahead)
        if seq in self._waiting or len(self._waiting) >= WAITING_MAX:
            flushed = self.flush()
            admitted = self.admit(seq, message, now_s)
            return OrderedMessages(
                [*flushed.messages, *admitted.messages], flushed.lost + admitted.lost
            )
        self._waiting[seq] = message
        if self.until_s is None:
            self.until_s = now_s + self.wait_s
        return OrderedMessages([])

    def flush(self) -> OrderedMessages[_T]:
        """Stop waiting: return the waiting messages and the number of missing ones."""
        if not self._waiting:
            return OrderedMessages([])
        start = self.last if self.last is not None else next(iter(self._waiting)) - 1
        ordered = sorted(self._waiting, key=lambda seq: (seq - start - 1) % MODULUS)
        messages = [self._waiting[seq] for seq in ordered]
        lost = (ordered[-1] - start) % MODULUS - len(ordered)
        self._waiting.clear()
        self.until_s, self.last, self._uncounted = None, ordered[-1], 0
        return OrderedMessages(messages, lost)

    def _take_following(self) -> list[_T]:
        messages: list[_T] = []
        while self._waiting and self.last is not None:
            following = (self.last + 1) % MODULUS
            if following not in self._waiting:
                break
            messages.append(self._waiting.pop(following))
            self.last = following
        if not self._waiting:
            self.until_s = None
        return messages

    def _admit_late(self, seq: int, message: _T, ahead: int) -> OrderedMessages[_T]:
        """Admit a late message, or detect a long jump: two consecutive late numbers are a jump."""
        follows = self._last_late is not None and seq == (self._last_late + 1) % MODULUS
        self._last_late = seq
        if not follows:
            return OrderedMessages([message], late=True)
        flushed = self.flush()
        self.restart(seq)
        return OrderedMessages([*flushed.messages, message], max(ahead - 1, flushed.lost))
