"""The sequence of one node's messages, 0 to 255 and round again: what is in order, late or lost.

Pure. A message that comes too early waits for those before it, a short time and not in any number;
then they count as lost.
"""

from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

MODULUS: Final = 256
WAITING_MAX: Final = 64
_LATE_FROM: Final = 192  # further ahead than this is rather 1 to 64 behind

_T = TypeVar("_T")


@dataclass(slots=True)
class OrderedMessages(Generic[_T]):
    """What may be read now, in order; and how many messages are lost before the last of it."""

    messages: list[_T]
    lost: int = 0
    late: bool = False


@dataclass(slots=True)
class MessageOrder(Generic[_T]):
    wait_s: float
    last: int | None = None  # None: the next one, whatever it is, begins
    until_s: float | None = None  # when waiting ends
    _held: dict[int, _T] = field(default_factory=dict)
    _uncounted: int = 0  # messages without a seq: the node may have counted them or not
    _late: int | None = None

    @property
    def waiting_count(self) -> int:
        return len(self._held)

    def restart(self, last: int | None) -> None:
        """A birth: what is held belongs to the time before it, so flush() comes first."""
        self.last, self._uncounted, self._late = last, 0, None

    def follow_late(self) -> None:
        """The late one was none: what comes after it is in order."""
        self.restart(self._late)

    def admit(self, seq: int | None, message: _T, now_s: float) -> OrderedMessages[_T]:
        if seq is None:
            self._uncounted += 1
            return OrderedMessages([message])
        if self.last is None:
            self.last = seq
            return OrderedMessages([message])
        ahead = (seq - self.last - 1) % MODULUS
        if ahead <= self._uncounted:
            self.last, self._uncounted, self._late = seq, 0, None
            return OrderedMessages([message, *self._following()])
        if ahead >= _LATE_FROM:
            return self._from_behind(seq, message, ahead)
        if seq in self._held or len(self._held) >= WAITING_MAX:
            flushed = self.flush()
            again = self.admit(seq, message, now_s)
            return OrderedMessages([*flushed.messages, *again.messages], flushed.lost + again.lost)
        self._held[seq] = message
        if self.until_s is None:
            self.until_s = now_s + self.wait_s
        return OrderedMessages([])

    def flush(self) -> OrderedMessages[_T]:
        """Wait no longer: give what is held, and say how many are missing between."""
        if not self._held:
            return OrderedMessages([])
        start = self.last if self.last is not None else next(iter(self._held)) - 1
        ordered = sorted(self._held, key=lambda seq: (seq - start - 1) % MODULUS)
        messages = [self._held[seq] for seq in ordered]
        lost = (ordered[-1] - start) % MODULUS - len(ordered)
        self._held.clear()
        self.until_s, self.last, self._uncounted = None, ordered[-1], 0
        return OrderedMessages(messages, lost)

    def _following(self) -> list[_T]:
        found: list[_T] = []
        while self._held and self.last is not None:
            following = (self.last + 1) % MODULUS
            if following not in self._held:
                break
            found.append(self._held.pop(following))
            self.last = following
        if not self._held:
            self.until_s = None
        return found

    def _from_behind(self, seq: int, message: _T, ahead: int) -> OrderedMessages[_T]:
        """One that we gave up, or a long jump: two in a row from behind are a jump."""
        follows = self._late is not None and seq == (self._late + 1) % MODULUS
        self._late = seq
        if not follows:
            return OrderedMessages([message], late=True)
        flushed = self.flush()
        self.restart(seq)
        return OrderedMessages([*flushed.messages, message], max(ahead - 1, flushed.lost))
