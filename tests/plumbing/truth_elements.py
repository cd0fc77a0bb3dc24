"""Elements that the platform computes from the exact samples of a simulated machine."""

import json
from typing import Final

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.domain.shift import Calendar, shifts_between
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry
from werknetz.kpi.elements import Elements
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, compute_buckets
from werknetz_simulator.plants.machine import PlantMachine, StateKind
from werknetz_simulator.plants.truth import SignalChange, Truth

_STATES: Final = {kind: S[kind.name] for kind in StateKind if kind.name in S.__members__}
_STATES[StateKind.FAULT] = S.MALFUNCTION
_COUNTS: Final = {
    "good": Role.GOOD_COUNT, "scrap": Role.SCRAP_COUNT, "rework": Role.REWORK_COUNT,
}  # fmt: skip


def elements_by_bucket(
    truth: Truth, machine: PlantMachine, start_us: int, buckets: int
) -> list[Elements]:
    """Return the elements of each bucket from `start_us`, the begin of the history, on."""
    end_us = start_us + buckets * BUCKET_US
    calendar = Calendar.parse(json.loads(json.dumps(truth.plant.plan.to_document())))
    plan = PlannedTime.of(shifts_between(calendar, start_us - BUCKET_US, end_us + BUCKET_US))
    samples = _samples_of(truth, machine, start_us, end_us)
    computed = compute_buckets(
        samples, plan, Carry(), BucketRange(start_us, buckets, end_us + BUCKET_US)
    )
    return [computed.elements_of(number) for number in range(buckets)]


def _samples_of(truth: Truth, machine: PlantMachine, start_us: int, end_us: int) -> MachineSamples:
    plant = truth.plant
    meaning = {code: _STATES[reported] for _, code, reported in plant.codes}
    changes = [
        SignalChange(start_us, machine, change.signal, change.value)
        for change in truth.snapshot(machine, start_us)
    ] + truth.changes(machine, start_us, end_us + BUCKET_US)

    def of(signal: str) -> list[SignalChange]:
        return [change for change in changes if change.signal == signal]

    def numbers(signal: str) -> Series:
        values = of(signal)
        return Series.of([c.at_us for c in values], [float(c.value) for c in values])

    states, orders = of("state"), of("order")
    reset = "to_zero" if plant.counters_restart else "rollover"
    return MachineSamples(
        state=Series.of([c.at_us for c in states], [float(meaning[str(c.value)]) for c in states]),
        order=Series.of(
            [c.at_us for c in orders], [None] * len(orders), text=[str(c.value) for c in orders]
        ),
        run_time=numbers("pri"),
        counts=tuple(
            CountSeries(n, role, numbers(signal), reset, 65_536.0)
            for n, (signal, role) in enumerate(_COUNTS.items())
        ),
    )
