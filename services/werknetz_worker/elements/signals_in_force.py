"""Which signal of a role is in force when: one at a time, the one that became valid last.

A signal is valid from `valid_from` on, or from its first sample; up to `valid_to`, or without end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US
from werknetz.domain.role import Role
from werknetz.kpi.energy.carriers import ELECTRICITY
from werknetz.kpi.series import EMPTY, Flags, Instants, Series
from werknetz.kpi.timeline.reports import topmost_of

OPEN_US: Final = TIME_MAX_US
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class MachineSignal:
    id: int
    role: Role
    reset: str
    modulus: float | None
    kind: str
    interpolate: bool = False
    max_increment: float | None = None
    max_speed: float | None = None
    name: str = ""
    connector: str = ""
    valid_from_us: int | None = None  # None: from its first sample on
    valid_to_us: int | None = None
    carrier: str | None = None  # of a meter
    unit: str | None = None

    @property
    def slot(self) -> tuple[Role, str | None]:
        """What only one signal of a machine can be at a time: a role, or the meter of a carrier."""
        if self.role is not Role.ENERGY:
            return self.role, None
        return self.role, self.carrier or ELECTRICITY


@dataclass(frozen=True, slots=True)
class SignalConflict:
    """A signal that delivers values while another one of its role is in force."""

    signal: MachineSignal
    in_force: MachineSignal
    at_us: int


def spans_in_force(
    signals: Iterable[MachineSignal], first_us: Mapping[int, int]
) -> dict[int, tuple[Span, ...]]:
    """Return the spans in which each signal is in force, by its id; of one role at most one is.

    `first_us`: the first sample of each signal that shares its role with another one.
    """
    by_slot: dict[tuple[Role, str | None], list[MachineSignal]] = {}
    for signal in signals:
        by_slot.setdefault(signal.slot, []).append(signal)
    spans: dict[int, tuple[Span, ...]] = {}
    for group in by_slot.values():
        spans |= _spans_of_role(group, first_us)
    return spans


def _spans_of_role(
    group: Sequence[MachineSignal], first_us: Mapping[int, int]
) -> dict[int, tuple[Span, ...]]:
    def start_of(signal: MachineSignal) -> int:
        if signal.valid_from_us is not None:
            return signal.valid_from_us
        return first_us.get(signal.id, OPEN_US) if len(group) > 1 else TIME_MIN_US

    ordered = sorted(group, key=lambda signal: (start_of(signal), signal.id))
    bounds = [
        (start, max(start, OPEN_US if signal.valid_to_us is None else signal.valid_to_us))
        for signal in ordered
        for start in [start_of(signal)]
    ]
    at, index = topmost_of(bounds)
    spans: dict[int, list[Span]] = {signal.id: [] for signal in group}
    for number, chosen in enumerate(index.tolist()):
        if chosen >= 0:
            spans[ordered[chosen].id].append((int(at[number]), int(at[number + 1])))
    return {key: tuple(parts) for key, parts in spans.items()}


def select_in_force(series: Series, spans: Sequence[Span]) -> Series:
    """Return the samples of a signal that count."""
    if len(spans) == 1 and spans[0] == (TIME_MIN_US, OPEN_US):
        return series
    return series.select(_inside(series.at, spans))


def join_series(
    parts: Sequence[tuple[Series, Sequence[Span]]], start_us: int, end_us: int
) -> Series | None:
    """Return the samples of a role from all its signals; None: it has none.

    Where a signal ends and no other one begins, a sample without a value ends what it reported.
    """
    if not parts:
        return None
    chosen = [select_in_force(series, spans) for series, spans in parts]
    starts = {start for _, spans in parts for start, _ in spans}
    closing = sorted(
        {end for _, spans in parts for _, end in spans if start_us <= end < end_us} - starts
    )
    if closing:
        chosen.append(Series.of(closing, [0.0] * len(closing)))
    if len(chosen) == 1:
        return chosen[0]
    joined = EMPTY
    for series in chosen:
        joined = joined.followed_by(series)
    order = np.argsort(joined.at, kind="stable")
    return Series(joined.at[order], joined.value[order], joined.status[order], joined.text[order])


def find_conflicts(
    signals: Sequence[MachineSignal],
    series: Mapping[int, Series],
    spans: Mapping[int, Sequence[Span]],
) -> list[SignalConflict]:
    """Return the first sample of each signal that is not counted because another is in force."""
    conflicts = []
    for signal in signals:
        samples = series.get(signal.id)
        if samples is None or not len(samples):
            continue
        for at_us in samples.at[~_inside(samples.at, spans[signal.id])].tolist():
            other = _in_force_at(signals, spans, signal, at_us)
            if other is not None:
                conflicts.append(SignalConflict(signal, other, at_us))
                break
    return conflicts


def _in_force_at(
    signals: Sequence[MachineSignal],
    spans: Mapping[int, Sequence[Span]],
    signal: MachineSignal,
    at_us: int,
) -> MachineSignal | None:
    return next(
        (
            other
            for other in signals
            if other.slot == signal.slot
            and any(start <= at_us < end for start, end in spans[other.id])
        ),
        None,
    )


def _inside(at: Instants, spans: Sequence[Span]) -> Flags:
    inside = np.zeros(len(at), np.bool_)
    for start, end in spans:
        inside |= (at >= start) & (at < end)
    return inside
