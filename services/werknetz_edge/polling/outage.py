"""The time without a session is a gap, from the last answer to the next one."""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from werknetz.events.batch import GapClosed, GapOpened

RESTARTED: Final = "the edge was not running, or stopped before all values were on disk"


@dataclass(slots=True)
class Outage:
    """Records the gap once, when the machine answers again."""

    source: str
    gap_after_s: float  # shorter losses cost no poll, or hardly one
    _last_us: int | None = None
    _last_s: float = 0.0
    _before_us: int | None = None  # up to where an earlier process stored values
    _is_new: bool = False  # no answer yet in this session
    _reason: str = ""

    def note_restart(self, stored_us: int) -> None:
        """Note that an earlier process stored values up to `stored_us`."""
        self._before_us = stored_us

    def start_session(self, reason: str) -> None:
        """Begin a session; `reason`: why the last one ended."""
        self._is_new, self._reason = True, reason

    def note_answer(self, at_us: int, now_s: float) -> list[GapOpened | GapClosed]:
        """Note an answer; return the gap that ends here, opened and closed."""
        since_us, detail = self._last_us, self._reason
        is_gap = self._is_new and since_us is not None and now_s - self._last_s > self.gap_after_s
        if self._before_us is not None:
            since_us, detail, is_gap = self._before_us, RESTARTED, True
        self._last_us, self._last_s = at_us, now_s
        self._is_new, self._before_us = False, None
        if not is_gap or since_us is None:
            return []
        gap = GapOpened(uuid4(), self.source, [], since_us, "connection_lost", detail)
        return [gap, GapClosed(gap.gap_id, max(since_us, at_us))]
