"""Units behind a gateway that give no answer: one that is off must not end the others' session.

Good gateways answer for it (exception 11). For the others a unit that timed out is not asked for a
while, since each try would cost all of them a time-out. Pure: instants in, decisions out.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

REST_TIMEOUTS: Final = 10  # time-outs: so at most a tenth of the time is spent on waiting for it


@dataclass(slots=True)
class UnitBackoff:
    units: Collection[int]
    timeout_s: float
    _until_s: dict[int, float] = field(default_factory=dict)  # silent unit → asked again from then

    def is_resting(self, unit: int, now_s: float) -> bool:
        return now_s < self._until_s.get(unit, now_s)

    def reset(self, unit: int) -> None:
        self._until_s.pop(unit, None)

    def note_timeout(self, unit: int, now_s: float) -> bool:
        """Note it; return whether nobody answers any more, so that the session is at its end."""
        self._until_s[unit] = now_s + REST_TIMEOUTS * self.timeout_s
        return len(self._until_s) == len(self.units)
