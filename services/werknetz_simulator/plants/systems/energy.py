"""What the energy meters of Emden-1's line 3 measure: two machines, and the line as a whole.

Every reading follows from the parts that were made and from the time, independent of when it is
read. In whole watt hours and litres; it shares no code with `werknetz.kpi`, so that tests can
compare the two.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final
from weakref import WeakKeyDictionary

from werknetz_simulator.plants.machine import PlantMachine
from werknetz_simulator.plants.plan import DAY_US, MINUTE_US, SECOND_US
from werknetz_simulator.plants.plant import EMDEN_1
from werknetz_simulator.plants.truth import Truth

LINE: Final = "line-3"
EVERY_US: Final = 5 * MINUTE_US  # between two readings
KWH_MODULUS: Final = 1_000  # the electricity meters have six digits, three of them decimals
GAS: Final = "natural-gas"
GAS_KWH: Final = Fraction(103, 10)  # of a cubic metre
GAS_CO2_KG: Final = Fraction(2)
POWER_CO2_KG: Final = Fraction(38, 100)  # of a kWh
MACHINES: Final = tuple(machine for machine in EMDEN_1.machines if machine.line == LINE)
LINE_PATH: Final = MACHINES[0].path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class MeterRates:
    """Use of one carrier: for each part, and all the time."""

    machine: str
    carrier: str  # empty: electricity
    per_part: int  # Wh, or litres
    per_hour: int

    def find_use(self, parts: int, time_us: int) -> int:
        """Return what was used, in Wh or litres, rounded down."""
        return self.per_part * parts + self.per_hour * time_us // (3600 * SECOND_US)


METERS: Final = (
    MeterRates("weld-31", "", 420, 1_500),
    MeterRates("paint-1", "", 900, 6_000),
    MeterRates("paint-1", GAS, 250, 1_200),
)
UNMETERED: Final = MeterRates("weld-32", "", 430, 1_500)  # in the meter of the line only
LIGHTING_W: Final = 2_400  # of the line


@dataclass(frozen=True, slots=True)
class MeterReading:
    at_us: int
    path: str
    carrier: str
    value: Fraction  # kWh, or cubic metres

    @property
    def number(self) -> float:
        return float(self.value)


_NOTHING: Final = Fraction(0)
_TOTALS: Final[WeakKeyDictionary[Truth, dict[PlantMachine, list[int]]]] = WeakKeyDictionary()
"""Parts of each machine up to the end of each day, by the number of the day."""


@dataclass(frozen=True, slots=True)
class ExpectedEnergy:
    """In kWh and kg; None: no meter measures."""

    energy_kwh: Fraction | None
    unallocated_kwh: Fraction = _NOTHING
    co2_kg: Fraction = _NOTHING
    parts: int = 0


def readings(truth: Truth, start_us: int, end_us: int) -> Iterator[MeterReading]:
    """Yield the readings of all meters in [start, end), in order of time."""
    begin_us = _begin_of(truth)
    before_us = max(start_us + -start_us % EVERY_US, begin_us)
    parts = {machine.name: _parts_until(truth, machine, before_us) for machine in MACHINES}
    for at_us in range(before_us, end_us, EVERY_US):
        for machine in MACHINES:
            parts[machine.name] += _parts(truth, [machine], before_us, at_us)
        before_us = at_us
        for meter in METERS:
            used = meter.find_use(parts[meter.machine], at_us - begin_us)
            path = f"{LINE_PATH}/{meter.machine}"
            yield MeterReading(at_us, path, meter.carrier, _reading_of(used, meter.carrier))
        used = _line_use(parts, at_us - begin_us)
        yield MeterReading(at_us, LINE_PATH, "", _reading_of(used, ""))


def expected_energy(
    truth: Truth, machines: Sequence[PlantMachine], start_us: int, end_us: int
) -> ExpectedEnergy:
    """Return what meters measured in the window: of one machine, or of the whole line.

    The window begins and ends with readings.
    """
    names = {machine.name for machine in machines}
    own = [meter for meter in METERS if meter.machine in names]
    parts = _parts(truth, machines, start_us, end_us)
    used = {
        meter: _used_until(truth, meter, end_us) - _used_until(truth, meter, start_us)
        for meter in own
    }
    kwh = {meter: _kwh_of(meter.carrier, amount) for meter, amount in used.items()}
    co2_kg = {meter: _co2_of(meter.carrier, amount) for meter, amount in used.items()}
    if len(machines) == 1:
        if not own:
            return ExpectedEnergy(None)
        return ExpectedEnergy(
            sum(kwh.values(), _NOTHING), _NOTHING, sum(co2_kg.values(), _NOTHING), parts
        )
    # The meter of the line measures electricity; gas is measured at a machine alone.
    power = _line_used_until(truth, end_us) - _line_used_until(truth, start_us)
    allocated = sum((value for m, value in kwh.items() if not m.carrier), _NOTHING)
    gas_kwh = sum((value for m, value in kwh.items() if m.carrier), _NOTHING)
    gas_co2_kg = sum((value for m, value in co2_kg.items() if m.carrier), _NOTHING)
    return ExpectedEnergy(
        _kwh_of("", power) + gas_kwh,
        _kwh_of("", power) - allocated,
        _co2_of("", power) + gas_co2_kg,
        parts,
    )


def _begin_of(truth: Truth) -> int:
    return truth.since_us + -truth.since_us % EVERY_US


def _used_until(truth: Truth, meter: MeterRates, at_us: int) -> int:
    machine = next(machine for machine in MACHINES if machine.name == meter.machine)
    return meter.find_use(_parts_until(truth, machine, at_us), at_us - _begin_of(truth))


def _line_used_until(truth: Truth, at_us: int) -> int:
    parts = {machine.name: _parts_until(truth, machine, at_us) for machine in MACHINES}
    return _line_use(parts, at_us - _begin_of(truth))


def _line_use(parts: Mapping[str, int], time_us: int) -> int:
    """Return the electricity of all machines and the lighting, in Wh."""
    of_machines = [meter for meter in (*METERS, UNMETERED) if not meter.carrier]
    lighting = LIGHTING_W * time_us // (3600 * SECOND_US)
    return sum(meter.find_use(parts[meter.machine], time_us) for meter in of_machines) + lighting


def _parts(truth: Truth, machines: Iterable[PlantMachine], start_us: int, end_us: int) -> int:
    """Return how many parts were finished in (start, end]: a reading contains its instant."""
    counted = [truth.parts(machine, start_us + 1, end_us + 1) for machine in machines]
    return sum(len(parts["good"]) + len(parts["scrap"]) for parts in counted)


def _parts_until(truth: Truth, machine: PlantMachine, at_us: int) -> int:
    """Return how many parts were finished since the meters began; past days are counted once."""
    begin_us = _begin_of(truth)
    totals = _TOTALS.setdefault(truth, {}).setdefault(machine, [0])
    # An incident may still change the day before.
    days = max((at_us - begin_us) // DAY_US - 1, 0)
    while len(totals) <= days:
        day_us = begin_us + (len(totals) - 1) * DAY_US
        totals.append(totals[-1] + _parts(truth, [machine], day_us, day_us + DAY_US))
    return totals[days] + _parts(truth, [machine], begin_us + days * DAY_US, at_us)


def _reading_of(used: int, carrier: str) -> Fraction:
    value = Fraction(used, 1000)
    return value if carrier else value % KWH_MODULUS


def _kwh_of(carrier: str, amount: int) -> Fraction:
    return Fraction(amount, 1000) * (GAS_KWH if carrier else 1)


def _co2_of(carrier: str, amount: int) -> Fraction:
    return Fraction(amount, 1000) * (GAS_CO2_KG if carrier else POWER_CO2_KG)
