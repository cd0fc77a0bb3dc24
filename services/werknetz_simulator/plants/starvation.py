"""The windows in which a line lacks material: all its machines starve then, and only then.

A pure function of the seed; machines, partners and tests share it.
"""

from random import Random
from typing import Final

from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, MINUTE_US, SECOND_US

Span = tuple[int, int]
SHARE_OF_DAYS: Final = 0.8


def starvation_windows(
    plant: Plant, line: str, seed: str, start_us: int, end_us: int
) -> list[Span]:
    """Return the uncut windows that overlap the span, in order of time."""
    if line != plant.starved_line:
        return []
    days = range(start_us // DAY_US - 1, end_us // DAY_US + 1)
    spans = [span for day in days for span in _windows_of_day(plant, line, seed, day)]
    return [span for span in spans if span[0] < end_us and span[1] > start_us]


def _windows_of_day(plant: Plant, line: str, seed: str, day: int) -> list[Span]:
    rng = Random(f"{seed}/{plant.name}/{line}/{day}/starving")
    if rng.random() >= SHARE_OF_DAYS:
        return []
    start_us = day * DAY_US + rng.randrange(4 * HOUR_US, 18 * HOUR_US) // SECOND_US * SECOND_US
    return [(start_us, start_us + rng.randrange(40, 150) * MINUTE_US)]
