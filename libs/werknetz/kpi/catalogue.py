"""The catalogue: every KPI by name. Importing a formula module here registers its KPIs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from werknetz.kpi.definition import (
    EQUIPMENT,
    REGISTRY,
    Divisor,
    Kpi,
    KpiSubject,
    KpiUnit,
    Timing,
    Trend,
    Undefined,
)
from werknetz.kpi.facts import capability
from werknetz.kpi.facts.capability import CHARACTERISTIC
from werknetz.kpi.formulas import (
    energy,
    maintenance,
    oee,
    people_and_material,
    quality,
    working_time,
)
from werknetz.kpi.orders import formulas as orders
from werknetz.kpi.orders.formulas import ORDER
from werknetz.kpi.stock import formulas as stock
from werknetz.kpi.stock.formulas import WAREHOUSE
from werknetz.kpi.supply import formulas as supply
from werknetz.kpi.supply.formulas import SUPPLIER

__all__ = [
    "CATALOGUE",
    "FORMULA_FILES",
    "KPIS",
    "SUBJECTS",
    "Divisor",
    "Kpi",
    "KpiSubject",
    "KpiUnit",
    "Timing",
    "Trend",
    "Undefined",
]  # fmt: skip

FORMULA_FILES: Final = (
    working_time, oee, quality, maintenance, people_and_material, energy, capability, orders,
    supply, stock,
)  # fmt: skip
CATALOGUE: Final[Mapping[str, Kpi]] = MappingProxyType(
    dict(sorted(REGISTRY.items(), key=lambda item: (item[1].number or 99, item[0])))
)
"""Of machines, orders, characteristics, suppliers and warehouses."""

KPIS: Final[Mapping[str, Kpi]] = MappingProxyType(
    {name: kpi for name, kpi in CATALOGUE.items() if kpi.subject is EQUIPMENT}
)
"""KPIs of equipment: machines, lines, areas and plants."""

SUBJECTS: Final[Mapping[str, KpiSubject[Any]]] = MappingProxyType(
    {subject.name: subject for subject in (EQUIPMENT, ORDER, CHARACTERISTIC, SUPPLIER, WAREHOUSE)}
)
"""The subjects by the query parameter of `kpi_values` that selects one."""
