"""Capability: Cm, Cmk, Cp and Cpk over normalised measurements."""

import statistics
from collections.abc import Sequence

import pytest

from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.definition import Divisor
from werknetz.kpi.facts.capability import CHARACTERISTIC as SUBJECT
from werknetz.kpi.facts.capability import SUBGROUP, CharacteristicElements, critical_sides

BORES = [20.02, 20.05, 19.99, 20.01, 20.04, 20.00, 20.03, 20.06, 19.98, 20.02]


def elements_of(
    values: Sequence[float], lower: float | None, upper: float | None
) -> CharacteristicElements:
    """Return the sums as the statement of the store makes them."""
    if lower is not None and upper is not None:
        y = [(2 * value - lower - upper) / (upper - lower) for value in values]
    else:
        limit = upper if lower is None else lower
        y = [value - limit for value in values] if limit is not None else []
    groups = [y[n : n + SUBGROUP] for n in range(0, len(y) - SUBGROUP + 1, SUBGROUP)]
    return CharacteristicElements(
        measurements=len(values),
        unlimited=len(values) - len(y),
        two_sided=len(y) if lower is not None and upper is not None else 0,
        upper_only=len(y) if lower is None else 0,
        lower_only=len(y) if upper is None else 0,
        deviation=sum(y),
        squares=sum(value * value for value in y),
        subgroups=len(groups),
        ranges=sum(max(group) - min(group) for group in groups),
    )


def value_of(name: str, elements: CharacteristicElements) -> float | str:
    value, reason = CATALOGUE[name].compute(elements, divisor=Divisor.FAILURES)
    return reason or "" if value is None else value


def test_two_limits() -> None:
    e = elements_of(BORES, 19.9, 20.1)
    mean, s = statistics.mean(BORES), statistics.stdev(BORES)
    sigma = statistics.mean([max(BORES[:5]) - min(BORES[:5]), max(BORES[5:]) - min(BORES[5:])])
    sigma /= 2.326
    assert value_of("machine_capability", e) == pytest.approx(0.2 / (6 * s))
    nearer = min(20.1 - mean, mean - 19.9)
    assert value_of("critical_machine_capability", e) == pytest.approx(nearer / (3 * s))
    assert value_of("process_capability", e) == pytest.approx(0.2 / (6 * sigma))
    assert value_of("critical_process_capability", e) == pytest.approx(nearer / (3 * sigma))


def test_both_sides_of_a_critical_capability() -> None:
    e = elements_of(BORES, 19.9, 20.1)
    mean, s = statistics.mean(BORES), statistics.stdev(BORES)
    sides = critical_sides("critical_machine_capability", e)
    assert sides == pytest.approx(((mean - 19.9) / (3 * s), (20.1 - mean) / (3 * s)))
    assert min(s for s in sides if s is not None) == value_of("critical_machine_capability", e)
    sigma = 0.07 / 2.326
    of_process = critical_sides("critical_process_capability", e)
    assert of_process == pytest.approx(((mean - 19.9) / (3 * sigma), (20.1 - mean) / (3 * sigma)))
    upper = critical_sides("critical_machine_capability", elements_of(BORES, None, 20.1))
    assert upper == (None, pytest.approx((20.1 - mean) / (3 * s)))
    lower = critical_sides("critical_machine_capability", elements_of(BORES, 19.9, None))
    assert lower == (pytest.approx((mean - 19.9) / (3 * s)), None)
    for name, elements in (
        ("machine_capability", e), ("critical_machine_capability", CharacteristicElements()),
    ):  # fmt: skip
        assert critical_sides(name, elements) == (None, None)


@pytest.mark.parametrize("shift", [0.3, -0.3])
def test_a_mean_outside_the_limits_is_negative(shift: float) -> None:
    e = elements_of([value + shift for value in BORES], 19.9, 20.1)
    value = value_of("critical_machine_capability", e)
    assert isinstance(value, float)
    assert value < 0
    assert value_of("machine_capability", e) == pytest.approx(0.2 / (6 * statistics.stdev(BORES)))


@pytest.mark.parametrize(("lower", "upper", "distance"), [
    (None, 20.1, 20.1 - statistics.mean(BORES)), (19.9, None, statistics.mean(BORES) - 19.9),
])  # fmt: skip
def test_one_limit_has_a_critical_capability_only(
    lower: float | None, upper: float | None, distance: float
) -> None:
    e = elements_of(BORES, lower, upper)
    expected = distance / (3 * statistics.stdev(BORES))
    assert value_of("critical_machine_capability", e) == pytest.approx(expected)
    assert value_of("machine_capability", e) == (
        "the tolerance has one limit only: ask for the critical capability"
    )


def test_windows_with_other_limits_add_up() -> None:
    """Two products with the same deviation against their tolerance are one characteristic."""
    first = elements_of(BORES, 19.9, 20.1)
    other = elements_of([2 * value for value in BORES], 39.8, 40.2)
    both = first + other
    n = len(BORES)
    s = value_of("machine_capability", first)
    assert isinstance(s, float)
    expected = s * ((2 * n - 1) / (2 * n - 2)) ** 0.5
    assert value_of("machine_capability", both) == pytest.approx(expected)


@pytest.mark.parametrize(("elements", "reason"), [
    (CharacteristicElements(), "nothing was measured"),
    (elements_of(BORES, None, None), "the measurements have no specification limits"),
    (elements_of(BORES[:1], 19.9, 20.1), "a single measurement has no deviation"),
    (elements_of([20.0] * 10, 19.9, 20.1), "the measurements do not differ"),
    (
        elements_of(BORES, 19.9, 20.1) + elements_of(BORES, 19.9, None),
        "measurements with one and with two limits: ask for a shorter window",
    ),
])  # fmt: skip
def test_without_a_value_there_is_a_reason(elements: CharacteristicElements, reason: str) -> None:
    assert value_of("machine_capability", elements) == reason
    assert value_of("critical_machine_capability", elements) == reason


@pytest.mark.parametrize("name", ["process_capability", "critical_process_capability"])
def test_without_measurements_or_limits_there_is_no_process_capability(name: str) -> None:
    assert value_of(name, CharacteristicElements()) == "nothing was measured"
    without = elements_of(BORES, None, None)
    assert value_of(name, without) == "the measurements have no specification limits"


def test_two_measurements_have_a_deviation() -> None:
    two = elements_of(BORES[:2], 19.9, 20.1)
    expected = 0.2 / (6 * statistics.stdev(BORES[:2]))
    assert value_of("machine_capability", two) == pytest.approx(expected)


def test_fewer_than_two_subgroups_have_no_process_capability() -> None:
    assert value_of("process_capability", elements_of(BORES[:9], 19.9, 20.1)) == (
        "fewer than 10 consecutive measurements"
    )
    assert isinstance(value_of("process_capability", elements_of(BORES, 19.9, 20.1)), float)
    same = elements_of([20.0] * 5 + [20.01] * 5, 19.9, 20.1)
    assert value_of("process_capability", same) == (
        "the measurements of each subgroup do not differ"
    )


def test_without_measurements_every_sum_is_zero() -> None:
    nothing = CharacteristicElements()
    assert {getattr(nothing, name) for name in SUBJECT.inputs} == {0.0}


def test_the_coverage_is_the_share_with_limits() -> None:
    assert elements_of(BORES, 19.9, 20.1).coverage == 1
    assert elements_of(BORES, None, None).coverage == 0
    assert SUBJECT.elements().coverage is None
