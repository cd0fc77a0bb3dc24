"""Six plants unlike each other, 148 machines; days off by each country's rules; six findings."""

import itertools
from datetime import date, timedelta

from werknetz_simulator.findings import PLANT_FINDINGS
from werknetz_simulator.plants.definitions import holidays
from werknetz_simulator.plants.expected import element_sums, kpis_of
from werknetz_simulator.plants.plan import HOUR_US, PlannedShift
from werknetz_simulator.plants.plant import PLANTS, ZWICK_2, Plant
from werknetz_simulator.plants.shift_timeline import DRIFT_DAYS
from werknetz_simulator.plants.truth import Truth


def test_the_group() -> None:
    machines = [machine for plant in PLANTS.values() for machine in plant.machines]
    assert len(PLANTS) == 6
    assert len({machine.path for machine in machines}) == len(machines) == 148
    assert len({plant.protocol for plant in PLANTS.values()}) == 6
    assert len({plant.order_prefix for plant in PLANTS.values()}) == 6
    for plant in PLANTS.values():
        assert len({machine.name for machine in plant.machines}) == len(plant.machines)


def test_days_off() -> None:
    assert [holidays.easter_sunday(year) for year in (2025, 2026, 2027, 2030, 2035)] == [
        date(2025, 4, 20), date(2026, 4, 5), date(2027, 3, 28), date(2030, 4, 21),
        date(2035, 3, 25),
    ]  # fmt: skip
    assert date(2026, 11, 16) in holidays.mexican_holidays(2026)
    assert {date(2026, 11, 26), date(2026, 5, 25), date(2026, 9, 7)} <= {
        *holidays.american_holidays(2026)
    }
    assert date(2026, 11, 18) in holidays.saxon_holidays(2026)
    assert {date(2026, 4, 2), date(2026, 4, 3), date(2026, 4, 6)} <= {
        *holidays.balearic_holidays(2026)
    }
    for plant, day, hours in (
        ("pueb-5", date(2026, 11, 16), 0),
        ("chatt-6", date(2026, 11, 26), 0),
        ("pueb-5", date(2026, 11, 17), 15.5),
    ):
        shifts = [s for s in _shifts(PLANTS[plant], day) if s.on == day]
        assert sum(s.end_us - s.start_us for s in shifts) == hours * HOUR_US


def test_a_night_of_nine_hours_and_one_of_seven() -> None:
    for day, hours in ((date(2026, 10, 24), 9), (date(2027, 3, 27), 7)):
        (night,) = [s for s in _shifts(ZWICK_2, day) if s.name == "nacht" and s.on == day]
        assert night.end_us - night.start_us == hours * HOUR_US


def _shifts(plant: Plant, day: date) -> list[PlannedShift]:
    start, end = plant.plan.day_bounds(day)
    return plant.plan.shifts_between(start, end)


def test_each_finding_is_in_its_plant() -> None:
    assert len(PLANT_FINDINGS) == 6
    for finding in PLANT_FINDINGS:
        assert finding.plant in PLANTS
    for plant in PLANTS.values():
        names = {machine.name for machine in plant.machines}
        assert {name for name in (plant.drifting, plant.wrong_unit) if name} <= names
        rules = {rule.name for rule in plant.plan.rules}
        assert {n for n in (plant.untagged_shift, plant.maintenance_shift) if n} <= rules


def test_one_machine_of_brati_drifts_until_its_tool_is_changed() -> None:
    plant = PLANTS["brati-4"]
    first = date.fromordinal(date(2026, 11, 1).toordinal() // DRIFT_DAYS * DRIFT_DAYS)
    truth = Truth(plant, since_us=plant.plan.day_bounds(first)[0])

    def effectiveness(name: str, day: int) -> float:
        """Return it of three days: a little better or worse is every machine's."""
        machine = next(machine for machine in plant.machines if machine.name == name)
        start, end = (plant.plan.day_bounds(first + timedelta(days=n))[0] for n in (day, day + 3))
        return kpis_of(element_sums(truth, [machine], start, end))["effectiveness"] or 0

    worn = [effectiveness(plant.drifting, day) for day in (0, 6, 12, 18)]
    other = [effectiveness("bruska-3", day) for day in (0, 6, 12, 18)]
    assert all(a > b + 0.03 for a, b in itertools.pairwise(worn))
    assert max(other) - min(other) < 0.05
    assert effectiveness(plant.drifting, DRIFT_DAYS) > worn[0] - 0.05
