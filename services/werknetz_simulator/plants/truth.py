"""The ground truth of a plant: the timeline that history, live data and expected KPIs share.

Every value at every instant follows from (seed, machine, time), independent of when it is read.
Counters that do not restart count from `since_us`.
"""

import hashlib
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from werknetz_simulator.plants.incident import Incidents
from werknetz_simulator.plants.machine import ROLLOVER, Plant, PlantMachine, StateKind
from werknetz_simulator.plants.plan import SECOND_US
from werknetz_simulator.plants.shift_timeline import ShiftSection, StateSegment, section_of

SEED: Final = "nordwerk"
LATE_FILE: Final = "late.json"  # beside the incident file; written by `demo late-delivery`
SECTIONS_MAX: Final = 4096
TEMPERATURE_EVERY_US: Final = 10 * SECOND_US
COUNTS: Final = ("good", "scrap", "rework")


@dataclass(frozen=True, slots=True)
class SignalChange:
    """From this instant on, the machine's signal has this value."""

    at_us: int
    machine: PlantMachine
    signal: str  # state, order, pri, good, scrap, rework, temperature
    value: str | int | float


class Truth:
    def __init__(
        self, plant: Plant, *, since_us: int, seed: str = SEED, broken: Path | None = None
    ) -> None:
        self.plant = plant
        self.since_us = since_us
        late = None if broken is None else broken.with_name(LATE_FILE)
        self._incidents = (Incidents(late, StateKind.STARVED), Incidents(broken))
        for incidents in self._incidents:
            incidents.refresh()
        self._seed = seed
        self._sections: dict[tuple[PlantMachine, int], ShiftSection] = {}
        self._counter_totals: dict[PlantMachine, tuple[list[int], list[tuple[int, int, int]]]] = {}

    def refresh(self) -> None:
        """Apply incidents that were added since the last refresh."""
        if broken := set().union(*(incidents.refresh() for incidents in self._incidents)):
            self._sections = {
                key: section for key, section in self._sections.items() if key[0].path not in broken
            }
            for machine in [m for m in self._counter_totals if m.path in broken]:
                del self._counter_totals[machine]

    def sections(self, machine: PlantMachine, start_us: int, end_us: int) -> Iterator[ShiftSection]:
        """Yield the sections that overlap the window, in order of time and contiguous."""
        shift = self.plant.plan.last_started_shift(start_us)
        if shift is None:
            raise LookupError(f"{self.plant.name} had no shift before {start_us}")
        while shift.start_us < end_us:
            following = self.plant.plan.next_shift(shift)
            key = (machine, shift.start_us)
            if key not in self._sections:
                while len(self._sections) >= SECTIONS_MAX:
                    self._sections.pop(next(iter(self._sections)))
                section = section_of(self.plant, machine, self._seed, shift, following.start_us)
                for incidents in self._incidents:
                    section = incidents.apply_to(self.plant, machine, section)
                self._sections[key] = section
            yield self._sections[key]
            shift = following

    def segments(self, machine: PlantMachine, start_us: int, end_us: int) -> Iterator[StateSegment]:
        """Yield the segments that overlap the window, uncut."""
        for section in self.sections(machine, start_us, end_us):
            for segment in section.segments:
                if segment.start_us < end_us and segment.end_us > start_us:
                    yield segment

    def parts(self, machine: PlantMachine, start_us: int, end_us: int) -> dict[str, list[int]]:
        """Return the instants in the window at which parts were counted, by quality."""
        instants: dict[str, list[int]] = {name: [] for name in COUNTS}
        for section in self.sections(machine, start_us, end_us):
            for name in self.plant.counts:
                instants[name] += _instants_within(getattr(section, name), start_us, end_us)
        return instants

    def snapshot(self, machine: PlantMachine, at_us: int) -> list[SignalChange]:
        """Return the value of each signal at the instant, with the instant of its last change."""
        section = next(self.sections(machine, at_us, at_us + 1))
        segment = section.segment_at(at_us)
        base = self._counters_at_start(machine, section)
        changes = [
            SignalChange(segment.start_us, machine, "state", segment.code),
            SignalChange(segment.start_us, machine, "order", segment.order),
            SignalChange(segment.start_us, machine, "pri", segment.pri_us / SECOND_US),
        ]
        for index, name in enumerate(self.plant.counts):
            counted_us = getattr(section, name)
            count = bisect_right(counted_us, at_us)
            since = counted_us[count - 1] if count else section.start_us
            changes.append(
                SignalChange(since, machine, name, self._counter_value(base[index] + count))
            )
        tick = at_us - at_us % TEMPERATURE_EVERY_US
        return [
            *changes,
            SignalChange(tick, machine, "temperature", self.temperature(machine, tick)),
        ]

    def changes(
        self,
        machine: PlantMachine,
        start_us: int,
        end_us: int,
        *,
        temperature_every_us: int = TEMPERATURE_EVERY_US,
    ) -> list[SignalChange]:
        """Return every change with start < at <= end, in order of time."""
        first, last = start_us + 1, end_us + 1
        changes: list[SignalChange] = []
        before = next(self.sections(machine, start_us, first)).segment_at(start_us)
        for section in self.sections(machine, start_us, last):
            changes += self._count_changes(machine, section, first, last)
            for segment in section.segments:
                if first <= segment.start_us < last:
                    changes += _differences(machine, before, segment)
                    before = segment
        tick = first + -first % temperature_every_us
        changes += [
            SignalChange(at, machine, "temperature", self.temperature(machine, at))
            for at in range(tick, last, temperature_every_us)
        ]
        return sorted(changes, key=lambda change: change.at_us)

    def changes_by_instant(
        self, start_us: int, end_us: int, *, temperature_every_us: int = TEMPERATURE_EVERY_US
    ) -> Iterator[tuple[int, PlantMachine, list[SignalChange]]]:
        """Yield the changes of a machine at one instant, in order of time."""
        all_changes = [
            change
            for machine in self.plant.machines
            for change in self.changes(
                machine, start_us, end_us, temperature_every_us=temperature_every_us
            )
        ]
        all_changes.sort(key=lambda change: (change.at_us, change.machine.path))
        for (at_us, machine), changes in groupby(all_changes, key=lambda c: (c.at_us, c.machine)):
            yield at_us, machine, list(changes)

    def temperature(self, machine: PlantMachine, at_us: int) -> float:
        """Return a slow wave with a little noise, in the plant's unit, rounded to tenths."""
        phase = _hash_of(machine.path) % 1000
        noise = (_hash_of(f"{machine.path}/{at_us // TEMPERATURE_EVERY_US}") % 11 - 5) / 10
        wave = math.sin(at_us / SECOND_US / 3600 + phase)
        celsius = 46 + phase % 17 + 6 * wave + noise
        return round(celsius if self.plant.temperature_unit == "degC" else celsius * 1.8 + 32, 1)

    def _count_changes(
        self, machine: PlantMachine, section: ShiftSection, first: int, last: int
    ) -> Iterator[SignalChange]:
        base = self._counters_at_start(machine, section)
        for index, name in enumerate(self.plant.counts):
            counted_us = getattr(section, name)
            if self.plant.counters_restart and first <= section.start_us < last:
                yield SignalChange(section.start_us, machine, name, 0)
            low, high = bisect_left(counted_us, first), bisect_left(counted_us, last)
            for number in range(low, high):
                yield SignalChange(
                    counted_us[number], machine, name, self._counter_value(base[index] + number + 1)
                )

    def _counter_value(self, count: int) -> int:
        return count if self.plant.counters_restart else count % ROLLOVER

    def _counters_at_start(
        self, machine: PlantMachine, section: ShiftSection
    ) -> tuple[int, int, int]:
        """Return the counters at the start of the section."""
        if self.plant.counters_restart:
            return 0, 0, 0
        starts, totals = self._counter_totals.setdefault(machine, self._initial_counters(machine))
        while starts[-1] < section.start_us:
            last = next(self.sections(machine, starts[-1], starts[-1] + 1))
            counts = (len(last.good), len(last.scrap), len(last.rework))
            total = tuple(map(sum, zip(totals[-1], counts, strict=True)))
            totals.append((total[0], total[1], total[2]))
            starts.append(last.end_us)
        return totals[bisect_right(starts, section.start_us) - 1]

    def _initial_counters(
        self, machine: PlantMachine
    ) -> tuple[list[int], list[tuple[int, int, int]]]:
        """Start shortly below the roll-over, so that every history contains one."""
        start = next(self.sections(machine, self.since_us, self.since_us + 1)).start_us
        near = [ROLLOVER - 20 - _hash_of(f"{machine.path}/{name}") % 400 for name in COUNTS]
        return [start], [(near[0], near[1], near[2])]


def _differences(
    machine: PlantMachine, before: StateSegment, after: StateSegment
) -> Iterator[SignalChange]:
    at_us = after.start_us
    if after.code != before.code:
        yield SignalChange(at_us, machine, "state", after.code)
    if after.order != before.order:
        yield SignalChange(at_us, machine, "order", after.order)
    if after.pri_us != before.pri_us:
        yield SignalChange(at_us, machine, "pri", after.pri_us / SECOND_US)


def _instants_within(instants: tuple[int, ...], start_us: int, end_us: int) -> tuple[int, ...]:
    return instants[bisect_left(instants, start_us) : bisect_left(instants, end_us)]


def _hash_of(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")
