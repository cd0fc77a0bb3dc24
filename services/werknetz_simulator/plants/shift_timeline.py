"""What one machine does from the start of one shift to the start of the next: pure and seeded.

The same (seed, machine, shift) gives the same story, so history and live are one timeline.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from werknetz_simulator.plants.machine import StateKind, PlantMachine, Plant
from werknetz_simulator.plants.plan import MINUTE_US, SECOND_US, PlannedShift
from werknetz_simulator.plants.starvation import starvation_windows

BROKEN_SHARE: Final = 0.12  # of shifts that end, and so begin, with a machine that is broken
OVERTIME_SHARE: Final = 0.2
BREAK_TAKEN_SHARE: Final = 0.8
SCRAP_SHARE: Final = 0.025
REWORK_SHARE: Final = 0.015
DRIFT_DAYS: Final = 21
DRIFT_PERMILLE_A_DAY: Final = 18


@dataclass(frozen=True, slots=True)
class StateSegment:
    """A machine's time from `start_us` on, until `end_us`, in which nothing changes."""

    start_us: int
    end_us: int
    kind: StateKind  # as the source tells it
    code: str
    order: str  # empty: none
    pri_us: int  # planned run time per item


@dataclass(frozen=True, slots=True)
class ShiftSection:
    """A shift and the time up to the next, with the instants at which parts were made."""

    start_us: int
    end_us: int
    segments: tuple[StateSegment, ...]
    good: tuple[int, ...]
    scrap: tuple[int, ...]
    rework: tuple[int, ...]

    def segment_at(self, at_us: int) -> StateSegment:
        index = bisect_right(self.segments, at_us, key=lambda segment: segment.start_us)
        return self.segments[index - 1]


class _ShiftBuilder:
    """Grows along the shift; `spend` never passes its end."""

    def __init__(self, plant: Plant, rng: Random, start_us: int, end_us: int) -> None:
        self.rng, self.at_us, self.end_us = rng, start_us, end_us
        self.order, self.pri_us = "", 0
        self.segments: list[StateSegment] = []
        self._codes = {kind: (code, meant) for kind, code, meant in plant.codes}

    def can_report(self, kind: StateKind) -> bool:
        return kind in self._codes

    def append(self, kind: StateKind, duration_us: int) -> None:
        end = min(self.at_us + max(duration_us, SECOND_US), self.end_us)
        if end > self.at_us:
            code, meant = self._codes[kind]
            self.segments.append(StateSegment(self.at_us, end, meant, code, self.order, self.pri_us))
            self.at_us = end

    def draw_us(self, low_s: int, high_s: int) -> int:
        """Draw a duration in microseconds: machines do not stop on whole seconds."""
        return self.rng.randrange(low_s * SECOND_US, high_s * SECOND_US)


def section_of(plant: Plant, machine: PlantMachine, seed: str, shift: PlannedShift, next_us: int) -> ShiftSection:
    """Tell the story of the shift, then of the parts that it brought forth."""
    key = f"{seed}/{machine.path}/{shift.start_us}"
    rng = Random(key)
    story = _ShiftBuilder(plant, rng, shift.start_us, shift.end_us)
    story.order, story.pri_us = _order_at(plant, machine, seed, shift.start_us)
    _append_shift_start(plant, machine, seed, shift, story)
    broken = is_broken_at(machine, seed, shift.end_us)
    last_us = shift.end_us - (story.draw_us(300, 2400) if broken else 0)
    while story.at_us < last_us:
        _append_run_and_stop(plant, machine, story)
    story.segments = _truncate(story.segments, last_us)
    story.at_us = min(last_us, shift.end_us)
    story.order, story.pri_us = _order_at(plant, machine, seed, shift.end_us)
    story.append(StateKind.FAULT, shift.end_us - story.at_us)
    _append_off_shift(story, next_us, broken=broken)
    told = _insert_breaks(plant, story.segments, shift, rng)
    segments = tuple(_insert_starvation(plant, machine, seed, told))
    slower = _drift_permille(shift) if machine.name == plant.drifting else 1000
    parts = _draw_parts(segments, Random(f"{key}/parts"), slower)
    return ShiftSection(shift.start_us, next_us, segments, *parts)


def is_broken_at(machine: PlantMachine, seed: str, at_us: int) -> bool:
    """Tell whether a fault spans this end of a shift: both its sides must agree."""
    return Random(f"{seed}/{machine.path}/{at_us}/broken").random() < BROKEN_SHARE


def _drift_permille(shift: PlannedShift) -> int:
    """Let a tool wear for three weeks, until somebody changes it: the finding of that machine."""
    return 1000 + DRIFT_PERMILLE_A_DAY * (shift.on.toordinal() % DRIFT_DAYS)


def _append_shift_start(plant: Plant, machine: PlantMachine, seed: str, shift: PlannedShift, story: _ShiftBuilder) -> None:
    if is_broken_at(machine, seed, shift.start_us):
        story.append(StateKind.FAULT, story.draw_us(60, 1200))
    if plant.slow_mondays and shift.on.weekday() == 0 and shift.name == "early":
        story.append(StateKind.IDLE, story.draw_us(35 * 60, 60 * 60))  # the finding: a cold start
    if shift.on.weekday() == 2 and shift.name == plant.maintenance_shift:
        story.append(StateKind.MAINTENANCE, story.draw_us(20 * 60, 45 * 60))


