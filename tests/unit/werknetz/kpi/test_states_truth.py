"""The elements of simulated machines equal the simulator's own arithmetic, second by second."""

import json
from datetime import UTC, datetime

import pytest

from werknetz.domain.bucket import BUCKET_US, microseconds_of
from werknetz.domain.role import Role
from werknetz.domain.shift import Calendar, shifts_between
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry
from werknetz.kpi.catalogue import KPIS
from werknetz.kpi.elements import Elements
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, compute_buckets
from werknetz_simulator.plants.expected import element_sums, kpis_of, strict_kpis_of
from werknetz_simulator.plants.plant import EMDEN_1, ZWICK_2, Plant, PlantMachine, StateKind
from werknetz_simulator.plants.truth import SignalChange, Truth

STATES = {
    StateKind.PRODUCING: S.PRODUCING, StateKind.SETUP: S.SETUP, StateKind.IDLE: S.IDLE,
    StateKind.FAULT: S.MALFUNCTION, StateKind.BLOCKED: S.BLOCKED, StateKind.STARVED: S.STARVED,
    StateKind.SUSPENDED: S.SUSPENDED, StateKind.MAINTENANCE: S.MAINTENANCE,
    StateKind.REPAIR: S.REPAIR,
    StateKind.OFF: S.OFF, StateKind.UNKNOWN: S.UNKNOWN,
}  # fmt: skip
DAYS = 6
SINCE = microseconds_of(datetime(2026, 10, 21, tzinfo=UTC))  # the clock goes back on the 25th
END = SINCE + DAYS * 96 * BUCKET_US
SERIES = {"good": Role.GOOD_COUNT, "scrap": Role.SCRAP_COUNT, "rework": Role.REWORK_COUNT}


def samples_of(truth: Truth, plant: Plant, machine: PlantMachine) -> MachineSamples:
    meaning = {code: STATES[meant] for _, code, meant in plant.codes}
    first = [
        SignalChange(SINCE, machine, c.signal, c.value) for c in truth.snapshot(machine, SINCE)
    ]
    changes = first + truth.changes(machine, SINCE, END + BUCKET_US)

    def of(signal: str) -> list[SignalChange]:
        return [change for change in changes if change.signal == signal]

    def numbers(signal: str) -> Series:
        elements = of(signal)
        return Series.of([c.at_us for c in elements], [float(c.value) for c in elements])

    states, orders = of("state"), of("order")
    return MachineSamples(
        state=Series.of(
            [c.at_us for c in states], [float(meaning[str(c.value)]) for c in states]
        ),
        order=Series.of(
            [c.at_us for c in orders],
            [None] * len(orders),
            text=[str(c.value) for c in orders],
        ),
        run_time=numbers("pri"),
        counts=tuple(
            CountSeries(
                n, role, numbers(signal),
                "to_zero" if plant.counters_restart else "rollover", 65_536.0,
            )
            for n, (signal, role) in enumerate(SERIES.items())
        ),
    )  # fmt: skip


@pytest.mark.parametrize("number", [0, 4, 7, 9])
@pytest.mark.parametrize("plant", [EMDEN_1, ZWICK_2], ids=lambda plant: plant.name)
def test_elements_are_what_happened(plant: Plant, number: int) -> None:
    machine = plant.machines[number]
    truth = Truth(plant, since_us=SINCE)
    calendar = Calendar.parse(json.loads(json.dumps(plant.plan.to_document())))
    plan = PlannedTime.of(shifts_between(calendar, SINCE - BUCKET_US, END + BUCKET_US))
    samples = samples_of(truth, plant, machine)
    span = BucketRange(SINCE, DAYS * 96, END + BUCKET_US)
    elements = compute_buckets(samples, plan, Carry(), span)
    total = Elements.sum(elements.elements_of(n) for n in range(span.buckets))
    expected = element_sums(truth, [machine], SINCE, END)
    for name, value in expected.to_elements().items():
        assert getattr(total, name) == pytest.approx(value, abs=1e-6), name
    assert 0 < expected.start_up_sq < expected.sq
    assert (expected.rework_pq == 0) == ("rework" not in plant.counts)
    for name, ratio in kpis_of(expected).items():
        assert KPIS[name].compute(total)[0] == pytest.approx(ratio), name
    for name, ratio in strict_kpis_of(expected).items():
        assert KPIS[name].compute_strict(total) == pytest.approx(ratio), name
