"""Precedence of sources, element by element: human > machine > MES > calendar.

* State: an entry by a person holds; else the machine's own state; where that is unknown (no signal,
  a gap, bad quality) the state that the MES reported last; else it is unknown. The reason that a
  code of machine or MES stands for changes the state and the planned time of the stop.
* Planned time: an entry marked as planned is planned down time; an entry marked as not planned is
  none, also with state `maintenance`. Else the state and the shift calendar decide.
* Order: the machine's order signal; without one the jobs of the MES. Before the first report of a
  job an order is assumed to run, as for a machine about whose orders nobody reports.
* Planned run time per item: the machine's signal; where it gives none that of the running order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from werknetz.domain.state import MachineState
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import (
    EARLIEST_US,
    Flags,
    Ids,
    Instants,
    Steps,
    TextIndex,
    usable_run_times,
)
from werknetz.kpi.stops.reasons import NO_EFFECTS, CodeEffects
from werknetz.kpi.timeline.codes import (
    NO_STOP,
    NOT_STATED,
    PLANNED,
    PLANNED_NUMBERS,
    CodedTime,
)
from werknetz.kpi.timeline.instants import sort_distinct
from werknetz.kpi.timeline.reports import Reports, StateSpan, topmost_of

NOTHING: Final = -1  # no report holds: the source below decides


@dataclass(frozen=True, slots=True)
class EffectiveTime:
    """What holds at every instant: state, planned time, and whether a reason says: no order."""

    states: Steps
    planned: Steps  # PLANNED, NOT_PLANNED or NOT_STATED
    without_order: Steps  # by a code or by a person's reason


def effective_time(
    states: Steps, reports: Reports, codes: TextIndex, effects: CodeEffects = NO_EFFECTS
) -> EffectiveTime:
    """Return the time of a machine from its own states and from those of the MES and of people."""
    if reports.states:
        mes = _states_of(reports.states, codes)
        states = _override(mes, states, states.value != int(MachineState.UNKNOWN))
    coded = CodedTime.of(states, effects, codes)
    if not reports.entries:
        return EffectiveTime(coded.states, *_steps_of_codes(states, coded, effects))
    entered, planned = _states_of(reports.entries, codes), planned_steps_of(reports)
    at = sort_distinct(np.concatenate((states.at, entered.at, planned.at)))
    below, above = states.index(at), entered.index(at)
    by_person = (entered.value[above] != NOTHING) | (entered.name[above] != 0)
    # A person's reason replaces that of the code; without a state it means that of the machine.
    own = Steps(
        at, np.where(by_person, states.value[below], coded.states.value[below]), states.name[below]
    )
    stated = planned.value[planned.index(at)]
    by_code = ~by_person & (stated == NOT_STATED)
    is_stop = ~np.isin(
        np.where(entered.value[above] != NOTHING, entered.value[above], own.value), NO_STOP
    )
    reason = _without_order_steps_of(reports)
    by_reason = is_stop & (reason.value[reason.index(at)] > 0)
    nameless = np.zeros(len(at), np.int64)
    return EffectiveTime(
        _name_stops(_override(own, entered, entered.value != NOTHING), entered),
        Steps(at, np.where(by_code, coded.planned[below], stated), nameless).without_repeats(),
        Steps(
            at, np.where(by_person, by_reason, coded.without_order[below]), nameless
        ).without_repeats(),
    )


def _steps_of_codes(states: Steps, coded: CodedTime, effects: CodeEffects) -> tuple[Steps, Steps]:
    """Return planned time and time without an order as codes say it, without entries of people."""
    last = None if effects else 1  # without codes nothing is stated at any time
    at, nameless = states.at[:last], np.zeros(len(states.at[:last]), np.int64)
    return (
        Steps(at, coded.planned[:last], nameless).without_repeats(),
        Steps(at, coded.without_order[:last], nameless).without_repeats(),
    )


def effective_states(states: Steps, reports: Reports, codes: TextIndex) -> Steps:
    """Return the state at every instant from the machine's and those of the MES and of people."""
    return effective_time(states, reports, codes).states


