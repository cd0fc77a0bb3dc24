"""Back-off for silent units behind a gateway: a unit that is off must not stall the others.

Good gateways answer for it (exception 11). With others, a unit that timed out is skipped for a
while, since each attempt delays all units by a time-out. No I/O, no clock.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

REST_TIMEOUTS: Final = 10  # in time-outs: at most a tenth of the time is spent waiting for it


@dataclass(slots=True)
class UnitBackoff:
    units: Collection[int]
    timeout_s: float
    _until_s: dict[int, float] = field(
        default_factory=dict
    )  # silent unit → time of the next attempt

    def is_resting(self, unit: int, now_s: float) -> bool:
        return now_s < self._until_s.get(unit, now_s)

    def reset(self, unit: int) -> None:
        self._until_s.pop(unit, None)

    def note_timeout(self, unit: int, now_s: float) -> bool:
        """Note a time-out; return True if no unit answers any more: the session has failed."""
        self._until_s[unit] = now_s + REST_TIMEOUTS * self.timeout_s
        return len(self._until_s) == len(self.units)
