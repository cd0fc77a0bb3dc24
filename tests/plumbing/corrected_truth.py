"""The ground truth of a plant after people have corrected states and quantities."""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

from werknetz_simulator.plants.expected import FAULTS, element_sums
from werknetz_simulator.plants.machine import PlantMachine, StateKind
from werknetz_simulator.plants.plan import MINUTE_US
from werknetz_simulator.plants.shift_timeline import StateSegment
from werknetz_simulator.plants.truth import Truth

_CORRECTABLE = frozenset({StateKind.IDLE, StateKind.STARVED, StateKind.SUSPENDED, StateKind.FAULT})


@dataclass
class Corrections:
    """What people say: other states of whole stops, and parts that no counter has counted."""

    states: dict[tuple[PlantMachine, int], StateKind] = field(default_factory=dict)
    parts: dict[tuple[PlantMachine, str], list[int]] = field(default_factory=dict)


class CorrectedTruth(Truth):
    """Truth with corrections; samples are of the truth without them."""

    corrections: Corrections | None = None

    def segments(self, machine: PlantMachine, start_us: int, end_us: int) -> Iterator[StateSegment]:
        for segment in super().segments(machine, start_us, end_us):
            kind = self.corrections and self.corrections.states.get((machine, segment.start_us))
            yield segment if kind is None else replace(segment, kind=kind)

    def parts(self, machine: PlantMachine, start_us: int, end_us: int) -> dict[str, list[int]]:
        parts = super().parts(machine, start_us, end_us)
        if self.corrections is not None:
            for name in parts:
                for at_us in self.corrections.parts.get((machine, name), ()):
                    if start_us <= at_us < end_us:
                        insort(parts[name], at_us)
        return parts


def correctable_stops(
    truth: Truth, machine: PlantMachine, start_us: int, end_us: int, rng: Random
) -> Iterator[StateSegment]:
    """Yield the stops that are one segment between two of production, in planned busy time.

    In any order, so that a caller who wants a few does not wait for all.
    """
    segments = list(truth.segments(machine, start_us, end_us))
    triples = list(zip(segments, segments[1:], segments[2:], strict=False))
    rng.shuffle(triples)
    for before, stop, after in triples:
        neighbours = {before.kind, after.kind}
        is_alone = neighbours == {StateKind.PRODUCING} and not neighbours & FAULTS
        is_inside = start_us <= stop.start_us and stop.end_us <= end_us
        long_enough = stop.end_us - stop.start_us >= MINUTE_US
        if stop.kind in _CORRECTABLE and is_alone and is_inside and long_enough and stop.order:
            busy = element_sums(truth, [machine], stop.start_us, stop.end_us)
            if busy.pbt_us == stop.end_us - stop.start_us:
                yield stop
