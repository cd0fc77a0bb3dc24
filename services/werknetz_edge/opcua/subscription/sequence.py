"""Which messages of a subscription are missing.

A number is followed by the next, and by 1 after the highest. A keep-alive carries the number
that comes next, so it does not advance (Part 4, 5.14.1.1).
"""

from typing import Final

HIGHEST: Final = 2**32 - 1


def next_number(sequence: int) -> int:
    return 1 if sequence >= HIGHEST else sequence + 1


class SequenceTracker:
    """The last message taken of one subscription."""

    def __init__(self) -> None:
        self.last = 0  # none yet: the first is 1

    def count_missing(self, sequence: int) -> int:
        """How many messages lie between the last taken and this one."""
        return int((sequence - next_number(self.last)) % HIGHEST)

    def is_duplicate(self, sequence: int) -> bool:
        """Taken already: the server sent it again."""
        return self.count_missing(sequence) > HIGHEST // 2

    def list_missing(self, sequence: int, count_max: int) -> list[int]:
        """Their numbers, the first `most` of them."""
        found: list[int] = []
        number = next_number(self.last)
        while number != sequence and len(found) < count_max:
            found.append(number)
            number = next_number(number)
        return found

    def advance(self, sequence: int) -> None:
        self.last = sequence
