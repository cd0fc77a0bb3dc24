"""The plant's own arithmetic holds the identities of ISO 22400, and the findings can be found."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta

import pytest

from werknetz_simulator.plants.expected import FAULTS, ElementSums, element_sums, kpis_of
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, us_of
from werknetz_simulator.plants.plant import EMDEN_1, PLANTS, ZWICK_2, Plant, StateKind
from werknetz_simulator.plants.starvation import starvation_windows
from werknetz_simulator.plants.truth import SEED, Truth

SINCE = us_of(datetime(2026, 11, 8, 23, tzinfo=UTC))
EACH = pytest.mark.parametrize("plant", PLANTS.values(), ids=lambda plant: plant.name)


@EACH
def test_identities(plant: Plant) -> None:
    truth = Truth(plant, since_us=SINCE)
    s = element_sums(truth, plant.machines, SINCE, SINCE + 7 * DAY_US)
    assert s.pot_us + s.off_shift_us == 7 * DAY_US * len(plant.machines)
    assert s.pbt_us == s.pot_us - s.pdot_us
    assert s.pbt_us == s.apt_us + s.aust_us + s.adet_us + s.adot_us + s.unknown_us
    values = kpis_of(s)
    assert 0.4 < (values["oee"] or 0) < 0.9
    factors = [
        values[name] or 0 for name in ("availability", "effectiveness", "earned_quality_ratio")
    ]
    assert values["oee"] == pytest.approx(factors[0] * factors[1] * factors[2])


@EACH
def test_windows_add_up(plant: Plant) -> None:
    truth, machine = Truth(plant, since_us=SINCE), plant.machines[5]
    whole = element_sums(truth, [machine], SINCE, SINCE + 2 * DAY_US)
    hours = [
        element_sums(truth, [machine], SINCE + hour * HOUR_US, SINCE + (hour + 1) * HOUR_US)
        for hour in range(48)
    ]
    for field in fields(ElementSums):
        assert getattr(whole, field.name) == sum(getattr(hour, field.name) for hour in hours)


def test_emden_loses_its_monday_mornings() -> None:
    truth = Truth(EMDEN_1, since_us=SINCE)

    def oee(on: date) -> float:
        shift = EMDEN_1.plan.shifts_between(*EMDEN_1.plan.day_bounds(on))[0]
        s = element_sums(truth, EMDEN_1.machines, shift.start_us, shift.end_us)
        return kpis_of(s)["oee"] or 0

    monday = date(2026, 11, 16)
    others = [oee(monday + timedelta(days=n)) for n in range(1, 5)]
    assert oee(monday) < min(others) - 0.03


def test_a_line_in_zwick_is_starved() -> None:
    truth = Truth(ZWICK_2, since_us=SINCE)
    shares = {}
    for line in {machine.line for machine in ZWICK_2.machines}:
        machines = [machine for machine in ZWICK_2.machines if machine.line == line]
        s = element_sums(truth, machines, SINCE, SINCE + 5 * DAY_US)
        shares[line] = s.starved_us / s.pbt_us
    assert shares.pop("halle-2") > 3 * max(shares.values())


def test_its_machines_starve_together_and_only_for_want_of_material() -> None:
    truth = Truth(ZWICK_2, since_us=SINCE)
    line = [machine for machine in ZWICK_2.machines if machine.line == ZWICK_2.starved_line]
    window = SINCE, SINCE + 10 * DAY_US
    spans = starvation_windows(ZWICK_2, ZWICK_2.starved_line, SEED, *window)
    assert len(spans) > 4
    for machine in line:
        for segment in truth.segments(machine, *window):
            if not segment.order:
                continue  # nothing that it could wait for
            inside = [s for s in spans if s[0] <= segment.start_us and segment.end_us <= s[1]]
            outside = all(
                segment.end_us <= first or segment.start_us >= last for first, last in spans
            )
            assert inside or outside, "cut where the material ends"
            assert (segment.kind is StateKind.STARVED) == bool(inside)


def test_nothing_planned_is_undefined_not_zero() -> None:
    assert kpis_of(ElementSums())["oee"] is None


def test_teep_of_a_day_off_is_zero_while_oee_is_undefined() -> None:
    kpis = kpis_of(ElementSums(off_shift_us=86_400_000_000))
    assert (kpis["oee"], kpis["ooe"], kpis["teep"]) == (None, None, 0.0)


@pytest.mark.parametrize(("name", "failures"), [("palma-3", 0), ("emden-1", 1)])
def test_an_mes_knows_when_a_fault_began_that_is_older_than_the_history(
    name: str, failures: int
) -> None:
    plant = PLANTS[name]
    machine, segment = next(
        (machine, segment)
        for machine in plant.machines
        for segment in Truth(plant, since_us=SINCE).segments(machine, SINCE, SINCE + 9 * DAY_US)
        if segment.kind in FAULTS
        and segment.order
        and segment.end_us - segment.start_us > 10 * 60_000_000
    )
    middle_us = (segment.start_us + segment.end_us) // 2
    truth = Truth(plant, since_us=middle_us)
    s = element_sums(truth, [machine], middle_us, segment.end_us)
    assert s.fe == failures
    assert s.ttr_us == s.pbt_us > 0
