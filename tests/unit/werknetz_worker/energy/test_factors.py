"""Factors of a meter in its own unit: one row a case."""

from typing import Any

import numpy as np
import pytest

from werknetz_worker.energy.inputs import factors_of


def row(unit: str, kwh: float, co2: float | None = None, since: int = 100) -> dict[str, Any]:
    return {
        "path": "a", "valid_from_us": since, "unit": unit, "kwh_per_unit": kwh,
        "co2_kg_per_unit": co2, "delivered": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "rows", "kwh", "co2"),
    [
        # an energy needs no entry
        ("kWh", [], [1], [np.nan]),
        ("MWh", [], [1000], [np.nan]),
        ("MJ", [], [1 / 3.6], [np.nan]),
        ("GJ", [], [1 / 0.0036], [np.nan]),
        ("kgce", [], [29.3076 / 3.6], [np.nan]),
        # nothing else has a factor by itself
        ("m^3", [], [np.nan], [np.nan]),
        ("kW", [], [np.nan], [np.nan]),
        (None, [], [np.nan], [np.nan]),
        ("no unit", [], [np.nan], [np.nan]),
        # an entry is converted to the unit of the meter
        ("m^3", [row("m^3", 10.0, 2.0)], [np.nan, 10], [np.nan, 2]),
        ("l", [row("m^3", 10.0, 2.0)], [np.nan, 0.01], [np.nan, 0.002]),
        ("kWh", [row("kWh", 2.5)], [1, 2.5], [np.nan, np.nan]),
        ("MWh", [row("kWh", 2.5, 0.4)], [1000, 2500], [np.nan, 400]),
        # one that does not fit holds as well: nobody knows the energy then
        ("kg", [row("m^3", 10.0, 2.0)], [np.nan, np.nan], [np.nan, np.nan]),
        ("kWh", [row("m^3", 10.0)], [1, np.nan], [np.nan, np.nan]),
        ("m^3", [row("m^3", 10), row("m^3", 11, since=200)], [np.nan, 10, 11], [np.nan] * 3),
        # the same word on both sides needs no unit that is known
        ("Nm3", [row("Nm3", 10.0)], [np.nan, 10], [np.nan, np.nan]),
    ],
)
def test_factors_of_a_meter(
    unit: str | None, rows: list[dict[str, Any]], kwh: list[float], co2: list[float]
) -> None:
    factors = factors_of(unit, rows)
    np.testing.assert_allclose(factors.kwh, np.array(kwh, np.float64))
    np.testing.assert_allclose(factors.co2_kg, np.array(co2, np.float64))
