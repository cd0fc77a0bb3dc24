"""Which lines of the target's modules a check runs, and how long it takes."""

import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from mutation.operators import Mutant
from mutation.targets import ROOT

Line = tuple[str, int]  # path of the file, number


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one check does on the unchanged code. `number` finds the check again."""

    number: int
    elapsed_s: float
    lines: set[Line]


class Tracer:
    """Collects the lines that run in some files."""

    def __init__(self, modules: Collection[str]) -> None:
        self._files: Final = frozenset(str(ROOT / module) for module in modules)
        self._lines: set[Line] = set()

    def trace(self, number: int, check: Callable[[], object]) -> Footprint:
        started_s = time.monotonic()
        with self.collect(set()) as lines:
            check()
        return Footprint(number, time.monotonic() - started_s, lines)

    @contextmanager
    def collect(self, lines: set[Line]) -> Iterator[set[Line]]:
        """Add the lines that run meanwhile; an outer collection rests."""
        outer, before = self._lines, sys.gettrace()
        self._lines = lines
        threading.settrace(self._on_call)
        sys.settrace(self._on_call)
        try:
            yield lines
        finally:
            sys.settrace(before)
            threading.settrace(before)  # type: ignore[arg-type]  # None ends it, says its documentation
            self._lines = outer

    def _on_call(self, frame: FrameType, event: str, argument: object) -> Any:
        return self._on_line(frame, event, argument) if self._is_ours(frame) else None

    def _on_line(self, frame: FrameType, event: str, argument: object) -> Any:
        del event, argument
        self._lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self._on_line

    def _is_ours(self, frame: FrameType) -> bool:
        return frame.f_code.co_filename in self._files


def lines_of(mutant: Mutant) -> set[Line]:
    file = str(ROOT / mutant.module)
    return {(file, number) for number in range(mutant.line, mutant.last_line + 1)}


def choose_checks(footprints: Sequence[Footprint], mutant: Mutant) -> list[Footprint]:
    """Return the checks that run the mutant's lines, the fastest first."""
    lines = lines_of(mutant)
    chosen = [footprint for footprint in footprints if not footprint.lines.isdisjoint(lines)]
    return sorted(chosen, key=lambda footprint: footprint.elapsed_s)
