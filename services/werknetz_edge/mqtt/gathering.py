"""Decides how long messages gather before they are stored together.

A broker sends only so many messages before it has an acknowledgement (mosquitto: 20 by default).
To wait longer than until that many are here would only slow it down, and no packet states the
number: it is learned from queues that stop growing.
"""

from collections.abc import Callable
from typing import Final

MESSAGES_ENOUGH: Final = 2_000  # as many as one delivery takes
QUIET_S: Final = 0.02  # a queue that has not grown for so long does not grow


class GatherTimer:
    """Watches one queue of messages; `window` is what the broker seems to send at most."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self.window: int | None = None
        self._end_s = 0.0

    @property
    def enough(self) -> int:
        """The number of messages that is worth no more waiting."""
        return MESSAGES_ENOUGH if self.window is None else min(self.window, MESSAGES_ENOUGH)

    def begin(self, limit_s: float) -> None:
        """Begin to wait, for `limit_s` at the most."""
        self._end_s = self._now_s() + limit_s

    def remaining_s(self, count: int, grew_s: float) -> float:
        """Return how long to wait for `enough` messages; 0: take the `count` that are here.

        `grew_s` is when the last one came.
        """
        now_s = self._now_s()
        if self.window is not None and count > self.window:
            self.window = None
        if count >= self.enough:
            return 0.0
        if now_s >= self._end_s:
            is_quiet = count > 0 and now_s - grew_s >= QUIET_S
            self.window = count if is_quiet else None
            return 0.0
        return self._end_s - now_s
