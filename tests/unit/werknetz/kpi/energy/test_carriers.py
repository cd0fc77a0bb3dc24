"""Factors of carriers over time: the nearest equipment counts, and of it the newest entry."""

import numpy as np
import pytest

from werknetz.kpi.energy.carriers import CarrierFactor, FactorSteps
from werknetz.kpi.series import EARLIEST_US, Flags, Numbers

SITE = CarrierFactor("a/site", 100, 10.0, 0.2)
LATER = CarrierFactor("a/site", 300, 11.0)
LINE = CarrierFactor("a/site/x/line", 200, 9.5, 0.1)


@pytest.mark.parametrize(
    ("entries", "default", "at", "kwh"),
    [
        ([], None, [EARLIEST_US], [np.nan]),
        ([], 1.0, [EARLIEST_US], [1.0]),
        ([SITE], None, [EARLIEST_US, 100], [np.nan, 10]),
        ([SITE], 1.0, [EARLIEST_US, 100], [1, 10]),
        ([SITE, LATER], None, [EARLIEST_US, 100, 300], [np.nan, 10, 11]),
        # the nearest equipment counts from its own entry on, also against a newer one above it
        ([LATER, LINE, SITE], None, [EARLIEST_US, 100, 200, 300], [np.nan, 10, 9.5, 9.5]),
        ([CarrierFactor("a", EARLIEST_US, 3.0)], None, [EARLIEST_US], [3]),
    ],
)
def test_factors_over_time(
    entries: list[CarrierFactor], default: float | None, at: list[int], kwh: list[float]
) -> None:
    steps = FactorSteps.of(entries, default)
    assert steps.at.tolist() == at
    np.testing.assert_array_equal(steps.kwh, np.array(kwh))


def test_a_factor_holds_after_its_instant() -> None:
    """What a meter counted up to an instant used the factor from before it."""
    steps = FactorSteps.of([SITE, LATER])
    kwh = steps.steps_of(steps.kwh)
    instants = np.array([100, 101, 300, 301])
    assert kwh.value[kwh.index(instants)].tolist() == [0, 10, 10, 11]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 100, False), (99, 101, False), (100, 101, True), (100, 300, True), (300, 400, True)],
)
def test_a_factor_is_known_in_a_span(start: int, end: int, *, expected: bool) -> None:
    def is_known(value: Numbers) -> Flags:
        return steps.is_known(value, np.array([start]), np.array([end]))

    steps = FactorSteps.of([SITE, LATER])
    assert is_known(steps.kwh).tolist() == [expected]
    assert is_known(steps.co2_kg).tolist() == [expected and end <= 300]


@pytest.mark.parametrize(
    ("at", "expected"), [(99, False), (100, True), (299, True), (300, False), (400, False)]
)
def test_an_instant_has_the_factor_of_its_time(at: int, *, expected: bool) -> None:
    steps = FactorSteps.of([SITE, LATER])
    assert steps.is_known(steps.co2_kg, np.array([at]), np.array([at])).tolist() == [expected]


def test_what_is_delivered_is_marked() -> None:
    steps = FactorSteps.of([CarrierFactor("a", 5, 1.0, is_delivered=True)])
    assert steps.is_delivered.tolist() == [False, True]
