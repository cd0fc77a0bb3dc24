"""Units become a factor and an offset, or an error with the remedy."""

import pytest

from werknetz.connector.mapping import units


@pytest.mark.parametrize(
    ("source", "unit", "value", "expected"),
    [
        ("degF", "degC", 212.0, 100.0),
        ("°C", "K", 0.0, 273.15),
        ("mm", "m", 1500.0, 1.5),
        ("bar", "Pa", 1.0, 1e5),
        ("Stück", "count", 7.0, 7.0),
        ("kWh", "J", 1.0, 3.6e6),
        ("%", "dimensionless", 50.0, 0.5),
    ],
)
def test_conversion(source: str, unit: str, value: float, expected: float) -> None:
    factor, offset = units.conversion_factors(source, unit)
    assert value * factor + offset == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "remedy"),
    [("kelvinn", "did you mean 'kelvin'"), ("(", "is invalid"), ("5", "is invalid")],
)
def test_unknown_units(unit: str, remedy: str) -> None:
    with pytest.raises(units.UnitRejected, match=remedy):
        units.check_unit(unit)


def test_units_of_different_kinds() -> None:
    with pytest.raises(units.UnitRejected, match="units of one kind"):
        units.conversion_factors("bar", "degC")
    with pytest.raises(units.UnitRejected):
        units.conversion_factors("dBm", "mW")
