"""KPI 23 and CO2 per item over their elements: one row a case, with the reason of null."""

import math

import pytest

from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.facts.elements import EquipmentElements
from werknetz.kpi.formulas.energy import _ALMOST_ALL

KPI = "comprehensive_energy_consumption"
KNOWN = {"energy_known_s": 900.0, "co2_known_s": 900.0, "pq_known_s": 900.0}
USED = KNOWN | {
    "energy_kwh": 60.0, "energy_of_pq_kwh": 50.0, "co2_of_pq_kg": 20.0, "energy_pq": 25.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kpi", "elements", "expected"),
    [
        (KPI, USED, 2.0),
        (KPI, USED | {"energy_of_pq_kwh": -5.0}, -0.2),  # more was delivered than used
        (KPI, USED | {"energy_of_pq_kwh": 0.0}, 0.0),
        (KPI, {"pq_known_s": 900.0}, "nobody measures energy, or a carrier has no factor"),
        (KPI, USED | {"pq_known_s": 0.0}, "nobody reports the produced quantity"),
        (KPI, USED | {"energy_pq": 0.0}, "nothing was produced"),
        # The state of a machine does not matter: it uses energy in every state.
        (KPI, USED | {"pbt_s": 900.0, "unknown_s": 900.0}, 2.0),
        ("co2_per_item", USED, 0.8),
        ("co2_per_item", USED | {"co2_known_s": 899.0}, "an energy carrier has no CO2 factor"),
        ("co2_per_item", USED | {"co2_known_s": 0.0}, "an energy carrier has no CO2 factor"),
        ("co2_per_item", {}, "nobody measures energy, or a carrier has no factor"),
        ("co2_per_item", USED | {"energy_pq": 0.0}, "nothing was produced"),
    ],
)
def test_energy_per_item(kpi: str, elements: dict[str, float], expected: float | str) -> None:
    value, reason = CATALOGUE[kpi].compute(EquipmentElements(**elements))
    if isinstance(expected, str):
        assert (value, reason) == (None, expected)
    else:
        assert (value, reason) == (pytest.approx(expected), None)


def test_a_share_without_factor_is_less_than_almost_all() -> None:
    """What rounding leaves of the known time is enough."""
    almost = USED | {"co2_known_s": KNOWN["energy_known_s"] * _ALMOST_ALL}
    assert CATALOGUE["co2_per_item"].compute(EquipmentElements(**almost)) == (0.8, None)
    less = USED | {"co2_known_s": math.nextafter(almost["co2_known_s"], 0)}
    assert CATALOGUE["co2_per_item"].compute(EquipmentElements(**less))[0] is None


def test_what_nobody_measures_is_no_zero() -> None:
    names = ("energy_kwh", "energy_exchange_kwh", "energy_unallocated_kwh", "energy_pq")
    assert [EquipmentElements().find_reported(name) for name in names] == [None] * 4
    measured = EquipmentElements(energy_known_s=900.0)
    assert [measured.find_reported(name) for name in names] == [0.0] * 4
    assert measured.find_reported("co2_kg") is None
    share = EquipmentElements(pbt_s=900.0, energy_pq_known_s=450.0)
    assert share.quantity_share("energy_pq_known_s") == 0.5
