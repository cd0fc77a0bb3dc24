"""Energy of buckets: carriers add up by factor, and a meter above machines counts nothing twice."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.domain.state import MachineState
from werknetz.kpi.carry import Carry
from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.counter_steps import CounterStart
from werknetz.kpi.elements import Elements
from werknetz.kpi.energy.buckets import (
    BELOW_NAMES,
    CARRIER_NAMES,
    ComputedEnergy,
    EnergyBelow,
    EnergyInputs,
    add_energy,
)
from werknetz.kpi.energy.carriers import CarrierFactor, FactorSteps
from werknetz.kpi.energy.meters import Meter
from werknetz.kpi.knowledge.reported import LATEST_US
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import EARLIEST_US, CountSeries, MachineSamples, Series
from werknetz.kpi.states import GOOD_BELOW, BucketRange, compute_buckets

MINUTE = 60_000_000
ALWAYS = PlannedTime.always()
Samples = dict[int, float | None]


def factor(kwh: float = 1.0, co2: float | None = None, since: int = EARLIEST_US) -> CarrierFactor:
    return CarrierFactor("a", since, kwh, co2)


def meter(
    samples: Samples, *entries: CarrierFactor, number: int = 7, default: float | None = None,
    carrier: str = "power",
    **options: object,
) -> Meter:  # fmt: skip
    series = Series.of([at * MINUTE for at in samples], list(samples.values()))
    count = CountSeries(number, Role.ENERGY, series, **{"reset": "to_zero", **options})  # type: ignore[arg-type]  # options of the test
    return Meter(carrier, count, FactorSteps.of(entries, default))


def compute(
    meters: list[Meter],
    *,
    buckets: int = 4,
    produced: Samples | None = None,
    only: bool = False,
    below: dict[str, list[float]] | None = None,
    carrier_below: str = "power",
    carry: Carry | None = None,
    now: int | None = None,
) -> ComputedEnergy:
    span = BucketRange(0, buckets, buckets * BUCKET_US if now is None else now * MINUTE)
    counts = ()
    if produced is not None:
        series = Series.of([at * MINUTE for at in produced], list(produced.values()))
        counts = (CountSeries(1, Role.TOTAL_COUNT, series, "to_zero"),)
    state = Series.of([0], [float(MachineState.PRODUCING)])
    samples = MachineSamples(state=state, counts=counts)
    carry = Carry() if carry is None else carry
    computed = compute_buckets(samples, ALWAYS, carry, span)
    parts = None
    if below is not None:
        names = (*BELOW_NAMES, *CARRIER_NAMES)
        values = {name: np.array(below.get(name, [0.0] * buckets)) for name in names}
        parts = EnergyBelow(values, {carrier_below: values})
    return add_energy(computed, EnergyInputs(tuple(meters), only, parts), carry, span, {})


def total(result: ComputedEnergy) -> Elements:
    buckets = len(result.computed.carries)
    return Elements.sum(result.computed.elements_of(n) for n in range(buckets))


def column(result: ComputedEnergy, name: str) -> list[float]:
    return result.computed.columns[name].tolist()


def test_without_a_meter_nothing_is_known() -> None:
    result = compute([], produced={0: 0, 10: 5})
    assert total(result).energy_known_s == 0
    value, reason = CATALOGUE["comprehensive_energy_consumption"].compute(total(result))
    assert (value, reason) == (None, "nobody measures energy, or a carrier has no factor")


def test_the_worked_example_of_the_docs() -> None:
    """120 kWh of electricity and 8 m³ of gas at 10.3 kWh for 90 items, 22 kWh of heat delivered."""
    meters = [
        meter({0: 1000, 20: 1050, 55: 1120}, factor(1.0, 0.38), number=7),
        meter({0: 50, 60: 58}, factor(10.3, 2.0), number=8, carrier="gas"),
        meter(
            {0: 3, 30: 25},
            CarrierFactor("a", EARLIEST_US, 1.0, 0.0, is_delivered=True),
            number=9,
            carrier="heat",
        ),
    ]
    e = total(compute(meters, produced={0: 0, 30: 40, 60: 90}))
    assert (e.energy_kwh, e.energy_exchange_kwh) == (pytest.approx(120 + 82.4 - 22), -22)
    assert e.co2_kg == pytest.approx(120 * 0.38 + 8 * 2)
    assert e.energy_known_s == e.co2_known_s == e.energy_pq_known_s == 3600
    value, _ = CATALOGUE["comprehensive_energy_consumption"].compute(e)
    assert value == pytest.approx(180.4 / 90)
    assert CATALOGUE["co2_per_item"].compute(e)[0] == pytest.approx(61.6 / 90)


@pytest.mark.parametrize(
    ("samples", "options", "expected"),
    [
        # an increment belongs to the time that ends with its sample
        ({0: 0, 15: 4, 16: 5}, {}, [4, 1, 0, 0]),
        ({0: 0, 20: 8}, {}, [0, 8, 0, 0]),
        ({0: 0, 60: 8}, {"interpolate": True}, [2, 2, 2, 2]),
        # the same rules as for quantities: reset, roll-over, correction, increments, jumps
        ({0: 900, 10: 904, 20: 3}, {}, [4, 3, 0, 0]),
        ({0: 990, 10: 5}, {"reset": "rollover", "modulus": 1000.0}, [15, 0, 0, 0]),
        ({0: 0, 10: 50, 20: 49}, {}, [49, 0, 0, 0]),
        ({0: 2, 10: 3}, {"kind": "increment"}, [5, 0, 0, 0]),
        ({0: 0, 10: 5, 20: 5000}, {"max_increment": 100.0}, [5, 0, 0, 0]),
        ({0: 0, 10: None, 20: 5}, {}, [0, 5, 0, 0]),
        ({0: 0, 10: float("nan"), 20: 5, 30: float("inf"), 40: 7}, {}, [0, 5, 2, 0]),
    ],
)
def test_counters(samples: Samples, options: dict[str, object], expected: list[float]) -> None:
    result = compute([meter(samples, factor(), **options)])
    assert column(result, "energy_kwh") == pytest.approx(expected)


def test_a_meter_measures_from_its_first_value_on() -> None:
    result = compute([meter({35: 10, 50: 12}, factor())], produced={0: 0, 20: 5, 40: 9})
    assert column(result, "energy_known_s") == [0, 0, 900, 900]
    assert column(result, "energy_pq") == [0, 0, 4, 0]
    continued = compute([meter({}, factor())], carry=Carry(counts={"7": CounterStart(5.0, -10)}))
    assert column(continued, "energy_known_s") == [900] * 4


def test_time_that_has_not_passed_is_not_known() -> None:
    result = compute([meter({0: 0}, factor())], now=20)
    assert column(result, "energy_known_s") == [900, 300, 0, 0]


def test_a_retired_meter_measures_no_more() -> None:
    result = compute([meter({0: 0, 10: 5, 40: 9}, factor(), until_us=30 * MINUTE)])
    assert column(result, "energy_known_s") == [900, 900, 0, 0]
    in_force = ((EARLIEST_US, 15 * MINUTE),)
    replaced = compute([meter({0: 0, 10: 5, 40: 9}, factor(), in_force=in_force)])
    assert column(replaced, "energy_kwh") == [5, 0, 0, 0]
    assert column(replaced, "energy_known_s") == [900, 0, 0, 0]


def test_without_a_factor_the_sum_would_lack_a_part() -> None:
    """From minute 30 on the gas has a factor."""
    gas = meter({0: 0, 10: 1, 40: 3}, factor(10.0, since=30 * MINUTE), number=8)
    power = meter({0: 0, 10: 5, 40: 9}, factor(), number=7)
    result = compute([power, gas])
    assert column(result, "energy_known_s") == [0, 0, 900, 900]
    assert column(result, "energy_kwh") == [0, 0, 24, 0]
    assert result.without_factor == ((8, 0),)
    assert column(result, "co2_known_s") == [0] * 4


def test_a_changed_factor_counts_from_its_time_on() -> None:
    entries = (factor(10.0), CarrierFactor("a", 30 * MINUTE, 12.0))
    result = compute([meter({0: 0, 30: 1, 31: 2}, *entries)])
    assert column(result, "energy_kwh") == [0, 10, 12, 0]


def test_equipment_that_only_measures_energy_has_no_other_time() -> None:
    """A compressor is no machine: it would halve the share of known states of its plant."""
    result = compute([meter({0: 0, 10: 6}, factor())], only=True)
    e = total(result)
    assert (e.pot_s, e.pbt_s, e.unknown_s, e.off_shift_s, e.plan_known_s) == (0, 0, 0, 0, 0)
    assert (e.energy_kwh, e.energy_of_pq_kwh, e.energy_pq) == (6, 6, 0)
    assert len(result.computed.intervals.start) == 0
    assert not result.computed.orders
    assert result.computed.carries[0].to_document()["counts"] == {"7": 6.0}
    assert (e.samples, e.good_samples) == (2, 2)


def test_a_meter_above_machines_counts_what_those_below_do_not_explain() -> None:
    below = {
        "kwh": [3.0, 3.0, 9.0, 1.0], "of_pq_kwh": [2.0, 3.0, 9.0, 1.0], "co2_kg": [1.0] * 4,
        "co2_of_pq_kg": [0.5] * 4, "energy_pq_known_s": [900.0] * 4, "energy_pq": [10.0] * 4,
        "reported_pq": [15.0] * 4, "reported_pbt_s": [1800.0] * 4,
    }  # fmt: skip
    line = meter({0: 0, 10: 5, 20: 10, 40: 15, 44: 16}, factor(1.0, 0.5))
    result = compute([line], only=True, below=below)
    # In the third quarter of an hour the machines measured more than the line.
    assert column(result, "energy_unallocated_kwh") == [2, 2, -3, -1]
    parts = [a + b for a, b in zip(column(result, "energy_kwh"), below["kwh"], strict=True)]
    assert parts == [5, 5, 6, 0]
    assert column(result, "energy_of_pq_kwh") == [3, 2, -3, -1]
    assert column(result, "energy_pq") == [5] * 4
    assert column(result, "energy_pq_known_s") == [900] * 4
    assert column(result, "co2_kg") == [1.5, 1.5, 2, -1]
    assert column(result, "co2_of_pq_kg") == [2, 2, 2.5, -0.5]
    assert column(result, "co2_known_s") == [900] * 4
    assert result.carriers[0] == {"power": [2, 0, 1.5, 3, 2]}
    # A meter of another carrier explains nothing of it.
    other = compute([line], only=True, below=below, carrier_below="gas")
    assert column(other, "energy_kwh") == [5, 5, 6, 0]
    assert column(other, "energy_pq") == [5] * 4


def test_where_the_meter_above_measures_nothing_the_machines_count() -> None:
    below = {"kwh": [3.0] * 4, "reported_pq": [5.0] * 4}
    result = compute([meter({32: 0, 40: 5}, factor())], only=True, below=below)
    assert column(result, "energy_unallocated_kwh") == [0, 0, 2, -3]


def test_a_rest_of_rounding_is_no_negative_zero() -> None:
    below = {"kwh": [5.0 + 1e-12] + [0.0] * 3}
    result = compute([meter({0: 0, 10: 5}, factor())], only=True, below=below)
    assert not np.signbit(result.computed.columns["energy_kwh"]).any()


def test_uncertain_samples_of_a_meter_are_not_good() -> None:
    power = meter({0: 0, 10: 5, 20: 6}, factor())
    status = np.array([0, GOOD_BELOW - 1, GOOD_BELOW])
    series = replace(power.count.series, status=status)
    result = compute([replace(power, count=replace(power.count, series=series))], only=True)
    assert column(result, "samples") == [2, 1, 0, 0]
    assert column(result, "good_samples") == [2, 0, 0, 0]


def test_a_correction_of_a_meter_goes_back_to_the_bucket_before() -> None:
    result = compute([meter({0: 0, 10: 100, 16: 99}, factor())])
    assert result.computed.debts[1].corrections == {"7": 1.0}
    assert result.computed.debts[0].corrections == {}


def test_what_is_set_aside_ends_with_the_range() -> None:
    jumps: Samples = {0: 0, 10: 5000, 60: 10_000, 61: 15_000}
    result = compute([meter(jumps, factor(), max_increment=100.0)])
    assert [aside.at_us for aside in result.computed.set_aside] == [10 * MINUTE, 60 * MINUTE]


def test_a_meter_that_replaces_another_adds_to_its_carrier() -> None:
    delivered = CarrierFactor("a", EARLIEST_US, 2.0, 0.5, is_delivered=True)
    first = meter({0: 0, 10: 5}, delivered, number=7, in_force=((EARLIEST_US, 15 * MINUTE),))
    second = meter({0: 0, 14: 1, 40: 4}, delivered, number=8, in_force=((15 * MINUTE, LATEST_US),))
    result = compute([first, second])
    assert column(result, "energy_kwh") == [-10, 0, -6, 0]
    assert column(result, "energy_exchange_kwh") == [-10, 0, -6, 0]
    assert column(result, "co2_kg") == [-2.5, 0, -1.5, 0]


def test_co2_is_known_where_all_of_it_is() -> None:
    power = meter({0: 0}, factor(1.0, 0.5))
    with_co2 = CarrierFactor("a", 30 * MINUTE, 1.0, 2.0)
    gas = meter({0: 0}, factor(), with_co2, number=8, carrier="gas")
    assert column(compute([power, gas]), "co2_known_s") == [0, 0, 900, 900]


@given(
    st.lists(st.integers(0, 59), min_size=2, max_size=20, unique=True),
    st.lists(st.floats(0, 1000, allow_nan=False), min_size=20, max_size=20),
    st.integers(1, 3),
)
def test_the_parts_add_up_however_the_range_is_cut(
    minutes: list[int], rises: list[float], cut: int
) -> None:
    """Two ranges, the second from the carry of the first, have the elements of one."""
    at = sorted(minutes)
    values = np.cumsum(rises[: len(at)]).tolist()
    samples: Samples = dict(zip(at, values, strict=True))
    whole = compute([meter(samples, factor(2.5))])
    first = compute([meter(samples, factor(2.5))], buckets=cut)
    rest = {minute: value for minute, value in samples.items() if minute >= cut * 15}
    span = BucketRange(cut * BUCKET_US, 4 - cut, 4 * BUCKET_US)
    carry = first.computed.carries[-1]
    computed = compute_buckets(MachineSamples(), ALWAYS, carry, span)
    inputs = EnergyInputs((meter(rest, factor(2.5)),))
    second = add_energy(computed, inputs, carry, span, {})
    parts = column(first, "energy_kwh") + column(second, "energy_kwh")
    assert parts == pytest.approx(column(whole, "energy_kwh"))
    assert sum(parts) == pytest.approx((values[-1] - values[0]) * 2.5, abs=1e-6)
    assert column(first, "energy_known_s") + column(second, "energy_known_s") == column(
        whole, "energy_known_s"
    )


def test_energy_of_a_machine_that_counts_no_items_is_of_no_item() -> None:
    e = total(compute([meter({0: 0, 10: 6}, factor(1.0, 0.5))]))
    assert (e.energy_kwh, e.co2_kg, e.energy_of_pq_kwh, e.co2_of_pq_kg) == (6, 3, 0, 0)
    assert (e.energy_pq, e.energy_pq_known_s, e.energy_known_s) == (0, 0, 3600)


def test_without_a_co2_factor_the_items_have_no_co2() -> None:
    power = meter({0: 0, 10: 6}, factor(1.0, 0.5))
    gas = meter({0: 0, 10: 1}, factor(10.0), number=8, carrier="gas")
    e = total(compute([power, gas], produced={0: 0, 10: 4}))
    assert (e.energy_of_pq_kwh, e.co2_kg, e.co2_of_pq_kg, e.co2_known_s) == (16, 0, 0, 0)
