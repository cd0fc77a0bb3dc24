"""Published worked examples give the published values, from states and counters where stated."""

from itertools import accumulate
from math import ceil

import numpy as np
import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.domain.shift import Shift as CalendarShift
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry
from werknetz.kpi.catalogue import CATALOGUE, SUBJECTS
from werknetz.kpi.definition import Divisor
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz.kpi.facts.capability import CharacteristicElements
from werknetz.kpi.facts.elements import EquipmentElements
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, compute_buckets

from .worked_examples import (
    CAPABILITY,
    EXAMPLES,
    PARTNERS,
    CapabilityExample,
    Example,
    PartnerExample,
    Shift,
)  # fmt: skip

MINUTE = 60_000_000
T0 = 1_900_000 * BUCKET_US
FAR = 10_000.0  # no increment is beyond belief: the examples state no time for a single item


def elements_of(shift: Shift) -> EquipmentElements:
    """Run the shift through the engine: states, an order, planned run times and two counters."""
    end_us = T0 + int((shift.planned + shift.breaks) * MINUTE)
    whole_us = end_us + int(shift.off_shift * MINUTE)
    breaks = ((end_us - int(shift.breaks * MINUTE), end_us),) if shift.breaks else ()
    plan = PlannedTime.of([CalendarShift("", None, T0, end_us, breaks)])  # type: ignore[arg-type] # the day does not matter
    stop_us = T0 + int(shift.running * MINUTE)
    state = Series.of([T0, stop_us], [float(S.PRODUCING), float(S.IDLE)], text=["1", "3"])
    # Each product has its part of the run time, and is counted at the end of it.
    part_us = (stop_us - T0) // len(shift.runs)
    starts = [T0 + n * part_us for n in range(len(shift.runs))]
    counted = [start + part_us - 1 for start in starts]

    def counter(signal_id: int, role: Role, quantities: list[float]) -> CountSeries:
        values = [0.0, *accumulate(quantities)]
        series = Series.of([T0, *counted], values)
        return CountSeries(signal_id, role, series, max_speed=FAR)

    samples = MachineSamples(
        state=state,
        order=Series.of([T0], [None], text=["A"]),
        run_time=Series.of(starts, [run.item_s for run in shift.runs]),
        counts=(
            counter(1, Role.TOTAL_COUNT, [run.produced for run in shift.runs]),
            counter(2, Role.GOOD_COUNT, [run.good for run in shift.runs]),
        ),
    )
    buckets = ceil((whole_us - T0) / BUCKET_US)
    computed = compute_buckets(samples, plan, Carry(), BucketRange(T0, buckets, whole_us))
    sums = {name: float(np.sum(computed.columns[name])) for name in ELEMENT_NAMES}
    return EquipmentElements(**sums)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_equipment(example: Example) -> None:
    elements = (
        EquipmentElements(**example.elements)
        if example.shift is None
        else elements_of(example.shift)
    )
    for name, published in example.kpis.items():
        value, reason = CATALOGUE[name].compute(elements, divisor=Divisor.FAILURES)
        assert value == pytest.approx(published, abs=1.01 * 10**-example.digits), (name, reason)


@pytest.mark.parametrize("example", CAPABILITY, ids=lambda example: example.name)
def test_capability(example: CapabilityExample) -> None:
    n, half = 1_000.0, (example.upper - example.lower) / 2
    mean = (example.mean - (example.upper + example.lower) / 2) / half
    variance = ((example.sigma or 0.0) / half) ** 2
    elements = CharacteristicElements(
        measurements=n,
        two_sided=n,
        deviation=n * mean,
        squares=variance * (n - 1) + n * mean**2,
        subgroups=n / 5,
        ranges=n / 5 * (example.mean_range or 0.0) / half,
    )
    for name, published in example.kpis.items():
        value, reason = CATALOGUE[name].compute(elements)
        assert value == pytest.approx(published, abs=1.01 * 10**-example.digits), (name, reason)


@pytest.mark.parametrize("example", PARTNERS, ids=lambda example: example.name)
def test_partners(example: PartnerExample) -> None:
    elements = SUBJECTS[example.subject].elements(**example.elements)
    for name, published in example.kpis.items():
        value, reason = CATALOGUE[name].compute(elements)
        assert value == pytest.approx(published, abs=1.01 * 10**-example.digits), (name, reason)


def test_there_are_enough_of_them() -> None:
    examples = [*EXAMPLES, *CAPABILITY, *PARTNERS]
    assert len({example.name for example in examples}) == len(examples) >= 25
    assert all(example.source for example in examples)
