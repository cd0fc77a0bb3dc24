"""Faults: unbroken runs of malfunction and repair, and whether each is a failure or a minor stop.

A run is judged as a whole, even if it began before or ends after the computed range.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from werknetz.domain.state import MachineState
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import Flags, Instants, Steps
from werknetz.kpi.stops.thresholds import DEFAULT_MINOR_STOPS, MinorStops

FAULTS: Final = (int(MachineState.MALFUNCTION), int(MachineState.REPAIR))


@dataclass(frozen=True, slots=True)
class FaultRuns:
    since: Instants
    until: Instants
    eligible: Flags  # began in planned busy time while an order ran
    has_malfunction: Flags
    minor_below_us: Instants  # the threshold of the machine when each began

    @property
    def minor(self) -> Flags:
        return self.until - self.since < self.minor_below_us

    @property
    def failure(self) -> Flags:
        return ~self.minor & self.eligible

    def index(self, at: Instants) -> Instants:
        """Return the index of the last run that has begun at each instant; -1: none."""
        return np.searchsorted(self.since, at, side="right") - 1


def flags_of_runs(flags: Flags, run: Instants) -> Flags:
    """Return the flag of the run that each interval is in; False before any run."""
    if not len(flags):
        return np.zeros(len(run), np.bool_)
    chosen: Flags = flags[np.maximum(run, 0)] & (run >= 0)
    return chosen


def fault_runs_of(
    states: Steps,
    orders: Steps,
    plan: PlannedTime,
    *,
    horizon_us: int,
    before: tuple[int, bool] | None,
    minor_stops: MinorStops = DEFAULT_MINOR_STOPS,
) -> FaultRuns:
    """Return the runs up to the horizon, which is the end of known states.

    `before`: start and eligibility of the run in which the states begin, if they begin in one.
    """
    is_known = states.at < horizon_us
    at, value = states.at[is_known], states.value[is_known]
    is_fault = np.isin(value, FAULTS)
    begins = is_fault & ~np.append(False, is_fault[:-1])
    ends = ~is_fault & np.append(False, is_fault[:-1])
    since, until = at[begins], at[ends]
    if len(until) < len(since):
        until = np.append(until, horizon_us)
    eligible = (
        orders.value[orders.index(since)]
        & plan.shifts.contains(since)
        & ~plan.breaks.contains(since)
    )
    if len(is_fault) and is_fault[0] and before is not None:
        since, eligible = since.copy(), eligible.copy()
        since[0], eligible[0] = before
    # The first step has no start: without a limit its duration would overflow.
    since = np.maximum(since, np.int64(-(1 << 61)))
    run = np.cumsum(begins) - 1
    malfunction = run[value == int(MachineState.MALFUNCTION)]
    has_malfunction = np.bincount(malfunction, minlength=len(since)) > 0
    return FaultRuns(since, until, eligible, has_malfunction, minor_stops.below_at(since))
