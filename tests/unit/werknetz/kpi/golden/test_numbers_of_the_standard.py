"""The numbers of ISO 22400-2 and the bounds that a value can have: users know KPIs by them."""

from werknetz.kpi.catalogue import CATALOGUE

NUMBERS = {
    1: "worker_efficiency", 2: "allocation_ratio", 3: "throughput_rate",
    4: "allocation_efficiency", 5: "utilization_efficiency", 6: "oee",
    7: "nee", 8: "availability", 9: "effectiveness", 10: "quality_ratio", 11: "setup_ratio",
    12: "technical_efficiency", 13: "production_process_ratio",
    14: "actual_to_planned_scrap_ratio", 15: "first_pass_yield", 16: "scrap_ratio",
    17: "rework_ratio", 18: "fall_off_ratio", 19: "machine_capability",
    20: "critical_machine_capability",
    21: "process_capability", 22: "critical_process_capability",
    23: "comprehensive_energy_consumption", 24: "inventory_turns",
    25: "finished_goods_ratio", 26: "integrated_goods_ratio", 27: "production_loss_ratio",
    28: "storage_and_transportation_loss_ratio", 29: "other_loss_ratio",
    30: "equipment_load_ratio", 31: "mtbf", 32: "mttf", 33: "mttr",
    34: "corrective_maintenance_ratio",
}  # fmt: skip
SIGNED = {
    "critical_machine_capability", "critical_process_capability", "asn_lead",
    "comprehensive_energy_consumption", "co2_per_item",
}  # fmt: skip
"""KPIs that may be negative: beyond a limit, late, or more energy delivered than used."""


def test_each_kpi_has_its_number() -> None:
    numbered = {kpi.number: name for name, kpi in CATALOGUE.items() if kpi.number is not None}
    assert numbered == NUMBERS


def test_bounds_are_zero_and_one() -> None:
    for name, kpi in CATALOGUE.items():
        assert kpi.lower == (None if name in SIGNED else 0.0), name
        assert kpi.upper in {None, 1.0}, name


def test_formulas_are_of_their_first_version_unless_they_changed() -> None:
    assert {kpi.version for kpi in CATALOGUE.values()} == {1, 2}
    assert {CATALOGUE[name].version for name in ("oee", "availability")} == {2}
    assert {CATALOGUE[name].version for name in ("mtbf", "first_pass_yield")} == {1}
