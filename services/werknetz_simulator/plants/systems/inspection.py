"""What the measuring machine and the time recording of Emden-1 know: parts, people, capacities.

Every value follows from the machine and the instant, independent of when it is read. The expected
values share no code with `werknetz.kpi`, so that tests can compare the two.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from statistics import mean, stdev
from typing import Final

from werknetz_simulator.plants.expected import element_sums
from werknetz_simulator.plants.machine import PlantMachine
from werknetz_simulator.plants.plan import HOUR_US, MINUTE_US, SECOND_US
from werknetz_simulator.plants.plant import EMDEN_1
from werknetz_simulator.plants.truth import Truth

LINE: Final = "line-2"
PARTS_AN_HOUR: Final = 5  # consecutive ones: a subgroup
REWORK_AFTER_US: Final = 10 * MINUTE_US
DEFECT_SHARE: Final = 0.02  # of the parts within their limits
DEFECT: Final = "Grat"
SHIFT_HOURS: Final = 8
_RANGE_OF_FIVE: Final = 2.326  # expected range of five normally distributed values


@dataclass(frozen=True, slots=True)
class Characteristic:
    """What is measured at a machine, in mm."""

    machine: str
    name: str
    centre: float
    deviation: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """One measurement of a part; a reworked part is measured again."""

    at_us: int
    machine: PlantMachine
    serial: str
    characteristic: Characteristic
    value: float
    defect: str

    @property
    def is_good(self) -> bool:
        lower, upper = self.characteristic.lower, self.characteristic.upper
        inside = (lower is None or self.value >= lower) and (upper is None or self.value <= upper)
        return inside and not self.defect


@dataclass(frozen=True, slots=True)
class Presence:
    """A person at a machine. One person runs both robots and is recorded at each of them."""

    machine: PlantMachine
    person: str
    start_us: int
    end_us: int
    attended_s: int
    work_s: int


CHARACTERISTICS: Final = (
    Characteristic("press-3", "bore", 20.01, 0.03, 19.9, 20.1),
    Characteristic("robot-12", "pin distance", 149.9, 0.12, 149.5, 150.5),
    Characteristic("robot-14", "seam width", 4.4, 0.11, 4.0, None),
)
STAFF: Final = {"press-3": "4711", "robot-12": "4712", "robot-14": "4712"}
MACHINES: Final = tuple(machine for machine in EMDEN_1.machines if machine.line == LINE)


def capacity_of(machine: PlantMachine) -> float:
    """Return how many items the machine can produce in an hour."""
    return HOUR_US / machine.ideal_us


def inspections(
    truth: Truth, machine: PlantMachine, start_us: int, end_us: int
) -> Iterator[Inspection]:
    """Yield the measurements in the window, in order of time."""
    characteristic = next(c for c in CHARACTERISTICS if c.machine == machine.name)
    rows: list[Inspection] = []
    first_us = start_us - REWORK_AFTER_US
    for hour_us in range(first_us - first_us % HOUR_US, end_us, HOUR_US):
        counted = truth.parts(machine, hour_us, hour_us + HOUR_US)
        finished = sorted([*counted["good"], *counted["scrap"]])[:PARTS_AN_HOUR]
        for at_us in finished:
            if at_us >= truth.since_us:  # nobody recorded what was before
                rows += _measure(machine, characteristic, at_us)
    rows.sort(key=lambda inspection: inspection.at_us)
    yield from (inspection for inspection in rows if start_us <= inspection.at_us < end_us)


def _measure(
    machine: PlantMachine, characteristic: Characteristic, at_us: int
) -> Iterator[Inspection]:
    random = Random(f"{machine.path}/{at_us}")
    serial = f"{machine.name}-{at_us // 1000}"
    value = round(random.gauss(characteristic.centre, characteristic.deviation), 3)
    defect = DEFECT if random.random() < DEFECT_SHARE else ""
    first = Inspection(at_us, machine, serial, characteristic, value, defect)
    yield first
    if not first.is_good:
        again = at_us + REWORK_AFTER_US
        yield Inspection(again, machine, serial, characteristic, characteristic.centre, "")


def presences(truth: Truth, start_us: int, end_us: int) -> Iterator[Presence]:
    """Yield the records of shifts that end in the window: they are written when people leave."""
    before_us = start_us - 2 * SHIFT_HOURS * HOUR_US
    for shift in truth.plant.plan.shifts_between(before_us, end_us):
        for machine in MACHINES:
            random = Random(f"{STAFF[machine.name]}/{shift.start_us}")
            came_us = shift.start_us + random.randrange(600) * SECOND_US
            left_us = shift.end_us - random.randrange(300) * SECOND_US
            breaks_us = sum(end - begin for begin, end in shift.breaks)
            attended_s = (left_us - came_us - breaks_us) // SECOND_US
            work_s = int(attended_s * random.uniform(0.75, 0.95))
            if start_us <= shift.end_us < end_us:
                person = f"{STAFF[machine.name]}-{shift.name}"
                yield Presence(machine, person, came_us, left_us, attended_s, work_s)


def expected_values(
    truth: Truth, machines: Sequence[PlantMachine], start_us: int, end_us: int
) -> dict[str, float | None]:
    """Return KPIs 1, 15 and 30 of machines of the line; None where nothing is known.

    `end_us` lies behind the shifts whose people have left.
    """
    pieces = [
        (_overlap_us(p, start_us, end_us) / (p.end_us - p.start_us) / _machines_of(p.person), p)
        for p in presences(truth, start_us, end_us + 2 * SHIFT_HOURS * HOUR_US)
        if p.machine in machines
    ]
    attended_s = sum(share * p.attended_s for share, p in pieces)
    worked_s = sum(share * p.work_s for share, p in pieces)
    parts = [_first_inspections(truth, machine, start_us, end_us) for machine in machines]
    inspected = sum(map(len, parts))
    good = sum(inspection.is_good for of_machine in parts for inspection in of_machine)
    sums = {machine: element_sums(truth, [machine], start_us, end_us) for machine in machines}
    capacity = sum(sums[m].pot_us / HOUR_US * capacity_of(m) for m in machines)
    return {
        "worker_efficiency": worked_s / attended_s if attended_s else None,
        "first_pass_yield": good / inspected if inspected else None,
        "equipment_load_ratio": sum(s.pq for s in sums.values()) / capacity if capacity else None,
    }


def expected_capability(measured: Iterable[Inspection]) -> dict[str, float | None]:
    """Return KPIs 19 to 22 of the measurements of one characteristic, in order of time."""
    rows = list(measured)
    limits = rows[0].characteristic
    values = [row.value for row in rows]
    groups = [values[n : n + PARTS_AN_HOUR] for n in range(0, len(values), PARTS_AN_HOUR)]
    ranges = [max(group) - min(group) for group in groups if len(group) == PARTS_AN_HOUR]
    margins = []
    if limits.upper is not None:
        margins.append(limits.upper - mean(values))
    if limits.lower is not None:
        margins.append(mean(values) - limits.lower)
    width = None
    if limits.upper is not None and limits.lower is not None:
        width = limits.upper - limits.lower
    whole, within = stdev(values), mean(ranges) / _RANGE_OF_FIVE
    return {
        "machine_capability": None if width is None else width / (6 * whole),
        "critical_machine_capability": min(margins) / (3 * whole),
        "process_capability": None if width is None else width / (6 * within),
        "critical_process_capability": min(margins) / (3 * within),
    }


def _first_inspections(
    truth: Truth, machine: PlantMachine, start_us: int, end_us: int
) -> list[Inspection]:
    """Return the first inspection of each part that is inspected for the first time in a window."""
    first: dict[str, Inspection] = {}
    for inspection in inspections(truth, machine, start_us - HOUR_US, end_us):
        first.setdefault(inspection.serial, inspection)
    return [inspection for inspection in first.values() if start_us <= inspection.at_us < end_us]


def _overlap_us(presence: Presence, start_us: int, end_us: int) -> int:
    return max(0, min(presence.end_us, end_us) - max(presence.start_us, start_us))


def _machines_of(person: str) -> int:
    """Return at how many machines a person is recorded at the same time."""
    return [*STAFF.values()].count(person.partition("-")[0])
