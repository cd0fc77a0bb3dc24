"""Which messages of a subscription are missing.

A number is followed by the next, and by 1 after the highest. A keep-alive carries the number
that comes next, so it does not advance (Part 4, 5.14.1.1).
"""

from typing import Final

HIGHEST: Final = 2**32 - 1


def following(sequence: int) -> int:
    return 1 if sequence >= HIGHEST else sequence + 1


class Sequence:
    """The last message taken of one subscription."""

    def __init__(self) -> None:
        self.last = 0  # none yet: the first is 1

    def missing_before(self, sequence: int) -> int:
        """How many messages lie between the last taken and this one."""
        return int((sequence - following(self.last)) % HIGHEST)

    def is_repeated(self, sequence: int) -> bool:
        """Taken already: the server sent it again."""
        return self.missing_before(sequence) > HIGHEST // 2

    def missing(self, sequence: int, most: int) -> list[int]:
        """Their numbers, the first `most` of them."""
        found: list[int] = []
        number = following(self.last)
        while number != sequence and len(found) < most:
            found.append(number)
            number = following(number)
        return found

    def taken(self, sequence: int) -> None:
        self.last = sequence