def _name_stops(states: Steps, entered: Steps) -> Steps:
    """Return the states with the reasons that people entered without a state as codes of stops."""
    at = sort_distinct(np.concatenate((states.at, entered.at)))
    below, above = states.index(at), entered.index(at)
    is_named = (
        (entered.value[above] == NOTHING)
        & (entered.name[above] != 0)
        & ~np.isin(states.value[below], NO_STOP)
    )
    names = np.where(is_named, entered.name[above], states.name[below])
    return Steps(at, states.value[below], names).without_repeats()


def planned_steps_of(reports: Reports) -> Steps:
    """Return what people entered about planned time: PLANNED, NOT_PLANNED or NOT_STATED."""
    at, index = _topmost(reports.entries)
    values = [NOT_STATED, *(PLANNED_NUMBERS[entry.is_planned] for entry in reports.entries)]
    return _steps(at, np.array(values, np.int64)[index + 1])


def _without_order_steps_of(reports: Reports) -> Steps:
    """Return where people gave a stop a reason of down time without an order."""
    at, index = _topmost(reports.entries)
    values = [0, *(int(entry.without_order) for entry in reports.entries)]
    return _steps(at, np.array(values, np.int64)[index + 1])


def effective_plan(plan: PlannedTime, planned: Steps) -> PlannedTime:
    """Return the plan with what people entered as planned down time among its breaks."""
    chosen = planned.value == PLANNED
    if not chosen.any():
        return plan
    ends = np.append(planned.at[1:], np.iinfo(np.int64).max)
    return plan.with_breaks(zip(planned.at[chosen].tolist(), ends[chosen].tolist(), strict=True))


def effective_orders(orders: Steps, reports: Reports, numbers: TextIndex) -> Steps:
    """Return the orders of a machine without an order signal: `orders` before the first job."""
    if reports.first_job_us is None:
        return orders
    jobs = [job for job in reports.jobs if job.start_us is not None]
    at, index = topmost_of([(job.start_us or 0, job.end_us) for job in jobs])
    names = np.array([0, *(numbers.id_of(job.order_number) for job in jobs)], np.int64)[index + 1]
    by_jobs = _steps(at, names > 0, names)
    at = sort_distinct(np.append(by_jobs.at, reports.first_job_us))
    step = by_jobs.index(at)
    by_jobs = Steps(at, by_jobs.value[step], by_jobs.name[step])
    return _override(orders, by_jobs, at >= reports.first_job_us)


def effective_run_times(own: Steps, orders: Steps, reports: Reports, numbers: TextIndex) -> Steps:
    """Return the planned run time per item over time in seconds; 0: it is unknown."""
    if not reports.run_time_by_order:
        return own
    planned = [reports.run_time_by_order.get(text or "", 0.0) for text in numbers.texts]
    run_times = usable_run_times(np.array(planned))
    by_order = Steps(orders.at, run_times[orders.name], np.zeros(len(orders.at), np.int64))
    return _override(by_order, own, own.value > 0)


def _states_of(spans: Sequence[StateSpan], codes: TextIndex) -> Steps:
    at, index = _topmost(spans)
    states = [NOTHING, *(NOTHING if span.state is None else span.state for span in spans)]
    names = [0, *(codes.id_of(span.code) for span in spans)]
    return _steps(at, np.array(states, np.int64)[index + 1], np.array(names, np.int64)[index + 1])


def _topmost(spans: Sequence[StateSpan]) -> tuple[Instants, Ids]:
    return topmost_of([(span.start_us, span.end_us) for span in spans])


def _steps(at: Instants, value: NDArray[Any], name: Ids | None = None) -> Steps:
    """Return steps that begin with `NOTHING` or 0: the last of `topmost_of` is always no span."""
    names = np.zeros(len(at), np.int64) if name is None else name
    first = value[-1:] if len(value) else np.array([0], value.dtype)
    return Steps(np.append(EARLIEST_US, at), np.append(first, value), np.append(0, names))


def _override(lower: Steps, upper: Steps, holds: Flags) -> Steps:
    """Return the steps of `upper` where it holds, else those of `lower` unless that is NOTHING."""
    at = sort_distinct(np.concatenate((lower.at, upper.at)))
    below, above = lower.index(at), upper.index(at)
    is_upper = holds[above] | (lower.value[below] == NOTHING)
    return Steps(
        at,
        np.where(is_upper, upper.value[above], lower.value[below]),
        np.where(is_upper, upper.name[above], lower.name[below]),
    ).without_repeats()
