"""What one machine does from the start of one shift to the start of the next: pure and seeded.

The same (seed, machine, shift) gives the same events, so history and live data are one timeline.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from werknetz_simulator.plants.machine import Plant, PlantMachine, StateKind
from werknetz_simulator.plants.plan import MINUTE_US, SECOND_US, PlannedShift
from werknetz_simulator.plants.starvation import starvation_windows

BROKEN_SHARE: Final = 0.12  # of shift changes during which the machine is down
OVERTIME_SHARE: Final = 0.2
BREAK_TAKEN_SHARE: Final = 0.8
SCRAP_SHARE: Final = 0.025
REWORK_SHARE: Final = 0.015
RUN_TIME_PERCENT: Final = (90, 95, 100, 110)
"""Of the ideal cycle: the planned run time of each article of a line."""
DRIFT_DAYS: Final = 21
DRIFT_PERMILLE_A_DAY: Final = 18


@dataclass(frozen=True, slots=True)
class StateSegment:
    """A span of a machine from `start_us` to `end_us` in which nothing changes."""

    start_us: int
    end_us: int
    kind: StateKind  # as the source reports it
    code: str
    order: str  # empty: none
    pri_us: int  # planned run time per item


@dataclass(frozen=True, slots=True)
class ShiftSection:
    """A shift and the time up to the next one, with the instants at which parts were counted."""

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
    """Builds the segments of a shift in order; `append` never passes the end."""

    def __init__(self, plant: Plant, rng: Random, start_us: int, end_us: int) -> None:
        self.rng, self.at_us, self.end_us = rng, start_us, end_us
        self.order, self.pri_us = "", 0
        self.segments: list[StateSegment] = []
        self._codes = {kind: (code, reported) for kind, code, reported in plant.codes}

    def can_report(self, kind: StateKind) -> bool:
        return kind in self._codes

    def append(self, kind: StateKind, duration_us: int) -> None:
        end = min(self.at_us + max(duration_us, SECOND_US), self.end_us)
        if end > self.at_us:
            code, reported = self._codes[kind]
            self.segments.append(
                StateSegment(self.at_us, end, reported, code, self.order, self.pri_us)
            )
            self.at_us = end

    def draw_us(self, low_s: int, high_s: int) -> int:
        """Draw a duration in microseconds, because real stops do not last whole seconds."""
        return self.rng.randrange(low_s * SECOND_US, high_s * SECOND_US)


def section_of(
    plant: Plant, machine: PlantMachine, seed: str, shift: PlannedShift, next_us: int
) -> ShiftSection:
    """Generate the segments of the shift, then the parts made in them."""
    key = f"{seed}/{machine.path}/{shift.start_us}"
    rng = Random(key)
    builder = _ShiftBuilder(plant, rng, shift.start_us, shift.end_us)
    builder.order, builder.pri_us = _order_at(plant, machine, seed, shift.start_us)
    _append_shift_start(plant, machine, seed, shift, builder)
    broken = is_broken_at(machine, seed, shift.end_us)
    last_us = shift.end_us - (builder.draw_us(300, 2400) if broken else 0)
    while builder.at_us < last_us:
        _append_run_and_stop(plant, machine, builder)
    builder.segments = _truncate(builder.segments, last_us)
    builder.at_us = min(last_us, shift.end_us)
    builder.order, builder.pri_us = _order_at(plant, machine, seed, shift.end_us)
    builder.append(StateKind.FAULT, shift.end_us - builder.at_us)
    _append_off_shift(builder, next_us, broken=broken)
    segments_with_breaks = _insert_breaks(plant, builder.segments, shift, rng)
    segments = tuple(_insert_starvation(plant, machine, seed, segments_with_breaks))
    slower = _drift_permille(shift) if machine.name == plant.drifting else 1000
    parts = _draw_parts(segments, Random(f"{key}/parts"), slower)
    return ShiftSection(shift.start_us, next_us, segments, *parts)


def is_broken_at(machine: PlantMachine, seed: str, at_us: int) -> bool:
    """Whether a fault spans this shift change; both adjacent sections use the same answer."""
    return Random(f"{seed}/{machine.path}/{at_us}/broken").random() < BROKEN_SHARE


def _drift_permille(shift: PlannedShift) -> int:
    """Return the slow-down of a tool that wears for three weeks until it is changed."""
    return 1000 + DRIFT_PERMILLE_A_DAY * (shift.on.toordinal() % DRIFT_DAYS)


def _append_shift_start(
    plant: Plant, machine: PlantMachine, seed: str, shift: PlannedShift, builder: _ShiftBuilder
) -> None:
    if is_broken_at(machine, seed, shift.start_us):
        builder.append(StateKind.FAULT, builder.draw_us(60, 1200))
    if plant.slow_mondays and shift.on.weekday() == 0 and shift.name == "early":
        builder.append(
            StateKind.IDLE, builder.draw_us(35 * 60, 60 * 60)
        )  # the finding: a slow Monday start
    if shift.on.weekday() == 2 and shift.name == plant.maintenance_shift:
        builder.append(StateKind.MAINTENANCE, builder.draw_us(20 * 60, 45 * 60))


def _append_run_and_stop(plant: Plant, machine: PlantMachine, builder: _ShiftBuilder) -> None:
    """Append a production run and the stop that ends it."""
    rng = builder.rng
    builder.append(
        StateKind.PRODUCING, round(rng.expovariate(1 / 1500) * SECOND_US) + 120 * SECOND_US
    )
    material = 0 if machine.line == plant.starved_line else 6  # there only `starvation` decides
    kind = rng.choices(
        ("minor", "failure", "blocked", "starved", "change", "no order", "unknown"),
        (40, 10, 8, material, 10, 3, 0.4 if builder.can_report(StateKind.UNKNOWN) else 0),
    )[0]
    if kind == "minor":
        builder.append(StateKind.FAULT, builder.draw_us(8, 118))
    elif kind == "failure":
        builder.append(StateKind.FAULT, builder.draw_us(130, 600))
        if rng.random() < 0.5:
            builder.append(StateKind.REPAIR, builder.draw_us(300, 1500))
    elif kind == "blocked":
        builder.append(StateKind.BLOCKED, builder.draw_us(45, 420))
    elif kind == "starved":
        builder.append(StateKind.STARVED, builder.draw_us(30, 300))
    elif kind == "change":
        builder.order, builder.pri_us = _new_order(plant, machine, rng)
        builder.append(StateKind.SETUP, builder.draw_us(360, 1300))
    elif kind == "no order":
        running = builder.order, builder.pri_us
        builder.order = ""
        builder.append(StateKind.IDLE, builder.draw_us(240, 1500))
        builder.order, builder.pri_us = running
    else:
        builder.append(StateKind.UNKNOWN, builder.draw_us(60, 400))


def _append_off_shift(builder: _ShiftBuilder, next_us: int, *, broken: bool) -> None:
    """Append sometimes overtime, then off without an order until the next shift."""
    builder.end_us = next_us
    if next_us == builder.at_us:
        return
    if next_us - builder.at_us > 60 * MINUTE_US:
        overtime = builder.rng.random() < OVERTIME_SHARE
        if overtime and not broken:
            builder.append(StateKind.PRODUCING, builder.draw_us(120, 1500))
    builder.order = ""
    builder.append(StateKind.OFF, next_us - builder.at_us)


def _order_at(plant: Plant, machine: PlantMachine, seed: str, at_us: int) -> tuple[str, int]:
    """Return the order that spans this shift change."""
    return _new_order(plant, machine, Random(f"{seed}/{machine.path}/{at_us}/order"))


def _new_order(plant: Plant, machine: PlantMachine, rng: Random) -> tuple[str, int]:
    number = rng.randrange(100_000, 999_999)
    tenths = machine.ideal_us // 100_000 * RUN_TIME_PERCENT[number % len(RUN_TIME_PERCENT)] // 100
    return f"{plant.order_prefix}{number}", tenths * 100_000


def _truncate(segments: list[StateSegment], end_us: int) -> list[StateSegment]:
    return [
        replace(segment, end_us=min(segment.end_us, end_us))
        for segment in segments
        if segment.start_us < end_us
    ]


def _insert_breaks(
    plant: Plant, segments: list[StateSegment], shift: PlannedShift, rng: Random
) -> list[StateSegment]:
    """Insert most breaks, each a little early or late."""
    code, reported = next(
        (raw, state) for kind, raw, state in plant.codes if kind is StateKind.IDLE
    )
    for begin, end in shift.breaks:
        is_taken = rng.random() < BREAK_TAKEN_SHARE
        first = begin + rng.randrange(-120, 180) * SECOND_US + 137
        last = end + rng.randrange(-60, 300) * SECOND_US + 731
        if is_taken:
            segments = [
                piece
                for segment in segments
                for piece in _interrupt(segment, first, last, code, reported)
            ]
    return segments


def _interrupt(
    segment: StateSegment, first: int, last: int, code: str, reported: StateKind
) -> list[StateSegment]:
    """Cut a stop out of a producing segment; other stops stay unchanged."""
    if segment.kind is not StateKind.PRODUCING:
        return [segment]
    return overlay(segment, first, last, code, reported)


def _insert_starvation(
    plant: Plant, machine: PlantMachine, seed: str, segments: list[StateSegment]
) -> list[StateSegment]:
    """Replace the state of a machine with an order while its line lacks material."""
    code, reported = next(
        (raw, state) for kind, raw, state in plant.codes if kind is StateKind.STARVED
    )
    span = segments[0].start_us, segments[-1].end_us
    for first, last in starvation_windows(plant, machine.line, seed, *span):
        segments = [
            piece
            for segment in segments
            for piece in (
                overlay(segment, first, last, code, reported) if segment.order else [segment]
            )
        ]
    return segments


def overlay(
    segment: StateSegment, first: int, last: int, code: str, reported: StateKind
) -> list[StateSegment]:
    """Replace the part of the segment from `first` to `last` by another state."""
    begin, end = max(segment.start_us, first), min(segment.end_us, last)
    if begin >= end:
        return [segment]
    parts = [
        replace(segment, end_us=begin),
        replace(segment, start_us=begin, end_us=end, kind=reported, code=code),
        replace(segment, start_us=end),
    ]
    return [part for part in parts if part.start_us < part.end_us]


def _draw_parts(
    segments: tuple[StateSegment, ...], rng: Random, slower_permille: int
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return when good, scrap and reworked parts are counted, never at a segment's end."""
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
