"""Sequence numbers of a subscription's messages: which are missing, which are duplicates.

Numbers wrap to 1 after the highest. A keep-alive carries the number of the next message, so it
does not advance the sequence (Part 4, 5.14.1.1).
"""

from typing import Final

HIGHEST: Final = 2**32 - 1


def next_number(sequence: int) -> int:
    return 1 if sequence >= HIGHEST else sequence + 1


class SequenceTracker:
    """The last accepted message of one subscription."""

    def __init__(self) -> None:
        self.last = 0  # none yet: the first is 1

    def count_missing(self, sequence: int) -> int:
        """Return how many messages are missing before this one."""
        return int((sequence - next_number(self.last)) % HIGHEST)

    def is_duplicate(self, sequence: int) -> bool:
        """Whether the message was accepted before."""
        return self.count_missing(sequence) > HIGHEST // 2

    def list_missing(self, sequence: int, count_max: int) -> list[int]:
        """Return the first `count_max` missing numbers."""
        numbers: list[int] = []
        number = next_number(self.last)
        while number != sequence and len(numbers) < count_max:
            numbers.append(number)
            number = next_number(number)
        return numbers

    def advance(self, sequence: int) -> None:
        self.last = sequence
