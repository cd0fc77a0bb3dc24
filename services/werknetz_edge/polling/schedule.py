"""Schedule of polls on a grid of the monotonic clock: polls neither drift nor pile up."""

from collections.abc import Sequence
from math import floor


class Schedule:
    """Several cadences, each with its own grid. No clock of its own."""

    def __init__(self, periods_s: Sequence[float]) -> None:
        self._periods_s = tuple(periods_s)
        self._started_s = 0.0
        self._last = [-1] * len(self._periods_s)  # the number of each cadence's last poll
        self.skipped = 0

    def start(self, now_s: float) -> None:
        """Start a session: everything is due now. The count of skipped polls continues."""
        self._started_s = now_s
        self._last = [-1] * len(self._periods_s)

    def next(self) -> tuple[int, float]:
        """Return the cadence that is due first, and when."""
        due = [
            self._started_s + (last + 1) * period_s
            for last, period_s in zip(self._last, self._periods_s, strict=True)
        ]
        cadence = min(range(len(due)), key=due.__getitem__)
        return cadence, due[cadence]

    def begin(self, cadence: int, now_s: float) -> None:
        """Begin a poll; count the polls that were skipped before it."""
        last = self._last[cadence]
        number = max(last + 1, floor((now_s - self._started_s) / self._periods_s[cadence]))
        self.skipped += number - last - 1
        self._last[cadence] = number
