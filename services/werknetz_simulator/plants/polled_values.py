"""What a polled plant says: the values of now, for whoever asks; what is not asked for is lost."""

from typing import Final

from werknetz_simulator.plants.machine import PlantMachine
from werknetz_simulator.plants.plan import HOUR_US
from werknetz_simulator.plants.truth import SignalChange, Truth

ANEW_AFTER_US: Final = HOUR_US  # a computer that slept: nobody needs every step in between


class Present:
    """The values as of the last look, and what has changed up to the next."""

    def __init__(self, truth: Truth, now_us: int) -> None:
        self._truth = truth
        self._at_us = now_us
        self._first = self._all(now_us)

    def advance(self, now_us: int) -> list[SignalChange]:
        """Return what has changed since, in order of time; the first time everything."""
        self._truth.refresh()
        found, self._first = self._first, []
        if now_us - self._at_us > ANEW_AFTER_US:
            found = self._all(now_us)
        elif now_us > self._at_us:
            for machine in self._truth.plant.machines:
                found += self._truth.changes(machine, self._at_us, now_us)
        self._at_us = max(self._at_us, now_us)
        return found

    def _all(self, now_us: int) -> list[SignalChange]:
        machines: tuple[PlantMachine, ...] = self._truth.plant.machines
        return [change for m in machines for change in self._truth.snapshot(m, now_us)]
