"""Stops of one machine, derived from its state pieces and the entries of people.

A stop is an unbroken run of one state and one code of the machine, whatever orders, breaks and
shifts it passes, or the whole of what a person entered. So its duration does not depend on what
was queried. Time in which no shift is planned ends a stop, except a fault; a break at the start
or at the end belongs to no stop. Pure: columns in, stops out.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final

from werknetz.domain.state import MachineState
from werknetz.kpi.faults import FAULTS

LOST: Final = frozenset({"adet", "adot"})
_OFF_SHIFT, _BREAK = "off_shift", "pdot"
_NO_STOP: Final = frozenset({int(MachineState.UNKNOWN), int(MachineState.PRODUCING)})
_PLANNED: Final = int(MachineState.MAINTENANCE)


@dataclass(frozen=True, slots=True)
class StatePiece:
    """A stored piece of a state, in µs UTC."""

    start_us: int
    end_us: int
    state: int
    category: str
    code: str | None = None
    order_number: str | None = None


@dataclass(frozen=True, slots=True)
class StateEntry:
    """What a person entered about a span of time; of one machine no two in force overlap."""

    id: int
    start_us: int
    end_us: int
    state: int | None = None  # None: as reported
    reason: str | None = None
    is_planned: bool | None = None
    comment: str | None = None
    entered_by: str = ""
    change_id: int = 0
    follows_start: bool = False  # the boundary is the machine's and moves with late data
    follows_end: bool = False
    reported_state: int | None = None
    reported_code: str | None = None

    def matches(self, piece: StatePiece) -> bool:
        """Whether a piece beside the entry is the same stop as the machine reports it."""
        return (piece.state, piece.code) == (self.reported_state, self.reported_code)


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop in µs UTC; `seconds` by category of time."""

    start_us: int
    end_us: int
    state: int
    code: str | None
    orders: tuple[str, ...]
    seconds: dict[str, float] = field(hash=False)
    entry: StateEntry | None
    is_minor: bool
    pieces: tuple[StatePiece, ...] = field(hash=False)

    @property
    def duration_us(self) -> int:
        return self.end_us - self.start_us

    @property
    def lost_s(self) -> float:
        """Planned busy time that the stop took."""
        return sum(self.seconds.get(category, 0.0) for category in LOST)

    @property
    def category(self) -> str:
        """The category of time with the most seconds."""
        return max(sorted(self.seconds), key=lambda name: self.seconds[name])

    @property
    def version(self) -> int:
        """Number of the last change by a person; 0: none."""
        return 0 if self.entry is None else self.entry.change_id

    def lost_within_s(self, start_us: int, end_us: int) -> float:
        """Planned busy time that the stop took within [start_us, end_us), in seconds."""
        overlaps = (
            min(piece.end_us, end_us) - max(piece.start_us, start_us)
            for piece in self.pieces
            if piece.category in LOST
        )
        return sum(max(0, overlap) for overlap in overlaps) / 1e6

    def overlap_us(self, start_us: int, end_us: int) -> int:
        return max(0, min(self.end_us, end_us) - max(self.start_us, start_us))


def stops_of(
    pieces: Iterable[StatePiece],
    entries: Iterable[StateEntry],
    minor_below_us: Callable[[int], int],
) -> list[Stop]:
    """Return the stops in order of time; `minor_below_us`: the threshold that held at an instant.

    Pieces in which the machine produced may be left out. A malfunction is judged by its whole
    fault: the unbroken run of malfunction and repair.
    """
    reported = sorted(pieces, key=lambda piece: piece.start_us)
    in_order = sorted(entries, key=lambda entry: entry.start_us)
    overlaid = _overlay(reported, follow_boundaries(reported, in_order))
    faults = _fault_runs_of(overlaid)
    stops = []
    for run in _runs_of(overlaid):
        trimmed = _trim_breaks(run)
        if trimmed:
            stops.append(_stop_of(trimmed, faults, minor_below_us))
    return stops


def follow_boundaries(
    pieces: Sequence[StatePiece], entries: Sequence[StateEntry]
) -> list[StateEntry]:
    """Return the entries with those boundaries moved that follow the machine.

    Both are in order of time; no entry moves into its neighbour.
    """
    starts = [piece.start_us for piece in pieces]
    moved: list[StateEntry] = []
    for number, entry in enumerate(entries):
        start_us, end_us = entry.start_us, entry.end_us
        if entry.follows_start:
            start_us = _follow_back(pieces, bisect_left(starts, start_us) - 1, entry)
        if entry.follows_end:
            end_us = _follow_ahead(pieces, max(0, bisect_right(starts, end_us) - 1), entry)
        if moved:
            start_us = max(start_us, moved[-1].end_us)
        if number + 1 < len(entries):
            end_us = min(end_us, entries[number + 1].start_us)
        moved.append(replace(entry, start_us=start_us, end_us=end_us))
    return moved


def _follow_back(pieces: Sequence[StatePiece], number: int, entry: StateEntry) -> int:
    """Return the start of the entry after going on over the same stop from a piece backwards."""
    start_us = entry.start_us
    while number >= 0 and pieces[number].end_us >= start_us and entry.matches(pieces[number]):
        start_us = pieces[number].start_us
        number -= 1
    return start_us


def _follow_ahead(pieces: Sequence[StatePiece], number: int, entry: StateEntry) -> int:
    end_us = entry.end_us
    while number < len(pieces) and pieces[number].end_us <= end_us:
        number += 1
    while (
        number < len(pieces) and pieces[number].start_us <= end_us and entry.matches(pieces[number])
    ):
        end_us = pieces[number].end_us
        number += 1
    return end_us


