"""The timeline of one machine: state, planned time, order and run time at every instant."""

from dataclasses import dataclass
from typing import Self

from werknetz.kpi.carry import Carry
from werknetz.kpi.data_gaps import mask_unknown
from werknetz.kpi.faults import FaultRuns, fault_runs_of
from werknetz.kpi.knowledge.known_time import run_time_since
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import (
    MachineSamples,
    Steps,
    TextIndex,
    order_steps_of,
    run_time_steps_of,
    state_steps_of,
)
from werknetz.kpi.timeline.precedence import (
    effective_orders,
    effective_plan,
    effective_run_times,
    effective_time,
)


@dataclass(frozen=True, slots=True)
class MachineTimeline:
    reported: Steps  # states as sampled
    own: Steps  # the same, UNKNOWN where samples may be missing
    states: Steps  # with the reports of the MES and of people, and with the reasons of codes
    orders: Steps
    own_run_time: Steps
    run_time: Steps
    run_time_since_us: int | None  # since when planned run times are reported; None: never
    planned: Steps  # planned time as people or codes say it
    without_order: Steps  # whether a code says that no order runs
    plan: PlannedTime  # with what is planned beside the calendar
    runs: FaultRuns
    codes: TextIndex
    order_numbers: TextIndex

    @classmethod
    def of(cls, samples: MachineSamples, plan: PlannedTime, carry: Carry, horizon_us: int) -> Self:
        """Build the timeline up to the horizon, which is the end of known states."""
        codes, numbers = TextIndex(), TextIndex()
        reported = state_steps_of(samples.state, carry.state, carry.code, codes)
        own = mask_unknown(reported, samples.unknown)
        time = effective_time(own, samples.reports, codes, samples.code_effects)
        orders = order_steps_of(samples.order, carry.order, numbers, samples.order_since_us)
        if samples.order is None:
            orders = effective_orders(orders, samples.reports, numbers)
        own_run_time = run_time_steps_of(samples.run_time, carry.run_time_s)
        run_time = effective_run_times(own_run_time, orders, samples.reports, numbers)
        plan = effective_plan(plan, time.planned)
        runs = fault_runs_of(
            time.states, orders, plan, horizon_us=horizon_us, before=carry.fault,
            minor_stops=samples.minor_stops,
        )  # fmt: skip
        return cls(
            reported, own, time.states, orders, own_run_time, run_time,
            run_time_since(run_time, had_one=carry.run_time_s is not None),
            time.planned, time.without_order, plan, runs, codes, numbers,
        )  # fmt: skip
