"""Energy of orders that change within a bucket: with the rest it is the energy of the bucket."""

import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.domain.state import MachineState
from werknetz.kpi.carry import Carry
from werknetz.kpi.energy.buckets import ComputedEnergy, EnergyInputs, add_energy
from werknetz.kpi.energy.carriers import CarrierFactor, FactorSteps
from werknetz.kpi.energy.meters import Meter
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import EARLIEST_US, CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, compute_buckets

MINUTE = 60_000_000
T0 = 3 * BUCKET_US
Samples = dict[int, float]


def series_of(samples: Samples) -> Series:
    return Series.of([T0 + at * MINUTE for at in samples], list(samples.values()))


def compute(
    orders: dict[int, str], meter: Samples, items: Samples, *, co2_kg: float | None = 0.5,
    kwh: float | None = 2.0,
) -> ComputedEnergy:  # fmt: skip
    order = Series.of(
        [T0 + at * MINUTE for at in orders], [0.0] * len(orders), text=[*orders.values()]
    )
    count = CountSeries(1, Role.TOTAL_COUNT, series_of(items), "to_zero")
    state = Series.of([T0], [float(MachineState.PRODUCING)])
    samples = MachineSamples(state=state, order=order, counts=(count,) if items else ())
    span = BucketRange(T0, 2, T0 + 2 * BUCKET_US)
    computed = compute_buckets(samples, PlannedTime.always(), Carry(), span)
    energy = CountSeries(7, Role.ENERGY, series_of(meter), "to_zero")
    factor = [] if kwh is None else [CarrierFactor("a", EARLIEST_US, kwh, co2_kg)]
    factors = FactorSteps.of(factor)
    inputs = EnergyInputs((Meter("power", energy, factors),))
    return add_energy(computed, inputs, Carry(), span, {})


def shares(result: ComputedEnergy, name: str) -> dict[tuple[int, str], float | None]:
    return {
        (share.bucket, share.order_number): None
        if share.elements is None
        else share.elements.get(name, 0.0)
        for share in result.computed.order_shares
    }


def test_what_a_meter_counted_belongs_to_the_order_before_its_instant() -> None:
    result = compute(
        {0: "A", 6: "B", 12: ""},
        {0: 0, 3: 1, 6: 3, 9: 4, 14: 9, 20: 11},
        {0: 0, 5: 10, 8: 25, 20: 30},
    )
    assert shares(result, "energy_kwh") == {(0, "A"): 6, (0, "B"): 2}
    assert shares(result, "co2_kg") == {(0, "A"): 1.5, (0, "B"): 0.5}
    assert shares(result, "energy_of_pq_kwh") == {(0, "A"): 6, (0, "B"): 2}
    assert shares(result, "energy_pq") == {(0, "A"): 10, (0, "B"): 15}
    assert shares(result, "energy_known_s") == {(0, "A"): 360, (0, "B"): 360}
    assert shares(result, "co2_known_s") == {(0, "A"): 360, (0, "B"): 360}
    assert shares(result, "energy_pq_known_s") == {(0, "A"): 360, (0, "B"): 360}
    assert result.computed.columns["energy_kwh"].tolist() == [18, 4]


def test_without_a_factor_of_co2_no_order_has_known_co2() -> None:
    result = compute({0: "A", 6: "B"}, {0: 0, 3: 1, 9: 4}, {0: 0, 5: 10}, co2_kg=None)
    assert shares(result, "energy_kwh") == {(0, "A"): 2, (0, "B"): 6, (1, "B"): None}
    for name in ("co2_kg", "co2_known_s", "co2_of_pq_kg"):
        assert shares(result, name) == {(0, "A"): 0, (0, "B"): 0, (1, "B"): None}


def test_a_bucket_of_one_order_needs_no_share() -> None:
    result = compute({0: "A"}, {0: 0, 10: 4}, {0: 0, 10: 4})
    assert shares(result, "energy_kwh") == {(0, "A"): None, (1, "A"): None}


def test_an_order_that_runs_twice_has_both_parts() -> None:
    result = compute({0: "A", 4: "B", 8: "A"}, {0: 0, 2: 1, 6: 3, 10: 7}, {0: 0, 10: 4})
    assert shares(result, "energy_kwh") == pytest.approx(
        {(0, "A"): 10, (0, "B"): 4, (1, "A"): None}
    )


def elements_of(result: ComputedEnergy) -> list[dict[str, float]]:
    return [share.elements for share in result.computed.order_shares if share.elements]


def test_without_a_factor_no_order_has_known_energy() -> None:
    result = compute({0: "A", 6: "B"}, {0: 0, 3: 1, 9: 4}, {0: 0, 5: 10}, kwh=None)
    for elements in elements_of(result):
        assert not [name for name in elements if name.startswith(("energy", "co2"))]


def test_energy_of_a_machine_that_counts_no_items_is_of_no_item() -> None:
    result = compute({0: "A", 6: "B"}, {0: 0, 3: 1, 9: 4}, {})
    assert shares(result, "energy_kwh") == {(0, "A"): 2, (0, "B"): 6, (1, "B"): None}
    for elements in elements_of(result):
        assert not {"energy_pq", "energy_pq_known_s", "energy_of_pq_kwh"} & elements.keys()


def test_an_order_that_makes_nothing_has_energy_of_its_time() -> None:
    result = compute({0: "A", 6: "B"}, {0: 0, 3: 1, 9: 4}, {0: 0, 5: 10})
    assert shares(result, "energy_pq") == {(0, "A"): 10, (0, "B"): 0, (1, "B"): None}
    assert shares(result, "energy_pq_known_s") == {(0, "A"): 360, (0, "B"): 540, (1, "B"): None}


def test_energy_is_rounded_to_nine_digits() -> None:
    result = compute({0: "A", 6: "B"}, {0: 0, 3: 1 / 3}, {0: 0}, kwh=1.0)
    assert shares(result, "energy_kwh")[0, "A"] == 0.333333333


def test_time_before_the_first_state_and_without_an_order_is_of_no_order() -> None:
    """The rest of the bucket keeps it; orders after it have their own."""
    result = compute({2: "A", 5: "", 9: "B"}, {0: 0, 1: 5, 4: 6, 7: 8, 12: 12}, {0: 0, 10: 4})
    energy = shares(result, "energy_kwh")
    assert (energy[0, "A"], energy[0, "B"]) == (2, 8)
    assert shares(result, "energy_known_s")[0, "B"] == 360
