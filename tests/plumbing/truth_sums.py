"""Sums of the ground truth over many windows, each piece of time computed once."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

from plumbing.corrected_truth import CorrectedTruth
from werknetz_simulator.plants.expected import ElementSums, element_sums
from werknetz_simulator.plants.machine import PlantMachine
from werknetz_simulator.plants.plan import DAY_US

Members = Iterable[tuple[CorrectedTruth, PlantMachine]]


class TruthSums:
    """Sums of a truth that does not change any more.

    Sums are additive: a window is cut at each midnight of UTC and of the plant, and its pieces are
    those of other windows. Days of elements, of answers and whole periods then share them.
    """

    def __init__(self) -> None:
        self._pieces: dict[tuple[PlantMachine, int, int], ElementSums] = {}

    def of(self, members: Members, start_us: int, end_us: int) -> ElementSums:
        """Return the sums of all members in the window."""
        total = ElementSums()
        for truth, machine in members:
            for begin, end in pairwise(_cuts(truth, start_us, end_us)):
                _add(total, self._piece(truth, machine, begin, end))
        return total

    def _piece(
        self, truth: CorrectedTruth, machine: PlantMachine, start_us: int, end_us: int
    ) -> ElementSums:
        key = (machine, start_us, end_us)
        if key not in self._pieces:
            self._pieces[key] = element_sums(truth, [machine], start_us, end_us)
        return self._pieces[key]


def _cuts(truth: CorrectedTruth, start_us: int, end_us: int) -> list[int]:
    """Return start, the midnights between, and end."""
    plan = truth.plant.plan
    local, day, last = [], plan.day_of(start_us), plan.day_of(end_us)
    while day <= last:
        local.append(plan.day_bounds(day)[0])
        day += timedelta(days=1)
    utc = range(start_us - start_us % DAY_US, end_us, DAY_US)
    midnights = sorted({*local, *utc})
    between = midnights[bisect_right(midnights, start_us) : bisect_left(midnights, end_us)]
    return [start_us, *between, end_us]


def _add(total: ElementSums, part: ElementSums) -> None:
    for name in ElementSums.__slots__:
        setattr(total, name, getattr(total, name) + getattr(part, name))
