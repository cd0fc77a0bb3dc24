"""The time without a session: a gap that opens while it lasts, and how it ends.

A resumed session delivers what the server has buffered: the gap is then closed as backfilled.
With a new subscription the gap ends at the source time of the first new value.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct
from typing import Final
from uuid import UUID, uuid4

from werknetz.events.batch import GapClosed, GapOpened

_STORED: Final = Struct("<q")  # arrival time of the last message
_STORED_IN_GAP: Final = Struct("<q16s")  # and the gap that is open
_CLOSE_AFTER_S: Final = 10.0  # an item without an initial value does not keep a gap open


@dataclass(slots=True)
class OutageGap:
    """At most one gap: from the last sign of life to the first new value."""

    opened: GapOpened | None = None
    _is_reported: bool = False  # the pump has the opening record
    _attempts: int = 0  # failures since the loss; the loss itself is the first
    _first_new_us: int | None = None
    _first_value_s: float | None = None

    def start(self, source: str, from_us: int, cause: str, detail: str) -> None:
        """Begin an outage, unless one lasts already."""
        if self.opened is None:
            self.opened = GapOpened(uuid4(), source, [], from_us, cause, detail)
            self._is_reported, self._attempts = False, 0
            self._first_new_us = self._first_value_s = None

    def checkpoint(self, stored_us: int) -> bytes:
        """Return what a later process needs: up to when values are stored, and the open gap."""
        if self.opened is None or not self._is_reported:
            return _STORED.pack(stored_us)
        return _STORED_IN_GAP.pack(stored_us, self.opened.gap_id.bytes)

    def restore(self, source: str, checkpoint: bytes) -> int:
        """Continue the gap that an earlier process opened; return up to when it stored values."""
        if len(checkpoint) == _STORED.size:
            return int(_STORED.unpack(checkpoint)[0])
        stored_us, gap_id = _STORED_IN_GAP.unpack(checkpoint)
        gap = GapOpened(UUID(bytes=gap_id), source, [], stored_us, "connection_lost")
        self.opened, self._is_reported = gap, True
        return int(stored_us)

    def take_for_report(self) -> list[GapOpened]:
        """Return the gap if an attempt to end it has failed; a short interruption is none."""
        self._attempts += 1
        if self.opened is None or self._is_reported or self._attempts < 2:
            return []
        self._is_reported = True
        return [self.opened]

    def take_for_delivery(self) -> list[GapOpened]:
        """Return the gap for the first delivery of a new subscription, unless it is reported."""
        if self.opened is None or self._is_reported:
            return []
        self._is_reported = True
        return [self.opened]

    def close_resumed(self, at_us: int) -> list[GapClosed]:
        """End the outage: the server had buffered everything since."""
        gap, was_reported = self.opened, self._is_reported
        self.opened = None
        if gap is None or not was_reported:
            return []
        return [GapClosed(gap.gap_id, max(gap.from_us, at_us), 0, backfilled=True)]

    def note_values(
        self, source_times_us: Iterable[int], arrival_us: int, now_s: float, *, is_complete: bool
    ) -> list[GapClosed]:
        """Note values of a new subscription; close the gap when all items have their first.

        `is_complete`: no initial value is expected any more. A value that is older than the
        outage is current but not new; where all are, the gap ends with their arrival.
        """
        gap = self.opened
        if gap is None:
            return []
        new = [time for time in source_times_us if gap.from_us < time <= arrival_us]
        if new:
            self._first_new_us = min(new + ([self._first_new_us] if self._first_new_us else []))
        if self._first_value_s is None:
            self._first_value_s = now_s
        if not is_complete and now_s - self._first_value_s < _CLOSE_AFTER_S:
            return []
        self.opened = None
        end_us = arrival_us if self._first_new_us is None else self._first_new_us
        return [GapClosed(gap.gap_id, max(gap.from_us, end_us))]
