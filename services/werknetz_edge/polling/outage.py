"""What was not polled while there was no session is a gap: from the last answer to the next."""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from werknetz.events.batch import GapClosed, GapOpened

RESTARTED: Final = "the edge was away, or stopped before all was on disk"


@dataclass(slots=True)
class Outage:
    """Tells the gap once, when the machine answers again."""

    source: str
    gap_after_s: float  # shorter losses cost no poll, or hardly one
    _last_us: int | None = None
    _last_s: float = 0.0
    _before_us: int | None = None  # until when a former edge has kept values
    _is_new: bool = False  # no answer yet in this session
    _reason: str = ""

    def note_restart(self, kept_us: int) -> None:
        """An edge was here before us, and kept values until then."""
        self._before_us = kept_us

    def start_session(self, reason: str) -> None:
        """A session begins; `reason`: why the last one ended."""
        self._is_new, self._reason = True, reason

    def note_answer(self, at_us: int, now_s: float) -> list[GapOpened | GapClosed]:
        """The machine answers: return the gap that ends here, opened and closed."""
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
