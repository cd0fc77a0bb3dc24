"""Decides how long messages gather before they are stored together.

A broker sends only so many messages before it has an acknowledgement (mosquitto: 20 by default).
To wait longer than until that many are here would only slow it down, and no packet states the
number: it is learned from queues that stop growing.
"""

from collections.abc import Callable
from typing import Final

MESSAGES_ENOUGH: Final = 2_000  # as many as one delivery takes
QUIET_S: Final = 0.02  # a queue that has not grown for so long does not grow
_STEP_S: Final = 0.01
_STEP_AT_WINDOW_S: Final = 0.002


class GatherTimer:
    """Watches one queue of messages; `window` is what the broker seems to send at most."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self.window: int | None = None
        self._end_s = 0.0
        self._count = 0
        self._grew_s = 0.0

    def begin(self, count: int, limit_s: float) -> None:
        """Begin with `count` messages in the queue, to end after `limit_s` at the latest."""
        now_s = self._now_s()
        self._end_s, self._count, self._grew_s = now_s + limit_s, count, now_s

    def step_s(self, count: int) -> float:
        """Return after how many seconds to look again; 0: take the messages now."""
        now_s = self._now_s()
        if count > self._count:
            self._count, self._grew_s = count, now_s
        if self.window is not None and count > self.window:
            self.window = None
        if count >= MESSAGES_ENOUGH or (self.window is not None and count == self.window):
            return 0.0
        if now_s >= self._end_s:
            is_quiet = count > 0 and now_s - self._grew_s >= QUIET_S
            self.window = count if is_quiet else None
            return 0.0
        step_s = _STEP_S if self.window is None else _STEP_AT_WINDOW_S
        return min(step_s, self._end_s - now_s)
