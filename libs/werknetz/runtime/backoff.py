"""Exponential back-off: how long to wait before the next attempt.

    backoff = Backoff(first_s=0.5, max_s=10.0)
    while True:
        try:
            await connect()
            backoff.reset()
        except OSError:
            await asyncio.sleep(backoff.next_s())

Each delay doubles the one before, up to `max_s`; jitter spreads clients that failed together.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

DOUBLINGS_MAX: Final = 64
"""More would only overflow: every limit is reached long before."""


def exponential_delay_s(first_s: float, max_s: float, attempt: int) -> float:
    """Return the delay after the given attempt (0, 1, 2, …), at most `max_s`, without jitter."""
    return min(first_s * 2.0 ** min(attempt, DOUBLINGS_MAX), max_s)


@dataclass(slots=True)
class Backoff:
    """Delays of `first_s`, doubled up to `max_s`, each multiplied by 1 ± `jitter`.

    The longest delay is `max_s * (1 + jitter)`. With `jitter=0` no random number is drawn.
    """

    first_s: float
    max_s: float
    jitter: float = 0.5
    random: Callable[[], float] = random.random  # a number from 0 up to, not including, 1
    attempts: int = field(default=0, init=False)
    """Delays that were taken since the start or the last reset."""

    def __post_init__(self) -> None:
        if not 0 <= self.first_s <= self.max_s:
            raise ValueError(f"first_s {self.first_s} is not between 0 and max_s {self.max_s}")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter {self.jitter} is not between 0 and 1")

    @property
    def delay_s(self) -> float:
        """The next delay without jitter."""
        return exponential_delay_s(self.first_s, self.max_s, self.attempts)

    def next_s(self) -> float:
        """Return the delay before the next attempt; the one after it is twice as long."""
        delay_s = self.delay_s
        self.attempts += 1
        return self.with_jitter(delay_s)

    def with_jitter(self, delay_s: float) -> float:
        """Return a delay of the caller's own, spread by the same jitter."""
        if not self.jitter:
            return delay_s
        return delay_s * (1 - self.jitter + 2 * self.jitter * self.random())

    def reset(self) -> None:
        """Start again with `first_s`: the last attempt has succeeded."""
        self.attempts = 0
