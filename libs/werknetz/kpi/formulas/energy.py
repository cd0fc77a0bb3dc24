"""Energy per produced item: KPI 23 after ISO 22400-2, and its CO2."""

from typing import Final

from werknetz.kpi.definition import KpiUnit, Trend, Undefined, Value, kpi, ratio
from werknetz.kpi.elements import Elements
from werknetz.kpi.formulas.reasons import NO_CO2, NO_ENERGY, NO_PRODUCED, NOTHING_PRODUCED

_MANAGEMENT: Final = ("supervisor", "management")
_ALMOST_ALL: Final = 1 - 1e-9


@kpi(
    number=23,
    formula="(Σ M_i × R_i + Q) / PQ",
    inputs=(
        "energy_of_pq_kwh", "energy_pq", "energy_kwh", "energy_exchange_kwh",
        "energy_unallocated_kwh", "energy_known_s", "pq_known_s",
    ),
    trend=Trend.DOWN,
    unit=KpiUnit.ENERGY_PER_ITEM,
    lower=None,
    upper=None,
    audience=_MANAGEMENT,
    quantity_known="energy_pq_known_s",
)  # fmt: skip
def comprehensive_energy_consumption(e: Elements) -> Value:
    """Energy per produced item: each carrier by its factor, with what was exchanged with others."""
    return _per_item(e, e.energy_of_pq_kwh)


@kpi(
    number=None,
    formula="Σ M_i × CO2 factor_i / PQ",
    inputs=("co2_of_pq_kg", "energy_pq", "co2_kg", "co2_known_s", "energy_known_s", "pq_known_s"),
    trend=Trend.DOWN,
    unit=KpiUnit.MASS_PER_ITEM,
    lower=None,
    upper=None,
    audience=_MANAGEMENT,
    quantity_known="energy_pq_known_s",
)
def co2_per_item(e: Elements) -> Value:
    """CO2 of the energy per produced item, by the factor of each carrier."""
    if e.energy_known_s and e.co2_known_s < e.energy_known_s * _ALMOST_ALL:
        return Undefined(NO_CO2)
    return _per_item(e, e.co2_of_pq_kg)


def _per_item(e: Elements, amount: float) -> Value:
    if not e.energy_known_s:
        return Undefined(NO_ENERGY)
    if not e.pq_known_s:
        return Undefined(NO_PRODUCED)
    return ratio(amount, e.energy_pq, NOTHING_PRODUCED)