_Slice = tuple[StatePiece, StateEntry | None]


def _overlay(pieces: Sequence[StatePiece], entries: Sequence[StateEntry]) -> list[_Slice]:
    """Return the pieces cut at the entries, with the state that the entries say."""
    slices: list[_Slice] = []
    ends = [entry.end_us for entry in entries]
    covered: list[list[StatePiece]] = [[] for _ in entries]
    for piece in pieces:
        at_us = piece.start_us
        for number in range(bisect_right(ends, at_us), len(entries)):
            entry = entries[number]
            if entry.start_us >= piece.end_us:
                break
            begin_us, end_us = max(entry.start_us, at_us), min(entry.end_us, piece.end_us)
            if begin_us > at_us:
                slices.append((replace(piece, start_us=at_us, end_us=begin_us), None))
            state = piece.state if entry.state is None else entry.state
            cut = replace(piece, start_us=begin_us, end_us=end_us, state=state)
            slices.append((cut, entry))
            covered[number].append(cut)
            at_us = end_us
        if at_us < piece.end_us:
            slices.append((replace(piece, start_us=at_us), None))
    for entry, cuts in zip(entries, covered, strict=True):
        if entry.state is not None:  # the machine reports no stop, or nothing is computed yet
            slices += _fill(entry, entry.state, cuts)
    return sorted(slices, key=lambda part: part[0].start_us)


def _fill(entry: StateEntry, state: int, covered: Sequence[StatePiece]) -> list[_Slice]:
    """Return the time of an entry that no piece covers."""
    filled: list[_Slice] = []
    at_us = entry.start_us
    edges = [(piece.start_us, piece.end_us) for piece in covered]
    for begin_us, end_us in [*edges, (entry.end_us, entry.end_us)]:
        if begin_us > at_us:
            filled.append((StatePiece(at_us, begin_us, state, "not_computed"), entry))
        at_us = max(at_us, end_us)
    return filled


def _runs_of(slices: Sequence[_Slice]) -> list[list[_Slice]]:
    """Return the unbroken runs of slices that are one stop."""
    runs: list[list[_Slice]] = []
    previous: _Slice | None = None
    for part in slices:
        piece, entry = part
        if not _is_stop(piece, entry):
            previous = None
            continue
        is_same = (
            previous is not None
            and previous[0].end_us == piece.start_us
            and _key_of(*previous) == _key_of(piece, entry)
        )
        if is_same:
            runs[-1].append(part)
        else:
            runs.append([part])
        previous = part
    return runs


def _is_stop(piece: StatePiece, entry: StateEntry | None) -> bool:
    if entry is not None and entry.state is not None:
        return True
    if piece.state in _NO_STOP:
        return False
    return piece.category != _OFF_SHIFT or piece.state in FAULTS or entry is not None


def _key_of(piece: StatePiece, entry: StateEntry | None) -> tuple[object, ...]:
    if entry is None:
        return (None, piece.state, piece.code)
    if entry.state is not None:
        return (entry.id,)
    # What is computed since the entry has its reason as code, the rest that of the machine.
    return (entry.id, piece.state, None if entry.reason is not None else piece.code)


def _trim_breaks(run: Sequence[_Slice]) -> list[_Slice]:
    """Return the run without breaks at its ends, unless a person entered it or it is a fault."""

    def is_trimmed(part: _Slice) -> bool:
        piece, entry = part
        return (
            entry is None
            and piece.category == _BREAK
            and piece.state not in FAULTS
            and piece.state != _PLANNED
        )

    first, last = 0, len(run)
    while first < last and is_trimmed(run[first]):
        first += 1
    while first < last and is_trimmed(run[last - 1]):
        last -= 1
    return list(run[first:last])


def _fault_runs_of(slices: Sequence[_Slice]) -> list[tuple[int, int]]:
    """Return start and end of each unbroken run of malfunction and repair."""
    runs: list[tuple[int, int]] = []
    for piece, _ in slices:
        if piece.state not in FAULTS:
            continue
        if runs and runs[-1][1] == piece.start_us:
            runs[-1] = (runs[-1][0], piece.end_us)
        else:
            runs.append((piece.start_us, piece.end_us))
    return runs


def _stop_of(
    run: Sequence[_Slice],
    faults: Sequence[tuple[int, int]],
    minor_below_us: Callable[[int], int],
) -> Stop:
    pieces = tuple(piece for piece, _ in run)
    start_us, end_us, state = pieces[0].start_us, pieces[-1].end_us, pieces[0].state
    number = bisect_right(faults, start_us, key=lambda fault: fault[0]) - 1
    fault = faults[number] if state in FAULTS and number >= 0 else (start_us, end_us)
    seconds: dict[str, float] = {}
    for piece in pieces:
        length_s = (piece.end_us - piece.start_us) / 1e6
        seconds[piece.category] = seconds.get(piece.category, 0.0) + length_s
    numbers = (piece.order_number for piece in pieces)
    orders = tuple(number for number, _ in groupby(numbers) if number is not None)
    entry, code = run[0][1], pieces[0].code
    if entry is not None and (entry.state is not None or entry.reason is not None):
        code = entry.reported_code  # stored pieces have the reason of the entry as their code
    return Stop(
        start_us,
        end_us,
        state,
        code,
        tuple(dict.fromkeys(orders)),
        seconds,
        entry,
        state == MachineState.MALFUNCTION and fault[1] - fault[0] < minor_below_us(fault[0]),
        pieces,
    )
