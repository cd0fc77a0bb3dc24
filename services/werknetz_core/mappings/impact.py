"""What a change of mapping does to machines: time in states, unmapped time, KPIs.

Both sides are computed from the raw inputs alone, over the same span and calendar: what differs
differs because of the mapping.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from werknetz.domain.bucket import BUCKET_US, bucket_of
from werknetz.domain.role import Role
from werknetz.domain.state import MachineState
from werknetz.events.batch import PointDefinition
from werknetz.kpi.carry import Carry
from werknetz.kpi.catalogue import KPIS
from werknetz.kpi.elements import ELEMENT_NAMES, Elements
from werknetz.kpi.plan import ShiftPlan
from werknetz.kpi.series import EMPTY, CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, compute_buckets
from werknetz_core.mappings.replay_namer import Named, Said

SAMPLES_MAX: Final = 2_000_000
"""Kept in memory for the KPIs of a comparison; a longer span is compared without them."""

_MOVING: Final = {role.value for role in Role if role.affects_kpis}


@dataclass(frozen=True, slots=True)
class Unmapped:
    """Codes of a state signal that its table does not know, and the time spent in them."""

    codes: tuple[str, ...]
    codes_seen: int
    unmapped_s: float
    seen_s: float

    @property
    def share(self) -> float | None:
        return self.unmapped_s / self.seen_s if self.seen_s else None


@dataclass(frozen=True, slots=True)
class KpiMove:
    equipment: str
    kpi: str
    before: float | None
    after: float | None
    reason_before: str | None
    reason_after: str | None


@dataclass(slots=True)
class Machine:
    """The samples of one machine that move KPIs, as one mapping says them."""

    points: dict[str, PointDefinition] = field(default_factory=dict)
    parts: dict[str, list[Said]] = field(default_factory=dict)

    def series(self, key: str) -> Series:
        parts = self.parts.get(key)
        if not parts:
            return EMPTY
        at_us = np.concatenate([part.at_us for part in parts])
        order = np.argsort(at_us, kind="stable")
        text = np.concatenate([part.text for part in parts])[order]
        return Series(
            at_us[order],
            np.concatenate([part.value for part in parts])[order],
            np.concatenate([part.status for part in parts])[order],
            text,
        )

    def samples(self) -> MachineSamples:
        def one(role: Role) -> Series | None:
            keys = [key for key, point in self.points.items() if point.role == role.value]
            return self.series(min(keys)) if keys else None

        counts = [
            CountSeries(
                number, Role(point.role), self.series(key), point.counter_reset,
                point.counter_modulus, point.counter_kind,
            )
            for number, (key, point) in enumerate(sorted(self.points.items()))
            if Role(point.role).is_count
        ]  # fmt: skip
        return MachineSamples(
            one(Role.STATE), one(Role.ORDER), one(Role.PLANNED_RUN_TIME), tuple(counts)
        )


@dataclass(slots=True)
class Side:
    """What one mapping says of all machines."""

    machines: dict[str, Machine] = field(default_factory=dict)
    samples: int = 0

    def feed(self, named: Named) -> None:
        for key, point in named.points.items():
            if point.equipment is None or point.role not in _MOVING:
                continue
            machine = self.machines.setdefault(point.equipment, Machine())
            machine.points[key] = point
            self.samples += len(named.said[key])
            if self.samples <= SAMPLES_MAX:
                machine.parts.setdefault(key, []).append(named.said[key])

    @property
    def is_complete(self) -> bool:
        return self.samples <= SAMPLES_MAX

    def state_seconds(self, end_us: int) -> dict[str, dict[str, float]]:
        """Seconds in each state, by equipment, from its first word to the end."""
        found: dict[str, dict[str, float]] = {}
        for path, machine in self.machines.items():
            for key, point in machine.points.items():
                if point.role != Role.STATE.value:
                    continue
                series = machine.series(key)
                lasting = _lasting_s(series, end_us)
                seconds = found.setdefault(path, {})
                for state in np.unique(series.value).tolist():
                    word = _word(state)
                    here = float(lasting[series.value == state].sum())
                    seconds[word] = seconds.get(word, 0.0) + here
        return found

    def unmapped(self, end_us: int) -> Unmapped:
        """State codes without a meaning, over all machines, and their share of the time."""
        seen: set[str] = set()
        strange: set[str] = set()
        seen_s = unmapped_s = 0.0
        for machine in self.machines.values():
            for key, point in machine.points.items():
                if point.role != Role.STATE.value:
                    continue
                series = machine.series(key)
                lasting = _lasting_s(series, end_us)
                unknown = (series.value == MachineState.UNKNOWN) & (series.status != 0)
                seen |= {str(text) for text in series.text}
                strange |= {str(text) for text in series.text[unknown]}
                seen_s += float(lasting.sum())
                unmapped_s += float(lasting[unknown].sum())
        return Unmapped(tuple(sorted(strange)), len(seen), unmapped_s, seen_s)


def moves(
    before: Side, after: Side, span: tuple[int, int], plan_of: Callable[[str, int, int], ShiftPlan]
) -> list[KpiMove]:
    """Return every KPI of every machine that is another; `plan_of` knows the calendars."""
    start_us, end_us = bucket_of(span[0]), bucket_of(span[1]) + BUCKET_US
    buckets = (end_us - start_us) // BUCKET_US
    within = BucketRange(start_us, int(buckets), span[1])
    found: list[KpiMove] = []
    for path in sorted(before.machines.keys() | after.machines.keys()):
        plan = plan_of(path, start_us, end_us)
        sums = [_elements(side.machines.get(path), plan, within) for side in (before, after)]
        for name, kpi in KPIS.items():
            (was, why), (will, why_not) = (kpi.compute(each) for each in sums)
            if was != will and not _close(was, will):
                found.append(KpiMove(path, name, was, will, why, why_not))
    return found


def _elements(machine: Machine | None, plan: ShiftPlan, within: BucketRange) -> Elements:
    samples = MachineSamples() if machine is None else machine.samples()
    computed = compute_buckets(samples, plan, Carry(), within)
    return Elements(*(float(computed.columns[name].sum()) for name in ELEMENT_NAMES))


def _close(was: float | None, will: float | None) -> bool:
    return was is not None and will is not None and abs(was - will) < 1e-9


def _lasting_s(series: Series, end_us: int) -> np.ndarray:
    if not len(series):
        return np.empty(0)
    until = np.append(series.at[1:], max(end_us, int(series.at[-1])))
    lasting: np.ndarray = (until - series.at) / 1e6
    return lasting


def _word(state: float) -> str:
    known = {int(each): each.label for each in MachineState}
    return known.get(int(state), "unknown") if np.isfinite(state) else "unknown"
