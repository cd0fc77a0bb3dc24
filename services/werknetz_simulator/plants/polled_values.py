"""Current values of a polled plant. Values that change between two polls are lost."""

from typing import Final

from werknetz_simulator.plants.machine import PlantMachine
from werknetz_simulator.plants.plan import HOUR_US
from werknetz_simulator.plants.truth import SignalChange, Truth

SNAPSHOT_AFTER_US: Final = (
    HOUR_US  # after a pause, e.g. of a sleeping computer: send a snapshot instead of all changes
)


class PolledValues:
    """The values as of the last refresh, and the changes up to the next."""

    def __init__(self, truth: Truth, now_us: int) -> None:
        self._truth = truth
        self._at_us = now_us
        self._first = self._snapshot(now_us)

    def advance(self, now_us: int) -> list[SignalChange]:
        """Return the changes since the last call in order of time; first a snapshot."""
        self._truth.refresh()
        changes, self._first = self._first, []
        if now_us - self._at_us > SNAPSHOT_AFTER_US:
            changes = self._snapshot(now_us)
        elif now_us > self._at_us:
            for machine in self._truth.plant.machines:
                changes += self._truth.changes(machine, self._at_us, now_us)
        self._at_us = max(self._at_us, now_us)
        return changes

    def _snapshot(self, now_us: int) -> list[SignalChange]:
        machines: tuple[PlantMachine, ...] = self._truth.plant.machines
        return [change for m in machines for change in self._truth.snapshot(m, now_us)]
