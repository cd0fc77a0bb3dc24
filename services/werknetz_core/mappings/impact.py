"""The impact of a mapping on machines: time in states, unmapped time, KPIs.

Both results are computed from the raw inputs alone, over the same span and calendar, so every
difference is caused by the mapping.
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
from werknetz.kpi.facts.elements import EquipmentElements
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import EMPTY, MAX_SPEED, CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, compute_buckets
from werknetz_core.mappings.replay_normalizer import NormalizedInput, PointSamples

SAMPLES_MAX: Final = 2_000_000
"""Held in memory to compare KPIs; a longer span is compared without KPIs."""

_STORED: Final = frozenset(ELEMENT_NAMES)
_KPI_ROLES: Final = {r.value for r in Role if r.affects_kpis and r is not Role.ENERGY}


@dataclass(frozen=True, slots=True)
class UnmappedStates:
    """State codes that the mapping does not know, and the time spent in them."""

    codes: tuple[str, ...]
    codes_total: int
    unmapped_s: float
    total_s: float

    @property
    def share(self) -> float | None:
        return self.unmapped_s / self.total_s if self.total_s else None


@dataclass(frozen=True, slots=True)
class KpiChange:
    equipment: str
    kpi: str
    before: float | None
    after: float | None
    reason_before: str | None
    reason_after: str | None


@dataclass(slots=True)
class MachineResult:
    """The samples of one machine that affect KPIs, as one mapping produces them."""

    points: dict[str, PointDefinition] = field(default_factory=dict)
    parts: dict[str, list[PointSamples]] = field(default_factory=dict)

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
        def first_of(role: Role) -> Series | None:
            keys = [key for key, point in self.points.items() if point.role == role.value]
            return self.series(min(keys)) if keys else None

        counts = [
            CountSeries(
                number, Role(point.role), self.series(key), point.counter_reset,
                point.counter_modulus, point.counter_kind, point.counter_interpolate,
                point.counter_max_increment, point.counter_max_speed or MAX_SPEED,
            )
            for number, (key, point) in enumerate(sorted(self.points.items()))
            if Role(point.role).is_count
        ]  # fmt: skip
        return MachineSamples(
            first_of(Role.STATE),
            first_of(Role.ORDER),
            first_of(Role.PLANNED_RUN_TIME),
            tuple(counts),
        )


@dataclass(slots=True)
class MappingResult:
    """The result of one mapping for all machines."""

    machines: dict[str, MachineResult] = field(default_factory=dict)
    samples: int = 0

    def add_input(self, result: NormalizedInput) -> None:
        for key, point in result.points.items():
            if point.equipment is None or point.role not in _KPI_ROLES:
                continue
            machine = self.machines.setdefault(point.equipment, MachineResult())
            machine.points[key] = point
            self.samples += len(result.samples[key])
            if self.samples <= SAMPLES_MAX:
                machine.parts.setdefault(key, []).append(result.samples[key])

    @property
    def is_complete(self) -> bool:
        return self.samples <= SAMPLES_MAX

    def state_seconds(self, end_us: int) -> dict[str, dict[str, float]]:
        """Return seconds in each state, by equipment, from its first sample to the end."""
        totals: dict[str, dict[str, float]] = {}
        for path, machine in self.machines.items():
            for key, point in machine.points.items():
                if point.role != Role.STATE.value:
                    continue
                series = machine.series(key)
                durations = _durations_s(series, end_us)
                seconds = totals.setdefault(path, {})
                for state in np.unique(series.value).tolist():
                    label = _state_label(state)
                    duration_s = float(durations[series.value == state].sum())
                    seconds[label] = seconds.get(label, 0.0) + duration_s
        return totals

    def unmapped_states(self, end_us: int) -> UnmappedStates:
        """Return the unknown state codes of all machines, and their share of the time."""
        codes: set[str] = set()
        unknown_codes: set[str] = set()
        total_s = unmapped_s = 0.0
        for machine in self.machines.values():
            for key, point in machine.points.items():
                if point.role != Role.STATE.value:
                    continue
                series = machine.series(key)
                durations = _durations_s(series, end_us)
                unknown = (series.value == MachineState.UNKNOWN) & (series.status != 0)
                codes |= {str(text) for text in series.text}
                unknown_codes |= {str(text) for text in series.text[unknown]}
                total_s += float(durations.sum())
                unmapped_s += float(durations[unknown].sum())
        return UnmappedStates(tuple(sorted(unknown_codes)), len(codes), unmapped_s, total_s)


def kpi_changes(
    before: MappingResult,
    after: MappingResult,
    span: tuple[int, int],
    plan_of: Callable[[str, int, int], PlannedTime],
) -> list[KpiChange]:
    """Return the KPIs that differ, by machine; `plan_of` returns the shift plan of a machine."""
    start_us, end_us = bucket_of(span[0]), bucket_of(span[1]) + BUCKET_US
    buckets = (end_us - start_us) // BUCKET_US
    within = BucketRange(start_us, int(buckets), span[1])
    changes: list[KpiChange] = []
    for path in sorted(before.machines.keys() | after.machines.keys()):
        plan = plan_of(path, start_us, end_us)
        sums = [_elements(side.machines.get(path), plan, within) for side in (before, after)]
        for name, kpi in KPIS.items():
            if not _STORED.issuperset(kpi.inputs):
                continue  # of facts, which a mapping of samples does not change
            (old, old_reason), (new, new_reason) = (kpi.compute(elements) for elements in sums)
            if old != new and not _is_close(old, new):
                changes.append(KpiChange(path, name, old, new, old_reason, new_reason))
    return changes


def _elements(machine: MachineResult | None, plan: PlannedTime, within: BucketRange) -> Elements:
    samples = MachineSamples() if machine is None else machine.samples()
    computed = compute_buckets(samples, plan, Carry(), within)
    # Facts beside samples, such as attendance, do not depend on a mapping of signals.
    return EquipmentElements(*(float(computed.columns[name].sum()) for name in ELEMENT_NAMES))


def _is_close(old: float | None, new: float | None) -> bool:
    return old is not None and new is not None and abs(old - new) < 1e-9


def _durations_s(series: Series, end_us: int) -> np.ndarray:
    if not len(series):
        return np.empty(0)
    until = np.append(series.at[1:], max(end_us, int(series.at[-1])))
    durations: np.ndarray = (until - series.at) / 1e6
    return durations


def _state_label(state: float) -> str:
    labels = {int(member): member.label for member in MachineState}
    return labels.get(int(state), "unknown") if np.isfinite(state) else "unknown"