def _append_run_and_stop(plant: Plant, machine: PlantMachine, story: _ShiftBuilder) -> None:
    """Produce for a while, then stop for one of the reasons why machines stop."""
    rng = story.rng
    story.append(StateKind.PRODUCING, round(rng.expovariate(1 / 1500) * SECOND_US) + 120 * SECOND_US)
    material = 0 if machine.line == plant.starved_line else 6  # there it comes from outside
    kind = rng.choices(
        ("minor", "failure", "blocked", "starved", "change", "no order", "unknown"),
        (40, 10, 8, material, 10, 3, 0.4 if story.can_report(StateKind.UNKNOWN) else 0),
    )[0]
    if kind == "minor":
        story.append(StateKind.FAULT, story.draw_us(8, 118))
    elif kind == "failure":
        story.append(StateKind.FAULT, story.draw_us(130, 600))
        if rng.random() < 0.5:
            story.append(StateKind.REPAIR, story.draw_us(300, 1500))
    elif kind == "blocked":
        story.append(StateKind.BLOCKED, story.draw_us(45, 420))
    elif kind == "starved":
        story.append(StateKind.STARVED, story.draw_us(30, 300))
    elif kind == "change":
        story.order, story.pri_us = _new_order(plant, machine, rng)
        story.append(StateKind.SETUP, story.draw_us(360, 1300))
    elif kind == "no order":
        running = story.order, story.pri_us
        story.order = ""
        story.append(StateKind.IDLE, story.draw_us(240, 1500))
        story.order, story.pri_us = running
    else:
        story.append(StateKind.UNKNOWN, story.draw_us(60, 400))


def _append_off_shift(story: _ShiftBuilder, next_us: int, *, broken: bool) -> None:
    """After the shift: overtime now and then, then off, without an order, until the next."""
    story.end_us = next_us
    if next_us == story.at_us:
        return
    if next_us - story.at_us > 60 * MINUTE_US:
        overtime = story.rng.random() < OVERTIME_SHARE
        if overtime and not broken:
            story.append(StateKind.PRODUCING, story.draw_us(120, 1500))
    story.order = ""
    story.append(StateKind.OFF, next_us - story.at_us)


def _order_at(plant: Plant, machine: PlantMachine, seed: str, at_us: int) -> tuple[str, int]:
    """Return the order that spans this end of a shift."""
    return _new_order(plant, machine, Random(f"{seed}/{machine.path}/{at_us}/order"))


def _new_order(plant: Plant, machine: PlantMachine, rng: Random) -> tuple[str, int]:
    number = rng.randrange(100_000, 999_999)
    tenths = machine.ideal_us // 100_000 * (90, 95, 100, 110)[number % 4] // 100
    return f"{plant.order_prefix}{number}", tenths * 100_000


def _truncate(segments: list[StateSegment], end_us: int) -> list[StateSegment]:
    return [
        replace(segment, end_us=min(segment.end_us, end_us))
        for segment in segments
        if segment.start_us < end_us
    ]


def _insert_breaks(plant: Plant, segments: list[StateSegment], shift: PlannedShift, rng: Random) -> list[StateSegment]:
    """Let most breaks be taken, a little too early or too late, as people do."""
    code, meant = next((said, meant) for kind, said, meant in plant.codes if kind is StateKind.IDLE)
    for begin, end in shift.breaks:
        taken = rng.random() < BREAK_TAKEN_SHARE
        first = begin + rng.randrange(-120, 180) * SECOND_US + 137
        last = end + rng.randrange(-60, 300) * SECOND_US + 731
        if taken:
            segments = [
                piece
                for segment in segments
                for piece in _interrupt(segment, first, last, code, meant)
            ]
    return segments


def _interrupt(segment: StateSegment, first: int, last: int, code: str, meant: StateKind) -> list[StateSegment]:
    """Cut a stop out of a segment that produced; other stops stay what they are."""
    if segment.kind is not StateKind.PRODUCING:
        return [segment]
    return overlay(segment, first, last, code, meant)


def _insert_starvation(
    plant: Plant, machine: PlantMachine, seed: str, segments: list[StateSegment]
) -> list[StateSegment]:
    """Let a machine with an order stand while its line has no material, whatever else it did."""
    code, meant = next((said, meant) for kind, said, meant in plant.codes if kind is StateKind.STARVED)
    span = segments[0].start_us, segments[-1].end_us
    for first, last in starvation_windows(plant, machine.line, seed, *span):
        segments = [
            piece
            for segment in segments
            for piece in (
                overlay(segment, first, last, code, meant) if segment.order else [segment]
            )
        ]
    return segments


def overlay(segment: StateSegment, first: int, last: int, code: str, meant: StateKind) -> list[StateSegment]:
    """Cut the segment where something else held from `first` to `last`."""
    begin, end = max(segment.start_us, first), min(segment.end_us, last)
    if begin >= end:
        return [segment]
    parts = [
        replace(segment, end_us=begin),
        replace(segment, start_us=begin, end_us=end, kind=meant, code=code),
        replace(segment, start_us=end),
    ]
    return [part for part in parts if part.start_us < part.end_us]


def _draw_parts(
    segments: tuple[StateSegment, ...], rng: Random, slower_permille: int
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return when good parts, scrap and reworked parts were counted, never at a segment's end."""
    good: list[int] = []
    scrap: list[int] = []
    rework: list[int] = []
    for segment in segments:
        if segment.kind is not StateKind.PRODUCING:
            continue
        cycle_us = segment.pri_us * rng.randrange(1020, 1190) // 1000 * slower_permille // 1000
        for at_us in range(segment.start_us + cycle_us, segment.end_us, cycle_us):
            draw = rng.random()
            (scrap if draw < SCRAP_SHARE else good).append(at_us)
            if draw > 1 - REWORK_SHARE:
                rework.append(at_us)
    return tuple(good), tuple(scrap), tuple(rework)
