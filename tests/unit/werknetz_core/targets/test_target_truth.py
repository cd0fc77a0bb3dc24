"""Gap, change and contributions of simulated plants equal the simulator's own arithmetic."""

from collections import defaultdict
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from plumbing.target_truth import LOSS_NAMES
from plumbing.truth_elements import elements_by_bucket
from werknetz.domain.bucket import BUCKET_US, microseconds_of
from werknetz.kpi.elements import Elements
from werknetz.kpi.losses.times import loss_times_of
from werknetz.kpi.targets.contribution import LossKey, ProductivitySums, contributions_of
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.loss_times.measure import MachineLosses, MeasuredLosses
from werknetz_core.loss_times.supply import Delays
from werknetz_core.targets.measure import judged_losses
from werknetz_simulator.expected_targets import expected_period, expected_target
from werknetz_simulator.plants.plant import EMDEN_1, ZWICK_2, PlantMachine
from werknetz_simulator.plants.truth import Truth

DAYS, BASELINE_DAYS = 6, 3
SINCE = microseconds_of(datetime(2026, 10, 21, tzinfo=UTC))  # the clock goes back on the 25th
DAY = 96
GOAL = Fraction(1, 3)


def sums_of(parts: list[tuple[PlantMachine, Elements]]) -> ProductivitySums:
    lost: dict[LossKey, float] = defaultdict(float)
    good_s = 0.0
    for number, (machine, elements) in enumerate(parts):
        node = EquipmentNode(number, machine.path, "machine", machine.name, None)
        row = MachineLosses(node, 1, elements, loss_times_of(elements), False, None)
        for key, seconds in judged_losses(row, MeasuredLosses([row], Delays())):
            lost[LossKey(key.line, LOSS_NAMES.get(key.loss, key.loss))] += seconds
        good_s += elements.judged_pri_gq_s
    sums = ProductivitySums(dict(lost), good_s, 1.0)
    return ProductivitySums(sums.lost_s, good_s, sums.judged_s / 3600)


def test_the_platform_divides_the_gap_as_the_truth_does() -> None:
    machines = []
    baseline, now = [], []
    for plant in (EMDEN_1, ZWICK_2):
        truth = Truth(plant, since_us=SINCE)
        for machine in plant.machines[::4]:
            buckets = elements_by_bucket(truth, machine, SINCE, DAYS * DAY)
            machines.append((truth, machine))
            baseline.append((machine, Elements.sum(buckets[: BASELINE_DAYS * DAY])))
            now.append((machine, Elements.sum(buckets[BASELINE_DAYS * DAY :])))
    split = SINCE + BASELINE_DAYS * DAY * BUCKET_US
    expected = expected_target(
        expected_period(machines, (SINCE, split)),
        expected_period(machines, (split, SINCE + DAYS * DAY * BUCKET_US)),
        GOAL,
    )
    first, second = sums_of(baseline), sums_of(now)
    assert first.productivity is not None
    assert second.productivity is not None
    change = second.productivity / first.productivity - 1
    assert change == pytest.approx(float(expected.change), abs=1e-9)
    points = {
        (c.key.line, c.key.loss): c.gap_points for c in contributions_of(first, second, float(GOAL))
    }
    for key in {*points, *expected.contributions}:
        points_expected = float(expected.contributions.get(key, Fraction(0)))
        assert points.get(key, 0.0) == pytest.approx(points_expected, abs=1e-6), key
    assert sum(points.values()) == pytest.approx(float(expected.gap_points))
