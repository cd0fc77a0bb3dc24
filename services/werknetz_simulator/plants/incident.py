"""Faults injected while the plants run: from then on they are part of the simulated events.

Plants watch a file `{machine path: [[start_us, end_us], …]}`. An incident starts a little after it
is written, so that it does not contradict values already published.
"""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from werknetz_simulator.plants.machine import Plant, PlantMachine, StateKind
from werknetz_simulator.plants.plan import SECOND_US
from werknetz_simulator.plants.shift_timeline import ShiftSection, overlay

START_DELAY_US: Final = 3 * SECOND_US  # longer than any plant takes to read the file again
Span = tuple[int, int]


class Incidents:
    """The incidents of one file, as of the last refresh."""

    def __init__(self, file: Path | None, kind: StateKind = StateKind.FAULT) -> None:
        self._file, self._kind = file, kind
        self._file_version: tuple[int, int] | None = None
        self._spans: dict[str, list[Span]] = {}

    def refresh(self) -> set[str]:
        """Read the file if it has changed; return the paths of machines with new incidents."""
        if self._file is None:
            return set()
        try:
            status = self._file.stat()
        except FileNotFoundError:
            return set()
        if (status.st_mtime_ns, status.st_ino) == self._file_version:
            return set()
        before = self._spans
        self._spans = _read(self._file)
        self._file_version = status.st_mtime_ns, status.st_ino
        return {path for path, spans in self._spans.items() if spans != before.get(path)}

    def apply_to(self, plant: Plant, machine: PlantMachine, section: ShiftSection) -> ShiftSection:
        """Return the section with the machine stopped during each of its incidents."""
        for start_us, end_us in self._spans.get(machine.path, ()):
            if start_us < section.end_us and end_us > section.start_us:
                section = _insert_incident(plant, section, start_us, end_us, self._kind)
        return section


def break_machine(file: Path, machine: PlantMachine, now_us: int, duration_us: int) -> Span:
    """Add an incident that starts shortly; return its start and end."""
    span = now_us + START_DELAY_US, now_us + START_DELAY_US + duration_us
    spans = _read(file) if file.exists() else {}
    spans[machine.path] = _merge([*spans.get(machine.path, []), span])
    draft = file.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
        json.dump(spans, output)
    draft.replace(file)
    return span


def _merge(spans: list[Span]) -> list[Span]:
    """Merge overlapping incidents."""
    merged: list[Span] = []
    for start_us, end_us in sorted(spans):
        if merged and start_us <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end_us)
        else:
            merged.append((start_us, end_us))
    return merged


def _read(file: Path) -> dict[str, list[Span]]:
    content: dict[str, list[list[int]]] = json.loads(file.read_text(encoding="utf-8"))
    return {path: [(start, end) for start, end in spans] for path, spans in content.items()}


def _insert_incident(
    plant: Plant, section: ShiftSection, start_us: int, end_us: int, cause: StateKind
) -> ShiftSection:
    code, reported = next((raw, state) for kind, raw, state in plant.codes if kind is cause)
    segments = tuple(
        piece
        for segment in section.segments
        for piece in overlay(segment, start_us, end_us, code, reported)
    )

    def outside(instants: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(at for at in instants if not start_us <= at < end_us)

    return replace(
        section,
        segments=segments,
        good=outside(section.good),
        scrap=outside(section.scrap),
        rework=outside(section.rework),
    )
