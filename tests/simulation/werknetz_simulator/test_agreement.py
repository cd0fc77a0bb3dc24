"""Two computations of the same plants, written apart: the platform's from samples, the plant's
own from what happened. They must agree to the last part and microsecond."""

from datetime import UTC, datetime

import pytest

from werknetz.domain.role import Role
from werknetz.domain.shift import Calendar, shifts_between
from werknetz.domain.state import STATE_TABLES, MachineState
from werknetz.kpi.carry import Carry
from werknetz.kpi.elements import Elements
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, compute_buckets
from werknetz_simulator.edge_file import mapping_of
from werknetz_simulator.plants.expected import element_sums
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, us_of
from werknetz_simulator.plants.plant import PLANTS, ROLLOVER, Plant, PlantMachine
from werknetz_simulator.plants.truth import Truth

START = us_of(datetime(2026, 10, 22, 22, tzinfo=UTC))  # over the night of 25 hours
DAYS = 5
ROLES = {"good": Role.GOOD_COUNT, "scrap": Role.SCRAP_COUNT, "rework": Role.REWORK_COUNT}


@pytest.mark.parametrize("plant", PLANTS.values(), ids=lambda plant: plant.name)
def test_the_platform_agrees_with_the_plant(plant: Plant) -> None:
    truth = Truth(plant, since_us=START)
    calendar = Calendar.parse(plant.plan.to_document())
    plan = PlannedTime.of(shifts_between(calendar, START - DAY_US, START + (DAYS + 1) * DAY_US))
    for machine in plant.machines[:: -(-len(plant.machines) // 10)]:
        span = BucketRange(START, DAYS * 96, START + (DAYS + 1) * DAY_US)
        computed = compute_buckets(_samples(truth, machine), plan, Carry(), span)
        for hour in range(0, DAYS * 24, 4):
            first = hour * 4
            platform = Elements.sum(computed.elements_of(first + n) for n in range(16))
            begin = START + hour * HOUR_US
            expected = element_sums(truth, [machine], begin, begin + 4 * HOUR_US).to_elements()
            actual = {name: getattr(platform, name) for name in expected}
            assert actual == pytest.approx(expected, abs=1e-6), (machine.name, hour)


def _samples(truth: Truth, machine: PlantMachine) -> MachineSamples:
    changes = truth.snapshot(machine, START)
    changes += truth.changes(machine, START, START + (DAYS + 1) * DAY_US)
    at: dict[str, list[int]] = {}
    values: dict[str, list[str | int | float]] = {}
    for change in changes:
        at.setdefault(change.signal, []).append(max(change.at_us, START))
        values.setdefault(change.signal, []).append(change.value)
    states = [float(_state_of(truth.plant, str(code))) for code in values["state"]]
    orders = [str(order) for order in values["order"]]
    reset = "to_zero" if truth.plant.counters_restart else "rollover"
    return MachineSamples(
        state=Series.of(at["state"], states, text=[str(code) for code in values["state"]]),
        order=Series.of(at["order"], [None] * len(orders), text=orders),
        run_time=Series.of(at["pri"], [float(pri) for pri in values["pri"]]),
        counts=tuple(
            CountSeries(
                number,
                ROLES[name],
                Series.of(at[name], [float(count) for count in values[name]]),
                reset,
                None if truth.plant.counters_restart else float(ROLLOVER),
            )
            for number, name in enumerate(truth.plant.counts)
        ),
    )


def _state_of(plant: Plant, code: str) -> MachineState:
    enums = mapping_of(plant).get("enums")
    if enums is None:
        return STATE_TABLES["packml/opc-30060"].get(code, MachineState.UNKNOWN)
    word = enums[plant.name].get(code, "unknown")
    return MachineState[word.upper()]
